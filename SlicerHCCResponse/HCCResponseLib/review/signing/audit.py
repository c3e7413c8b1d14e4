"""The audit trail for people: whether it is whole, with signatures, and a readable copy of it."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from HCCResponseLib.base.csv_files import csv_text
from HCCResponseLib.base.errors import AccessError, InputError
from HCCResponseLib.base.files import write_text
from HCCResponseLib.review.committee.adjudication import ADJUDICATED
from HCCResponseLib.review.people.accounts import CHANGES
from HCCResponseLib.review.people.people import People, local_people, people_file
from HCCResponseLib.review.people.person import Person
from HCCResponseLib.review.read.access import Role
from HCCResponseLib.review.read.workflow import LOG_COPIED, note
from HCCResponseLib.review.signing.authority import Authority, authority_of
from HCCResponseLib.review.signing.check import SIGNATURES, SignatureCheck
from HCCResponseLib.review.signing.dictionary import ACTIONS, COLUMNS, dictionary_csv
from HCCResponseLib.review.store import STORE_LOG, Event, Finding, ReadStore

_SECRET = ("hash",)


@dataclass(frozen=True)
class AuditResult:
    """What a check of chain and signatures says.

    Attributes:
        chain: what going along the chain found.
        signatures: how many signatures fit what they signed.
        problem: the first thing that is wrong, for a reader; empty when nothing is.
        adjudications: how many of them are an adjudicator's choice, which is signed once in each read of its subject.
        without_key: how many of them are of an earlier version, which had no keys: only the chain speaks for them.
        notes: what a person should know or compare: keys that stand for themselves, categories that were not
            computed again.
    """

    chain: Finding
    signatures: int
    problem: str
    without_key: int = 0
    notes: tuple[str, ...] = ()
    adjudications: int = 0


def verify(
    store: ReadStore, read_id: str | None = None, expect: str | None = None, people: People | None = None
) -> AuditResult:
    """Check the chain of a read or of the whole store, then every change of an account and every signature in it.

    A signature must be made with the key that its signer had at that place of the log, over the whole event; category
    and sum are computed again from the decisions below it.

    Args:
        expect: a hash that was noted down earlier and must still be in the chain.
        people: accounts for a store that has none of its own; as a rule those of this computer's user.

    Raises:
        InputError: ``expect`` is no hash.
    """
    chain = store.store.check(read_id, None if expect is None else noted_hash(expect))
    if not chain.good:
        where = f"event {chain.sequence} of read '{chain.read_id}': " if chain.sequence else ""
        return AuditResult(chain, 0, f"{where}{chain.reason}")
    since = store.store.signs_since()
    log = store.other(STORE_LOG)
    # For a single read the changes of accounts are enough, each by its own signature, whatever the log's length.
    known = log.store.some_events(STORE_LOG, CHANGES) if read_id else log.events()
    own = authority_of(known, since)
    if own.problem:
        number, why = own.problem
        return AuditResult(chain, 0, f"event {number} of read '{STORE_LOG}': {why}")
    check = SignatureCheck(own, None if own.anybody else _here(people), since)
    count = keyless = chosen = 0
    notes = [f"the key of '{n}' stands for itself: {k}" for n, k in own.own_word.items()]
    for name in [read_id] if read_id else store.store.reads():
        for one in check.events(store.other(name)):
            if one.fault:
                problem = f"event {one.event.sequence} of read '{name}': {one.fault}"
                return AuditResult(chain, count, problem, keyless, tuple(notes), chosen)
            counts = one.event.action in SIGNATURES and name != STORE_LOG
            count, keyless = count + counts, keyless + (counts and one.keyless)
            chosen += counts and one.event.action == ADJUDICATED
            notes += [one.note] if one.note else []
    fault = "" if read_id else store.store.check_standings()
    problem = f"{fault}; 'hcc-response read prepare' makes it anew" if fault else ""
    return AuditResult(chain, count, problem, keyless, tuple(notes), chosen)


def noted_hash(text: str) -> str:
    """A hash as somebody noted it down, all of it. A slip of the pen is not taken for a forged log.

    Raises:
        InputError: not 64 hexadecimal digits.
    """
    plain = text.strip().lower()
    if not re.fullmatch("[0-9a-f]{64}", plain):
        raise InputError(
            f"'{text[:80]}' is no whole hash: one has 64 characters, 0 to 9 and a to f, and this has {len(plain)}. "
            "Nothing was checked."
        )
    return plain


def _here(people: People | None) -> Authority | None:
    """The accounts of this computer; ``None`` where there are none, and none are made."""
    if people is not None:
        return _authority(people)
    if not people_file().exists():
        return None
    local = local_people()
    try:
        return _authority(local)
    finally:
        local.close()


def _authority(people: People) -> Authority:
    return authority_of(people.log.events(), people.log.store.signs_since())


def export_log(person: Person, store: ReadStore, path: Path, read_id: str | None = None) -> int:
    """Write a readable copy of the log, ``.csv`` or ``.json``; password hashes stay out. Returns how many events.

    Beside it comes ``NAME.dictionary.csv``, which says what every column and action means. ``login`` is who was
    connected to the server, by the server's own word; the hash of the event does not cover it.

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
    logins = store.store.logins(read_id)
    rows = [{**_row(e), "login": logins.get(e.position, "")} for e in events]
    match Path(path).suffix.lower():
        case ".json":
            write_text(path, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
        case ".csv":
            write_text(path, _csv(rows))
        case _:
            raise InputError(f"'{path}' must end in .csv or .json.")
    write_text(Path(path).with_suffix(".dictionary.csv"), dictionary_csv())
    details = {"file": str(Path(path).resolve()), "events": len(rows)}
    what = f"read {read_id}" if read_id else "store"
    note(store, person.name, LOG_COPIED, what, details, new=Path(path).name)
    return len(rows)


def _row(event: Event) -> dict[str, Any]:
    details = {k: v for k, v in event.payload.items() if k not in _SECRET}
    more = {"details": details, "what": ACTIONS.get(event.action, "")}
    return {c: more[c] if c in more else getattr(event, c) for c in COLUMNS if c != "login"}


def _csv(rows: list[dict[str, Any]]) -> str:
    words = (
        {**row, "details": json.dumps(row["details"], ensure_ascii=False, sort_keys=True)} for row in rows
    )
    return csv_text(tuple(COLUMNS), ([str(word[column]) for column in COLUMNS] for word in words))
