"""Shapes whose diameters are known on paper, among them every worked example of the measuring conventions."""

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.measure import (
    MRECIST,
    RECIST,
    Convention,
    LesionMeasurement,
    PartRule,
    WarningCode,
    convention,
    measure_label_map,
    measure_lesion,
    measure_parts,
)
from HCCResponseLib.measure.chord import perpendicular_chord

EDGE = convention("edge-inside")


def in_slice(
    shape: np.ndarray, how: Convention, spacing: tuple[float, float] = (1.0, 1.0)
) -> LesionMeasurement:
    volume = np.pad(np.asarray(shape, dtype=bool)[None], ((1, 1), (3, 3), (3, 3)))
    return measure_lesion(volume, Geometry(volume.shape, (5.0, *spacing)), how)


def warns(found: LesionMeasurement, code: WarningCode) -> bool:
    return any(one.code is code for one in found.warnings)


def axes(found: LesionMeasurement) -> tuple[float, float]:
    assert found.short_axis is not None
    return found.long_axis.length_raw_mm, found.short_axis.length_raw_mm


def disc(radius: float, size: int = 0) -> np.ndarray:
    half = size // 2 or math.ceil(radius) + 1
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    return np.hypot(y, x) <= radius


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("centre-free", "12.7"),
        ("edge-inside", "13.5"),
        ("corner-inside", "14.1"),
        ("pyradiomics", "13.5"),
        ("uls23", "12.7"),
    ],
)
def test_ten_pixels_square_by_convention(name: str, expected: str) -> None:
    assert in_slice(np.ones((10, 10)), convention(name)).long_axis.length_mm == Decimal(expected)


def test_square_exactly() -> None:
    assert axes(in_slice(np.ones((10, 10)), EDGE)) == pytest.approx((math.hypot(10, 9),) * 2, abs=1e-9)


def test_rectangle_has_a_true_perpendicular_chord() -> None:
    """6 x 12 pixels: 6.2 mm once the opening has taken the corner pixels. Point pairs find none at all."""
    assert in_slice(np.ones((6, 12)), convention("cornerstone3d-ohif")).short_axis is None
    assert axes(in_slice(np.ones((6, 12)), RECIST)) == pytest.approx(
        (math.hypot(12, 3), 6 * math.sqrt(17) / 4), abs=1e-9
    )
    assert axes(in_slice(np.ones((6, 12)), EDGE)) == pytest.approx((13.0, 6.5), abs=1e-9)
    assert axes(in_slice(np.ones((6, 12)), convention("corner-inside"))) == pytest.approx(
        (6 * math.sqrt(5), 3 * math.sqrt(5)), abs=1e-9
    )


def test_ring_free_and_inside() -> None:
    """Necrotic centre: RECIST measures across it, mRECIST must go round it."""
    ring = disc(9, 20) & ~disc(5, 20)
    assert in_slice(ring, convention("centre-free")).long_axis.length_mm == Decimal("18.0")
    assert in_slice(ring, convention("centre-inside")).long_axis.length_mm == Decimal("13.3")
    assert in_slice(ring, RECIST).long_axis.length_mm == Decimal("19.0")
    viable = in_slice(ring, MRECIST)
    assert viable.long_axis.length_mm == Decimal("14.4")
    assert viable.unconstrained_caliper_mm == Decimal("19.0")
    assert warns(viable, WarningCode.CONCAVE)
    assert not warns(in_slice(ring, RECIST), WarningCode.CONCAVE)


def test_two_parts() -> None:
    """Tying two parts of one slice as pyradiomics does nearly doubles the lesion."""
    parts = np.zeros((8, 20), dtype=bool)
    parts[:, :8] = True
    parts[2:6, 14:20] = True
    largest = in_slice(parts, convention("centre-free"))
    assert largest.long_axis.length_mm == Decimal("9.9")
    assert warns(largest, WarningCode.PARTS_LEFT_OUT)
    tied = in_slice(parts, replace(convention("centre-free"), parts=PartRule.TIED))
    assert tied.long_axis.length_mm == Decimal("19.6")
    assert not warns(tied, WarningCode.PARTS_LEFT_OUT)


