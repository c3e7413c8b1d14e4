"""Results on disk: one JSON line for each, written as it is made, so that a run that was stopped can go on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from HCCResponseLib.base.files import storage_error

RECORDS = "results.jsonl"


def record_lines(folder: Path) -> list[dict[str, Any]]:
    """Lines of the results in a folder, in their order; a line torn by a kill is left out."""
    file = folder / RECORDS
    if not file.is_file():
        return []
    found = []
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def append_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Add one result.

    Raises:
        StorageError: the disk is full or the folder not writable.
    """
    file = folder / RECORDS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        torn = file.is_file() and not file.read_bytes().endswith(b"\n")
        with file.open("a", encoding="utf-8") as stream:
            stream.write(("\n" if torn else "") + json.dumps(record) + "\n")
    except OSError as problem:
        raise storage_error(file, problem) from problem
