"""An estimate with its interval, figures of a report, and tables of figures as Markdown, CSV and JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from HCCResponseLib.base.csv_files import csv_text


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval, in whatever unit the function that made it states.

    Attributes:
        value: the estimate; None where it is not defined.
        low, high: the interval, at the level that was asked for; None where the data allow none.
        why: what the data lack where there is no value or no interval, such as ``n = 1``.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    why: str = ""

    @classmethod
    def around(cls, value: float, half_width: float) -> "Estimate":
        """A value with a symmetric interval."""
        return cls(float(value), float(value - half_width), float(value + half_width))

    def scaled(self, factor: float) -> "Estimate":
        """The same in another unit, such as 100 for per cent."""
        value, low, high = (None if v is None else factor * v for v in (self.value, self.low, self.high))
        return Estimate(value, low, high, self.why)


def too_few(n: int, value: float | None = None) -> Estimate:
    """Nothing, or a value without an interval, from ``n`` values."""
    return Estimate(value, why=f"n = {n}")


@dataclass(frozen=True)
class Figure:
    """One number with everything that is needed to read it.

    Attributes:
        section: what it belongs to ("Discordance").
        name: which figure ("best-response").
        who: the reader it is about; empty for the committee.
        estimate: the figure and its interval, in ``unit``.
        count, total: numerator and denominator of a share, or the number of values.
        unit: "%", "mm", "s", or empty for a coefficient.
        method: how it was computed.
    """

    section: str
    name: str
    who: str = ""
    estimate: Estimate = Estimate()  # frozen, so that all may share it
    count: int | None = None
    total: int | None = None
    unit: str = ""
    method: str = ""


COLUMNS = (
    "section",
    "name",
    "who",
    "value",
    "low",
    "high",
    "count",
    "total",
    "unit",
    "method",
    "not_defined",
)


def as_records(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Figures as plain records with the keys of :data:`COLUMNS`; ``not_defined`` says why something is None."""
    return [dict(zip(COLUMNS, _cells(figure), strict=True)) for figure in figures]


def _cells(figure: Figure) -> tuple[str | float | None, ...]:
    found = figure.estimate
    return (
        figure.section, figure.name, figure.who, found.value, found.low, found.high,
        figure.count, figure.total, figure.unit, figure.method, found.why,
    )  # fmt: skip


def as_csv(figures: Sequence[Figure]) -> str:
    """One line for each figure; text cells that a spreadsheet would take for a formula are neutralised."""
    return csv_text(COLUMNS, map(_cells, figures))


def as_markdown(figures: Sequence[Figure], title: str = "Committee figures") -> str:
    """One table for each section."""
    lines = [f"# {title}", "", "For research use; not cleared for clinical use."]
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
    return "| " + " | ".join(cell.replace("|", "/") for cell in in_cells(figure)) + " |"


def in_cells(figure: Figure) -> tuple[str, str, str, str, str]:
    """A figure as people read it: name, value with its unit, interval, numbers, method."""
    found = figure.estimate
    name = f"{figure.name}, {figure.who}" if figure.who else figure.name
    n = "-" if figure.total is None else str(figure.total)
    n = n if figure.count is None else f"{figure.count} of {n}"
    if found.value is None:
        value, interval = not_defined(found), "-"
    else:
        value, interval = f"{_number(figure, found.value)} {figure.unit}".strip(), _interval(figure, found)
    return name, value, interval, n, figure.method


def not_defined(found: Estimate) -> str:
    """What stands in the place of a value or an interval that the data do not allow."""
    return f"not defined ({found.why})" if found.why else "not defined"


def _interval(figure: Figure, found: Estimate) -> str:
    if found.low is None or found.high is None:
        return not_defined(found) if found.why else "-"
    return f"{_number(figure, found.low)} to {_number(figure, found.high)}"


def _number(figure: Figure, value: float) -> str:
    return f"{value:.1f}" if figure.unit else f"{value:.3f}"
