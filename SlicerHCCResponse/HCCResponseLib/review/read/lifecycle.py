"""The life of a read: draft, signed and locked time point by time point, amended as a new version, final.

    stage(state, "baseline")                    # open, locked, ...; stage(state): the read as a whole
    is_signed(state, "baseline")                # is_signed(state): signed to its end
    is_decided(state, "baseline")               # every row answered, or signed without any
    require(person, Act.AMEND, state, "baseline")   # AccessError with a sentence for the reader
    amend(store, state, people, credentials, "baseline", "wrong lesion measured")

Which stage lets whom do what stands in :mod:`HCCResponseLib.review.read.access`, and nowhere else.
"""

from HCCResponseLib.base.errors import AccessError
from HCCResponseLib.base.text import one_line
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.people.person import Person
from HCCResponseLib.review.read.access import Act, Relation, Role, Stage, allowed
from HCCResponseLib.review.read.stages import stage_of
from HCCResponseLib.review.read.state import ReadState, RowStatus, refresh
from HCCResponseLib.review.store import ReadStore

_WHY = {
    Stage.WAITING: "an earlier time point must be signed and locked first",
    Stage.OPEN: "it is not signed yet",
    Stage.REOPENED: "it was opened again and is not signed yet",
    Stage.SIGN_AGAIN: "an earlier time point was amended and this one must be signed again",
    Stage.LOCKED: "it is signed and locked",
    Stage.REVIEW: "it is signed and locked; amend it with a reason first",
    Stage.FINAL: "the read is closed for good",
}


def points(state: ReadState) -> list[str]:
    """Names of all time points in order; the first is the baseline."""
    return [] if state.study is None else [p.name for p in state.study.timepoints]


def stage(state: ReadState, time_point: str | None = None) -> Stage:
    """Where a time point stands; without one, where the read stands: its first time point that is not locked.

    Raises:
        InputError: the study has no such time point.
    """
    return stage_of(points(state), state.locks, time_point)


def is_signed(state: ReadState, time_point: str | None = None) -> bool:
    """Whether a time point, or without one the whole read, is signed: the one answer that everybody goes by."""
    return stage(state, time_point).signed


def is_decided(state: ReadState, time_point: str) -> bool:
    """Whether a reader has answered for all of a time point, so that others can be held against it.

    Every row is answered; or there is none, and the reader's signature says that there is no lesion.
    """
    rows = state.rows.get(time_point, {})
    return all(row.status is not RowStatus.PROPOSED for row in rows.values()) and (
        bool(rows) or is_signed(state, time_point)
    )


def nothing_found(state: ReadState) -> bool:
    """Whether the baseline was looked at, no lesion was found, and no reader has said yet that this is right."""
    first = points(state)[0]
    return first in state.provenance and not state.rows.get(first) and not is_signed(state, first)


def how_to_open(state: ReadState, time_point: str) -> str:
    """What has to be done before a time point without proposals can be proposed, as a sentence."""
    first = points(state)[0]
    if is_decided(state, first):
        return f"'{time_point}' comes after the time point before it is signed."
    if nothing_found(state):
        return (
            f"No lesion was found at {first}: add the lesions that you see, or sign {first} if there is none."
        )
    return f"Decide on every lesion at {first} first."


def standings(person: Person, state: ReadState) -> set[Relation]:
    """What a person is to this read. A read that nobody assigned is every reader's own."""
    found = {Relation(r.value) for r in person.roles if r is not Role.READER}
    nobodys = state.locks.reader is None and Role.READER in person.roles
    if nobodys or state.locks.reader == person.name:
        # Whoever reads does so blinded, whatever else this person may do elsewhere.
        return found - {Relation.ADJUDICATOR, Relation.AUDITOR, Relation.UNBLINDER} | {Relation.OWN_READER}
    return found | ({Relation.OTHER_READER} if Role.READER in person.roles else set())


def require(person: Person, act: Act, state: ReadState, time_point: str | None = None) -> str:
    """Let only those pass who may do this now; returns the role under which they do, for the log.

    Raises:
        AccessError: otherwise; it says what would have to be different.
    """
    now = stage(state, time_point)
    held = standings(person, state)
    by = [standing for standing in Relation if standing in held and allowed(standing, act, now)]
    if by:
        return Role.READER.value if by[0] is Relation.OWN_READER else by[0].value
    what = f"'{time_point}'" if time_point else "the read"
    if any(allowed(standing, act, other) for standing in held for other in Stage):
        raise AccessError(f"{person.printed_name} cannot {act} {what} now: {_WHY[now]}.")
    raise AccessError(
        f"{person.printed_name} may not {act} {what}: this needs another role or another reader."
    )


def require_draft(state: ReadState, actor: str, time_point: str, act: Act = Act.DECIDE) -> None:
    """Refuse a change of a time point that is not open for it, or by someone else than the assigned reader.

    Raises:
        AccessError: locked, waiting for an earlier time point, or another person's read.
    """
    now = stage(state, time_point)
    reader = state.locks.reader
    if reader is not None and (actor != reader or state.person is None or state.person.name != reader):
        raise AccessError(f"This read is assigned to '{reader}', who must be signed in to {act} in it.")
    if not allowed(Relation.OWN_READER, act, now):
        raise AccessError(f"'{time_point}' cannot be changed: {_WHY[now]}.")


def hold_draft(store: ReadStore, state: ReadState, actor: str, time_point: str) -> None:
    """What stands before every decision, inside the transaction that writes it: signatures, assignment and account are
    looked at as they are now, not as they were when the read was opened.

    Raises:
        AccessError: as :func:`require_draft`, or the account of the person who has the read open was disabled.
    """
    refresh(store, state)
    People(store).require_open(actor if state.person is None else state.person.name)
    require_draft(state, actor, time_point)


def amend(
    store: ReadStore,
    state: ReadState,
    people: People,
    credentials: tuple[str, str],
    time_point: str,
    reason: str,
) -> int:
    """Open a locked time point again as a new version of the read; the old version stays readable.

    What was signed after it must be signed again, because its category rests on the amended time point.

    Args:
        credentials: name and password of the person who amends.

    Returns:
        the number of the new version.

    Raises:
        SignInError: name and password were not accepted.
        AccessError: this person may not amend, or not now.
        InputError: no reason.
    """
    why = one_line(reason, "the reason of the amendment", 500)
    person = people.authenticate(*credentials)
    with store.transaction():
        person = people.present(person)
        refresh(store, state)
        role = require(person, Act.AMEND, state, time_point)
        later, old = points(state)[points(state).index(time_point) + 1 :], state.locks.version
        store.append(
            person.name,
            "amended",
            {"time_point": time_point, "later": later},
            item=time_point,
            old=f"version {old}",
            new=f"version {old + 1}",
            reason=why,
            role=role,
            signer=person.key,
        )
    refresh(store, state)
    return state.locks.version


def close(
    store: ReadStore, state: ReadState, people: People, credentials: tuple[str, str], reason: str
) -> None:
    """Close a completely signed read for good: no amendment is possible any more.

    Raises:
        SignInError, AccessError, InputError: as :func:`amend`.
    """
    why = one_line(reason, "the reason", 500)
    person = people.authenticate(*credentials)
    with store.transaction():
        person = people.present(person)
        refresh(store, state)
        role = require(person, Act.CLOSE, state)
        store.append(person.name, "closed", {}, item="read", reason=why, role=role, signer=person.key)
    refresh(store, state)
