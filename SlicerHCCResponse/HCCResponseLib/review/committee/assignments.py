"""A committee: who reads what, and what of it each person gets to see.

    manager = people.authenticate(name, password)
    assign(store, manager, people, study, fingerprints, "jdoe", "RADIOLOGIST 1")
    read_store, state = open_read(store, person, "S1-1")     # the only door to an assigned read

Readers see their own reads and nothing of the others; the study that they get holds no contour of the site. The
adjudicator sees signed reads under the names of their streams. ``store`` is any read of the committee's store.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from HCCResponseLib.base.errors import AccessError, InputError
from HCCResponseLib.base.text import one_line
from HCCResponseLib.imaging.study import Study
from HCCResponseLib.response.profiles.load import Profile, load_profile
from HCCResponseLib.review.committee.worklist import (
    ASSIGNED,
    Assignment,
    ReadKind,
    assignment,
    assignments,
    item_of,
    read_name,
)
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.people.person import Person, Signatory, require_role
from HCCResponseLib.review.read.access import Act, Role
from HCCResponseLib.review.read.lifecycle import is_signed, require
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.session import write_study
from HCCResponseLib.review.read.state import ReadState, Row, life_of, read_life, state_of
from HCCResponseLib.review.signing.content import values_hash
from HCCResponseLib.review.signing.signatures import ReadOrder
from HCCResponseLib.review.store import STORE_LOG, Event, ReadStore

_ORDERS = {
    "sequential-locked": ReadOrder.SEQUENTIAL,
    "hybrid": ReadOrder.HYBRID,
    "simultaneous": ReadOrder.UNLOCKED,
}


def blinded(study: Study) -> Study:
    """The study as an independent reader gets it: without contours that somebody else has drawn."""
    bare = tuple(p.model_copy(update={"contour": None}) for p in study.timepoints)
    return study.model_copy(update={"timepoints": bare})


def assign(
    store: ReadStore,
    by: Signatory,
    people: People,
    study: Study,
    fingerprints: Mapping[str, Any],
    reader: str,
    stream: str,
) -> Assignment:
    """Give a subject to a reader. An account with the adjudicator's role gets a read for adjudication.

    Args:
        by: a manager.
        fingerprints: of the images of the blinded study, see :func:`HCCResponseLib.review.read.session.load_images`.
        stream: one of the profile's ``evaluator_streams``.

    Raises:
        AccessError: ``by`` is not a manager, or the account cannot read.
        InputError: stream unknown or taken, or this person reads the subject already.
    """
    require_role(by, Role.MANAGER)
    profile = load_profile(study.profile)
    with store.transaction():
        require_role(people.present(by), Role.MANAGER)
        new = planned(store, people, study, reader, stream)
        _write(store, by, new, blinded(study), fingerprints, profile)
    return new


def planned(
    store: ReadStore,
    people: People,
    study: Study,
    reader: str,
    stream: str,
    also: Sequence[Assignment] = (),
) -> Assignment:
    """The assignment as :func:`assign` would make it, from the log alone: nothing is written, no image is needed.

    Args:
        also: what is planned beside it and not written yet.

    Raises:
        AccessError, InputError: as :func:`assign`.
    """
    kind = _kind_for(people, reader, stream, load_profile(study.profile))
    same = [*assignments(store, study.subject), *(one for one in also if one.subject == study.subject)]
    for other in same:
        if reader == other.reader:
            raise InputError(f"'{reader}' reads subject '{study.subject}' already ('{other.read_id}').")
        if stream == other.stream and other.kind is not ReadKind.REREAD:
            raise InputError(f"{stream} of subject '{study.subject}' is '{other.reader}' already.")
    return Assignment(read_name(study.subject, len(same) + 1), study.subject, reader, stream, kind)


def reread(store: ReadStore, by: Signatory, read_id: str, reason: str) -> Assignment:
    """Give a finished read to the same reader again, fresh and blinded to the first one.

    Raises:
        AccessError: ``by`` is not a manager, or the read is not signed to its end.
        InputError: it is being read again already.
    """
    why = one_line(reason, "the reason", 500)
    with store.transaction():
        by = People(store).present(by)
        first = assignment(store, read_id)
        life = read_life(store.other(read_id))
        require(by, Act.REREAD, life)
        same = assignments(store, first.subject)
        if first.kind is ReadKind.REREAD or any(a.repeats == read_id for a in same):
            raise InputError(f"'{read_id}' is a re-read or has one already.")
        name = read_name(first.subject, len(same) + 1)
        new = replace(first, read_id=name, kind=ReadKind.REREAD, repeats=read_id)
        assert life.study is not None
        _write(store, by, new, life.study, life.fingerprints, profile_of(store.other(read_id), life), why)
    return new


def _kind_for(people: People, reader: str, stream: str, profile: Profile) -> ReadKind:
    account = people.account(reader)
    if stream not in profile.evaluator_streams:
        known = ", ".join(profile.evaluator_streams)
        raise InputError(f"Profile '{profile.name}' has no stream '{stream[:80]}'; it has {known}.")
    if not account.active or not account.roles & {Role.READER, Role.ADJUDICATOR}:
        raise AccessError(f"'{reader}' is disabled, or neither reader nor adjudicator.")
    if not stream.upper().startswith("ADJUDICATOR"):
        if Role.READER not in account.roles:
            raise AccessError(f"'{reader}' is not a reader.")
        return ReadKind.READ
    if Role.ADJUDICATOR not in account.roles:
        raise AccessError(f"'{reader}' is not an adjudicator.")
    if profile.adjudication_mode != "new-read":
        raise InputError(
            f"Under profile '{profile.name}' the adjudicator chooses one of the reads and reads none."
        )
    return ReadKind.ADJUDICATION


def _write(
    store: ReadStore,
    by: Signatory,
    new: Assignment,
    study: Study,
    fingerprints: Mapping[str, Any],
    profile: Profile,
    reason: str = "",
) -> None:
    digest, manager = values_hash(profile), Role.MANAGER.value
    read = store.other(new.read_id).acting(manager, digest)
    own = {"reader": new.reader, "order": _ORDERS[profile.read_order], "profile_sha256": digest}
    for log, payload in ((store.other(STORE_LOG).acting(manager, digest), asdict(new)), (read, own)):
        log.append(
            by.name,
            ASSIGNED,
            payload,
            item=item_of(new.read_id),
            new=f"{new.stream}: {new.reader}",
            reason=reason,
            signer=by.key,
        )
    write_study(read, by.name, study, fingerprints, profile)


def open_any(
    store: ReadStore, person: Person, read_id: str, version: int | None = None
) -> tuple[ReadStore, ReadState]:
    """Like :func:`open_read`; a read that nobody assigned is any reader's own."""
    read = store.other(read_id)
    with store.store.one_moment():
        events = read.events()
        life = life_of(read, events)
        if life.study is None:
            raise InputError(f"There is no read '{read_id[:80]}' in this store.")
        if life.locks.reader is not None:
            return _opened(person, assignment(store, read_id), read, events, life, version)
        require(person, Act.SEE, life)
        return read, state_of(read, _of_version(read_id, events, version))


