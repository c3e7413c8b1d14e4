"""Best response, response and clinical benefit (RECIST 1.1, 4.6 and Table 3; admiralonco for longer sequences).

All intervals are plain differences of dates in days.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Generic, TypeVar

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.criteria import criterion
from HCCResponseLib.response.endpoints.confirmation import (
    first_confirmed,
    lesser_after_cr,
    resolve_cr,
)
from HCCResponseLib.response.endpoints.visits import Assessment, prepared
from HCCResponseLib.response.irecist.codes import to_immune
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import QuestionKind, ReaderQuestion, Response

Value = TypeVar("Value", Response, bool)
_STABLE = frozenset({Response.CR, Response.PR, Response.SD})
_RESPONSES = (Response.CR, Response.PR)


class ReaderDecisionNeededError(RuleError):
    """There is no answer before the reader has decided.

    Attributes:
        question: what is asked, with its choices.
    """

    def __init__(self, question: ReaderQuestion) -> None:
        super().__init__(f"The reader must decide first: {question.text} ({', '.join(question.choices)})")
        self.question = question


@dataclass(frozen=True, slots=True)
class DatedAnswer(Generic[Value]):
    """The best response, or yes or no; the date on which it was first met, and why."""

    answer: Value
    date: date | None
    trace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResponseCourse:
    """Assessments up to the first PD, with everything that the rules ask of them."""

    visits: tuple[Assessment, ...]
    reference: date | None
    profile: Profile


def best_response(
    visits: Sequence[Assessment], reference: date | None, profile: Profile, first_pd: date | None = None
) -> DatedAnswer[Response]:
    """Best overall response of a sequence.

    Args:
        visits: coded time points in time order.
        reference: start of treatment or randomisation, for the minimum SD time.
        profile: ``confirmation`` and all fields about it.
        first_pd: date of the first PD where it is known from elsewhere; nothing after it counts.

    Raises:
        RuleError: dates out of order, a value that is not an overall response, a needed reference date that is missing.
        ReaderDecisionNeededError: CR is followed by PR and the answer depends on which of them was right.
    """
    return _decided(visits, reference, profile, first_pd, _best)


def response_flag(
    visits: Sequence[Assessment], reference: date | None, profile: Profile, first_pd: date | None = None
) -> DatedAnswer[bool]:
    """Whether there was a (confirmed) CR or PR before the first PD, and its first date.

    Raises:
        RuleError, ReaderDecisionNeededError: as :func:`best_response`.
    """
    return _decided(visits, reference, profile, first_pd, _flag)


def clinical_benefit(
    visits: Sequence[Assessment],
    reference: date | None,
    profile: Profile,
    first_pd: date | None,
    benefit_values: Sequence[Response],
) -> DatedAnswer[bool]:
    """Whether there was a (confirmed) response, or a benefit value after the minimum SD time, and its first date.

    Args:
        benefit_values: responses that count as benefit.

    Raises:
        RuleError, ReaderDecisionNeededError: as :func:`best_response`.
    """
    values = frozenset(benefit_values)
    return _decided(visits, reference, profile, first_pd, lambda sequence: _benefit(sequence, values))


def _decided(
    visits: Sequence[Assessment],
    reference: date | None,
    profile: Profile,
    first_pd: date | None,
    answer: Callable[[ResponseCourse], DatedAnswer[Value]],
) -> DatedAnswer[Value]:
    """Answer under the profile's policy for CR followed by less; under ``ask`` only if both readings agree.

    The question belongs to confirmation (Table 3, footnote a); without it the best of the sequence stands as coded.
    """
    known = prepared(visits, profile, first_pd)
    policy = profile.cr_then_lesser
    if policy != "ask":
        return answer(ResponseCourse(resolve_cr(known, profile, policy), reference, profile))
    second = lesser_after_cr(known, profile, (Response.PR,)) if profile.confirmation else None
    if second is None:
        return answer(ResponseCourse(known, reference, profile))
    back, never = (resolve_cr(known, profile, reading) for reading in ("recurrence-is-pd", "cr-was-pr"))
    recurrence: DatedAnswer[Value] = answer(ResponseCourse(back, reference, profile))
    misread: DatedAnswer[Value] = answer(ResponseCourse(never, reference, profile))
    if (recurrence.date, recurrence.answer) == (misread.date, misread.answer):
        note = "CR is followed by PR, but both readings of it give the same answer"
        return replace(recurrence, trace=(*recurrence.trace, note))
    when = known[second].date.isoformat()
    cr, pr, pd = (_spoken(one, profile) for one in (Response.CR, Response.PR, Response.PD))
    text = (
        f"{cr} is followed by {pr} on {when}. Was that true recurrence ({pd}), or was the {cr} a misread {pr}? "
        f"The answer would be {_spoken(recurrence.answer, profile)} or {_spoken(misread.answer, profile)} "
        f"({profile.source_of('cr_then_lesser')})."
    )
    choices = ("recurrence-is-pd", "cr-was-pr", "as-coded")
    raise ReaderDecisionNeededError(ReaderQuestion(QuestionKind.CR_THEN_LESSER, when, text, choices, True))


def _spoken(answer: Response | bool, profile: Profile) -> str:
    """An answer in the words of the profile's criterion; the course itself is in RECIST's."""
    if isinstance(answer, Response):
        return (to_immune(answer) if criterion(profile.criterion).immune else answer).value
    return "Y" if answer else "N"


def _flag(sequence: ResponseCourse) -> DatedAnswer[bool]:
    visits, profile = sequence.visits, sequence.profile
    index = _met(sequence, _RESPONSES)
    word = "confirmed " if profile.confirmation else ""
    if index is None:
        return DatedAnswer(False, None, (f"N: no {word}CR or PR before progression (RECIST 1.1, 4.6)",))
    visit = visits[index]
    note = f"Y: first {word}response {visit.response.value} on {visit.date} (RECIST 1.1, 4.6)"
    return DatedAnswer(True, visit.date, (note,))


def _benefit(sequence: ResponseCourse, values: frozenset[Response]) -> DatedAnswer[bool]:
    response = _flag(sequence)
    if response.answer and values & {Response.CR, Response.PR}:
        return replace(response, trace=(*response.trace, "Y: a response is a benefit (admiralonco)"))
    counted = values - {Response.NE, Response.PD, Response.MISSING}
    days = sequence.profile.sd_min_days
    for visit in _evidence(sequence)[0]:
        if visit.response in counted and _old_enough(visit, sequence):
            note = f"Y: {visit.response.value} on {visit.date}, at least {days} days on (admiralonco)"
            return DatedAnswer(True, visit.date, (note,))
    wanted = ", ".join(sorted(value.value for value in values))
    return DatedAnswer(False, None, (f"N: none of {wanted} from day {days} on, no response (admiralonco)",))


def _best(sequence: ResponseCourse) -> DatedAnswer[Response]:
    why = "best of the sequence, no confirmation needed (RECIST 1.1, 4.6)"
    if sequence.profile.confirmation:
        why = "confirmed (RECIST 1.1, Table 3; 4.6)"
    # A confirmed PR may begin with a CR that was not confirmed as one.
    for response, wanted in ((Response.CR, (Response.CR,)), (Response.PR, _RESPONSES)):
        index = _met(sequence, wanted)
        if index is not None:
            return _hit(sequence.visits[index], response, why)
    return _without_response(sequence)


def _met(sequence: ResponseCourse, wanted: tuple[Response, ...]) -> int | None:
    """Index of the first of these responses, confirmed where the profile asks for it."""
    if sequence.profile.confirmation:
        return first_confirmed(sequence.visits, wanted, sequence.profile)
    return _first(sequence.visits, wanted)


def _without_response(sequence: ResponseCourse) -> DatedAnswer[Response]:
    evidence, implied = _evidence(sequence)
    profile = sequence.profile
    for visit in evidence:
        if visit.response in _STABLE and _old_enough(visit, sequence):
            why = f"{visit.response.value} at or after {profile.sd_min_days} days ({profile.source_of('sd_min_days')})"
            return _hit(visit, Response.SD, why)
    for visit in evidence:
        if visit.response is Response.NON_CR_NON_PD and (
            not profile.sd_min_for_non_cr_non_pd or _old_enough(visit, sequence)
        ):
            return _hit(visit, Response.NON_CR_NON_PD, "non-target disease only (RECIST 1.1, Table 2)")
    ned = _first(evidence, (Response.NED,))
    if ned is not None:
        return _hit(evidence[ned], Response.NED, "no disease at baseline (charter term)")
    if implied is not None:
        why = (
            f"disease is back after a CR before the minimum SD time ({profile.source_of('cr_then_sd_early')})"
        )
        return _hit(implied, Response.PD, why)
    progressed = _first(sequence.visits, (Response.PD,))
    if progressed is not None:
        return _hit(sequence.visits[progressed], Response.PD, "no response or SD before it (RECIST 1.1, 4.6)")
    return _nothing(sequence)


def _nothing(sequence: ResponseCourse) -> DatedAnswer[Response]:
    for visit in sequence.visits:
        if visit.response is not Response.MISSING:
            why = f"{visit.response.value} is not evaluable or before the minimum SD time (RECIST 1.1, 4.6)"
            return _hit(visit, Response.NE, why)
    response = Response(sequence.profile.missing_is)
    note = f"{response.value}: no assessment ({sequence.profile.source_of('missing_is')})"
    return DatedAnswer(response, None, (note,))


def _evidence(sequence: ResponseCourse) -> tuple[tuple[Assessment, ...], Assessment | None]:
    """Visits that may prove SD, and the visit at which Table 3 sees progression although it was coded SD."""
    visits, profile = sequence.visits, sequence.profile
    table = profile.confirmation and profile.cr_then_lesser != "as-coded" and profile.cr_then_sd_early == "PD"
    second = lesser_after_cr(visits, profile, (Response.SD, Response.NON_CR_NON_PD)) if table else None
    if second is None:
        return visits, None
    return visits[:second], visits[second]


def _old_enough(visit: Assessment, sequence: ResponseCourse) -> bool:
    if sequence.reference is None:
        raise RuleError("A reference date is needed to judge the minimum SD time.")
    return (visit.date - sequence.reference).days >= sequence.profile.sd_min_days


def _first(visits: Sequence[Assessment], wanted: Sequence[str]) -> int | None:
    return next((index for index, visit in enumerate(visits) if visit.response in wanted), None)


def _hit(visit: Assessment, response: Response, why: str) -> DatedAnswer[Response]:
    return DatedAnswer(response, visit.date, (f"{response.value}: on {visit.date}, {why}",))
