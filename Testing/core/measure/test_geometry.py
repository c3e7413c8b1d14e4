"""Where a measurement lies in space, what it is invariant to, and which input is refused."""

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from HCCResponseLib.base.errors import GeometryError, InputError, ProfileError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.measure import (
    CONVENTIONS,
    MRECIST,
    RECIST,
    Axis,
    Convention,
    LesionMeasurement,
    LineRule,
    PointRule,
    WarningCode,
    convention,
    measurability,
    measure_label_map,
    measure_lesion,
    measure_parts,
    slice_contours,
)
from HCCResponseLib.response.numbers import tenths
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.timepoint.measurability import Measurability
from HCCResponseLib.review.decisions.decide import as_length


def lesion(seed: int, size: int = 40, depth: int = 7) -> np.ndarray:
    """A rough, partly concave lesion that keeps away from the borders."""
    noise = ndimage.gaussian_filter(
        np.random.default_rng(seed).standard_normal((depth, size, size)), (1, 3, 3)
    )
    z, y, x = np.mgrid[:depth, :size, :size]
    radius = np.hypot(np.hypot(y - size / 2, x - size / 2) / (size / 3), (z - depth / 2) / (depth / 2))
    inner = np.zeros((depth, size, size), dtype=bool)
    inner[1:-1, 2:-2, 2:-2] = True
    return (radius + 0.25 * noise / noise.std() < 0.9) & inner


def rotation(seed: int) -> tuple[float, ...]:
    matrix, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))
    return tuple(float(one) for one in matrix.ravel())


def lengths(found: LesionMeasurement) -> tuple[float, float, float]:
    short = found.short_axis.length_raw_mm if found.short_axis else 0.0
    return found.long_axis.length_raw_mm, short, found.unconstrained_caliper_raw_mm


seeds = st.integers(0, 10_000)
spacings = st.tuples(st.floats(0.5, 8), st.floats(0.4, 1.5), st.floats(0.4, 1.5))
inside_conventions = st.sampled_from(
    [RECIST, MRECIST, convention("corner-inside"), convention("centre-inside")]
)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, spacing=spacings, how=inside_conventions)
def test_end_points_belong_to_the_measurement(
    seed: int, spacing: tuple[float, float, float], how: Convention
) -> None:
    mask = lesion(seed)
    geometry = Geometry(mask.shape, spacing, (12.0, -7.0, 100.0), rotation(seed))
    found = measure_lesion(mask, geometry, how)
    assert found.short_axis is not None
    for axis in (found.long_axis, found.short_axis):
        assert axis.start_index[0] == axis.end_index[0] == found.slice_index
        assert math.dist(axis.start_lps, axis.end_lps) == pytest.approx(axis.length_raw_mm, abs=1e-6)
        assert geometry.lps_to_index(axis.start_lps) == pytest.approx(axis.start_index, abs=1e-6)
        assert axis.start_ras == (-axis.start_lps[0], -axis.start_lps[1], axis.start_lps[2])
        assert axis.end_ras == (-axis.end_lps[0], -axis.end_lps[1], axis.end_lps[2])
        assert axis.length_mm == tenths(axis.length_raw_mm)
    along, across = vector(found.long_axis), vector(found.short_axis)
    assert abs(along @ across) < 1e-6 * np.linalg.norm(along) * np.linalg.norm(across)
    assert crosses(found.long_axis, found.short_axis)
    # Centre points lie half a pixel inside the region that a chord may fill on either side.
    play = math.hypot(*spacing[1:]) if how.points is PointRule.VOXEL_CENTRE else 0.0
    assert found.short_axis.length_raw_mm <= found.unconstrained_caliper_raw_mm + play + 1e-6
    assert found.long_axis.length_raw_mm <= found.unconstrained_caliper_raw_mm + 1e-9


def vector(axis: Axis) -> np.ndarray:
    return np.subtract(axis.end_lps, axis.start_lps)


def crosses(long_axis: Axis, short_axis: Axis) -> bool:
    """Whether the short axis meets the long axis: foot within both segments."""
    along, across = vector(long_axis), vector(short_axis)
    gap = np.subtract(short_axis.start_lps, long_axis.start_lps)
    on_long = (gap @ along) / (along @ along)
    on_short = -(gap @ across) / (across @ across)
    return bool(-1e-6 <= on_long <= 1 + 1e-6 and -1e-6 <= on_short <= 1 + 1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, spacing=spacings, how=inside_conventions)