def open_read(
    store: ReadStore, person: Person, read_id: str, version: int | None = None
) -> tuple[ReadStore, ReadState]:
    """An assigned read as this person may see it, with everything that this person may do in it.

    Args:
        version: an earlier version, to look at; ``None`` for the latest.

    Raises:
        InputError: no such read.
        AccessError: not this person's, not signed yet, or blinding would be lost.
    """
    read = store.other(read_id)
    with store.store.one_moment():
        events = read.events()
        return _opened(person, assignment(store, read_id), read, events, life_of(read, events), version)


def _opened(
    person: Person,
    chosen: Assignment,
    read: ReadStore,
    events: list[Event],
    life: ReadState,
    version: int | None,
) -> tuple[ReadStore, ReadState]:
    require(person, Act.SEE, life)
    _keep_blinded(read, person, chosen)
    taken = _of_version(read.read_id, events, version)
    state = state_of(read, taken, None if len(taken) == len(events) else taken[-1].sequence)
    # Whoever keeps a read open keeps no key open.
    state.person = Person(person.name, person.printed_name, person.roles)
    if chosen.reader != person.name and Role.AUDITOR not in person.roles:
        _hide_names(state, chosen.stream)
    role = Role.READER.value if chosen.reader == person.name else ""
    return read.acting(role, state.locks.profile_sha256), state


def _of_version(read_id: str, events: list[Event], version: int | None) -> list[Event]:
    """The events of a version; ``None`` for the latest one."""
    amendments = [e.sequence for e in events if e.action == "amended"]
    if version is None or version == len(amendments) + 1:
        return events
    if version > len(amendments):
        raise InputError(f"Read '{read_id}' has {len(amendments) + 1} versions, no version {version}.")
    return [e for e in events if e.sequence < amendments[version - 1]]


def _keep_blinded(store: ReadStore, person: Person, chosen: Assignment) -> None:
    """Who reads a subject sees no other read of it before the own one is finished, and readers never."""
    if Role.AUDITOR in person.roles:
        return
    for other in assignments(store, chosen.subject):
        if other.reader != person.name or other.read_id == chosen.read_id:
            continue
        finished = is_signed(read_life(store.other(other.read_id)))
        own_first = chosen.reader == person.name and finished
        adjudicating = other.kind is ReadKind.ADJUDICATION and finished
        if not (own_first or adjudicating):
            raise AccessError(
                f"'{chosen.read_id}' cannot be shown to {person.printed_name}, who reads the same subject in "
                f"'{other.read_id}'."
            )


def _hide_names(state: ReadState, stream: str) -> None:
    """The stream in the place of the reader's name, so that an adjudicator judges reads and not colleagues."""
    locks = state.locks
    state.alias = locks.reader = stream
    locks.signatures = [replace(s, signer=stream, printed_name=stream) for s in locks.signatures]
    for rows in state.rows.values():
        for name, row in rows.items():
            if row.decision is not None:
                rows[name] = Row(row.proposal, replace(row.decision, reader=stream))
