"""What a measurement is: immutable values that say where, how long and by which convention."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.response.profiles.load import Profile, load_profile
from HCCResponseLib.response.timepoint.measurability import SizeVerdict, TargetCandidate, size_verdict

Point = tuple[float, float, float]


class WarningCode(StrEnum):
    """Why a reader should look twice at a measurement."""

    CONCAVE = "concave"
    """The free caliper is more than 10 % longer than the line that stays inside."""
    NOT_OPENED = "not-opened"
    """The lesion is so small that the opening against spikes would have erased it; it was not opened."""
    SPIKES_REMOVED = "spikes-removed"
    """Without the opening the chosen slice would be more than 10 % longer."""
    PARTS_LEFT_OUT = "parts-left-out"
    """The chosen slice has further parts that were not measured."""
    FIELD_OF_VIEW = "field-of-view"
    """The contour reaches the border of the volume: the lesion may go on outside."""
    NOT_AXIAL = "not-axial"
    """The series was acquired in coronal or sagittal planes, and the lesion was measured on these."""


@dataclass(frozen=True)
class MeasurementWarning:
    """One caution about a measurement; ``message`` is what a reader sees."""

    code: WarningCode
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Axis:
    """A straight line on one slice.

    Attributes:
        start_lps, end_lps: end points, LPS mm (x, y, z).
        start_index, end_index: the same points as voxel indices (z, y, x); integers are voxel centres.
        length_mm: length in exact tenths of a millimetre.
        length_raw_mm: length in mm, not rounded.
    """

    start_lps: Point
    end_lps: Point
    start_index: Point
    end_index: Point
    length_mm: Decimal
    length_raw_mm: float

    @property
    def start_ras(self) -> Point:
        """First end point, RAS mm (x, y, z), as Slicer's markups use it."""
        x, y, z = self.start_lps
        return (-x, -y, z)

    @property
    def end_ras(self) -> Point:
        """Second end point, RAS mm (x, y, z)."""
        x, y, z = self.end_lps
        return (-x, -y, z)


@dataclass(frozen=True)
class LesionMeasurement:
    """The figures of one lesion at one time point.

    Attributes:
        convention: name of the measuring convention.
        long_axis: longest line on any slice that the convention allows.
        short_axis: the line across it on the same slice; ``None`` when the convention has none.
        slice_index: index of that slice along the axis ``slice_axis``.
        slice_spacing_mm: distance between slice planes, perpendicular to them.
        slice_thickness_mm: thickness as given by the series; the slice spacing when it was not given.
        in_plane_spacing_mm: pixel size along the other two axes, in the order of the array.
        voxel_count: voxels of the contour as drawn (nothing filled, opened or left out).
        volume_mm3: their volume.
        unconstrained_caliper_mm: longest distance on any slice when the line may leave the lesion, in tenths.
        unconstrained_caliper_raw_mm: the same, not rounded.
        touches_field_of_view: the contour reaches a border of the volume.
        warnings: cautions for the reader.
        slice_axis: array axis along which the slices were acquired; 0 for axial ones.
    """

    convention: str
    long_axis: Axis
    short_axis: Axis | None
    slice_index: int
    slice_spacing_mm: float
    slice_thickness_mm: float
    in_plane_spacing_mm: tuple[float, float]
    voxel_count: int
    volume_mm3: float
    unconstrained_caliper_mm: Decimal
    unconstrained_caliper_raw_mm: float
    touches_field_of_view: bool
    warnings: tuple[MeasurementWarning, ...] = ()
    slice_axis: int = 0

    @property
    def axial_level(self) -> int:
        """z index of the axial slice on which the long axis, or its middle, lies."""
        if self.slice_axis == 0:
            return self.slice_index
        return round((self.long_axis.start_index[0] + self.long_axis.end_index[0]) / 2)

    @property
    def thickness_mm(self) -> Decimal:
        """Slice thickness as the rules take it, in exact thousandths of a millimetre."""
        return Decimal(str(round(self.slice_thickness_mm, 3)))


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
