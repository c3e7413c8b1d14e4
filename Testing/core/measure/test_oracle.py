"""The axes equal a plain brute-force oracle in exact rational arithmetic, on random masks.

The oracle shares nothing with the code under test: its outline comes from scikit-image, its inside test cuts
a line at every outline segment and asks for the middle of each piece by counting crossings, in integers;
every pair of boundary points is tried, longest first. HCC_MEASURE_EXAMPLES sets the number of random masks.
"""

import math
import os
from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage.measure import find_contours

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.measure import (
    Convention,
    HoleRule,
    LineRule,
    PartRule,
    PointRule,
    longest,
    measure_lesion,
)

EXAMPLES = int(os.environ.get("HCC_MEASURE_EXAMPLES", "250"))
THOROUGH = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Vector = tuple[int, int]
Edge = tuple[Vector, Vector]


def cross(a: Vector, b: Vector) -> int:
    return a[0] * b[1] - a[1] * b[0]


def minus(a: Vector, b: Vector) -> Vector:
    return (a[0] - b[0], a[1] - b[1])


def dot(a: Vector, b: Vector) -> int:
    return a[0] * b[0] + a[1] * b[1]


def holds(point: tuple[Fraction, Fraction], edges: list[Edge]) -> bool:
    """Whether a point lies in the closed polygon: on an edge, or an odd number of crossings to one side."""
    scale = math.lcm(point[0].denominator, point[1].denominator)
    y, x = int(point[0] * scale), int(point[1] * scale)
    odd = False
    for a, b in edges:
        ay, ax, by, bx = a[0] * scale, a[1] * scale, b[0] * scale, b[1] * scale
        if max(ay, by) < y or min(ay, by) > y:
            continue
        side = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if side == 0 and min(ax, bx) <= x <= max(ax, bx):
            return True
        if (ay > y) != (by > y) and (side < 0) == (by > ay):
            odd = not odd
    return odd


def cuts(start: Vector, along: Vector, edges: list[Edge]) -> set[Fraction]:
    """Where the line start + t * along meets the outline."""
    found = set()
    for a, b in edges:
        step, gap = minus(b, a), minus(a, start)
        slant, offset = cross(along, step), cross(gap, along)
        if slant:
            if (0 <= offset <= slant) if slant > 0 else (slant <= offset <= 0):
                found.add(Fraction(cross(gap, step), slant))
        elif offset == 0:
            found.update(Fraction(dot(minus(one, start), along), dot(along, along)) for one in (a, b))
    return found


def pieces(
    start: Vector, along: Vector, edges: list[Edge], extra: set[Fraction]
) -> list[tuple[Fraction, Fraction]]:
    """Pieces of the line between neighbouring cuts that lie in the closed polygon."""
    at = sorted(cuts(start, along, edges) | extra)
    kept = []
    for low, high in pairwise(at):
        middle = (low + high) / 2
        if holds((start[0] + middle * along[0], start[1] + middle * along[1]), edges):
            kept.append((low, high))
    return kept


def stays_inside(a: Vector, b: Vector, edges: list[Edge]) -> bool:
    ends = {Fraction(0), Fraction(1)}
    within = [one for one in pieces(a, minus(b, a), edges, ends) if one[0] >= 0 and one[1] <= 1]
    return sum(high - low for low, high in within) == 1


def perpendicular(a: Vector, b: Vector, vertices: list[Vector], edges: list[Edge]) -> float:
    """Longest chord across a-b at any vertex's foot (and at both ends), squared length exact."""
    along = minus(b, a)
    size = dot(along, along)
    best = Fraction(0)
    for share in {Fraction(dot(minus(v, a), along), size) for v in vertices} | {Fraction(0), Fraction(1)}:
        if not 0 <= share <= 1:
            continue
        scale = share.denominator
        foot = (a[0] * scale + share.numerator * along[0], a[1] * scale + share.numerator * along[1])
        grown = [((p[0] * scale, p[1] * scale), (q[0] * scale, q[1] * scale)) for p, q in edges]
        low = high = Fraction(0)
        chords = pieces(foot, (-along[1], along[0]), grown, {Fraction(0)})
        for near, far in chords:
            if near == high:
                high = far
        for near, far in reversed(chords):
            if far == low:
                low = near
        best = max(best, (high - low) / scale)
    return float(best) * math.sqrt(size)


