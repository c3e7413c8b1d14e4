"""The longest lines between boundary points of one slice: the free caliper, and the longest inside.

The free caliper comes from the convex hull. If one of its lines stays inside, it is the answer. If not,
boundary points are grouped into tiles; pairs of tiles are taken in order of the longest line they could
hold (branch and bound), tiles whose connecting lines all pass far outside are dropped by a distance map,
and only the lines left are tested exactly. The result equals testing every pair of points.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.measure.convention import LineRule, PointRule
from HCCResponseLib.measure.inside import line_test
from HCCResponseLib.measure.plane import FloatArray

IntArray = npt.NDArray[np.intp]
_TILE_PX = 6
_CHUNK = 32
_FEW = 64
_MANY_TILES = 1500
_MANY_LINES = 1_000_000
_HALF_DIAGONAL_PX = 0.7072
_RELATIVE_TIE = 1e-9
_PROBES = tuple(k / 16 for k in (8, 4, 12, 2, 6, 10, 14, 1, 3, 5, 7, 9, 11, 13, 15))


@dataclass(frozen=True)
class Lines:
    """The longest lines of a slice, all of one length.

    Attributes:
        length_mm: their length; 0 with no lines when nothing was found.
        start, end: end points as (y, x) indices, shape (n, 2).
    """

    length_mm: float
    start: FloatArray
    end: FloatArray


def tie_tolerance(length_mm: float) -> float:
    """Two lengths nearer than this are equal."""
    return _RELATIVE_TIE * (1.0 + length_mm)


def free_caliper(points: FloatArray, basis: FloatArray) -> Lines:
    """Longest distance between any two of ``points`` (n, 2), (y, x) indices, n >= 1, with all ties."""
    extreme = _extreme_points(points)
    mm = extreme @ basis
    gap = mm[:, None, :] - mm[None, :, :]
    distance = np.sqrt((gap * gap).sum(axis=-1))
    longest = float(distance.max())
    first, second = np.nonzero(np.triu(distance >= longest - tie_tolerance(longest)))
    return Lines(longest, extreme[first], extreme[second])


def _extreme_points(points: FloatArray) -> FloatArray:
    if len(points) < 4:
        return points
    try:
        return np.asarray(points[ConvexHull(points).vertices])
    except QhullError:
        along = points @ np.array([np.pi, 1.0])
        return points[[int(along.argmin()), int(along.argmax())]]


@dataclass(frozen=True)
class Slice:
    """One region of one slice, ready to be searched.

    Attributes:
        region: bool (y, x) with a border of background.
        points: boundary points of the region, (y, x) indices, shape (n, 2).
        basis: 2 x 2, (y, x) indices @ basis = mm.
    """

    region: Mask
    points: FloatArray
    basis: FloatArray


def longest_lines(part: Slice, caliper: Lines, rules: tuple[LineRule, PointRule], floor_mm: float) -> Lines:
    """Longest lines between boundary points that keep the line rule, with all ties.

    Args:
        part: where to search.
        caliper: what :func:`free_caliper` gave for the same points.
        rules: line rule and point rule of the convention.
        floor_mm: lines shorter than this are of no interest; none may come back.
    """
    line, kind = rules
    if line is LineRule.FREE:
        return caliper
    test = line_test(line, kind)
    fits = test(part.region, caliper.start, caliper.end)
    if fits.any():
        return Lines(caliper.length_mm, caliper.start[fits], caliper.end[fits])
    return _Search(part, line, kind).run(floor_mm)


class _Search:
    """Branch and bound over pairs of tiles of boundary points."""

    def __init__(self, part: Slice, line: LineRule, kind: PointRule) -> None:
        region, points, basis = part.region, part.points, part.basis
        self.region = region
        self.test = line_test(line, kind)
        self.probes = _PROBES if line is LineRule.INSIDE else _PROBES[:1]
        self.kind = kind
        key = self._tiles(points, region.shape[1])
        order = np.argsort(key, kind="stable")
        self.points = points[order]
        self.mm = self.points @ basis
        self.first = np.flatnonzero(np.diff(key[order], prepend=-1))
        self.size = np.diff(np.append(self.first, len(points)))
        low = np.minimum.reduceat(self.mm, self.first)
        high = np.maximum.reduceat(self.mm, self.first)
        self.centre = (low + high) / 2
        self.radius = np.sqrt(((high - low) ** 2).sum(axis=1)) / 2
        self.inverse = np.linalg.inv(basis)
        stretch = np.linalg.svd(basis, compute_uv=False)
        self.least, self.most = float(stretch.min()), float(stretch.max())

    @staticmethod
    def _tiles(points: FloatArray, width: int) -> IntArray:
        """Tile number of each point; tiles grow until there are few enough to look at all pairs of them."""
        size = _TILE_PX
        while True:
            tile = np.floor(points / size).astype(np.intp)
            key = tile[:, 0] * (width + 2) + tile[:, 1]
            if len(np.unique(key)) <= _MANY_TILES:
                return np.asarray(key)
            size *= 2

    def run(self, floor_mm: float) -> Lines:
        """The longest lines of at least ``floor_mm`` (less a tie's tolerance)."""
        best = floor_mm
        found: list[tuple[FloatArray, FloatArray, FloatArray]] = []
        for bound, first, second in self._tile_pairs(floor_mm):
            if bound < best - tie_tolerance(best):
                break
            length, start, end = self._lines_of(first, second, best)
            if len(length):
                best = max(best, float(length.max()))
                found.append((length, start, end))
        if not found:
            nothing = np.empty((0, 2))
            return Lines(0.0, nothing, nothing)
        lengths, starts, ends = (np.concatenate(part) for part in zip(*found, strict=True))
        longest = float(lengths.max())
        tied = lengths >= longest - tie_tolerance(longest)
        return Lines(longest, starts[tied], ends[tied])

    def _tile_pairs(self, floor_mm: float) -> Iterator[tuple[float, IntArray, IntArray]]:
        """Pairs of tiles in chunks, by the longest line they could hold, with the chunk's upper bound."""
        y, x = self.centre[:, 0], self.centre[:, 1]
        bounds = np.hypot(y[:, None] - y, x[:, None] - x) + self.radius[:, None] + self.radius
        first, second = np.nonzero(np.triu(bounds >= floor_mm - tie_tolerance(floor_mm)))
        bound = bounds[first, second]
        first, second, bound = self._not_all_outside(first, second, bound)
        order = np.argsort(-bound, kind="stable")
        pairs = np.cumsum((self.size[first] * self.size[second])[order])
        at, size = 0, _CHUNK
        while at < len(order):
            fitting = int(np.searchsorted(pairs, (pairs[at - 1] if at else 0) + _MANY_LINES))
            end = min(at + size, max(at + 1, fitting))
            chunk = order[at:end]
            yield float(bound[chunk[0]]), first[chunk], second[chunk]
            at, size = end, min(2 * size, 512)

    def _not_all_outside(
        self, first: IntArray, second: IntArray, bound: FloatArray
    ) -> tuple[IntArray, IntArray, FloatArray]:
        """Drop tile pairs between which every line has a probe point that is certainly outside."""
        away = ndimage.distance_transform_cdt(~self.region)  # chessboard: never more than straight
        clearance = (away * self.least - 2 * _HALF_DIAGONAL_PX * self.most).ravel()
        across = self.region.shape[1]
        centre = self.centre @ self.inverse + 0.5
        for share in self.probes:
            middle = ((1 - share) * centre[first] + share * centre[second]).astype(np.intp)
            sway = (1 - share) * self.radius[first] + share * self.radius[second]
            keep = clearance[middle[:, 0] * across + middle[:, 1]] <= sway
            first, second, bound = first[keep], second[keep], bound[keep]
        return first, second, bound

    def _lines_of(
        self, first: IntArray, second: IntArray, best: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Lines of some tile pairs that stay inside and are as long as any, longest first."""
        a, b = self._point_pairs(first, second)
        gap = self.mm[a] - self.mm[b]
        length = np.sqrt((gap * gap).sum(axis=1))
        keep = length >= best - tie_tolerance(best)
        a, b, length = a[keep], b[keep], length[keep]
        for share in self.probes:
            if len(a) < _FEW:
                break
            keep = ~self._certainly_outside((1 - share) * self.points[a] + share * self.points[b])
            a, b, length = a[keep], b[keep], length[keep]
        order = np.argsort(-length, kind="stable")
        a, b, length = a[order], b[order], length[order]
        fits = np.zeros(len(a), dtype=np.bool_)
        at, size = 0, 16
        while at < len(a) and length[at] >= best - tie_tolerance(best):
            part = slice(at, at + size)
            fits[part] = self.test(self.region, self.points[a[part]], self.points[b[part]])
            if fits[part].any():
                best = max(best, float(length[part][fits[part]].max()))
            at, size = at + size, min(2 * size, 256)
        return length[fits], self.points[a[fits]], self.points[b[fits]]

    def _point_pairs(self, first: IntArray, second: IntArray) -> tuple[IntArray, IntArray]:
        """Indices of all point pairs of the given tile pairs."""
        count = self.size[first] * self.size[second]
        pair = np.repeat(np.arange(len(first)), count)
        within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        row, column = np.divmod(within, self.size[second][pair])
        return self.first[first][pair] + row, self.first[second][pair] + column

    def _certainly_outside(self, points: FloatArray) -> Mask:
        index = np.floor(points + 0.5).astype(np.intp)
        off = ~self.region[index[:, 0], index[:, 1]]
        if len(self.probes) == 1:
            return np.asarray(off)
        apart = np.abs(points - index)
        reach = apart.sum(axis=1) if self.kind is PointRule.EDGE_MIDPOINT else apart.max(axis=1)
        return np.asarray(off & (reach < 0.5 - 1e-7))
