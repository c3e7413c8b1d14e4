"""iRECIST (Seymour 2017): a whole read through the state machine."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from HCCResponseLib.response.criteria import Criterion
from HCCResponseLib.response.irecist.codes import to_immune, to_recist
from HCCResponseLib.response.irecist.machine import ImmuneOutcome, ImmuneStateMachine, ImmuneTimePoint
from HCCResponseLib.response.irecist.new_lesions import NewLesionFinding
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.timepoint.measurability import TargetCandidate, size_verdict
from HCCResponseLib.response.timepoint.non_target import non_target_response
from HCCResponseLib.response.timepoint.selection import organ_group
from HCCResponseLib.response.timepoint.sequence import (
    TargetTrack,
    baseline_evaluation,
    check_new_lesions,
    check_order,
    reader_questions,
)
from HCCResponseLib.response.timepoint.target import NO_TARGET
from HCCResponseLib.response.types import (
    LesionFinding,
    LesionRole,
    NewLesionStatus,
    ReadEvaluation,
    Response,
    TimePointEvaluation,
    TimePointFindings,
    VersusLast,
)


def evaluate(timepoints: Sequence[TimePointFindings], profile: Profile) -> ReadEvaluation:
    """Evaluate a read with the iRECIST state machine.

    Raises:
        RuleError: time points out of order, a target without baseline, impossible sizes, contradictory findings.
    """
    check_order(timepoints)
    track = TargetTrack(timepoints[0], profile)
    machine = ImmuneStateMachine(profile, track.history)
    new_targets: dict[str, bool] = {}
    done = [baseline_evaluation(timepoints[0], track)]
    for raw in timepoints[1:]:
        check_new_lesions(raw)
        code = None if raw.non_target is None else to_recist(raw.non_target)
        time_point = replace(raw, non_target=code)
        non_target, notes = non_target_response(timepoints[0], time_point, profile)
        before = set(new_targets)
        found = _new_lesions(time_point, track, profile, new_targets)
        notes += _not_measurable(time_point, set(new_targets) - before)
        current = track.current(time_point)
        unknown = NO_TARGET if track.history is not None else track.evaluate(current)
        versus = raw.non_target_versus_last
        outcome = machine.step(ImmuneTimePoint(raw.date, current, non_target, versus, found, unknown))
        done.append(_evaluation(raw, outcome, non_target, notes))
    return ReadEvaluation(profile.criterion, profile.name, tuple(done))


def _evaluation(
    raw: TimePointFindings, outcome: ImmuneOutcome, non_target: Response, notes: tuple[str, ...]
) -> TimePointEvaluation:
    """A coded time point in the words of a read, with target and non-target response in iRECIST spelling."""
    response, arithmetic = to_immune(outcome.target.response), to_immune(outcome.target.arithmetic)
    return TimePointEvaluation(
        name=raw.name,
        date=raw.date,
        is_baseline=False,
        target=replace(outcome.target, response=response, arithmetic=arithmetic),
        non_target=to_immune(non_target),
        new_lesion=raw.new_lesion,
        overall=outcome.response,
        trace=(*notes, *outcome.trace, *outcome.warnings),
        questions=reader_questions(raw, outcome.target, non_target),
    )


def _new_lesions(
    time_point: TimePointFindings, track: TargetTrack, profile: Profile, known: dict[str, bool]
) -> tuple[NewLesionFinding, ...]:
    """New lesions of a time point; an equivocal one does not count yet, an unlisted one gets a name of its own."""
    if time_point.new_lesion is NewLesionStatus.EQUIVOCAL:
        return ()
    lesions = [lesion for lesion in time_point.lesions if lesion.role is LesionRole.NEW]
    if not lesions and time_point.new_lesion is NewLesionStatus.UNEQUIVOCAL:
        return (NewLesionFinding("new lesion without a record", False, "", None, VersusLast.SAME),)
    found = []
    for lesion in lesions:
        size = track.values.value(lesion, [])
        candidate = _as_candidate(lesion, size)
        # A new lesion is measurable as at baseline (Seymour 2017), when it is first seen.
        by_size = size_verdict(candidate, profile).measurable
        target = known.setdefault(lesion.lesion_id, by_size and lesion.measurable is not False)
        organ = organ_group(candidate, profile)
        found.append(NewLesionFinding(lesion.lesion_id, target, organ, size, lesion.versus_last))
    return tuple(found)


def _not_measurable(time_point: TimePointFindings, fresh: set[str]) -> tuple[str, ...]:
    """What the trace says of new lesions that slices or what is known of them keep from being measurable."""
    return tuple(
        f"{lesion.lesion_id} is a new non-target lesion: not measurable by slice thickness or kind (RECIST 1.1, 3.1)"
        for lesion in time_point.lesions
        if lesion.lesion_id in fresh and lesion.measurable is False
    )


def _as_candidate(lesion: LesionFinding, size: Decimal | None) -> TargetCandidate:
    return TargetCandidate(lesion.lesion_id, lesion.organ, lesion.nodal, long_mm=size, short_mm=size)


CRITERION = Criterion(name="iRECIST", profile="irecist", evaluate=evaluate, immune=True)
