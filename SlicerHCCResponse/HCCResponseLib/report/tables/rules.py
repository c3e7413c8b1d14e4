"""What must hold in any table, as data: an id, a sentence, a source and a check for each rule."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal

from HCCResponseLib.report.tables.spec import Table, TextRow, TextTable, Variable


@dataclass(frozen=True)
class Sheet:
    """A table as it was read back: its definition, the columns that the file has, its rows as text."""

    table: Table
    columns: tuple[str, ...]
    rows: tuple[TextRow, ...]

    @classmethod
    def of(cls, table: Table, text: TextTable) -> "Sheet":
        """A sheet whose rows have every variable of the table; those that the file lacks are empty."""
        blank = {v.name: "" for v in table.variables}
        return cls(table, text.columns, tuple(blank | row for row in text.rows))

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name


Sheets = Mapping[str, Sheet]
Hit = tuple[int | None, str]
"""Row number (1 is the first line below the header; None for the whole table) and what is wrong there."""


@dataclass(frozen=True)
class Problem:
    """One violation of one rule."""

    rule: str
    severity: Literal["error", "warning"]
    table: str
    row: int | None
    message: str

    def __str__(self) -> str:
        place = self.table if self.row is None else f"{self.table} row {self.row}"
        return f"{self.rule} {self.severity}: {place}: {self.message}"


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        id: short name for messages and documents.
        text: what must hold.
        source: where it comes from.
        check: yields what is wrong in one table; the other tables are beside it.
        tables: names of the tables that it is about; empty for all.
        severity: an error makes an export fail, a warning is only told.
    """

    id: str
    text: str
    source: str
    check: Callable[[Sheet, Sheets], Iterable[Hit]]
    tables: tuple[str, ...] = ()
    severity: Literal["error", "warning"] = "error"


def validate(sheets: Sheets, rules: Sequence[Rule]) -> list[Problem]:
    """Everything that is wrong, in the order of the rules."""
    return [
        Problem(rule.id, rule.severity, sheet.name, row, message)
        for rule in rules
        for sheet in sheets.values()
        if not rule.tables or sheet.name in rule.tables
        for row, message in rule.check(sheet, sheets)
    ]


def cells(sheet: Sheet, wanted: Callable[[Variable], bool]) -> Iterator[tuple[int, Variable, str]]:
    """Row number, column and text of every filled cell in the columns that are wanted."""
    columns = [v for v in sheet.table.variables if v.name in sheet.columns and wanted(v)]
    for number, row in enumerate(sheet.rows, start=1):
        for column in columns:
            if row[column.name]:
                yield number, column, row[column.name]


def is_number(text: str) -> bool:
    """Whether a text is a plain finite number."""
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _columns(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    for variable in sheet.table.variables:
        if variable.core != "Perm" and variable.name not in sheet.columns:
            yield None, f"the column {variable.name} is missing"
    for name in sheet.columns:
        if sheet.table.variable(name) is None:
            yield None, f"the column {name} is not part of this table"


def _order(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    known = [v.name for v in sheet.table.variables if v.name in sheet.columns]
    if known != [name for name in sheet.columns if sheet.table.variable(name)]:
        yield None, "the columns are not in the order of the table"


def _required(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    required = [v.name for v in sheet.table.variables if v.core == "Req" and v.name in sheet.columns]
    for number, row in enumerate(sheet.rows, start=1):
        for name in required:
            if not row[name]:
                yield number, f"{name} is empty"


def _unique(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    key = [name for name in sheet.table.key if name in sheet.columns]
    seen: Counter[tuple[str, ...]] = Counter()
    for number, row in enumerate(sheet.rows, start=1):
        values = tuple(row[name] for name in key)
        seen[values] += 1
        if seen[values] > 1:
            yield number, f"{', '.join(key)} = {', '.join(values)} appears twice"


def _numeric(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    for number, column, text in cells(sheet, lambda v: v.numeric):
        if not is_number(text):
            yield number, f"{column.name} = '{text}' is not a number"


def _terms(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    for number, column, text in cells(sheet, lambda v: v.terms is not None):
        if text not in (column.terms or ()) and not (column.extensible and text == text.upper()):
            yield number, f"{column.name} = '{text}' is not in its code list"


def _dates(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    for number, column, text in cells(sheet, lambda v: v.name.endswith("DTC") or v.name.endswith("date")):
        try:
            complete = date.fromisoformat(text).isoformat() == text
        except ValueError:
            complete = False
        if not complete:
            yield number, f"{column.name} = '{text}' is not a complete ISO 8601 date"


ANY_TABLE = (
    Rule("T01", "Required and expected columns are there, and no others", "table definition", _columns),
    Rule("T02", "Columns are in the order of the table", "table definition", _order),
    Rule("T03", "Required columns are never empty", "table definition", _required),
    Rule("T04", "The key identifies one row", "table definition", _unique),
    Rule("T05", "Numeric columns hold plain numbers", "table definition", _numeric),
    Rule("T06", "Coded columns hold terms of their code list", "table definition", _terms),
    Rule("T07", "Dates are complete and ISO 8601", "ISO 8601; partial dates are refused (D18)", _dates),
)
