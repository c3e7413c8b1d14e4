"""Overall response of a time point (RECIST 1.1, Tables 1 and 2; mRECIST has the same table without the NE rows)."""

from typing import NamedTuple

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import NewLesionStatus, Response

TARGET_VALUES = frozenset(
    {Response.CR, Response.PR, Response.SD, Response.PD, Response.NE, Response.NA, Response.MISSING}
)
NON_TARGET_VALUES = frozenset(
    {Response.CR, Response.NON_CR_NON_PD, Response.PD, Response.NE, Response.NA, Response.MISSING}
)
NOT_EVALUATED = frozenset({Response.NE, Response.MISSING})


class ReasonedResponse(NamedTuple):
    """A response and why.

    Attributes:
        response: the category.
        trace: sentences naming rule and source, in order.
    """

    response: Response
    trace: tuple[str, ...]


def overall_response(
    target: Response, non_target: Response, new_lesion: NewLesionStatus | None, profile: Profile
) -> ReasonedResponse:
    """Overall response from target, non-target and new lesions.

    Args:
        target: target response; ``NA`` when the baseline had no targets.
        non_target: non-target response; ``NA`` when the baseline had no such disease, ``MISSING`` when left
            blank.
        new_lesion: None when not known; then only PD by other disease can be given.
        profile: decides ``target_cr_non_target_ne`` and ``missing_is``.

    Raises:
        RuleError: a value that has no place in the column.
    """
    if target not in TARGET_VALUES:
        raise RuleError(f"'{target.value}' is not a target response of {profile.criterion}.")
    if non_target not in NON_TARGET_VALUES:
        raise RuleError(f"'{non_target.value}' is not a non-target response of {profile.criterion}.")
    progression = _progression(target, non_target, new_lesion)
    if progression is not None:
        standard = _standard(target, non_target, new_lesion, profile)
        return ReasonedResponse(Response.PD, (f"{Response.PD.value}: {progression}", *standard))
    if new_lesion is None:
        return _not_evaluable(profile, "it is not known whether there are new lesions", blank=True)
    verdict = _without_progression(target, non_target, profile)
    if new_lesion is NewLesionStatus.EQUIVOCAL:
        note = "equivocal new lesion: not counted until it is certain, then dated back (RECIST 1.1, 4.3.5)"
        return ReasonedResponse(verdict.response, (note, *verdict.trace))
    return verdict


def _progression(target: Response, non_target: Response, new_lesion: NewLesionStatus | None) -> str | None:
    if new_lesion is NewLesionStatus.UNEQUIVOCAL:
        return "unequivocal new lesion (RECIST 1.1, Table 1, row 9; 4.3.5)"
    if target is Response.PD:
        return "target PD with any non-target and new-lesion status (RECIST 1.1, Table 1, row 7)"
    if non_target is Response.PD:
        return "unequivocal non-target progression (RECIST 1.1, Table 1, row 8; 4.3.4)"
    return None


def _standard(
    target: Response, non_target: Response, new_lesion: NewLesionStatus | None, profile: Profile
) -> tuple[str, ...]:
    """What the reader's own judgement had to meet, in the words of the profile, where PD rests on it."""
    if new_lesion is NewLesionStatus.UNEQUIVOCAL:
        field, text = "new_lesion_standard", profile.new_lesion_standard
    elif target is not Response.PD and non_target is Response.PD:
        field, text = "non_target_pd_standard", profile.non_target_pd_standard
    else:
        return ()
    return (f"standard for it: {text} ({profile.source_of(field)})",) if text else ()


def _without_progression(target: Response, non_target: Response, profile: Profile) -> ReasonedResponse:
    if target is Response.NA:
        return _non_target_only(non_target, profile)
    if target in NOT_EVALUATED:
        why = "targets not all evaluated, no progression (RECIST 1.1, Table 1, row 6)"
        return _not_evaluable(profile, why, blank=target is Response.MISSING)
    if target is Response.CR:
        response, source = _target_cr(non_target, profile)
    else:
        response, source = target, f"RECIST 1.1, Table 1, row {4 if target is Response.PR else 5}"
    return _reasoned(response, f"target {target.value}, non-target {non_target.value} ({source})")


def _target_cr(non_target: Response, profile: Profile) -> tuple[Response, str]:
    if non_target is Response.CR:
        return Response.CR, "RECIST 1.1, Table 1, row 1"
    if non_target is Response.NA:
        return Response.CR, "RECIST 1.1, Table 1, row 1, no non-target disease at baseline"
    if non_target is Response.NON_CR_NON_PD:
        return Response.PR, "RECIST 1.1, Table 1, row 2"
    return profile.target_cr_non_target_ne, profile.source_of("target_cr_non_target_ne")


def _non_target_only(non_target: Response, profile: Profile) -> ReasonedResponse:
    if non_target is Response.NA:
        return _reasoned(
            Response.NED, "no disease at baseline and no new lesion (charter term, not in RECIST)"
        )
    if non_target in NOT_EVALUATED:
        why = "non-target disease not all evaluated (RECIST 1.1, Table 2, row 3)"
        return _not_evaluable(profile, why, blank=non_target is Response.MISSING)
    row = 1 if non_target is Response.CR else 2
    return _reasoned(non_target, f"non-target disease only (RECIST 1.1, Table 2, row {row})")


def _not_evaluable(profile: Profile, why: str, blank: bool) -> ReasonedResponse:
    response = Response(profile.missing_is) if blank else Response.NE
    extra = f"; left blank counts as {response.value} ({profile.source_of('missing_is')})" if blank else ""
    return _reasoned(response, why + extra)


def _reasoned(response: Response, why: str) -> ReasonedResponse:
    return ReasonedResponse(response, (f"{response.value}: {why}",))
