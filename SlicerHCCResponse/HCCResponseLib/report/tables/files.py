"""Writing tables as CSV, CDISC Dataset-JSON v1.1 and SAS transport files (XPT version 5), and reading them back."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from HCCResponseLib import __version__
from HCCResponseLib.base.csv_files import csv_text, read_csv_rows
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import in_words, storage_error, unread, write_atomically, write_text
from HCCResponseLib.report.tables.spec import Cell, FilledTable, TextTable, Variable, as_text

FORMATS = ("csv", "json", "xpt")
_DATASET_JSON = "1.1.0"


def write_csv(path: Path, filled: FilledTable) -> None:
    """UTF-8, comma, one header line, lines as in RFC 4180; see :func:`HCCResponseLib.base.csv_files.csv_text`.

    Raises:
        StorageError: the file cannot be written.
    """
    columns = filled.table.used(filled.rows)
    rows = [[row.get(c.name) for c in columns] for row in filled.rows]
    write_text(path, csv_text([c.name for c in columns], rows))


def read_csv(path: Path) -> TextTable:
    """A CSV file with the original texts.

    Raises:
        InputError: it is not there or not a table.
    """
    columns, rows = read_csv_rows(path)
    return TextTable(columns, tuple(rows))


def write_dataset_json(path: Path, filled: FilledTable, study: str) -> None:
    """CDISC Dataset-JSON v1.1: one JSON file with metadata, columns and rows."""
    table, columns = filled.table, filled.table.used(filled.rows)
    content = {
        "datasetJSONCreationDateTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "datasetJSONVersion": _DATASET_JSON,
        "sourceSystem": {"name": "hcc-response", "version": __version__},
        "studyOID": study,
        "itemGroupOID": f"IG.{table.name}",
        "records": len(filled.rows),
        "name": table.name,
        "label": table.label,
        "columns": [_json_column(filled, c) for c in columns],
        "rows": [[_json_cell(c, row.get(c.name)) for c in columns] for row in filled.rows],
    }
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def _json_column(filled: FilledTable, column: Variable) -> dict[str, Any]:
    key = filled.table.key
    whole = all(isinstance(row.get(column.name), int | None) for row in filled.rows)
    found: dict[str, Any] = {
        "itemOID": f"IT.{filled.table.name}.{column.name}",
        "name": column.name,
        "label": column.label,
        "dataType": ("integer" if whole else "float") if column.numeric else "string",
    }
    return found | ({"keySequence": key.index(column.name) + 1} if column.name in key else {})


def _json_cell(column: Variable, value: Cell) -> str | float | int | None:
    if value is None or isinstance(value, int):
        return value
    return float(value) if column.numeric else as_text(value)


def read_dataset_json(path: Path) -> TextTable:
    """A Dataset-JSON file as text.

    Raises:
        InputError: it is not there or not Dataset-JSON.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        return _as_written([column["name"] for column in content["columns"]], content["rows"])
    except OSError as problem:
        raise InputError(unread(f"'{path}'", problem)) from problem
    except (UnicodeDecodeError, ValueError, KeyError, TypeError) as problem:
        raise InputError(f"'{path}' is not a Dataset-JSON file: {in_words(problem)}.") from problem


def _as_written(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> TextTable:
    names = tuple(columns)
    return TextTable(names, tuple(dict(zip(names, map(_cell_text, row), strict=True)) for row in rows))


def _cell_text(value: Any) -> str:
    if value is None or value != value:  # noqa: PLR0124  (not a number: a missing value in a SAS file)
        return ""
    return as_text(Decimal(repr(value)).normalize()) if isinstance(value, float) else str(value)


def write_xpt(path: Path, filled: FilledTable) -> None:
    """SAS transport file, version 5.

    Raises:
        InputError: the optional packages for it are not installed.
    """
    pandas, pyreadstat = _sas_packages()
    columns = filled.table.used(filled.rows)
    data = {c.name: [_sas_cell(c, row.get(c.name)) for row in filled.rows] for c in columns}
    kinds = {c.name: "float64" if c.numeric else "object" for c in columns}
    frame = pandas.DataFrame(data, columns=[c.name for c in columns]).astype(kinds)
    labels = [c.label for c in columns]
    names = {"file_label": filled.table.label, "table_name": filled.table.name, "column_labels": labels}
    write_atomically(
        path, lambda temporary: pyreadstat.write_xport(frame, str(temporary), file_format_version=5, **names)
    )


def _sas_cell(column: Variable, value: Cell) -> str | float:
    if column.numeric:
        return float("nan") if value is None else float(value)
    return as_text(value)


def read_xpt(path: Path) -> TextTable:
    """A SAS transport file as text.

    Raises:
        InputError: it is not there or not such a file, or the optional packages are not installed.
    """
    _, pyreadstat = _sas_packages()
    try:
        frame, _ = pyreadstat.read_xport(str(path))
    except OSError as problem:
        raise InputError(unread(f"'{path}'", problem)) from problem
    except (ValueError, pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as problem:
        raise InputError(f"'{path}' is not a SAS transport file: {in_words(problem)}.") from problem
    return _as_written(map(str, frame.columns), frame.values.tolist())


def _sas_packages() -> tuple[Any, Any]:
    try:
        import pandas as pd
        import pyreadstat
    except ImportError as problem:
        raise InputError(
            "SAS transport files need two more packages: pip install 'hcc-response[xpt]'."
        ) from problem
    return pd, pyreadstat


def write_table(folder: Path, filled: FilledTable, form: str, study: str) -> None:
    """Write one table in one of :data:`FORMATS`."""
    path = Path(folder) / f"{filled.table.name.lower()}.{form}"
    if form == "csv":
        write_csv(path, filled)
    elif form == "json":
        write_dataset_json(path, filled, study)
    else:
        write_xpt(path, filled)


def read_table(path: Path) -> TextTable:
    """A written table as text, by the file's suffix. Raises ``InputError`` for what is no such file."""
    readers = {".csv": read_csv, ".json": read_dataset_json, ".xpt": read_xpt}
    return readers[Path(path).suffix](path)


@contextmanager
def staged(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    """A folder to write and check files in; they are moved to ``folder`` when everything was good.

    Files of these names that are already in ``folder`` and were not written again are removed, so that no table of an
    earlier export stays beside the new ones. After an error ``folder`` is as it was.

    Raises:
        StorageError: the folder is missing, full or not writable.
    """
    folder = Path(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder.parent) as work:
            yield Path(work)
            folder.mkdir(exist_ok=True)
            for name in names:
                written = Path(work) / name
                if written.exists():
                    written.replace(folder / name)
                else:
                    (folder / name).unlink(missing_ok=True)
    except OSError as problem:
        raise storage_error(folder, problem) from problem
