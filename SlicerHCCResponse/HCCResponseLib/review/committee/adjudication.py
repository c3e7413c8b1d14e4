"""Two reads of one subject beside each other, and the adjudicator's choice where they differ.

    found = case(store, "S1")                 # which reads, finished?, in what they differ, which one counts
    adjudicate(store, people, (name, password), "S1", "S1-2", "the lesion in segment 8 is new")

What is compared is the profile's ``adjudication_variables``. The adjudicator chooses one of the two reads, or under
``adjudication_mode: new-read`` reads anew like every reader: a category without decisions under it does not exist.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from HCCResponseLib.base.errors import AccessError, InputError
from HCCResponseLib.base.text import one_line
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import Response
from HCCResponseLib.review.committee.worklist import Assignment, ReadKind, assignments
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.people.person import Person, require_role
from HCCResponseLib.review.read.access import Act, Role
from HCCResponseLib.review.read.category import findings, in_force
from HCCResponseLib.review.read.lifecycle import is_signed, require
from HCCResponseLib.review.read.outcome import ReadOutcome, outcome
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.start import start_of
from HCCResponseLib.review.read.state import read_life, read_state
from HCCResponseLib.review.signing.signatures import Meaning
from HCCResponseLib.review.store import STORE_LOG, ReadStore

ADJUDICATED = "adjudicated"
_Value = Response | date | bool | tuple[Response | None, ...] | None
VARIABLES: dict[str, Callable[[ReadOutcome], _Value]] = {
    "best-response": lambda o: o.best,
    "response-date": lambda o: o.response_date,
    "progression-date": lambda o: o.progression_date,
    "progression": lambda o: o.progression_date is not None,
    "time-point-response": lambda o: tuple(p.overall for p in o.evaluation.time_points),
}


@dataclass(frozen=True)
class AdjudicationCase:
    """The independent reads of one subject.

    Attributes:
        subject: who was read.
        reads: the reads that count, in the order of the profile's streams; no re-reads.
        finished: all independent reads are there and signed to their end.
        differing: adjudication variables in which the two readers differ; empty while not finished.
        accepted: the read that counts for the trial: the chosen one, or the first where nothing differs.
        chosen_by, reason: the adjudicator and why, once there is one.
    """

    subject: str
    reads: tuple[Assignment, ...]
    finished: bool
    differing: tuple[str, ...]
    accepted: str | None
    chosen_by: str = ""
    reason: str = ""

    @property
    def needs_adjudication(self) -> bool:
        """The readers differ and nobody has chosen yet."""
        return bool(self.differing) and self.accepted is None


def case(store: ReadStore, subject: str) -> AdjudicationCase:
    """Where a subject stands.

    Raises:
        InputError: nobody reads this subject.
    """
    reads = [a for a in assignments(store, subject) if a.kind is not ReadKind.REREAD]
    if not reads:
        raise InputError(f"There is no assigned read of subject '{subject[:80]}'.")
    shown = [a for a in reads if read_life(store.other(a.read_id)).study is not None]
    if not shown:  # a server hides them from an adjudicator until they are signed
        return AdjudicationCase(subject, tuple(reads), False, (), None)
    profile = _profile(store, shown[0])
    reads.sort(key=lambda a: profile.evaluator_streams.index(a.stream))
    readers = [a for a in reads if a.kind is ReadKind.READ]
    expected = 1 if profile.read_paradigm == "single" else 2
    finished = len(readers) >= expected and all(_is_signed(store, a.read_id) for a in readers)
    differing = _differing(store, readers, profile) if finished else ()
    choice = _choice(store, subject)
    accepted = choice[0] if choice else None
    if finished and not differing and choice is None:
        accepted = readers[0].read_id
    who, why = choice[1:] if choice else ("", "")
    return AdjudicationCase(subject, tuple(reads), finished, differing, accepted, who, why)


def case_for(
    store: ReadStore, person: Person, subject: str
) -> tuple[AdjudicationCase, dict[str, dict[str, _Value]]]:
    """A case as a person may see it, with the values of its reads for the adjudicator and the auditor.

    Raises:
        AccessError: a reader, or somebody who reads this subject.
    """
    found = case(store, subject)
    if not person.roles & {Role.MANAGER, Role.AUDITOR, Role.ADJUDICATOR} or _reads(person, found):
        raise AccessError(f"{person.printed_name} may not see the reads of '{subject}' beside each other.")
    blind = any(a.reader == person.name and not _is_signed(store, a.read_id) for a in found.reads)
    shown = found.finished and not blind and bool(person.roles & {Role.AUDITOR, Role.ADJUDICATOR})
    return found, {
        a.read_id: values(store, a.read_id) for a in found.reads if shown and _is_signed(store, a.read_id)
    }


def _reads(person: Person, found: AdjudicationCase) -> bool:
    """Whether this person is one of the independent readers."""
    return any(a.reader == person.name and a.kind is ReadKind.READ for a in found.reads)


def values(store: ReadStore, read_id: str) -> dict[str, _Value]:
    """The adjudication variables of one finished read, every one that is known."""
    read = store.other(read_id)
    state = read_state(read)
    profile = profile_of(read, state)
    start = None if state.study is None else start_of(state.study, profile)
    result = outcome(findings(state, profile), in_force(state, profile), start)
    return {name: value(result) for name, value in VARIABLES.items()}


def adjudicate(
    store: ReadStore, people: People, credentials: tuple[str, str], subject: str, chosen: str, reason: str
) -> AdjudicationCase:
    """Choose the read that counts, signed with name and password; all reads of the subject are final from then on.

    Raises:
        SignInError: name and password were not accepted.
        AccessError: no adjudicator, or somebody who reads this subject.
        InputError: reads are not finished, do not differ, or the chosen one is not to be chosen.
    """
    why = one_line(reason, "the reason of the choice", 500)
    person = people.authenticate(*credentials)
    with store.transaction():
        person = people.present(person)
        found = case(store, subject)
        _require_adjudicator(person, found)
        _require_choice(store, person, found, chosen)
        heads = {a.read_id: store.other(a.read_id).head() for a in found.reads}
        payload: dict[str, Any] = {
            "subject": subject,
            "chosen": chosen,
            "stream": next(a.stream for a in found.reads if a.read_id == chosen),
            "differing": list(found.differing),
            "signer": person.name,
            "printed_name": person.printed_name,
            "meaning": Meaning.APPROVAL,
            "heads": heads,
        }
        for log in (*heads, STORE_LOG):
            store.other(log).append(
                person.name,
                ADJUDICATED,
                payload,
                item=_item(subject),
                old=", ".join(found.differing),
                new=f"accepted: {chosen}",
                reason=why,
                role=Role.ADJUDICATOR.value,
                signer=person.key,
            )
    return case(store, subject)


def _require_adjudicator(person: Person, found: AdjudicationCase) -> None:
    require_role(person, Role.ADJUDICATOR)
    if _reads(person, found):
        raise AccessError(f"{person.printed_name} reads subject '{found.subject}' and cannot adjudicate it.")


def _require_choice(store: ReadStore, person: Person, found: AdjudicationCase, chosen: str) -> None:
    if not found.finished:
        raise InputError(f"Subject '{found.subject}' cannot be adjudicated before all its reads are signed.")
    for read in found.reads:
        if read.kind is ReadKind.READ:
            require(person, Act.ADJUDICATE, read_life(store.other(read.read_id)))
    if not found.differing or found.accepted is not None:
        what = "was adjudicated already" if found.differing else "needs no adjudication: the reads agree"
        raise InputError(f"Subject '{found.subject}' {what}.")
    new_read = _profile(store, found.reads[0]).adjudication_mode == "new-read"
    wanted = ReadKind.ADJUDICATION if new_read else ReadKind.READ
    own = [a for a in found.reads if a.kind is wanted and (not new_read or a.reader == person.name)]
    if chosen not in [a.read_id for a in own]:
        names = ", ".join(a.read_id for a in own) or "your own read, which has to be assigned first"
        raise InputError(f"'{chosen[:80]}' cannot be accepted for '{found.subject}'; possible: {names}.")
    if not _is_signed(store, chosen):
        raise InputError(f"'{chosen}' is not signed to its end yet.")


def _is_signed(store: ReadStore, read_id: str) -> bool:
    return is_signed(read_life(store.other(read_id)))


def _profile(store: ReadStore, read: Assignment) -> Profile:
    own = store.other(read.read_id)
    return profile_of(own, read_life(own))


def _differing(store: ReadStore, readers: list[Assignment], profile: Profile) -> tuple[str, ...]:
    variables = adjudication_variables(profile)
    found = [values(store, a.read_id) for a in readers]
    return tuple(n for n in variables if any(v[n] != found[0][n] for v in found[1:]))


def adjudication_variables(profile: Profile) -> tuple[str, ...]:
    """Names of :data:`VARIABLES` in which readers may not differ.

    Raises:
        InputError: the profile names one that this software does not know.
    """
    unknown = [name for name in profile.adjudication_variables if name not in VARIABLES]
    if unknown:
        raise InputError(
            f"Profile '{profile.name}': the adjudication variable '{unknown[0]}' must be one of "
            f"{', '.join(VARIABLES)}."
        )
    return profile.adjudication_variables


def _item(subject: str) -> str:
    """How the log calls a subject."""
    return f"subject {subject}"


def _choice(store: ReadStore, subject: str) -> tuple[str, str, str] | None:
    for event in store.store.some_events(STORE_LOG, (ADJUDICATED,), items=[_item(subject)]):
        if event.payload["subject"] == subject:
            return event.payload["chosen"], event.actor, event.reason
    return None
