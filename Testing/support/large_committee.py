"""A committee's store of any size: thousands of subjects, two readers each, many visits, with chains that fit.

One subject is read by way of the software and signed with real keys, before half of the others and after the other
half. All others are copies of a read like it, written in bulk: their chains fit, their signatures are not made anew.
"""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from committees import FIRST, FIRST_PASSWORD, SECOND, SmallCommittee, password
from HCCResponseLib.imaging.study import Study
from HCCResponseLib.review.committee.assignments import assign
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.read.access import Role
from HCCResponseLib.review.read.lifecycle import amend
from HCCResponseLib.review.read.records import Action, Decision, write_proposal
from HCCResponseLib.review.read.state import Row
from HCCResponseLib.review.signing.signing import sign_and_lock
from HCCResponseLib.review.store import FIRST_HASH, STORE_LOG
from HCCResponseLib.review.store.chain import FORMAT, row_hash
from HCCResponseLib.review.store.schema import events
from reads import lesion, study
from stores import around_the_guards, write_in_bulk

COLUMNS = [column.name for column in events.columns]
#: The subject that is read by way of the software, and one that serves as the pattern of all copies.
REAL, PATTERN = "subject that is looked at", "pattern"
_BESIDE = 20
_UTC = "2026-01-01T00:00:00.000+00:00"


@dataclass
class LargeCommittee(SmallCommittee):
    """The committee with its readers ``r1``, ``r2``, ... and its visits."""

    where: str | Path
    visits: int
    readers: int
    names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        SmallCommittee.__init__(self, self.where)
        self.names = [f"visit {number}" for number in range(self.visits)]
        boss = self.person("boss")
        for number in range(1, self.readers + 1):
            name = f"r{number}"
            self.people.add(name, f"Dr {name}", {Role.READER}, FIRST_PASSWORD, boss)
            self.people.change_password(name, FIRST_PASSWORD, password(name))

    def study(self, subject: str = "S1") -> Study:
        """The images are never read."""
        dates = [f"20{10 + number:02d}-01-01" for number in range(self.visits)]
        entries = [
            {"name": name, "date": date, "image": f"{name}.nrrd"}
            for name, date in zip(self.names, dates, strict=True)
        ]
        made = Study.model_validate({**study().model_dump(mode="json"), "timepoints": entries})
        return made.model_copy(update={"subject": subject, "profile": self.profile})

    def read_for_real(
        self, reader: str, stream: str, subject: str, lesions: int, amended: bool = False
    ) -> str:
        """Assign, propose, decide and sign every visit; with ``amended`` the last but one is opened again."""
        prints = {name: {"date": "2026-01-01", "image_sha256": "0" * 64} for name in self.names}
        boss = self.person("boss")
        given = assign(self.store, boss, self.people, self.study(subject), prints, reader, stream)
        store, state = self.open(reader, given.read_id)
        for name in self.names:
            for number in range(1, lesions + 1):
                found = lesion(name, f"L{number}", 20 + number)
                write_proposal(store, found)
                state.rows.setdefault(name, {})[found.name] = Row(found)
            store.append("software", "proposed", {"time_point": name})
            for number in range(1, lesions + 1):
                decide(store, state, Decision(reader, name, f"L{number}", Action.ACCEPT))
            sign_and_lock(store, state, self.people, self.credentials(reader), name)
        if amended:
            reason = "query 7: wrong slice"
            amend(store, state, self.people, self.credentials("boss"), self.names[-2], reason)
        return given.read_id


