"""The entry for a whole read: ``evaluate_read``.

What comes back is one :class:`~HCCResponseLib.response.types.TimePointEvaluation` for each time point.
``overall`` is None at baseline and wherever a blocking question is open; ``questions`` holds what only a
human can decide. Reads under several criteria in parallel are several evaluations of the findings of the same read:
``parallel_evaluations``. A worked example: docs/api/response.md.
"""

from collections.abc import Sequence
from dataclasses import replace

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.criteria import criterion
from HCCResponseLib.response.profiles.load import Profile, load_profile
from HCCResponseLib.response.types import ReadEvaluation, TimePointFindings


def evaluate_read(timepoints: Sequence[TimePointFindings], profile: Profile) -> ReadEvaluation:
    """Target, non-target and overall response of every time point of one read.

    Args:
        timepoints: decided findings in time order; the first is the baseline. For viable criteria (mRECIST,
            EASL) the lengths are those of the viable part.
        profile: criterion and charter parameters, see :func:`load_profile`.

    Returns:
        Evaluations in the same order, each with sums in mm (mm² or mm³ by the profile's quantity), nadir,
        changes, responses, trace and open questions.

    Raises:
        RuleError: time points out of order, a target without a baseline measurement, a negative length,
            contradictory findings; the message names lesion or time point.
    """
    evaluation = criterion(profile.criterion).evaluate(timepoints, profile)
    if not profile.modifications:
        return evaluation
    first = evaluation.time_points[0]
    note = f"criterion as modified: {profile.modifications} ({profile.source_of('modifications')})"
    return replace(
        evaluation, time_points=(replace(first, trace=(note, *first.trace)), *evaluation.time_points[1:])
    )


def parallel_evaluations(
    timepoints: Sequence[TimePointFindings], profile: Profile
) -> tuple[ReadEvaluation, ...]:
    """The same findings under the shipped profile of every criterion in ``parallel_criteria``, in their order.

    Raises:
        RuleError: an unknown criterion, one that measures other tissue (whole or viable), or what
            :func:`evaluate_read` raises.
    """
    found = []
    for name in profile.parallel_criteria:
        other = load_profile(criterion(name).profile)
        if other.needs_viable is not profile.needs_viable:
            raise RuleError(
                f"{name} cannot be read in parallel with {profile.criterion}: one measures the whole tumour, the other "
                "its viable part (field 'parallel_criteria')."
            )
        found.append(evaluate_read(timepoints, other))
    return tuple(found)


__all__ = ["evaluate_read", "load_profile", "parallel_evaluations"]
