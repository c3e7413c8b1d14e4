"""The published conventions give the figures of the tools they are named after, each rewritten plainly."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.measure import chord, convention, measure_lesion

Point = tuple[float, ...]

solids = hnp.arrays(np.bool_, (3, 6, 6)).filter(lambda one: bool(one.any()))
slices = hnp.arrays(np.bool_, (1, 7, 7)).filter(lambda one: bool(one.any()))
pixels = st.sampled_from([(1.0, 1.0), (0.7, 0.9), (1.0, 0.5)])


@settings(max_examples=150, deadline=None)
@given(mask=solids, pixel=pixels)
def test_pyradiomics(mask: np.ndarray, pixel: tuple[float, float]) -> None:
    """Largest distance in one plane between marching-cubes vertices, half-way to each outside voxel."""
    padded = np.pad(mask, 1)
    vertices: set[Point] = set()
    for axis in range(3):
        step = np.eye(3)[axis] / 2
        change = np.argwhere(np.diff(padded.astype(int), axis=axis) != 0) + step
        vertices.update(tuple(float(one) for one in point) for point in change)
    longest = max(
        math.hypot((a[1] - b[1]) * pixel[0], (a[2] - b[2]) * pixel[1])
        for a, b in combinations(vertices, 2)
        if a[0] == b[0]
    )
    found = measure_lesion(mask, Geometry(mask.shape, (3.0, *pixel)), convention("pyradiomics"))
    assert found.long_axis.length_raw_mm == pytest.approx(longest, abs=1e-9)


def uls23(region: np.ndarray) -> tuple[float, float]:
    """Long and short axis in pixels; of several longest pairs the one with the longest short axis."""
    boundary = region & ~ndimage.binary_erosion(region)
    pairs = list(combinations([tuple(one) for one in np.argwhere(boundary).tolist()], 2))
    if not pairs:
        return 0.0, 0.0
    longest = max(math.dist(*pair) for pair in pairs)
    shorts = []
    for a, b in pairs:
        if math.dist(a, b) > longest - 1e-9:
            angles = [abs(angle(a, b, c, d) - 90) for c, d in pairs]
            tolerance = 1
            while not any(one < tolerance for one in angles):
                tolerance += 1
            shorts.append(max(math.dist(*p) for p, one in zip(pairs, angles, strict=True) if one < tolerance))
    return longest, max(shorts)


def angle(a: Point, b: Point, c: Point, d: Point) -> float:
    one, other = np.subtract(b, a), np.subtract(d, c)
    return math.degrees(
        math.acos(np.clip(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)), -1, 1))
    )


@settings(max_examples=80, deadline=None)
@given(mask=slices)
def test_uls23(mask: np.ndarray) -> None:
    labels, count = ndimage.label(mask[0])
    areas = [int((labels == one + 1).sum()) for one in range(count)]
    largest = [labels == one + 1 for one in range(count) if areas[one] == max(areas)]
    expected = max(uls23(region) for region in largest)
    found = measure_lesion(mask, Geometry(mask.shape, (1.0, 1.0, 1.0)), convention("uls23"))
    assert found.short_axis is not None
    lengths = (found.long_axis.length_raw_mm, found.short_axis.length_raw_mm)
    assert lengths == pytest.approx(expected, abs=1e-9)


def sampled(region: np.ndarray, a: Point, b: Point) -> bool:
    """Mid-point and one point per index step, each rounded to its pixel."""
    steps = math.floor(max(abs(a[0] - b[0]), abs(a[1] - b[1])) + 0.5)
    shares = [0.5] + [k / steps for k in range(1, steps)]
    points = [[q + share * (p - q) for p, q in zip(a, b, strict=True)] for share in shares]
    return all(region[math.floor(y + 0.5 + 1e-9), math.floor(x + 0.5 + 1e-9)] for y, x in points)


@settings(max_examples=80, deadline=None)
@given(mask=slices, pixel=pixels)
def test_cornerstone(mask: np.ndarray, pixel: tuple[float, float]) -> None:
    region = np.pad(mask[0], 1)
    points: set[Point] = set()
    for axis in (0, 1):
        change = np.argwhere(np.diff(region.astype(int), axis=axis) != 0) + np.eye(2)[axis] / 2
        points.update((float(y), float(x)) for y, x in change)
    lines = [pair for pair in combinations(sorted(points), 2) if sampled(region, *pair)]
    steps = {pair: np.subtract(*pair) * pixel for pair in lines}
    length = {pair: float(np.linalg.norm(step)) for pair, step in steps.items()}
    longest = max(length.values())
    shorts = [0.0]
    for one in lines:
        if length[one] > longest - 1e-9:
            across = (p for p in lines if abs(steps[one] @ steps[p]) <= 0.01 * length[one] * length[p])
            shorts.append(max((length[p] for p in across), default=0.0))
    found = measure_lesion(mask, Geometry(mask.shape, (1.0, *pixel)), convention("cornerstone3d-ohif"))
    short = found.short_axis.length_raw_mm if found.short_axis else 0.0
    assert (found.long_axis.length_raw_mm, short) == pytest.approx((longest, max(shorts)), abs=1e-9)


@pytest.mark.parametrize("name", ["uls23", "cornerstone3d-ohif"])
def test_pairs_in_batches(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large lesions go through their pairs of points in batches, with the same answer."""
    y, x = np.mgrid[-14:15, -14:15]
    mask = (np.hypot(1.3 * y + 0.2 * x, x) < 12)[None]
    geometry = Geometry(mask.shape, (1.0, 1.0, 1.0))
    whole = measure_lesion(mask, geometry, convention(name))
    monkeypatch.setattr(chord, "_BATCH", 300)
    assert measure_lesion(mask, geometry, convention(name)) == whole
    assert whole.short_axis is not None