def test_pose_in_space_does_not_matter(
    seed: int, spacing: tuple[float, float, float], how: Convention
) -> None:
    mask = lesion(seed)
    straight = Geometry(mask.shape, spacing)
    posed = Geometry(mask.shape, spacing, (-300.0, 41.5, 7.25), rotation(seed + 1))
    one, other = measure_lesion(mask, straight, how), measure_lesion(mask, posed, how)
    assert lengths(other) == pytest.approx(lengths(one), abs=1e-8)
    assert other.slice_index == one.slice_index
    assert other.volume_mm3 == pytest.approx(one.volume_mm3)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, how=inside_conventions, shift=st.integers(0, 9))
def test_flips_shifts_and_transposition_do_not_matter(seed: int, how: Convention, shift: int) -> None:
    mask = lesion(seed)
    expected = lengths(measure_lesion(mask, Geometry(mask.shape, (2.0, 0.7, 0.9)), how))
    for axis in (0, 1, 2):
        assert_lengths(np.flip(mask, axis), (2.0, 0.7, 0.9), how, expected)
    assert_lengths(mask.transpose(0, 2, 1), (2.0, 0.9, 0.7), how, expected)
    assert_lengths(np.pad(mask, ((shift, 1), (2, shift), (shift, 0))), (2.0, 0.7, 0.9), how, expected)


def assert_lengths(
    mask: np.ndarray,
    spacing: tuple[float, float, float],
    how: Convention,
    expected: tuple[float, float, float],
) -> None:
    assert lengths(measure_lesion(mask, Geometry(mask.shape, spacing), how)) == pytest.approx(
        expected, abs=1e-8
    )


@settings(max_examples=15, deadline=None)
@given(seed=seeds, how=inside_conventions, factor=st.floats(0.1, 9))
def test_lengths_scale_with_the_pixels(seed: int, how: Convention, factor: float) -> None:
    mask = lesion(seed)
    one = lengths(measure_lesion(mask, Geometry(mask.shape, (3.0, 0.7, 0.9)), how))
    assert_lengths(mask, (3.0, 0.7 * factor, 0.9 * factor), how, tuple(factor * length for length in one))  # type: ignore[arg-type]


def test_anisotropic_pixels_equal_repeated_pixels() -> None:
    """Pixels twice as tall are what two equal rows are; the corner convention measures both alike."""
    mask = lesion(5)
    how = replace(convention("corner-inside"), name="exact")
    expected = lengths(measure_lesion(mask, Geometry(mask.shape, (2.0, 1.6, 0.8)), how))
    assert_lengths(np.repeat(mask, 2, axis=1), (2.0, 0.8, 0.8), how, expected)


def test_tilted_gantry_keeps_lengths_and_unshears_the_volume() -> None:
    mask = lesion(8)
    tilt = math.radians(20)
    tilted = Geometry(
        mask.shape, (5.0, 0.8, 0.8), direction=(1, 0, 0, 0, 1, math.sin(tilt), 0, 0, math.cos(tilt))
    )
    straight = Geometry(mask.shape, (5.0, 0.8, 0.8))
    one, other = measure_lesion(mask, straight), measure_lesion(mask, tilted)
    assert lengths(other) == pytest.approx(lengths(one), abs=1e-9)
    assert other.volume_mm3 == pytest.approx(one.volume_mm3 * math.cos(tilt))
    assert other.slice_spacing_mm == pytest.approx(5.0 * math.cos(tilt))


def test_sheared_plane_is_measured_truly() -> None:
    """A parallelogram of pixels is measured by its true diagonals."""
    mask = np.zeros((1, 14, 14), dtype=bool)
    mask[0, 2:12, 2:12] = True
    slant = math.radians(60)
    geometry = Geometry(
        mask.shape, (1.0, 1.0, 1.0), direction=(1, math.cos(slant), 0, 0, math.sin(slant), 0, 0, 0, 1)
    )
    found = measure_lesion(mask, geometry, convention("corner-inside"))
    assert found.long_axis.length_raw_mm == pytest.approx(10 * math.sqrt(3))
    assert math.dist(found.long_axis.start_lps, found.long_axis.end_lps) == pytest.approx(10 * math.sqrt(3))


