"""Non-target response (RECIST 1.1, 4.3.3 and 4.3.4)."""

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.timepoint.measurability import is_normal_node
from HCCResponseLib.response.timepoint.overall import NON_TARGET_VALUES
from HCCResponseLib.response.types import LesionFinding, LesionRole, LesionState, Response, TimePointFindings

_UNSEEN = frozenset({LesionState.NOT_EVALUABLE, LesionState.NOT_IMAGED})


def non_target_response(
    baseline: TimePointFindings, time_point: TimePointFindings, profile: Profile
) -> tuple[Response, tuple[str, ...]]:
    """Non-target response of a follow-up and why.

    The reader's explicit value wins. Without one it follows from the states of the non-target lesions:
    never PD, which is the reader's own judgement, and ``MISSING`` where lesions of the baseline were not
    looked at.

    Raises:
        RuleError: an explicit value that is not a non-target response.
    """
    known = [lesion for lesion in baseline.lesions if lesion.role is LesionRole.NON_TARGET]
    if time_point.non_target is not None:
        if time_point.non_target not in NON_TARGET_VALUES:
            raise RuleError(f"'{time_point.non_target.value}' is not a non-target response.")
        response, why = time_point.non_target, "as the reader gave it"
    elif not known:
        return _without_non_targets(baseline, time_point, profile)
    else:
        response, why = _derived(known, time_point, profile)
    blocked = _markers_block_cr(time_point, profile) if response is Response.CR else None
    if blocked is not None:
        return Response.NON_CR_NON_PD, (f"non-target NON-CR/NON-PD: {blocked}",)
    return response, (f"non-target {response.value}: {why} (RECIST 1.1, 4.3.3)",)


def _markers_block_cr(time_point: TimePointFindings, profile: Profile) -> str | None:
    """Why tumour markers rule out CR, or None when they do not."""
    if not profile.markers_required_for_cr or time_point.markers_normal is True:
        return None
    markers, source = profile.markers_required_for_cr, profile.source_of("markers_required_for_cr")
    known = "not known" if time_point.markers_normal is None else "above normal"
    return f"{', '.join(markers)} must be normal for CR and is {known} ({source})"


def _without_non_targets(
    baseline: TimePointFindings, time_point: TimePointFindings, profile: Profile
) -> tuple[Response, tuple[str, ...]]:
    """No non-target disease; markers above normal are then all that is left of it (RECIST 1.1, 4.3.3)."""
    targets = any(lesion.role is LesionRole.TARGET for lesion in baseline.lesions)
    gone = all(_gone(one, profile) for one in time_point.lesions if one.role is LesionRole.TARGET)
    blocked = _markers_block_cr(time_point, profile) if targets and gone else None
    if blocked is not None:
        return Response.NON_CR_NON_PD, (f"non-target NON-CR/NON-PD: {blocked}",)
    return Response.NA, ("non-target NA: no such disease at baseline",)


def _derived(
    known: list[LesionFinding], time_point: TimePointFindings, profile: Profile
) -> tuple[Response, str]:
    rows = {lesion.lesion_id: lesion for lesion in time_point.lesions if lesion.role is LesionRole.NON_TARGET}
    blank = [lesion.lesion_id for lesion in known if lesion.lesion_id not in rows]
    if len(blank) == len(known):
        return Response.MISSING, "left blank by the reader"
    seen = [rows[lesion.lesion_id] for lesion in known if lesion.lesion_id in rows]
    unseen = [lesion.lesion_id for lesion in seen if lesion.state in _UNSEEN]
    if blank or unseen:
        return Response.NE, f"not all assessed ({', '.join(blank + unseen)})"
    left = [lesion.lesion_id for lesion in seen if not _gone(lesion, profile)]
    if left:
        return Response.NON_CR_NON_PD, f"still there ({', '.join(left)})"
    return Response.CR, "all gone, all nodes normal"


def _gone(lesion: LesionFinding, profile: Profile) -> bool:
    if lesion.state is LesionState.DISAPPEARED:
        return True
    return lesion.nodal and is_normal_node(lesion.short_mm, profile)
