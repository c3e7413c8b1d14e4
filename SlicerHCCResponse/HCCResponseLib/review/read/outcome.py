"""What a decided read came to: responses, best response, dates of response and progression."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from HCCResponseLib.response.criteria import criterion
from HCCResponseLib.response.endpoints.best import ReaderDecisionNeededError, best_response, response_flag
from HCCResponseLib.response.endpoints.time_to_event import new_lesion_date
from HCCResponseLib.response.endpoints.visits import Assessment
from HCCResponseLib.response.irecist.best import immune_best_response, immune_course, irecist_best
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.read import evaluate_read
from HCCResponseLib.response.types import (
    NewLesionStatus,
    ReadEvaluation,
    Response,
    TimePointEvaluation,
    TimePointFindings,
)

_Summary = tuple[Response | None, date | None, date | None, date | None]


@dataclass(frozen=True)
class ReadOutcome:
    """A decided read with everything that follows from it.

    Attributes:
        findings: the decided findings of every time point, the baseline first.
        evaluation: responses of every time point with trace.
        best: best overall response; None while only the reader can say which it is.
        best_date: when it was first met.
        response_date: first (confirmed, where the profile asks for it) CR or PR.
        progression_date: first progression; with back-dating the first scan that showed the new lesion.
        cr_then_lesser: how a CR followed by less was read: as the profile says, or as the reader answered.
    """

    findings: tuple[TimePointFindings, ...]
    evaluation: ReadEvaluation
    best: Response | None
    best_date: date | None
    response_date: date | None
    progression_date: date | None
    cr_then_lesser: str


def outcome(
    findings: Sequence[TimePointFindings], profile: Profile, reference: date | None = None
) -> ReadOutcome:
    """Evaluate decided findings and sum them up.

    Args:
        reference: start for the minimum SD time (randomisation, first dose); the baseline's date without one.

    Raises:
        RuleError: the findings contradict themselves.
    """
    evaluation = evaluate_read(findings, profile)
    points = evaluation.time_points[1:]
    known: _Summary = (None, None, None, None)
    if all(point.overall is not None for point in points):
        sum_up = _immune if criterion(profile.criterion).immune else _classic
        known = sum_up(points, reference or evaluation.time_points[0].date, profile)
    return ReadOutcome(tuple(findings), evaluation, *known, profile.cr_then_lesser)


def _classic(points: Sequence[TimePointEvaluation], start: date, profile: Profile) -> _Summary:
    visits = [Assessment(p.date, p.overall) for p in points if p.overall is not None]
    progression = _progression(points, profile)
    try:
        best = best_response(visits, start, profile)
        first = response_flag(visits, start, profile)
    except ReaderDecisionNeededError:
        return None, None, None, progression
    return best.answer, best.date, first.date, progression


def _progression(points: Sequence[TimePointEvaluation], profile: Profile) -> date | None:
    """First PD, dated back where its new lesion was seen before as equivocal (RECIST 1.1, 4.3.5)."""
    first = next((p for p in points if p.overall is Response.PD), None)
    if first is None:
        return None
    if first.new_lesion is not NewLesionStatus.UNEQUIVOCAL:
        return first.date
    seen = [(p.date, p.new_lesion) for p in points if p.date <= first.date]
    return new_lesion_date(seen, profile)[0] or first.date


def _immune(points: Sequence[TimePointEvaluation], start: date, profile: Profile) -> _Summary:
    visits = [Assessment(p.date, p.overall) for p in points if p.overall is not None]
    progression = irecist_best(
        [v.response for v in visits], [v.date for v in visits], profile
    ).progression_date
    try:
        best = immune_best_response(visits, start, profile)
        first = response_flag(immune_course(visits), start, profile)
    except ReaderDecisionNeededError:
        return None, None, None, progression
    return best.answer, best.date, first.date, progression