def test_one_pixel_spike_is_left_out() -> None:
    spiky = np.zeros((13, 29), dtype=bool)
    spiky[:, :13] = disc(6, 12)
    spiky[6, 12:] = True
    assert in_slice(spiky, EDGE).long_axis.length_raw_mm == pytest.approx(29, abs=0.3)
    found = in_slice(spiky, RECIST)
    assert found.long_axis.length_raw_mm == pytest.approx(13, abs=0.3)
    assert warns(found, WarningCode.SPIKES_REMOVED)
    assert not warns(in_slice(spiky[:, :13], RECIST), WarningCode.SPIKES_REMOVED)


def test_l_shape_has_a_short_axis() -> None:
    """Its chord goes straight across one arm."""
    shape = np.zeros((12, 12), dtype=bool)
    shape[:, :4] = True
    shape[8:, :] = True
    long_axis, short_axis = axes(in_slice(shape, EDGE))
    assert long_axis == pytest.approx(math.hypot(11.5, 6.5))
    assert short_axis == pytest.approx(4 * math.hypot(11.5, 6.5) / 6.5)
    assert warns(in_slice(shape, RECIST), WarningCode.CONCAVE)


@pytest.mark.parametrize("reverse", [False, True])
def test_chord_at_an_end_of_the_line_counts_both_sides(reverse: bool) -> None:
    """A wide bar ends where a narrow one begins: the chord along the joint belongs to both."""
    corners = [(-10, 0), (-10, 5), (-2, 5), (-2, 15), (2, 15), (2, 5), (10, 5), (10, 0)]
    outline = np.array(list(zip(corners, [*corners[1:], corners[0]], strict=True)), dtype=float)
    ends = [np.array([0.0, 5.0]), np.array([0.0, 15.0])]
    start, end = perpendicular_chord(outline, *(reversed(ends) if reverse else ends))
    assert math.dist(start, end) == pytest.approx(20)
    assert (start[1], end[1]) == pytest.approx((5, 5))


@pytest.mark.parametrize("radius", [3.0, 7.5, 20.25, 41.7])
def test_circle(radius: float) -> None:
    assert axes(in_slice(disc(radius), RECIST)) == pytest.approx((2 * radius, 2 * radius), abs=1.1)


@pytest.mark.parametrize("degrees", [0, 17, 30, 45, 72, 90, 131])
@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.5, 0.8)])
def test_rotated_ellipse(degrees: float, spacing: tuple[float, float]) -> None:
    y, x = np.mgrid[-90:91, -90:91] * np.array(spacing)[:, None, None]
    turn = math.radians(degrees)
    u, v = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    found = in_slice((u / 30) ** 2 + (v / 18) ** 2 <= 1, RECIST, spacing)
    assert axes(found) == pytest.approx((60, 36), abs=1.1)
    step = np.subtract(found.long_axis.end_index, found.long_axis.start_index)[1:] * np.array(spacing)
    drawn = math.degrees(math.atan2(step[0], step[1]))
    assert abs((drawn - degrees + 90) % 180 - 90) < 6


def test_one_pixel_and_one_row() -> None:
    pixel = in_slice(np.ones((1, 1)), RECIST)
    assert axes(pixel) == (1.0, 1.0)
    assert warns(pixel, WarningCode.NOT_OPENED)
    assert axes(in_slice(np.ones((1, 9)), RECIST)) == pytest.approx((9.0, 1.0))
    assert axes(in_slice(np.ones((1, 1)), convention("centre-inside"))) == (0.0, 0.0)
    assert axes(in_slice(np.ones((1, 9)), convention("uls23"))) == pytest.approx((8.0, 8.0))


