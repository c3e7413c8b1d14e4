"""Who was given which read, and how far each is.

    for item in work_list(store, person):          # what a person may know of
        print(item.assignment.read_id, item.progress.stage)
    assignment(store, "S1-1")                      # one assignment, out of the log

The list goes by the store's table of standings, which is a copy of facts for looking at thousands of reads at once.
Whoever opens, signs or adjudicates a read goes by the log.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import lru_cache

from HCCResponseLib.base.errors import InputError, StorageError
from HCCResponseLib.review.people.person import Person
from HCCResponseLib.review.read.access import Role, Stage
from HCCResponseLib.review.read.stages import stage_of
from HCCResponseLib.review.signing.signatures import Locks, Meaning, ReadOrder
from HCCResponseLib.review.store import STORE_LOG, Event, ReadStore, Standing

ASSIGNED = "assigned"
#: Reads of one subject that are asked for at once; a subject has two or three.
_AT_ONCE = 8


class ReadKind(StrEnum):
    """What a read is for."""

    READ = "read"
    REREAD = "re-read"
    ADJUDICATION = "adjudication"


@dataclass(frozen=True)
class Assignment:
    """One read that was given to one person.

    Attributes:
        read_id: its name in the store.
        subject: who is read.
        reader: account of the person who reads.
        stream: place in the committee, such as ``RADIOLOGIST 1`` (the profile's ``evaluator_streams``).
        kind: a first read, a re-read for intra-reader agreement, or an adjudicator's own read.
        repeats: for a re-read, the read that it repeats.
    """

    read_id: str
    subject: str
    reader: str
    stream: str
    kind: ReadKind = ReadKind.READ
    repeats: str = ""


@dataclass(frozen=True)
class Progress:
    """How far a read is.

    Attributes:
        stage: where it stands as a whole.
        signed: how many of its time points are under a valid signature of their reader.
        time_points: how many it has.
        version: 1, and one more with each amendment.
    """

    stage: Stage
    signed: int
    time_points: int
    version: int


@dataclass(frozen=True)
class WorkItem:
    """One line of a work list."""

    assignment: Assignment
    progress: Progress


def work_list(store: ReadStore, person: Person) -> list[WorkItem]:
    """The reads that a person may know of: readers their own, managers and auditors all.

    An adjudicator knows of every subject that this person does not read; readers' names are left out.

    Raises:
        StorageError: the store is damaged.
    """
    sees_more = person.roles & {Role.MANAGER, Role.AUDITOR, Role.ADJUDICATOR}
    every = [_item(found) for found in store.store.standings(None if sees_more else person.name)]
    if person.roles & {Role.MANAGER, Role.AUDITOR}:
        return every
    mine = [i for i in every if i.assignment.reader == person.name]
    if Role.ADJUDICATOR not in person.roles:
        return mine
    read = {i.assignment.subject for i in mine if i.assignment.kind is not ReadKind.ADJUDICATION}
    others = [
        replace(i, assignment=replace(i.assignment, reader=""))
        for i in every
        if i.assignment.reader != person.name and i.assignment.subject not in read
    ]
    return mine + others


def assignments(store: ReadStore, subject: str | None = None) -> list[Assignment]:
    """All assignments in order, or those of one subject, out of the log.

    For the software's own use; people get :func:`work_list`.
    """
    if subject is None:
        return [_assignment(event) for event in _assigned(store)]
    found: list[Assignment] = []
    # The reads of a subject are numbered from 1 as they are assigned, see :func:`read_name`.
    for start in range(1, 1_000_000, _AT_ONCE):
        names = [read_name(subject, number) for number in range(start, start + _AT_ONCE)]
        found += [_assignment(event) for event in _assigned(store, names)]
        if len(found) < start + _AT_ONCE - 1:
            break
    return found


def read_name(subject: str, number: int) -> str:
    """The name of the read of a subject that is assigned as this one in order, from 1."""
    return f"{subject}-{number}"


def assignment(store: ReadStore, read_id: str) -> Assignment:
    """One assignment, out of the log. Raises ``InputError`` when nothing of this name was assigned."""
    for event in _assigned(store, [read_id]):
        return _assignment(event)
    raise InputError(
        f"There is no assigned read '{read_id[:80]}'; 'hcc-response read list' shows those there are."
    )


def item_of(read_id: str) -> str:
    """How the log calls a read."""
    return f"read {read_id}"


def _assigned(store: ReadStore, read_ids: Iterable[str] | None = None) -> list[Event]:
    items = None if read_ids is None else [item_of(name) for name in read_ids]
    return store.store.some_events(STORE_LOG, (ASSIGNED,), items=items)


def _assignment(event: Event) -> Assignment:
    facts = event.payload
    return Assignment(
        **{f.name: facts[f.name] for f in fields(Assignment)} | {"kind": ReadKind(facts["kind"])}
    )


def _item(found: Standing) -> WorkItem:
    try:
        subject, reader, stream, kind, repeats = json.loads(found.assignment)
        given = Assignment(found.read_id, subject, reader, stream, ReadKind(kind), repeats)
        return WorkItem(given, _progress(found.life))
    except (KeyError, TypeError, ValueError) as problem:
        raise StorageError(
            f"How far read '{found.read_id}' is cannot be told: {problem!r}. 'hcc-response read verify' says more."
        ) from problem


@lru_cache(maxsize=4096)
def _progress(life: str) -> Progress:
    """From the lines of a standing. Most reads have come to where they are in one of a few ways."""
    names: list[str] = []
    locks = Locks()
    for line in life.splitlines():
        action, *details = json.loads(line)
        if action == "assigned":
            locks.order = ReadOrder(details[0])
        elif action == "study":
            names = details[0]
        elif action == "signed" and details[1] == Meaning.AUTHORSHIP:
            locks.lock(details[0])
        elif action == "amended":
            locks.amend(details[0], details[1], reason=action)
        elif action in ("closed", "adjudicated"):
            locks.final = action
    return Progress(stage_of(names, locks), len(locks.locked), len(names), locks.version)