def oracle(region: np.ndarray, rule: PointRule, steps: Vector, inside: bool = True) -> tuple[float, float]:
    """Long and short axis of one region in mm, by trying everything; ``steps`` is the pixel size (y, x)."""
    points, edges = shape_of(region, rule, steps)
    vertices = sorted({end for edge in edges for end in edge})
    pairs = sorted(combinations(points, 2), key=lambda pair: -dot(*[minus(pair[1], pair[0])] * 2))
    longest, widest = -1, 0.0
    for a, b in pairs:
        squared = dot(minus(b, a), minus(b, a))
        if squared < longest:
            break
        if not inside or stays_inside(a, b, edges):
            longest = squared
            widest = max(widest, perpendicular(a, b, vertices, edges))
    return (math.sqrt(longest) / 2, widest / 2) if longest >= 0 else (0.0, 0.0)


def shape_of(region: np.ndarray, rule: PointRule, steps: Vector) -> tuple[list[Vector], list[Edge]]:
    """Boundary points and outline in integers: twice the pixel index times the pixel size."""
    padded = np.pad(region, 1)
    inside = {(int(y), int(x)) for y, x in np.argwhere(padded)}
    squares = [
        (((2 * y + dy - dx), (2 * x + dx - dy)), ((2 * y + dy + dx), (2 * x + dx + dy)))
        for y, x in inside
        for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0))
        if (y + dy, x + dx) not in inside
    ]
    if rule is PointRule.EDGE_MIDPOINT:
        curves = [
            np.rint(2 * one).astype(int) for one in find_contours(padded * 1.0, 0.5, fully_connected="high")
        ]
        outline = [(tuple(a), tuple(b)) for one in curves for a, b in pairwise(one)]
        points = [end for edge in outline for end in edge]
    elif rule is PointRule.CORNER:
        outline, points = squares, [end for edge in squares for end in edge]
    else:
        sides = ((0, 1), (0, -1), (1, 0), (-1, 0))
        outline = squares
        points = [(2 * y, 2 * x) for y, x in inside if any((y + a, x + b) not in inside for a, b in sides)]
    scaled = [tuple((int(y) * steps[0], int(x) * steps[1]) for y, x in edge) for edge in outline]
    return sorted({(int(y) * steps[0], int(x) * steps[1]) for y, x in points}), scaled  # type: ignore[return-value]


def measured(slices: np.ndarray, convention: Convention, steps: Vector) -> tuple[float, float]:
    volume = np.asarray(slices, dtype=bool)
    found = measure_lesion(
        volume, Geometry(volume.shape, (5.0, float(steps[0]), float(steps[1]))), convention
    )
    assert found.short_axis is not None
    return found.long_axis.length_raw_mm, found.short_axis.length_raw_mm


def as_drawn(points: PointRule, line: LineRule = LineRule.INSIDE) -> Convention:
    return Convention("test", points, line, HoleRule.KEPT, PartRule.TIED, opening_px=0)


