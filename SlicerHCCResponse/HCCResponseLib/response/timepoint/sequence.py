"""A whole read with one table for all time points: RECIST 1.1, mRECIST and every criterion built like them."""

from collections.abc import Sequence
from itertools import pairwise

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.timepoint.non_target import non_target_response
from HCCResponseLib.response.timepoint.overall import ReasonedResponse, overall_response
from HCCResponseLib.response.timepoint.sums import LesionSum, ValueRule, baseline_sum, follow_up_sum
from HCCResponseLib.response.timepoint.target import NO_TARGET, TargetHistory
from HCCResponseLib.response.types import (
    LesionFinding,
    LesionRole,
    LesionState,
    NewLesionStatus,
    QuestionKind,
    ReaderQuestion,
    ReadEvaluation,
    Response,
    TargetEvaluation,
    TimePointEvaluation,
    TimePointFindings,
)

_CR_CHOICES = ("recurrence-is-pd", "cr-was-pr", "as-coded")


def check_order(timepoints: Sequence[TimePointFindings]) -> None:
    """Time points must be in time order and there must be a baseline.

    Raises:
        RuleError: otherwise, naming the time point.
    """
    if not timepoints:
        raise RuleError("A read needs a baseline.")
    for earlier, later in pairwise(timepoints):
        if later.date <= earlier.date:
            raise RuleError(
                f"Time point '{later.name}' ({later.date}) is not after '{earlier.name}' ({earlier.date})."
            )


def targets_of(time_point: TimePointFindings) -> list[LesionFinding]:
    """The target findings of a time point, parts and merges included."""
    return [lesion for lesion in time_point.lesions if lesion.role is LesionRole.TARGET]


class TargetTrack:
    """Target response from time point to time point of one read.

    Attributes:
        history: baseline sum and nadir; None without target disease.
    """

    def __init__(self, baseline: TimePointFindings, profile: Profile) -> None:
        self.values = ValueRule(profile)
        targets = targets_of(baseline)
        self.baseline = {target.lesion_id: target for target in targets}
        start = baseline_sum(targets, self.values)
        self.start = start
        self.history: TargetHistory | None = None
        if start.total is not None:
            self.history = TargetHistory(profile, start.total)
            self.history.seed_lesions(start.values)

    def at_baseline(self) -> TargetEvaluation:
        """Numbers of the baseline; the response is ``NA`` because there is nothing to compare with."""
        total = self.start.total
        return TargetEvaluation(
            Response.NA, total, total, None, None, None, None, None, self.start.complete, Response.NA,
            self.start.notes,
        )  # fmt: skip

    def current(self, time_point: TimePointFindings) -> LesionSum:
        """The sum of a follow-up."""
        return follow_up_sum(self.baseline, targets_of(time_point), self.values)

    def evaluate(self, current: LesionSum, recurrence: bool = False) -> TargetEvaluation:
        """Target response; ``NA`` without target disease, ``NE`` while the baseline sum is not known."""
        if self.history is not None:
            return self.history.evaluate(current, recurrence)
        return _without_baseline(self.start, current) if self.baseline else NO_TARGET


def _without_baseline(start: LesionSum, current: LesionSum) -> TargetEvaluation:
    """Targets whose baseline sum is not known, so that there is nothing to compare with."""
    trace = (*start.notes, *current.notes, "target NE: there is no baseline sum")
    return TargetEvaluation(
        Response.NE, current.total, None, None, None, None, None, None, False, Response.NE,
        tuple(dict.fromkeys(trace)),
    )  # fmt: skip


def evaluate_sequence(timepoints: Sequence[TimePointFindings], profile: Profile) -> ReadEvaluation:
    """Evaluate a read with the RECIST table at every time point.

    Raises:
        RuleError: time points out of order, a target without baseline, impossible sizes, contradictory
            findings.
    """
    check_order(timepoints)
    reader = _SequenceReader(timepoints[0], profile)
    done = [baseline_evaluation(timepoints[0], reader.track), *map(reader.follow_up, timepoints[1:])]
    return ReadEvaluation(profile.criterion, profile.name, tuple(done))


