"""Does a straight line stay inside a region of one slice? Exact, for many lines at once.

Contour polygon (edge mid-points). Cut the slice into cells whose corners are four neighbouring pixel
centres. The closed contour polygon at level 0.5 is convex within each cell, so a line stays inside if and
only if it is inside wherever it crosses a cell side; and on a cell side "inside" means that the nearest
pixel centre belongs to the region (half-way between two, either will do). End points must be points of the
region's boundary.

Pixel squares (voxel centres, corners). The region is the closed union of its pixel squares; a line stays
inside if and only if the middle of each piece between two crossings of pixel borders lies in a square of
the region.

Touching the boundary, or running along it, is inside in both.
"""

from collections.abc import Callable

import numpy as np

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.measure.convention import LineRule, PointRule
from HCCResponseLib.measure.plane import FloatArray

LineTest = Callable[[Mask, FloatArray, FloatArray], Mask]
# Crossings are fractions with denominators below 4096, so 1e-7 pixels separates "equal" from "not".
_EPS = 1e-7


def line_test(line: LineRule, points: PointRule) -> LineTest:
    """The test that belongs to a convention: (region, starts (n, 2), ends (n, 2)) -> bool (n)."""
    if line is LineRule.FREE:
        return lambda _region, start, _end: np.ones(len(start), dtype=np.bool_)
    if line is LineRule.SAMPLED:
        return sampled_inside
    return inside_contour if points is PointRule.EDGE_MIDPOINT else inside_squares


def inside_contour(region: Mask, start: FloatArray, end: FloatArray) -> Mask:
    """Whether each line between edge mid-points stays in the closed contour polygon. Shapes (n, 2) -> (n)."""
    alive = np.arange(len(start))
    for lines in (slice(3, None, 8), slice(None)):  # a few crossings refuse most lines; then all of them
        for axis in (0, 1):
            if not len(alive):
                break
            alive = alive[_crossings_inside(region, start[alive], end[alive], axis, lines)]
    ok = np.zeros(len(start), dtype=np.bool_)
    ok[alive] = True
    return ok


def _crossings_inside(region: Mask, start: FloatArray, end: FloatArray, axis: int, lines: slice) -> Mask:
    """Whether each line is in the region where it crosses the chosen cell sides that lie across ``axis``."""
    other = 1 - axis
    low, high = np.minimum(start[:, axis], end[:, axis]), np.maximum(start[:, axis], end[:, axis])
    sides = np.arange(int(np.ceil(low.min())), int(np.floor(high.max())) + 1)[lines]
    step = end[:, axis] - start[:, axis]
    slope = np.divide(end[:, other] - start[:, other], step, out=np.zeros_like(step), where=step != 0)
    which, side = np.nonzero((sides >= low[:, None]) & (sides <= high[:, None]) & (step != 0)[:, None])
    row = sides[side]
    at = start[which, other] + (row - start[which, axis]) * slope[which]
    below = np.floor(at + (0.5 - _EPS)).astype(np.intp)
    above = np.floor(at + (0.5 + _EPS)).astype(np.intp)
    turned = region if axis == 0 else region.T
    ok = np.ones(len(start), dtype=np.bool_)
    ok[which[~(turned[row, below] | turned[row, above])]] = False
    return ok


def inside_squares(region: Mask, start: FloatArray, end: FloatArray) -> Mask:
    """Whether each line stays in the closed union of pixel squares. Shapes (n, 2) -> (n)."""
    cuts: list[FloatArray] = [np.zeros((len(start), 1)), np.ones((len(start), 1))]
    for axis in (0, 1):
        step = end[:, axis] - start[:, axis]
        low = np.minimum(start[:, axis], end[:, axis])
        high = np.maximum(start[:, axis], end[:, axis])
        borders = np.arange(np.floor(low.min()) - 0.5, high.max() + 1.0)
        scale = np.divide(1.0, step, out=np.zeros_like(step), where=step != 0)
        cuts.append(np.clip((borders - start[:, axis, None]) * scale[:, None], 0.0, 1.0))
    at = np.sort(np.concatenate(cuts, axis=1), axis=1)
    middle = (at[:, 1:] + at[:, :-1]) / 2
    piece = at[:, 1:] - at[:, :-1] > 1e-9
    points = start[:, None, :] + middle[..., None] * (end - start)[:, None, :]
    return np.asarray((_in_squares(region, points) | ~piece).all(axis=1))


def _in_squares(region: Mask, points: FloatArray) -> Mask:
    low = np.floor(points + (0.5 - _EPS)).astype(np.intp)
    high = np.floor(points + (0.5 + _EPS)).astype(np.intp)
    found = region[low[..., 0], low[..., 1]] | region[high[..., 0], high[..., 1]]
    return np.asarray(found | region[low[..., 0], high[..., 1]] | region[high[..., 0], low[..., 1]])


def sampled_inside(region: Mask, start: FloatArray, end: FloatArray) -> Mask:
    """The sampled rule of cornerstone3D: mid-point and one point per index step. Shapes (n, 2) -> (n)."""
    ok = nearest(region, (start + end) / 2)
    steps = np.floor(np.abs(end - start).max(axis=1) + 0.5)
    if not len(steps):
        return ok
    number = np.arange(1, int(steps.max()) + 1)
    used = number < steps[:, None]
    share = np.where(used, number / np.maximum(steps, 1)[:, None], 0.0)
    points = end[:, None, :] + share[..., None] * (start - end)[:, None, :]
    return np.asarray(ok & (nearest(region, points) | ~used).all(axis=1))


def nearest(region: Mask, points: FloatArray) -> Mask:
    """Whether the pixel nearest to each point (..., 2) belongs to the region; halves round up."""
    index = np.floor(points + 0.5 + 1e-9).astype(np.intp)
    return np.asarray(region[index[..., 0], index[..., 1]])