def test_longest_slice_not_largest_area() -> None:
    volume = np.zeros((2, 40, 40), dtype=bool)
    volume[0, 5:25, 5:25] = True
    volume[1, 5:10, 3:38] = True
    found = measure_lesion(volume, Geometry(volume.shape, (5.0, 1.0, 1.0)))
    assert found.slice_index == 1
    assert found.long_axis.length_raw_mm > 34


def test_tie_goes_to_the_wider_slice() -> None:
    """Two slices of equal length: the one with the larger short axis, although the other is more central."""
    volume = np.zeros((5, 30, 30), dtype=bool)
    volume[1, 10:13, 4:24] = True
    volume[2, 10:13, 4:24] = True
    volume[3, 10:13, 4:24] = True
    volume[3, 8:15, 10:18] = True
    found = measure_lesion(volume, Geometry(volume.shape, (5.0, 1.0, 1.0)), EDGE)
    assert found.slice_index == 3
    assert axes(found) == pytest.approx((math.hypot(20, 2), 7 * math.hypot(20, 2) / 20), abs=1e-9)


def test_tie_goes_to_the_more_central_slice() -> None:
    volume = np.zeros((9, 20, 20), dtype=bool)
    volume[2:7, 4:14, 4:14] = True
    assert measure_lesion(volume, Geometry(volume.shape, (5.0, 1.0, 1.0))).slice_index == 4


def test_split_lesion_parts() -> None:
    volume = np.zeros((9, 40, 40), dtype=bool)
    volume[1:3, 2:12, 2:12] = True
    volume[5:8, 20:26, 20:38] = True
    geometry = Geometry(volume.shape, (5.0, 1.0, 1.0))
    parts = measure_parts(volume, geometry, EDGE)
    assert [one.slice_index for one in parts] == [6, 1]
    assert [one.long_axis.length_raw_mm for one in parts] == pytest.approx(
        [math.hypot(18, 5), math.hypot(10, 9)]
    )
    assert sum(one.voxel_count for one in parts) == np.count_nonzero(volume)
    assert axes(measure_lesion(volume, geometry, EDGE)) == pytest.approx(axes(parts[0]))


def test_tied_parts_stay_inside_each_part() -> None:
    parts = np.zeros((8, 30), dtype=bool)
    parts[:, :8] = True
    parts[2:5, 12:28] = True
    tied = Convention("tied", parts=PartRule.TIED, opening_px=0)
    assert in_slice(parts, tied).long_axis.length_raw_mm == pytest.approx(math.hypot(16, 2))
    assert in_slice(parts, EDGE).long_axis.length_raw_mm == pytest.approx(math.hypot(8, 7))


def test_label_map_measures_each_lesion_as_alone() -> None:
    labels = np.zeros((12, 60, 60), dtype=np.int16)
    labels[1:5, 5:20, 5:25] = 3
    labels[6:9, 30:41, 20:50] = 1
    labels[2, 50, 50] = 7
    geometry = Geometry(labels.shape, (2.5, 0.7, 0.8), (10.0, -20.0, 30.0))
    found = measure_label_map(labels, geometry)
    assert list(found) == [1, 3, 7]
    assert all(found[one] == measure_lesion(labels == one, geometry) for one in found)
    wide = np.where(labels == 7, 90_000, labels.astype(np.int64))
    assert measure_label_map(wide, geometry) == {1: found[1], 3: found[3], 90_000: found[7]}
    assert measure_label_map(np.where(wide, wide, 5), geometry)[90_000] == found[7]
    assert measure_label_map(np.zeros_like(labels), geometry) == {}


def test_volume_counts_the_contour_as_drawn() -> None:
    """Filling, opening and leaving parts out change diameters, never the volume."""
    volume = np.zeros((3, 30, 30), dtype=bool)
    volume[1, 2:12, 2:12] = True
    volume[1, 5:7, 5:7] = False
    volume[1, 20, 20] = True
    found = measure_lesion(volume, Geometry(volume.shape, (2.0, 0.5, 0.5)))
    assert found.voxel_count == 97
    assert found.volume_mm3 == pytest.approx(97 * 0.5)
