"""The audit trail for people: whether it is whole, with signatures, and a readable copy of it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from HCCResponseLib.base.csv_files import csv_text
from HCCResponseLib.base.errors import AccessError, InputError
from HCCResponseLib.base.files import write_text
from HCCResponseLib.review.committee.adjudication import ADJUDICATED
from HCCResponseLib.review.people.people import Person
from HCCResponseLib.review.read.access import Role
from HCCResponseLib.review.signing.signing import first_bad_signature
from HCCResponseLib.review.store import STORE_LOG, Event, Finding, ReadStore

COLUMNS = (
    "read_id", "sequence", "utc", "actor", "role", "action", "item", "old", "new", "reason", "details",
    "software", "profile", "previous", "hash",
)  # fmt: skip
_SECRET = ("hash",)


@dataclass(frozen=True)
class AuditResult:
    """What a check of chain and signatures says.

    Attributes:
        chain: what going along the chain found.
        signatures: how many signatures fit what they signed.
        problem: the first thing that is wrong, for a reader; empty when nothing is.
    """

    chain: Finding
    signatures: int
    problem: str


def verify(store: ReadStore, read_id: str | None = None, expect: str | None = None) -> AuditResult:
    """Check the chain of a read or of the whole store, then every signature and adjudication in it.

    Args:
        expect: a hash that was noted down earlier and must still be in the chain.
    """
    chain = store.store.check(read_id, expect)
    if not chain.good:
        where = f"event {chain.sequence} of read '{chain.read_id}': " if chain.sequence else ""
        return AuditResult(chain, 0, f"{where}{chain.reason}")
    count = 0
    for name in [read_id] if read_id else store.store.reads():
        read = store.other(name)
        bad = first_bad_signature(read) or _first_bad_adjudication(read)
        if bad is not None:
            why = "the signature does not fit what was signed"
            return AuditResult(chain, count, f"event {bad} of read '{name}': {why}")
        count += sum(e.action in ("signed", ADJUDICATED) for e in read.events() if name != STORE_LOG)
    return AuditResult(chain, count, "")


def _first_bad_adjudication(read: ReadStore) -> int | None:
    for event in read.events() if read.read_id != STORE_LOG else []:
        if event.action == ADJUDICATED and (
            event.payload["heads"].get(read.read_id) != event.previous
            or event.payload["signer"] != event.actor
        ):
            return event.sequence
    return None


def export_log(person: Person, store: ReadStore, path: Path, read_id: str | None = None) -> int:
    """Write a readable copy of the log, ``.csv`` or ``.json``; password hashes stay out. Returns how many events.

    Cells of a CSV that a spreadsheet would take for a formula get an apostrophe in front (:func:`csv_text`).

    Raises:
        AccessError: neither a manager nor an auditor.
        InputError: another ending than .csv or .json.
        StorageError: the chain is broken, or the file cannot be written.
    """
    if not person.roles & {Role.MANAGER, Role.AUDITOR}:
        raise AccessError("Only a manager or an auditor may have the log.")
    names = [read_id] if read_id else store.store.reads()
    events = [e for name in names for e in store.other(name).events()]
    events.sort(key=lambda e: e.position)
    rows = [_row(e) for e in events]
    match Path(path).suffix.lower():
        case ".json":
            write_text(path, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
        case ".csv":
            write_text(path, _csv(rows))
        case _:
            raise InputError(f"'{path}' must end in .csv or .json.")
    return len(rows)


def _row(event: Event) -> dict[str, Any]:
    details = {k: v for k, v in event.payload.items() if k not in _SECRET}
    return {c: details if c == "details" else getattr(event, c) for c in COLUMNS}


def _csv(rows: list[dict[str, Any]]) -> str:
    words = (
        {**row, "details": json.dumps(row["details"], ensure_ascii=False, sort_keys=True)} for row in rows
    )
    return csv_text(COLUMNS, ([str(word[column]) for column in COLUMNS] for word in words))
