"""The report as one self-contained HTML file: a first page that holds everything, then pictures, trace and origin."""

from pathlib import Path

from HCCResponseLib.base.files import write_text
from HCCResponseLib.base.pages import page
from HCCResponseLib.report.subject.content import NOTICE, ReportContent


def write_html(path: Path, content: ReportContent) -> None:
    """Write what a report says as HTML. Raises ``StorageError``."""
    write_text(path, page("report.html.j2", {"r": content, "notice": NOTICE}))