def large_committee(where: str | Path, subjects: int, visits: int = 10, readers: int = 50) -> LargeCommittee:
    """Fill a new store with this many subjects, the real one among them; each is read by two of the readers."""
    made = LargeCommittee(where, visits, readers)
    patterns = [
        [_row(event) for event in made.store.other(read_id).events()]
        for read_id in (
            made.read_for_real("ann", FIRST, PATTERN, 1),
            made.read_for_real("bob", SECOND, PATTERN, 1, amended=True),
        )
    ]
    # Some reads are half way, one in ten; one in twenty was amended.
    half = patterns[0][: 2 + (len(patterns[0]) - 2) // 2]
    kinds = [patterns[0]] * 17 + [half, half, patterns[1]]
    rest = subjects - 1
    _write_copies(made, kinds, range(1, rest // 2 + 1))
    for reader, stream in (("r1", FIRST), ("r2", SECOND)):
        made.read_for_real(reader, stream, REAL, 4)
    _write_copies(made, kinds, range(rest // 2 + 1, rest + 1))
    return made


def _row(event: Any) -> dict[str, Any]:
    return {**vars(event), "payload": json.dumps(event.payload), "contours": " ".join(event.contours)}


def _write_copies(committee: LargeCommittee, kinds: list[list[dict[str, Any]]], numbers: range) -> None:
    reads = [
        (f"S{number}-{place}", f"S{number}", f"r{1 + (number + place) % committee.readers}", stream)
        for number in numbers
        for place, stream in ((1, FIRST), (2, SECOND))
    ]
    made = (_copied(kinds[n % len(kinds)], *read) for n, read in enumerate(reads))
    with around_the_guards(committee.where) as connection:
        found = connection.execute(text("SELECT position, hash FROM events ORDER BY position DESC LIMIT 1"))
        position, last = found.one()
        query = "SELECT sequence, hash FROM events WHERE read_id = 'store' ORDER BY sequence DESC LIMIT 1"
        log = connection.execute(text(query)).one()
        rows = _chained(_side_by_side(made), position, last, {STORE_LOG: (log[0], log[1])})
        write_in_bulk(connection, COLUMNS, rows)


def _copied(
    pattern: list[dict[str, Any]], read_id: str, subject: str, reader: str, stream: str
) -> Iterator[Any]:
    """The events of one read and what the store's own log says beside it, without place and hash."""
    given = {"read_id": read_id, "subject": subject, "reader": reader, "stream": stream}
    boss = dict.fromkeys(COLUMNS, "") | {"format": FORMAT, "utc": _UTC, "software": pattern[0]["software"]}
    boss |= {"read_id": STORE_LOG, "actor": "boss", "role": "manager"}
    payload = json.dumps({**given, "kind": "read", "repeats": "", "key": "0" * 64, "signature": "0" * 88})
    new = f"{stream}: {reader}"
    yield boss | {"action": "assigned", "item": f"read {read_id}", "new": new, "payload": payload}
    for row in pattern:
        words = row["payload"]
        if row["action"] == "assigned":
            words = json.dumps({**json.loads(words), "reader": reader})
        if row["action"] == "study":
            words = words.replace(f'"subject": "{PATTERN}"', f'"subject": "{subject}"')
        if row["action"] == "signed":
            yield boss | {"actor": reader, "action": "signed-in", "item": f"account {reader}",
                          "payload": json.dumps({"name": reader})}  # fmt: skip
        actor = reader if row["actor"] in ("ann", "bob") else row["actor"]
        yield row | {"read_id": read_id, "actor": actor, "payload": words}


def _side_by_side(reads: Iterator[Iterator[Any]]) -> Iterator[Any]:
    """Reads are read at the same time, so that their events lie among each other's."""
    for group in iter(lambda: list(itertools.islice(reads, _BESIDE)), []):
        for rows in itertools.zip_longest(*group):
            yield from (row for row in rows if row is not None)


def _chained(
    rows: Iterator[Any], position: int, last: str, tails: dict[str, tuple[int, str]]
) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        position += 1
        sequence, previous = tails.get(row["read_id"], (0, FIRST_HASH))
        row |= {
            "position": position,
            "sequence": sequence + 1,
            "previous": previous,
            "previous_in_store": last,
        }
        last = row["hash"] = row_hash(row)
        tails[row["read_id"]] = (sequence + 1, last)
        yield tuple(row[name] for name in COLUMNS)
