"""One figure of a table, and tables of figures as Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from typing import Any

from HCCResponseLib.base.files import safe_cell


@dataclass(frozen=True)
class Figure:
    """One number with everything that is needed to read it.

    Attributes:
        section: what it belongs to ("Discordance").
        name: which figure ("best-response").
        who: the reader it is about; empty for the committee.
        value, low, high: the figure and its interval; None where it is not defined.
        count, total: numerator and denominator of a share, or the number of values.
        unit: "%", "mm", "s", or empty for a coefficient.
        method: how it was computed.
    """

    section: str
    name: str
    who: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    count: int | None = None
    total: int | None = None
    unit: str = ""
    method: str = ""


COLUMNS = tuple(field.name for field in fields(Figure))


def as_records(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Figures as plain records."""
    return [asdict(figure) for figure in figures]


def as_csv(figures: Sequence[Figure]) -> str:
    """One line for each figure; text cells that a spreadsheet would take for a formula are neutralised."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in as_records(figures):
        values = [record[column] for column in COLUMNS]
        writer.writerow(["" if v is None else safe_cell(v) if isinstance(v, str) else v for v in values])
    return buffer.getvalue()


def as_json_text(figures: Sequence[Figure]) -> str:
    """A list of records."""
    return json.dumps(as_records(figures), indent=2) + "\n"


def as_markdown(figures: Sequence[Figure]) -> str:
    """One table for each section."""
    lines = ["# Committee figures", "", "For research use; not cleared for clinical use."]
    for section, rows in groupby(figures, key=lambda figure: figure.section):
        lines += [
            "",
            f"## {section}",
            "",
            "| figure | value | interval | n | method |",
            "|---|---|---|---|---|",
        ]
        lines += [_line(row) for row in rows]
    return "\n".join(lines) + "\n"


def _line(figure: Figure) -> str:
    name = f"{figure.name}, {figure.who}" if figure.who else figure.name
    interval = (
        "-" if figure.low is None else f"{_number(figure, figure.low)} to {_number(figure, figure.high)}"
    )
    n = "-" if figure.total is None else str(figure.total)
    n = n if figure.count is None else f"{figure.count} of {n}"
    value = "not defined" if figure.value is None else _number(figure, figure.value)
    cells = (name, f"{value} {figure.unit}".strip(), interval, n, figure.method)
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _number(figure: Figure, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if figure.unit else f"{value:.3f}"
