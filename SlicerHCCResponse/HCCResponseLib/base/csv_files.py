"""CSV files as a spreadsheet and a program read them alike: one guard against formulas, undone on reading."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import unread

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

CsvCell = str | int | float | Decimal | None


def safe_cell(text: str) -> str:
    """Free text for a CSV cell: a leading apostrophe where a spreadsheet would take it for a formula.

    Source: OWASP, CSV injection, with the full-width forms that some spreadsheets take. Numbers never go through this
    function, so that ``-4.3`` stays a number.
    """
    return "'" + text if text.startswith((*_FORMULA_STARTS, "'")) else text


def original_cell(cell: str) -> str:
    """Back from :func:`safe_cell`."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith((*_FORMULA_STARTS, "'")) else cell


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[CsvCell]]) -> str:
    """A table as CSV: one header line, lines as in RFC 4180, texts guarded by :func:`safe_cell`.

    Args:
        columns: names of the columns.
        rows: cells in the order of the columns; a ``str`` is free text, a number is written as it is (decimals
            without an exponent), None is an empty cell.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")  # so that single line breaks in a text are quoted, too
    writer.writerow(columns)
    writer.writerows([_written(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def _written(cell: CsvCell) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return safe_cell(cell)
    return format(cell, "f") if isinstance(cell, Decimal) else cell


def read_csv_rows(path: Path, what: str = "Table") -> tuple[tuple[str, ...], list[dict[str, str]]]:
    """Columns and rows of a CSV file with the original texts, whoever wrote it: this software or a spreadsheet.

    Args:
        what: what the file is, for the error.

    Raises:
        InputError: it is not there, is not UTF-8 or no table; the message names the file.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            rows = list(reader)
            columns = tuple(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise InputError(unread(f"{what} '{path}'", problem)) from problem
    if any(None in row or None in row.values() for row in rows):
        raise InputError(f"{what} '{path}' has a line whose number of cells is not that of its header.")
    return columns, [{name: original_cell(cell) for name, cell in row.items()} for row in rows]


def read_csv_table(path: Path, what: str, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a CSV file that has exactly these columns, in any order, and at least one row.

    Raises:
        InputError: it has not, or see :func:`read_csv_rows`.
    """
    found, rows = read_csv_rows(path, what)
    if set(found) != set(columns):
        there = ", ".join(found) or "none"
        raise InputError(f"{what} '{path}' needs the columns {', '.join(columns)}; it has {there}.")
    if not rows:
        raise InputError(f"{what} '{path}' is empty.")
    return rows
