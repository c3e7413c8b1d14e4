"""What a table holds: its variables in order, their labels, types, code lists, and its key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Cell = str | int | Decimal | None
Row = Mapping[str, Cell]
TextRow = dict[str, str]
Core = Literal["Req", "Exp", "Perm"]


@dataclass(frozen=True)
class Variable:
    """One column.

    Attributes:
        name, label: as written.
        core: required (never empty), expected (the column is always there) or permissible (left out when empty).
        terms: the values that it may take; None for any.
        numeric: a number, else text.
        extensible: other upper-case terms are allowed too; the terms are then what this software itself writes.
    """

    name: str
    label: str
    core: Core = "Perm"
    terms: frozenset[str] | None = None
    numeric: bool = False
    extensible: bool = False


@dataclass(frozen=True)
class Table:
    """A table: a name, a label, columns in order, and the columns that identify a row."""

    name: str
    label: str
    variables: tuple[Variable, ...]
    key: tuple[str, ...]

    def variable(self, name: str) -> Variable | None:
        """A column by name, or None."""
        return next((v for v in self.variables if v.name == name), None)

    def used(self, rows: Sequence[Row]) -> tuple[Variable, ...]:
        """Columns to write: permissible ones only where some row has a value."""
        return tuple(
            v for v in self.variables if v.core != "Perm" or any(r.get(v.name) is not None for r in rows)
        )


@dataclass(frozen=True)
class FilledTable:
    """A table with its rows, before it is written."""

    table: Table
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class TextTable:
    """A table as a file holds it: its columns in order, its rows as text, an empty text for an empty cell."""

    columns: tuple[str, ...]
    rows: tuple[TextRow, ...]


def as_text(value: Cell) -> str:
    """A cell as it is written; empty for None, decimals without an exponent."""
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else str(value)
