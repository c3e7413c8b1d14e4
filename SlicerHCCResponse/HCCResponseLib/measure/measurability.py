"""A measured lesion before the rules of measurability (RECIST 1.1, 3.1), which decide with the limits of a profile."""

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.measure.values import LesionMeasurement
from HCCResponseLib.response.profiles.load import Profile, load_profile
from HCCResponseLib.response.timepoint.measurability import SizeVerdict, TargetCandidate, size_verdict


def as_candidate(
    measurement: LesionMeasurement, lesion_id: str, organ: str, nodal: bool = False
) -> TargetCandidate:
    """A measured lesion as the rules take it: both axes in exact tenths of a mm, and the slice thickness.

    Args:
        organ: organ, or node station.
        nodal: a lymph node, whose short axis counts.
    """
    short = measurement.short_axis.length_mm if measurement.short_axis else None
    return TargetCandidate(
        lesion_id, organ, nodal, measurement.long_axis.length_mm, short, measurement.thickness_mm
    )


def measurability(
    measurement: LesionMeasurement, profile: Profile | None = None, nodal: bool = False
) -> SizeVerdict:
    """Whether a lesion is measurable at baseline by its size and the slice thickness alone.

    Args:
        profile: whose limits count; RECIST 1.1 without one.
        nodal: a lymph node, whose short axis counts.

    Raises:
        InputError: a node whose convention gives no short axis.
    """
    if nodal and measurement.short_axis is None:
        raise InputError(f"A node needs a short axis; the convention '{measurement.convention}' gives none.")
    candidate = as_candidate(measurement, "lesion", "", nodal)
    return size_verdict(candidate, profile or load_profile("recist-1.1"))