@pytest.mark.parametrize("place", [(0, 5, 5), (8, 5, 5), (4, 0, 5), (4, 18, 5), (4, 5, 0), (4, 5, 18)])
def test_field_of_view(place: tuple[int, int, int]) -> None:
    mask = np.zeros((9, 20, 20), dtype=bool)
    mask[place[0], place[1] : place[1] + 2, place[2] : place[2] + 2] = True
    found = measure_lesion(mask, Geometry(mask.shape, (1.0, 1.0, 1.0)))
    assert found.touches_field_of_view
    assert WarningCode.FIELD_OF_VIEW in {one.code for one in found.warnings}
    assert not measure_lesion(np.pad(mask, 1), Geometry((11, 22, 22), (1.0, 1.0, 1.0))).touches_field_of_view


def test_every_convention_measures_and_names_itself() -> None:
    mask = lesion(3)
    geometry = Geometry(mask.shape, (3.0, 0.8, 0.8))
    found = {name: measure_lesion(mask, geometry, how) for name, how in CONVENTIONS.items()}
    assert all(one.convention == name for name, one in found.items())
    assert all(CONVENTIONS[name].source for name in found)
    free = {name: found[f"{name}-free"].long_axis.length_raw_mm for name in ("centre", "edge", "corner")}
    assert free["centre"] < free["edge"] < free["corner"]
    assert found["pyradiomics"].short_axis is None


def test_refused_masks() -> None:
    grid = Geometry((2, 4, 4), (1.0, 1.0, 1.0))
    with pytest.raises(InputError, match="empty"):
        measure_lesion(np.zeros((2, 4, 4), dtype=bool), grid)
    with pytest.raises(InputError, match="empty"):
        measure_parts(np.zeros((2, 4, 4), dtype=bool), grid)
    with pytest.raises(InputError, match="2 dimensions"):
        measure_lesion(np.ones((4, 4), dtype=bool), grid)
    with pytest.raises(GeometryError, match="shape"):
        measure_lesion(np.ones((2, 4, 5), dtype=bool), grid)
    with pytest.raises(InputError, match="float64"):
        measure_lesion(np.ones((2, 4, 4)), grid)
    with pytest.raises(InputError, match="negative label -1"):
        measure_label_map(np.full((2, 4, 4), -1, dtype=np.int16), grid)
    with pytest.raises(InputError, match="two-dimensional"):
        slice_contours(np.ones((2, 4, 4), dtype=bool))


@pytest.mark.parametrize(
    "broken",
    [
        {"spacing": (1.0, math.nan, 1.0)},
        {"spacing": (1.0, 0.0, 1.0)},
        {"spacing": (-1.0, 1.0, 1.0)},
        {"origin": (math.inf, 0.0, 0.0)},
        {"direction": (1.0, 0, 0, 0, 1, 0, 0, 0, math.nan)},
        {"direction": (1.0, 1.0, 0, 0, 0, 0, 0, 0, 1.0)},
        {"direction": (1.0, 0.0, 0.0)},
    ],
)
def test_refused_geometry(broken: dict[str, tuple[float, ...]]) -> None:
    grid = replace(Geometry((2, 4, 4), (1.0, 1.0, 1.0)), **broken)  # type: ignore[arg-type]
    with pytest.raises(GeometryError):
        measure_lesion(np.ones((2, 4, 4), dtype=bool), grid)


def test_refused_conventions_and_thickness() -> None:
    grid = Geometry((2, 4, 4), (1.0, 1.0, 1.0))
    with pytest.raises(InputError, match="recist"):
        convention("my-own")
    with pytest.raises(InputError, match="connectivity"):
        Convention("odd", connectivity=6)
    with pytest.raises(InputError, match="negative"):
        Convention("odd", opening_px=-1)
    with pytest.raises(InputError, match="half planes"):
        Convention("odd", half_planes=True, line=LineRule.INSIDE)
    with pytest.raises(InputError, match="thickness"):
        measure_lesion(np.ones((2, 4, 4), dtype=bool), grid, slice_thickness_mm=0.0)


