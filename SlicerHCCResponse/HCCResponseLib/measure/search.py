"""The long and the short axis of a cropped lesion: which slice, which lines, which cautions.

Coordinates here are those of the crop: a bool (z, y, x) array with one pixel of background around each slice.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.measure.boundary import boundary_points, outline
from HCCResponseLib.measure.chord import perpendicular_chord, tolerance_pairs, widening_pairs
from HCCResponseLib.measure.convention import Convention, PointRule, ShortAxisRule
from HCCResponseLib.measure.inside import line_test
from HCCResponseLib.measure.longest import Lines, Slice, free_caliper, longest_lines, tie_tolerance
from HCCResponseLib.measure.plane import FloatArray, Plane
from HCCResponseLib.measure.region import measured_regions

_DIRECTIONS = 24
Line = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class LesionAxes:
    """Axes of a cropped lesion.

    Attributes:
        level: z position; half-way between two slices for conventions with half planes.
        long_axis, short_axis: (start, end) as (y, x) indices of the crop.
        long_mm, caliper_mm: length of the long axis; longest free caliper of any slice.
        left_out: parts of the chosen slice that were not measured.
        was_opened: whether the opening of the convention was applied.
        drawn_mm: free caliper of the chosen slice without the opening.
    """

    level: float
    long_axis: Line
    short_axis: Line | None
    long_mm: float
    caliper_mm: float
    left_out: int
    was_opened: bool
    drawn_mm: float


@dataclass(frozen=True)
class _Best:
    """A slice (part) whose longest lines are the longest so far."""

    z: int
    region: Mask
    points: FloatArray
    lines: Lines
    left_out: int


def find_axes(mask: Mask, plane: Plane, convention: Convention) -> LesionAxes:
    """Measure a non-empty crop by a convention."""
    best, caliper = _longest(mask, plane, convention, convention.opening_px)
    was_opened = bool(best)
    if not was_opened:
        best, caliper = _longest(mask, plane, convention, 0)
    one, long_axis, short_axis = _choose(best, mask, plane, convention)
    drawn = _undone(one.z, mask, plane, convention) if convention.opening_px and was_opened else caliper
    found = LesionAxes(
        one.z, long_axis, short_axis, one.lines.length_mm, caliper, one.left_out, was_opened, drawn
    )
    return _half_planes(found, mask, plane) if convention.half_planes else found


def _longest(mask: Mask, plane: Plane, convention: Convention, opening: int) -> tuple[list[_Best], float]:
    """Slices that hold the longest line (several only when they tie), and the longest free caliper."""
    best: list[_Best] = []
    longest = caliper = 0.0
    bounds = upper_bounds(mask, plane.basis, convention.points)
    rules = (convention.line, convention.points)
    for z in _in_order(mask, bounds):
        if bounds[z] < longest - tie_tolerance(longest):
            break
        found = measured_regions(mask[z], convention, opening)
        for region in found.regions:
            points = boundary_points(region, convention.points)
            free = free_caliper(points, plane.basis)
            caliper = max(caliper, free.length_mm)
            if free.length_mm < longest - tie_tolerance(longest):
                continue
            lines = longest_lines(Slice(region, points, plane.basis), free, rules, longest)
            if len(lines.start):
                longest = max(longest, lines.length_mm)
                best.append(_Best(z, region, points, lines, found.left_out))
    return [one for one in best if one.lines.length_mm >= longest - tie_tolerance(longest)], caliper


def _in_order(mask: Mask, bounds: FloatArray) -> Iterator[int]:
    """Slices by descending bound; of identical slices only the most central, which wins the tie anyway."""
    used = np.flatnonzero(bounds > 0) if bounds.any() else np.flatnonzero(mask.any(axis=(1, 2)))
    off_centre = np.abs(used - (used[0] + used[-1]) / 2)
    last: int | None = None
    for z in used[np.lexsort((used, off_centre, -bounds[used]))]:
        if last is None or bounds[z] != bounds[last] or not np.array_equal(mask[z], mask[last]):
            yield int(z)
            last = int(z)


def _choose(
    best: list[_Best], mask: Mask, plane: Plane, convention: Convention
) -> tuple[_Best, Line, Line | None]:
    """Among equally long lines: the larger short axis, then the more central slice, then the lower index."""
    used = np.flatnonzero(mask.any(axis=(1, 2)))
    middle = (used[0] + used[-1]) / 2
    best = sorted(best, key=lambda item: (abs(item.z - middle), item.z))
    choices = [(one, *axes) for one in best for axes in _with_short_axes(one, plane, convention)]
    widths = [_length(short, plane) if short else 0.0 for _, _, short in choices]
    widest = max(widths)
    return next(
        one for one, width in zip(choices, widths, strict=True) if width >= widest - tie_tolerance(widest)
    )


def _undone(z: int, mask: Mask, plane: Plane, convention: Convention) -> float:
    """Free caliper of a slice when spikes are not removed."""
    regions = measured_regions(mask[z], convention, 0).regions
    points = (boundary_points(region, convention.points) for region in regions)
    return max(free_caliper(one, plane.basis).length_mm for one in points)


def _with_short_axes(one: _Best, plane: Plane, convention: Convention) -> Iterator[tuple[Line, Line | None]]:
    rule = convention.short_axis
    lines = zip(one.lines.start, one.lines.end, strict=True)
    if rule is ShortAxisRule.NONE:
        yield next(lines), None
        return
    if rule is ShortAxisRule.PERPENDICULAR_CHORD:
        edges = outline(one.region, convention.points) @ plane.basis
        for line in lines:
            chord = perpendicular_chord(edges, line[0] @ plane.basis, line[1] @ plane.basis)
            yield line, (chord[0] @ plane.inverse, chord[1] @ plane.inverse)
        return
    test = line_test(convention.line, convention.points)
    for line in lines:
        if rule is ShortAxisRule.WIDENING_PAIRS:
            pair = widening_pairs(one.points @ plane.basis, line[0] @ plane.basis, line[1] @ plane.basis)
            yield line, (pair[0] @ plane.inverse, pair[1] @ plane.inverse)
        else:
            yield line, tolerance_pairs(one.points, plane.basis, one.region, test, line)


def _half_planes(found: LesionAxes, mask: Mask, plane: Plane) -> LesionAxes:
    """Also look half-way between slices, where a mesh has a vertex on each voxel that begins or ends."""
    for z in range(-1, len(mask)):
        above = mask[z] if z >= 0 else np.zeros_like(mask[0])
        below = mask[z + 1] if z + 1 < len(mask) else np.zeros_like(mask[0])
        change = np.argwhere(above != below)
        if (
            not len(change)
            or upper_bounds((above != below)[None], plane.basis, PointRule.VOXEL_CENTRE)[0] <= found.long_mm
        ):
            continue
        lines = free_caliper(change.astype(np.float64), plane.basis)
        if lines.length_mm > found.long_mm + tie_tolerance(found.long_mm):
            axis = (lines.start[0], lines.end[0])
            size = lines.length_mm
            found = LesionAxes(z + 0.5, axis, None, size, size, found.left_out, found.was_opened, size)
    return found


def _length(line: Line, plane: Plane) -> float:
    gap = (line[1] - line[0]) @ plane.basis
    return float(np.hypot(gap[0], gap[1]))


def upper_bounds(mask: Mask, basis: FloatArray, rule: PointRule) -> FloatArray:
    """For each slice a length that no line between its boundary points exceeds; 0 where the slice is empty.

    The widest of 24 parallel-line calipers, divided by the cosine of half the angle between them: at most
    0.22 % too long. Filling holes, opening and dropping parts never lengthen a caliper, so the bound holds.

    Args:
        mask: bool (z, y, x).
        basis: 2 x 2, (y, x) indices @ basis = mm.
        rule: point rule, which says how far boundary points lie from pixel centres.
    """
    bounds = np.zeros(len(mask))
    some = mask.any(axis=2)
    slices, rows = np.nonzero(some)
    if not len(slices):
        return bounds
    lines = mask[slices, rows]
    first = lines.argmax(axis=1)
    last = mask.shape[2] - 1 - lines[:, ::-1].argmax(axis=1)
    angle = np.arange(_DIRECTIONS) * (np.pi / _DIRECTIONS)
    axes = basis @ np.stack([np.cos(angle), np.sin(angle)])
    start = np.flatnonzero(np.diff(slices, prepend=-1))
    down = rows[:, None] * axes[0]
    a, b = first[:, None] * axes[1], last[:, None] * axes[1]
    far = np.maximum.reduceat(down + np.maximum(a, b), start)
    near = np.minimum.reduceat(down + np.minimum(a, b), start)
    bounds[slices[start]] = ((far - near) + 2 * _reach(np.abs(axes), rule)).max(axis=1)
    return np.asarray(bounds / np.cos(np.pi / (2 * _DIRECTIONS)) * (1 + 1e-12))


def _reach(axes: FloatArray, rule: PointRule) -> FloatArray:
    """How far a boundary point lies beyond its pixel centre, along each direction."""
    if rule is PointRule.EDGE_MIDPOINT:
        return np.asarray(axes.max(axis=0) / 2)
    if rule is PointRule.CORNER:
        return np.asarray(axes.sum(axis=0) / 2)
    return np.zeros(axes.shape[1])