class _SequenceReader:
    def __init__(self, baseline: TimePointFindings, profile: Profile) -> None:
        self.baseline, self.profile = baseline, profile
        self.track = TargetTrack(baseline, profile)
        self.had_cr = False

    def follow_up(self, time_point: TimePointFindings) -> TimePointEvaluation:
        check_new_lesions(time_point)
        current = self.track.current(time_point)
        memory = self.track.history.memory if self.track.history is not None else None
        back = self.had_cr and _tumour_is_back(current)
        real = back and self.profile.cr_then_lesser == "recurrence-is-pd"
        target = self.track.evaluate(current, recurrence=real)
        non_target, notes = non_target_response(self.baseline, time_point, self.profile)
        verdict = overall_response(target.response, non_target, time_point.new_lesion, self.profile)
        questions = list(reader_questions(time_point, target, non_target))
        overall: Response | None = verdict.response
        if self.had_cr and self.profile.cr_then_lesser != "as-coded":
            overall, verdict = self._after_cr(time_point, verdict, questions)
        if memory is not None and self.track.history is not None and overall is not None:
            notes += self.track.history.leave_out(overall, memory)
        self.had_cr = self.had_cr or overall is Response.CR
        return TimePointEvaluation(
            time_point.name, time_point.date, False, target, non_target, time_point.new_lesion, overall,
            (*target.trace, *notes, *verdict.trace), tuple(questions),
        )  # fmt: skip

    def _after_cr(
        self, time_point: TimePointFindings, verdict: ReasonedResponse, questions: list[ReaderQuestion]
    ) -> tuple[Response | None, ReasonedResponse]:
        """CR followed by a lesser response: return of disease, or the CR was a misread PR (Table 3, footnote a)."""
        if verdict.response not in (Response.PR, Response.SD, Response.NON_CR_NON_PD):
            return verdict.response, verdict
        policy, source = self.profile.cr_then_lesser, self.profile.source_of("cr_then_lesser")
        if policy == "recurrence-is-pd":
            why = f"PD: disease is back after an overall CR ({source})"
            return Response.PD, ReasonedResponse(Response.PD, (*verdict.trace, why))
        if policy == "cr-was-pr":
            why = f"{verdict.response.value}: the earlier CR was a misread PR by the reader's decision ({source})"
            return verdict.response, ReasonedResponse(verdict.response, (*verdict.trace, why))
        text = (
            f"An earlier time point was CR and '{time_point.name}' would be {verdict.response.value}. Is this true "
            "recurrence (PD), or was the CR a misread PR?"
        )
        questions.append(
            ReaderQuestion(QuestionKind.CR_THEN_LESSER, time_point.name, text, _CR_CHOICES, True)
        )
        why = f"no category: the reader must decide between recurrence and a misread CR ({source})"
        return None, ReasonedResponse(verdict.response, (*verdict.trace, why))


def baseline_evaluation(baseline: TimePointFindings, track: TargetTrack) -> TimePointEvaluation:
    """The baseline's entry: sums only, no response."""
    return TimePointEvaluation(
        baseline.name, baseline.date, True, track.at_baseline(), Response.NA, baseline.new_lesion, None,
        track.start.notes, (),
    )  # fmt: skip


def _tumour_is_back(current: LesionSum) -> bool:
    return current.total is not None and not current.all_gone and (current.complete or current.total > 0)


def check_new_lesions(time_point: TimePointFindings) -> None:
    """A new lesion in the list contradicts the status "no".

    Raises:
        RuleError: naming the lesion.
    """
    if time_point.new_lesion is not NewLesionStatus.NO:
        return
    for lesion in time_point.lesions:
        if lesion.role is LesionRole.NEW and lesion.state is not LesionState.DISAPPEARED:
            raise RuleError(
                f"'{time_point.name}' lists the new lesion '{lesion.lesion_id}' and yet its new-lesion status is 'no'."
            )


def reader_questions(
    time_point: TimePointFindings, target: TargetEvaluation, non_target: Response
) -> tuple[ReaderQuestion, ...]:
    """Questions that do not block a category but that the reader should look at."""
    found: list[ReaderQuestion] = []
    if time_point.new_lesion is NewLesionStatus.EQUIVOCAL:
        text = f"'{time_point.name}' has an equivocal new lesion. Is it certain by now?"
        choices = tuple(status.value for status in NewLesionStatus)
        found.append(ReaderQuestion(QuestionKind.EQUIVOCAL_NEW_LESION, time_point.name, text, choices, False))
    if target.response is not target.arithmetic:
        text = f"'{time_point.name}' is SD by arithmetic and PR because PR is maintained. Do you agree?"
        found.append(ReaderQuestion(QuestionKind.PR_MAINTAINED, time_point.name, text, ("PR", "SD"), False))
    if target.response is Response.PD and not target.complete:
        text = f"'{time_point.name}' is PD from an incomplete sum. Do you agree?"
        found.append(
            ReaderQuestion(QuestionKind.INCOMPLETE_SUM_PD, time_point.name, text, ("PD", "NE"), False)
        )
    if non_target is Response.MISSING:
        text = f"The non-target response of '{time_point.name}' was left blank. Which is it?"
        choices = ("CR", "NON-CR/NON-PD", "PD", "NE")
        found.append(ReaderQuestion(QuestionKind.NON_TARGET_BLANK, time_point.name, text, choices, False))
    return tuple(found)
