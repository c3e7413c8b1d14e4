"""Which results of the benchmark are there already."""

from pathlib import Path
from typing import Any

from HCCResponseLib.evaluation.adaptation.stats import Record
from HCCResponseLib.evaluation.records import record_lines

PICTURES = "pictures"


def read_records(folder: Path) -> list[Record]:
    """Finished results, the latest of each seed, method and background; a line torn by a kill is left out."""
    found: dict[tuple[Any, ...], Record] = {}
    for record in record_lines(folder):
        found[record["seed"], record["method"]["name"], record["background"]] = record
    return list(found.values())


def is_done(records: list[Record], wanted: Record) -> bool:
    """Whether a result of exactly this seed, background, method and models is there."""
    return any(all(r.get(k) == v for k, v in wanted.items()) for r in records)
