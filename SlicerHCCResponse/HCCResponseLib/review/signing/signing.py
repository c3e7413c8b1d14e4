"""Electronic signatures: two components, printed name, time and meaning, bound to exactly what was signed.

    signature = sign_and_lock(store, state, people, ("jdoe", password), "baseline")
    countersign(store, state, people, ("chief", password), "baseline", Meaning.REVIEW)

Each is an event that the person's own key signs as a whole; :mod:`HCCResponseLib.review.signing.audit` checks them. The
person needs an account in ``people`` (:mod:`HCCResponseLib.review.people.people`). ``SignInError``,
``AccessError`` and ``IncompleteReadError`` carry a sentence for the reader; after any of them nothing has changed.
"""

from typing import Any

from HCCResponseLib.base.errors import IncompleteReadError, InputError, StorageError
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import TimePointEvaluation
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.people.person import Signatory
from HCCResponseLib.review.read.access import Act
from HCCResponseLib.review.read.category import category, missing
from HCCResponseLib.review.read.lifecycle import points, require
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.state import ReadState, read_state, refresh
from HCCResponseLib.review.signing.authorship import require_author
from HCCResponseLib.review.signing.content import (
    CONTENT_VERSION,
    content_hash,
    hash_with_sources,
    values_hash,
)
from HCCResponseLib.review.signing.signatures import Meaning, Signature
from HCCResponseLib.review.store import ReadStore

SIGNED = "signed"


def sign_and_lock(
    store: ReadStore, state: ReadState, people: People, credentials: tuple[str, str], time_point: str
) -> Signature:
    """The reader signs a time point as its author; from then on nothing of it can change.

    Args:
        credentials: name and password; both are asked for at every signature.

    Raises:
        SignInError: not accepted.
        AccessError: not this person's read, locked already, or something that counts was decided by somebody else.
        IncompleteReadError: decisions are missing up to this time point, or a question to the reader is open.
        StorageError: the read on disk is not the one that was shown; open it again.
    """
    person = people.authenticate(*credentials)
    return _sign(store, state, people, person, time_point, Meaning.AUTHORSHIP)


def countersign(
    store: ReadStore,
    state: ReadState,
    people: People,
    credentials: tuple[str, str],
    time_point: str,
    meaning: Meaning,
) -> Signature:
    """Add a signature of review or approval to a locked time point; errors as :func:`sign_and_lock`."""
    if meaning is Meaning.AUTHORSHIP:
        raise InputError("A second signature means review or approval; authorship is the reader's.")
    person = people.authenticate(*credentials)
    return _sign(store, state, people, person, time_point, meaning)


def _sign(
    store: ReadStore, state: ReadState, people: People, person: Signatory, time_point: str, meaning: Meaning
) -> Signature:
    with store.transaction():
        person = people.present(person)
        refresh(store, state)
        act = Act.SIGN if meaning is Meaning.AUTHORSHIP else Act.COUNTERSIGN
        role = require(person, act, state, time_point)
        names = points(state)
        before = [n for n in names[: names.index(time_point)] if n not in state.locks.locked]
        if before:
            raise IncompleteReadError(f"'{time_point}' cannot be signed yet: sign {', '.join(before)} first.")
        if meaning is Meaning.AUTHORSHIP:
            up_to = names[: names.index(time_point) + 1]
            require_author(person, state, store.events(), up_to, time_point)
        payload = {**_what_is_signed(store, state, time_point), "signer": person.name}
        payload |= {"printed_name": person.printed_name, "meaning": meaning}
        store.append(
            person.name,
            SIGNED,
            payload,
            item=time_point,
            new=f"{meaning}: {payload['category'] or 'no category'}",
            role=role,
            profile=payload["profile_sha256"],
            signer=person.key,
        )
    refresh(store, state)
    return state.locks.signatures[-1]


def _what_is_signed(store: ReadStore, state: ReadState, time_point: str) -> dict[str, Any]:
    """Category, sum and hashes of a time point, from the store and as it was shown.

    Raises:
        StorageError: the two differ.
        InputError: the profile is not the one of the assignment.
    """
    profile = profile_of(store, state)
    digest = values_hash(profile)
    # A read of an earlier version keeps no profile, so that its file may have changed.
    if state.profile_key is None and state.locks.profile_sha256 not in (
        "",
        digest,
        hash_with_sources(profile),
    ):
        raise InputError(
            f"Profile '{profile.name}' has changed since the read was assigned; ask the manager."
        )
    shown = evaluate_up_to(state, profile, time_point)
    if evaluate_up_to(read_state(store), profile, time_point) != shown:
        raise StorageError("The read has changed on disk since it was opened; open it again and look at it.")
    return {
        "time_point": time_point,
        "version": state.locks.version,
        "category": shown.overall and str(shown.overall),
        "sum": None if shown.target.sum is None else str(shown.target.sum),
        "reviewed": reviewed_up_to(state, time_point),
        "profile": profile.name,
        "profile_sha256": digest,
        "content_sha256": content_hash(store.events(), points(state), time_point),
        "content_version": CONTENT_VERSION,
        "chain_head": store.head(),
    }


def evaluate_up_to(state: ReadState, profile: Profile, time_point: str) -> TimePointEvaluation:
    """The evaluation of one time point from what was decided up to it.

    Raises:
        IncompleteReadError: something is missing, or a question is open that only the reader can answer.
    """
    gaps = missing(state, time_point)
    if gaps:
        raise IncompleteReadError(f"'{time_point}' cannot be signed yet. Still missing: {' '.join(gaps)}")
    found = category(state, profile, time_point).latest
    open_questions = [q.text for q in found.questions if q.blocking]
    if open_questions:
        raise IncompleteReadError(f"'{time_point}' cannot be signed yet: {' '.join(open_questions)}")
    return found


def reviewed_up_to(state: ReadState, time_point: str) -> bool:
    """Whether a reader looked at every row up to a time point."""
    names = points(state)
    rows = [r for n in names[: names.index(time_point) + 1] for r in state.rows.get(n, {}).values()]
    return all(r.decision is not None and r.decision.seen for r in rows)