noise = hnp.arrays(np.bool_, st.tuples(st.integers(1, 8), st.integers(1, 8))).filter(
    lambda one: bool(one.any())
)
pixel = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def blobs(draw: st.DrawFn, size: int = 15) -> np.ndarray:
    """A few discs and boxes, some of them cut out again: concave shapes, rings, several parts."""
    y, x = np.mgrid[:size, :size]
    region = np.zeros((size, size), dtype=bool)
    place = st.integers(0, size - 1)
    for add in (True, True, draw(st.booleans()), False):
        cy, cx, ry, rx = draw(place), draw(place), draw(st.integers(1, 6)), draw(st.integers(1, 6))
        if draw(st.booleans()):
            part = ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 <= 1
        else:
            part = (abs(y - cy) <= ry) & (abs(x - cx) <= rx)
        region = region | part if add else region & ~part
    if not region.any():
        region[size // 2, size // 2] = True
    return region


@THOROUGH
@given(region=noise, steps=pixel)
def test_edge_points_inside_on_noise(region: np.ndarray, steps: Vector) -> None:
    expected = oracle(region, PointRule.EDGE_MIDPOINT, steps)
    assert measured(region[None], as_drawn(PointRule.EDGE_MIDPOINT), steps) == pytest.approx(
        expected, abs=1e-7
    )


@pytest.mark.slow
@THOROUGH
@given(region=blobs(), steps=pixel)
def test_edge_points_inside_on_blobs(region: np.ndarray, steps: Vector) -> None:
    expected = oracle(region, PointRule.EDGE_MIDPOINT, steps)
    assert measured(region[None], as_drawn(PointRule.EDGE_MIDPOINT), steps) == pytest.approx(
        expected, abs=1e-7
    )


@settings(THOROUGH, max_examples=max(1, EXAMPLES // 3))
@given(region=blobs(10), steps=pixel, points=st.sampled_from([PointRule.CORNER, PointRule.VOXEL_CENTRE]))
def test_pixel_squares_inside(region: np.ndarray, steps: Vector, points: PointRule) -> None:
    expected = oracle(region, points, steps)
    assert measured(region[None], as_drawn(points), steps) == pytest.approx(expected, abs=1e-7)


@settings(THOROUGH, max_examples=max(1, EXAMPLES // 3))
@given(region=noise, steps=pixel, points=st.sampled_from(list(PointRule)))
def test_free_caliper(region: np.ndarray, steps: Vector, points: PointRule) -> None:
    expected = oracle(region, points, steps, inside=False)
    found = measured(region[None], as_drawn(points, LineRule.FREE), steps)
    assert found == pytest.approx(expected, abs=1e-7)


def prepared(drawn: np.ndarray) -> list[np.ndarray]:
    """Fill, open, largest part (all of them when they tie), as the RECIST convention says, by scipy."""
    padded = np.pad(drawn, 2)
    region = ndimage.binary_opening(ndimage.binary_fill_holes(padded))
    labels, count = ndimage.label(region, np.ones((3, 3)))
    areas = [int((labels == one).sum()) for one in range(1, count + 1)]
    return [labels == one + 1 for one, area in enumerate(areas) if area == max(areas)]


@settings(THOROUGH, max_examples=max(1, EXAMPLES // 3))
@given(slices=st.lists(blobs(12), min_size=1, max_size=4), steps=pixel)
def test_recist_over_slices(slices: list[np.ndarray], steps: Vector) -> None:
    regions = [region for one in slices for region in prepared(one)]
    if not regions:
        regions = [one for drawn in slices for one in unopened(drawn)]
    axes = [oracle(region, PointRule.EDGE_MIDPOINT, steps) for region in regions]
    longest = max(one[0] for one in axes)
    expected = (longest, max(short for long, short in axes if long > longest - 1e-9))
    convention = Convention("recist-like")
    assert measured(np.stack(slices), convention, steps) == pytest.approx(expected, abs=1e-7)


def unopened(drawn: np.ndarray) -> list[np.ndarray]:
    labels, count = ndimage.label(ndimage.binary_fill_holes(np.pad(drawn, 2)), np.ones((3, 3)))
    areas = [int((labels == one).sum()) for one in range(1, count + 1)]
    return [labels == one + 1 for one, area in enumerate(areas) if area == max(areas)]


@pytest.mark.slow
@settings(THOROUGH, max_examples=max(1, EXAMPLES // 3))
@given(region=blobs(), points=st.sampled_from([PointRule.EDGE_MIDPOINT, PointRule.CORNER]))
def test_search_in_many_small_steps(region: np.ndarray, points: PointRule) -> None:
    """Tiles of two pixels and single pairs of tiles make the branch and bound of a small shape a long one."""
    expected = oracle(region, points, (1, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(longest, "_TILE_PX", 2)
        patch.setattr(longest, "_CHUNK", 1)
        patch.setattr(longest, "_MANY_LINES", 40)
        patch.setattr(longest, "_MANY_TILES", 12)
        found = measured(region[None], as_drawn(points), (1, 1))
    assert found == pytest.approx(expected, abs=1e-7)


def spiral(turns: float, width: float, size: int) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    radius, angle = np.hypot(y, x), np.arctan2(y, x)
    pitch = (size / 2 - 1) / turns
    apart = np.abs((radius / pitch - angle / (2 * np.pi) + 0.5) % 1.0 - 0.5) * pitch
    return (apart < width) & (radius < size / 2 - 1)


@pytest.mark.parametrize(
    ("turns", "width", "size"),
    [(1.5, 1.6, 25), (2.0, 1.2, 28), (1.2, 2.5, 30)],
    ids=["tight", "thin", "wide"],
)
def test_spirals_need_the_search(turns: float, width: float, size: int) -> None:
    """Hardly any long line of a spiral stays inside: the branch and bound must go deep and still be exact."""
    region = spiral(turns, width, size)
    expected = oracle(region, PointRule.EDGE_MIDPOINT, (1, 1))
    found = measure_lesion(
        region[None], Geometry((1, size, size), (1.0, 1.0, 1.0)), as_drawn(PointRule.EDGE_MIDPOINT)
    )
    assert found.short_axis is not None
    assert (found.long_axis.length_raw_mm, found.short_axis.length_raw_mm) == pytest.approx(
        expected, abs=1e-7
    )
    assert found.unconstrained_caliper_raw_mm > 1.2 * found.long_axis.length_raw_mm
