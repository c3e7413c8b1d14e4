"""The report as one self-contained HTML file: a first page that holds everything, then pictures, trace and origin."""

from pathlib import Path
from typing import Any

import jinja2

from HCCResponseLib.base.files import write_text
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.report.subject.content import NOTICE, ReportContent


def write_html(path: Path, content: ReportContent) -> None:
    """Write what a report says as HTML. Raises ``StorageError``."""
    write_text(path, page("report.html.j2", {"r": content, "notice": NOTICE}))


def page(template: str, values: dict[str, Any]) -> str:
    """A page from a template in Resources/Report; every text in it is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource_path("Report")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    return environment.get_template(template).render(values)
