"""Measure one lesion, or every lesion of a label map, on the slices of the original series.

Slices are those that were acquired (``Geometry.slice_axis``), be they axial, coronal or sagittal.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.geometry import PLANES, Geometry
from HCCResponseLib.measure.acquired import Order, acquired_first, back, turned, turned_grid
from HCCResponseLib.measure.convention import RECIST, Convention
from HCCResponseLib.measure.crop import Contour, Crop, crop_labels, crop_mask, crop_parts
from HCCResponseLib.measure.plane import FloatArray, Plane, check_thickness, check_volume
from HCCResponseLib.measure.search import LesionAxes, Line, find_axes
from HCCResponseLib.measure.values import (
    Axis,
    LesionMeasurement,
    MeasurementWarning,
    Point,
    WarningCode,
)
from HCCResponseLib.response.numbers import tenths

_NOTABLE = 1.10
_EMPTY = "The contour of this lesion is empty: there is nothing to measure. Draw it or mark it absent."


@dataclass(frozen=True)
class _Series:
    """What all lesions of one volume share."""

    geometry: Geometry
    plane: Plane
    convention: Convention
    thickness_mm: float
    order: Order


def measure_lesion(
    mask: Contour,
    geometry: Geometry,
    convention: Convention = RECIST,
    *,
    slice_thickness_mm: float | None = None,
) -> LesionMeasurement:
    """Long axis, short axis and volume of one lesion.

    Args:
        mask: contour of the lesion on the original series: bool or integer (z, y, x) of its shape, non-zero is lesion;
            or a crop of it, :class:`HCCResponseLib.lesions.lesion.Lesion`, which gives the same figures.
        geometry: grid of that series; lengths are mm within its acquired plane.
        convention: how to measure.
        slice_thickness_mm: thickness of the slices; that of ``geometry`` when not given, else the slice spacing.

    Raises:
        InputError: the mask is empty, not three-dimensional or not made of whole numbers.
        GeometryError: mask and geometry disagree, or the geometry is not usable.
    """
    series = _series(mask, geometry, convention, slice_thickness_mm)
    crop = crop_mask(turned(mask, series.order))
    if crop is None:
        raise InputError(_EMPTY)
    return _measured(crop, series)


def measure_label_map(
    labels: npt.NDArray[Any],
    geometry: Geometry,
    convention: Convention = RECIST,
    *,
    slice_thickness_mm: float | None = None,
) -> dict[int, LesionMeasurement]:
    """Measure every lesion of a label map.

    Args:
        labels: integers (z, y, x); 0 is background, every other value one lesion, in however many parts.
        geometry: as for :func:`measure_lesion`.
        convention: the same.
        slice_thickness_mm: the same.

    Returns:
        Measurement by label, in ascending order of labels; empty for an empty label map.

    Raises:
        InputError, GeometryError: as for :func:`measure_lesion`; also for negative labels.
    """
    series = _series(labels, geometry, convention, slice_thickness_mm)
    return {label: _measured(crop, series) for label, crop in crop_labels(labels.transpose(series.order))}


def measure_parts(
    mask: Contour,
    geometry: Geometry,
    convention: Convention = RECIST,
    *,
    slice_thickness_mm: float | None = None,
) -> tuple[LesionMeasurement, ...]:
    """Measure each part of a split lesion along its own longest diameter (RECIST 1.1, Appendix II).

    The rules add the parts up; parts that touch in any direction (26-neighbours) are one.

    Args:
        mask: as for :func:`measure_lesion`.
        geometry: the same.
        convention: the same.
        slice_thickness_mm: the same.

    Returns:
        One measurement per part, the longest first.

    Raises:
        InputError, GeometryError: as for :func:`measure_lesion`.
    """
    series = _series(mask, geometry, convention, slice_thickness_mm)
    parts = [_measured(crop, series) for crop in crop_parts(turned(mask, series.order))]
    if not parts:
        raise InputError(_EMPTY)
    return tuple(sorted(parts, key=lambda one: -one.long_axis.length_raw_mm))


def _series(
    array: Contour, geometry: Geometry, convention: Convention, thickness_mm: float | None
) -> _Series:
    check_volume(array, geometry)
    if isinstance(array, np.ndarray) and array.dtype.kind not in "bui":
        raise InputError(
            f"The contour has values of type {array.dtype}; a mask or whole-numbered labels are needed."
        )
    order = acquired_first(geometry)
    grid = turned_grid(geometry, order)
    plane = Plane.of(grid)
    thickness = geometry.slice_thickness_mm if thickness_mm is None else thickness_mm
    return _Series(grid, plane, convention, check_thickness(thickness, plane.slice_spacing_mm), order)


def _measured(crop: Crop, series: _Series) -> LesionMeasurement:
    found = find_axes(crop.mask, series.plane, series.convention)
    long_axis = _axis(found.long_axis, found.level, crop, series)
    short_axis = _axis(found.short_axis, found.level, crop, series) if found.short_axis else None
    return LesionMeasurement(
        convention=series.convention.name,
        long_axis=long_axis,
        short_axis=short_axis,
        slice_index=int(np.floor(found.level)) + crop.offset[0],
        slice_axis=series.order[0],
        slice_spacing_mm=series.plane.slice_spacing_mm,
        slice_thickness_mm=series.thickness_mm,
        in_plane_spacing_mm=(float(series.geometry.spacing[1]), float(series.geometry.spacing[2])),
        voxel_count=crop.voxels,
        volume_mm3=crop.voxels * series.geometry.voxel_volume_mm3,
        unconstrained_caliper_mm=tenths(found.caliper_mm),
        unconstrained_caliper_raw_mm=found.caliper_mm,
        touches_field_of_view=crop.at_border,
        warnings=_warnings(found, crop, series),
    )


def _axis(line: Line, level: float, crop: Crop, series: _Series) -> Axis:
    z, y, x = crop.offset
    ends = [np.array([level + z, point[0] + y, point[1] + x]) for point in line]
    gap = (line[1] - line[0]) @ series.plane.basis
    raw = float(np.hypot(gap[0], gap[1]))
    lps = [_point(series.geometry.index_to_lps(one)) for one in ends]
    first, second = (_point(back(one, series.order)) for one in ends)
    return Axis(lps[0], lps[1], first, second, tenths(raw), raw)


def _point(values: FloatArray) -> Point:
    first, second, third = (float(value) for value in values)
    return (first, second, third)


def _warnings(found: LesionAxes, crop: Crop, series: _Series) -> tuple[MeasurementWarning, ...]:
    inside, across, drawn = tenths(found.long_mm), tenths(found.caliper_mm), tenths(found.drawn_mm)
    spiky = series.convention.opening_px > 0 and found.drawn_mm > _NOTABLE * found.caliper_mm
    cautions = (
        (
            found.caliper_mm > _NOTABLE * found.long_mm,
            WarningCode.CONCAVE,
            f"Concave lesion: {inside} mm when the line stays inside, {across} mm from side to side.",
        ),
        (
            not found.was_opened,
            WarningCode.NOT_OPENED,
            "The lesion is too thin to remove spikes from; it was measured as drawn.",
        ),
        (
            spiky,
            WarningCode.SPIKES_REMOVED,
            f"Thin extensions were left out: with them this slice spans {drawn} mm.",
        ),
        (
            found.left_out > 0,
            WarningCode.PARTS_LEFT_OUT,
            f"{found.left_out} more part(s) on this slice left out; tie them if they are one lesion.",
        ),
        (
            crop.at_border,
            WarningCode.FIELD_OF_VIEW,
            "The contour reaches the border of the volume; the lesion may go on outside.",
        ),
        (
            series.order[0] != 0,
            WarningCode.NOT_AXIAL,
            f"Measured on {PLANES[series.order[0]]} slices, as they were acquired.",
        ),
    )
    return tuple(MeasurementWarning(code, message) for raised, code, message in cautions if raised)
