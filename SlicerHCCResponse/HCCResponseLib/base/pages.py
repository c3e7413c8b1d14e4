"""HTML pages from the templates that are shipped."""

from typing import Any

import jinja2

from HCCResponseLib.base.resources import resource_path


def page(template: str, values: dict[str, Any]) -> str:
    """A page from a template in Resources/Report; every text in it is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource_path("Report")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    return environment.get_template(template).render(values)
