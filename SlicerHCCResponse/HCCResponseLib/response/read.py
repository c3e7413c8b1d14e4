"""The entry for a whole read: ``evaluate_read``.

What comes back is one :class:`~HCCResponseLib.response.types.TimePointEvaluation` for each time point.
``overall`` is None at baseline and wherever a blocking question is open; ``questions`` holds what only a
human can decide. Reads under several criteria in parallel are several calls with several profiles on the
findings of the same read. A worked example: docs/api/response.md.
"""

from collections.abc import Sequence

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
    return criterion(profile.criterion).evaluate(timepoints, profile)


__all__ = ["evaluate_read", "load_profile"]
