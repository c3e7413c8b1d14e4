"""iRECIST time point from its parts, as printed (Seymour 2017, Table 2)."""

from dataclasses import dataclass

from HCCResponseLib.response.irecist.codes import to_immune, to_recist
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.timepoint.overall import ReasonedResponse, overall_response
from HCCResponseLib.response.types import NewLesionStatus, Response


@dataclass(frozen=True, slots=True)
class FurtherChange:
    """What has grown since an unresolved iUPD, in the words of Table 2."""

    target_sum_increase_ge_5mm: bool = False
    non_target_any_increase: bool = False
    new_target_sum_increase_ge_5mm: bool = False
    new_non_target_any_increase: bool = False
    additional_new_lesion: bool = False
    new_category_recist_pd: bool = False


def immune_response(
    target: Response,
    non_target: Response,
    new_lesion: NewLesionStatus | None,
    profile: Profile,
    *,
    prior_unresolved_iupd: bool = False,
    change: FurtherChange = FurtherChange(),
) -> ReasonedResponse:
    """Overall iRECIST response of one time point.

    Args:
        target: target response in either spelling.
        non_target: non-target response in either spelling.
        new_lesion: status of new lesions, known ones included.
        profile: decides what blanks mean.
        prior_unresolved_iupd: an earlier iUPD is neither confirmed nor cleared.
        change: what has grown since that iUPD; without it a flag has no meaning.

    Raises:
        RuleError: a value that has no place in the column.
    """
    if Response.ICPD in (target, non_target):
        return ReasonedResponse(Response.ICPD, ("iCPD: confirmed before (Seymour 2017)",))
    base = overall_response(to_recist(target), to_recist(non_target), new_lesion, profile)
    reasons = _confirmations(to_recist(target), to_recist(non_target), new_lesion, change)
    if prior_unresolved_iupd and reasons:
        trace = tuple(f"iCPD: {reason} (Seymour 2017, Table 2)" for reason in reasons)
        return ReasonedResponse(Response.ICPD, base.trace + trace)
    response = to_immune(base.response)
    why = "no progression"
    if response is Response.IUPD:
        why = "first progression, to be confirmed"
        if prior_unresolved_iupd:
            why = "again, nothing has grown further"
    return ReasonedResponse(response, (*base.trace, f"{response.value}: {why} (Seymour 2017, Table 2)"))


def _confirmations(
    target: Response, non_target: Response, new_lesion: NewLesionStatus | None, change: FurtherChange
) -> list[str]:
    """Criteria that are met; growth counts in a category that is iUPD, see the rows of Table 2."""
    new = new_lesion is NewLesionStatus.UNEQUIVOCAL
    checks = (
        (change.target_sum_increase_ge_5mm and target is Response.PD, "target sum up by at least 5 mm more"),
        (
            change.non_target_any_increase and non_target is Response.PD,
            "non-target disease has grown further",
        ),
        (change.new_target_sum_increase_ge_5mm and new, "new target lesions up by at least 5 mm"),
        (change.new_non_target_any_increase and new, "a new non-target lesion has grown"),
        (change.additional_new_lesion, "additional new lesions"),
        (change.new_category_recist_pd, "progression in a category that had not progressed"),
    )
    return [text for met, text in checks if met]
