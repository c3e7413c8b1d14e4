"""One guard for every CSV file: what a spreadsheet would run is neutralised, and reading undoes it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from HCCResponseLib.base.csv_files import csv_text, original_cell, read_csv_rows, safe_cell
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import write_text


@given(st.text())
def test_neutralised_cells_come_back(text):
    cell = safe_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert original_cell(cell) == text


def test_texts_come_back_and_numbers_stay_numbers(tmp_path):
    path = tmp_path / "table.csv"
    row = ["=1+1", "'-4.3", "a\rb\nc", -4.3, Decimal("1E+2"), None]
    write_text(path, csv_text(["a", "b", "c", "d", "e", "f"], [row]))
    assert path.read_bytes().splitlines()[0] == b"a,b,c,d,e,f"
    assert ",-4.3,100," in path.read_text(encoding="utf-8")
    columns, (back,) = read_csv_rows(path)
    assert columns == ("a", "b", "c", "d", "e", "f")
    assert list(back.values()) == ["=1+1", "'-4.3", "a\rb\nc", "-4.3", "100", ""]


def test_the_mark_that_spreadsheets_write_first_is_no_part_of_a_name(tmp_path):
    path = tmp_path / "dates.csv"
    path.write_text("subject,date\nS1,2024-01-02\n", encoding="utf-8-sig")
    assert read_csv_rows(path) == (("subject", "date"), [{"subject": "S1", "date": "2024-01-02"}])


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"a,b\n1\n", "number of cells"), (b"a\n\xff\n", "cannot be read"), (None, "does not exist.$")],
)
def test_what_is_no_table_is_named(tmp_path, content, message):
    path = tmp_path / "dates.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=rf"Dates '.*dates\.csv' .*{message}"):
        read_csv_rows(path, "Dates")
