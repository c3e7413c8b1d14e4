"""Results of the benchmark on disk: one JSON line for each finished pair and method, so that a run can go on."""

import json
from pathlib import Path
from typing import Any

from HCCResponseLib.base.files import storage_error
from HCCResponseLib.evaluation.adaptation.stats import Record

RECORDS = "results.jsonl"


def read_records(folder: Path) -> list[Record]:
    """Finished results, the latest of each seed, method and background; a line torn by a kill is left out."""
    file = folder / RECORDS
    if not file.is_file():
        return []
    found: dict[tuple[Any, ...], Record] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[record["seed"], record["method"]["name"], record["background"]] = record
    return list(found.values())


def append_record(folder: Path, record: Record) -> None:
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


def is_done(records: list[Record], wanted: Record) -> bool:
    """Whether a result of exactly this seed, background, method and base model is there."""
    keys = ("seed", "background", "method", "base_sha256")
    return any(all(r[k] == wanted[k] for k in keys) for r in records)