def test_tenths_round_halves_up() -> None:
    assert [tenths(one) for one in (12.25, 12.2499999999, 12.249, 0.05, 9.95)] == [
        Decimal(one) for one in ("12.3", "12.3", "12.2", "0.1", "10.0")
    ]
    assert (tenths(Decimal("12.25")), as_length("12.25")) == (Decimal("12.3"), Decimal("12.3"))


def sized(pixels: int, thickness: float) -> LesionMeasurement:
    """A square bar of which the long axis is its width, in pixels of 1 mm."""
    mask = np.zeros((3, 30, 30), dtype=bool)
    mask[1, 10, 2 : 2 + pixels] = True
    geometry = Geometry(mask.shape, (thickness, 1.0, 1.0))
    return measure_lesion(mask, geometry, convention("edge-inside"), slice_thickness_mm=thickness)


@pytest.mark.parametrize(
    ("pixels", "thickness", "status", "minimum"),
    [
        (10, 5.0, Measurability.MEASURABLE, "10.0"),
        (9, 5.0, Measurability.NOT_MEASURABLE, "10.0"),
        (10, 5.1, Measurability.NOT_MEASURABLE, "10.2"),
        (13, 7.0, Measurability.NOT_MEASURABLE, "14.0"),
        (14, 7.0, Measurability.MEASURABLE, "14.0"),
        (10, 1.0, Measurability.MEASURABLE, "10.0"),
        (10, 5.02, Measurability.NOT_MEASURABLE, "10.04"),
    ],
)
def test_thickness_rule(pixels: int, thickness: float, status: Measurability, minimum: str) -> None:
    answer = measurability(sized(pixels, thickness))
    assert (answer.status, answer.minimum_mm) == (status, Decimal(minimum))
    assert answer.measurable is (status is Measurability.MEASURABLE)
    assert f"{answer.size_mm} mm" in answer.reason


@pytest.mark.parametrize(
    ("width", "status"),
    [(15, Measurability.MEASURABLE), (14, Measurability.NOT_MEASURABLE), (9, Measurability.NORMAL_NODE)],
)
def test_nodes_go_by_the_short_axis(width: int, status: Measurability) -> None:
    mask = np.zeros((3, 40, 40), dtype=bool)
    mask[1, 5 : 5 + width, 5:35] = True
    thin = measure_lesion(mask, Geometry(mask.shape, (5.0, 1.0, 1.0)), convention("edge-inside"))
    assert thin.short_axis is not None
    exact = replace(thin, short_axis=replace(thin.short_axis, length_mm=Decimal(width)))
    answer = measurability(exact, nodal=True)
    assert answer.status is status
    assert "assumes slices" not in answer.reason
    assert "assumes slices" in measurability(replace(exact, slice_thickness_mm=8.0), nodal=True).reason


def test_limits_belong_to_the_charter() -> None:
    recist = load_profile("recist-1.1")
    strict = recist.with_overrides({"measurable_long_mm": 20}, "charter 7.1")
    answer = measurability(sized(14, 5.0), strict)
    assert (answer.measurable, answer.minimum_mm, answer.source) == (False, Decimal("20.0"), "charter 7.1")
    with pytest.raises(ProfileError, match="measurable_long_mm"):
        recist.with_overrides({"measurable_long_mm": -1})
    with pytest.raises(ProfileError, match="node"):
        recist.with_overrides({"node_pathological_short_mm": 16})
    with pytest.raises(InputError, match="short axis"):
        measurability(replace(sized(14, 5.0), short_axis=None), nodal=True)


def test_contours_are_what_is_measured() -> None:
    """The drawn outline is closed, encloses holes too, and carries the end points of the long axis."""
    mask = np.zeros((12, 12), dtype=bool)
    mask[:10, :10] = True
    mask[4:6, 4:6] = False
    curves = slice_contours(mask)
    assert len(curves) == 2
    assert all((one[0] == one[-1]).all() for one in curves)
    found = measure_lesion(mask[None], Geometry((1, 12, 12), (1.0, 1.0, 1.0)), convention("edge-free"))
    drawn = {tuple(point) for one in curves for point in one.tolist()}
    assert {found.long_axis.start_index[1:], found.long_axis.end_index[1:]} <= drawn
