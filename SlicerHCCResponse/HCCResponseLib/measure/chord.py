"""The short axis of one slice: a continuous perpendicular chord, or the point-pair rules of other tools.

The chord. Turn the slice so that the long axis lies along s, from 0 to L, at h = 0. Between two
neighbouring vertices of the outline (by their s) a line across meets the same outline segments, so its
chords change linearly and the longest one is found at a vertex. There the chords of both neighbouring
strips are joined, because the region is closed: touching the boundary does not end a chord. Of these the
one that contains h = 0 crosses the long axis.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.measure.inside import LineTest
from HCCResponseLib.measure.plane import FloatArray

IntArray = npt.NDArray[np.intp]
_EPS_MM = 1e-7
_COSINE = 0.01
_BATCH = 1_000_000


def perpendicular_chord(
    outline_mm: FloatArray, start_mm: FloatArray, end_mm: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Longest chord exactly perpendicular to a line, crossing it (or touching it), inside an outline.

    Args:
        outline_mm: unordered segments of the outline, shape (n, 2 ends, 2), mm.
        start_mm, end_mm: the line, shape (2,), mm. For a line of length 0 its point comes back twice.

    Returns:
        End points of the chord, shape (2,), mm. Of equally long ones the chord nearest to the line's middle.
    """
    along = end_mm - start_mm
    length = float(np.hypot(along[0], along[1]))
    if length <= _EPS_MM:
        return start_mm, start_mm
    along = along / length
    across = np.array([-along[1], along[0]])
    place = outline_mm - start_mm
    s, h = place @ along, place @ across
    where, rank = _ranked(np.append(s.ravel(), (0.0, length)))
    events = (int(rank[-2]), int(rank[-1]))
    strip, low, high = _strips(s, h, where, rank[:-2].reshape(s.shape), events)
    event, low, high = _joined(strip, low, high, events)
    crossing = (low <= _EPS_MM) & (high >= -_EPS_MM)
    event, low, high = event[crossing], low[crossing], high[crossing]
    size = high - low
    tied = np.flatnonzero(size >= size.max() - _EPS_MM)
    best = tied[np.argmin(np.abs(where[event[tied]] - length / 2))]
    foot = start_mm + where[event[best]] * along
    return foot + low[best] * across, foot + high[best] * across


def _ranked(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """Distinct values in order (equal within the tolerance) and the rank of each input."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    new = np.diff(ordered, prepend=-np.inf) > _EPS_MM
    rank = np.empty(len(values), dtype=np.intp)
    rank[order] = np.cumsum(new) - 1
    return ordered[new], rank


def _strips(
    s: FloatArray, h: FloatArray, where: FloatArray, rank: IntArray, events: tuple[int, int]
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Chords of each strip between neighbouring events.

    Returns:
        Strip number k (between event k and k + 1), lower and upper ends at its two sides, shape (n, 2).
    """
    left = np.clip(rank.min(axis=1), events[0] - 1, None)
    right = np.clip(rank.max(axis=1), None, events[1] + 1)
    spans = np.clip(right - left, 0, None)
    segment = np.repeat(np.arange(len(s)), spans)
    strip = left[segment] + np.arange(len(segment)) - np.repeat(np.cumsum(spans) - spans, spans)
    slope = (h[:, 1] - h[:, 0])[segment] / (s[:, 1] - s[:, 0])[segment]
    sides = np.stack([where[strip], where[strip + 1]], axis=1)
    at = h[segment, 0, None] + (sides - s[segment, 0, None]) * slope[:, None]
    order = np.lexsort((at.sum(axis=1), strip))
    at, strip = at[order], strip[order]
    return strip[::2], at[::2], at[1::2]


def _joined(
    strip: IntArray, low: FloatArray, high: FloatArray, events: tuple[int, int]
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Chords at each event: the union of what the strips on its two sides leave there."""
    event = np.concatenate([strip, strip + 1])
    low = np.concatenate([low[:, 0], low[:, 1]])
    high = np.concatenate([high[:, 0], high[:, 1]])
    low, high = np.minimum(low, high), np.maximum(low, high)
    wanted = (event >= events[0]) & (event <= events[1])
    event, low, high = event[wanted], low[wanted], high[wanted]
    order = np.lexsort((low, event))
    event, low, high = event[order], low[order], high[order]
    shift = (event - events[0]) * (float(np.abs(np.concatenate([low, high])).max()) * 2 + 1)
    reach = np.maximum.accumulate(high + shift)
    new = np.ones(len(low), dtype=np.bool_)
    new[1:] = (np.diff(event) != 0) | (low[1:] + shift[1:] > reach[:-1] + _EPS_MM)
    first = np.flatnonzero(new)
    return event[first], low[first], np.maximum.reduceat(high, first)


def widening_pairs(
    points_mm: FloatArray, start_mm: FloatArray, end_mm: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """ULS23: longest pair of points within 1 degree of perpendicular, then 2, 3, ...; need not cross.

    ``points_mm`` has shape (n, 2). With fewer than two points, or a line of length 0, the start comes
    back twice.
    """
    best, least, longest = (start_mm, start_mm), 91.0, 0.0
    for a, b, length, cosine in _pairs(points_mm, end_mm - start_mm):
        off = np.floor(np.abs(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))) - 90.0))
        nearest = float(off.min())
        at = int(np.argmax(np.where(off == nearest, length, -1.0)))
        if nearest < least or (nearest == least and length[at] > longest):
            best, least, longest = (points_mm[a[at]], points_mm[b[at]]), nearest, float(length[at])
    return best


def tolerance_pairs(
    points: FloatArray,
    basis: FloatArray,
    region: Mask,
    test: LineTest,
    line: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray] | None:
    """cornerstone3D: longest pair of points with abs(cos) <= 0.01 whose line keeps the rule.

    Args:
        points: boundary points, (y, x) indices, shape (n, 2).
        basis: 2 x 2, (y, x) indices @ basis = mm.
        region: bool (y, x).
        test: line rule.
        line: the long axis, (y, x) indices.

    Returns:
        End points as (y, x) indices, or ``None`` when no pair is perpendicular enough.
    """
    kept = []
    for a, b, length, cosine in _pairs(points @ basis, (line[1] - line[0]) @ basis):
        keep = np.abs(cosine) <= _COSINE
        kept.append((a[keep], b[keep], length[keep]))
    if not kept:
        return None
    a, b, length = (np.concatenate(part) for part in zip(*kept, strict=True))
    order = np.argsort(-length, kind="stable")
    for at in range(0, len(order), 64):
        part = order[at : at + 64]
        fits = test(region, points[a[part]], points[b[part]])
        if fits.any():
            best = part[int(np.argmax(fits))]
            return points[a[best]], points[b[best]]
    return None


def _pairs(
    points_mm: FloatArray, along: FloatArray
) -> Iterator[tuple[IntArray, IntArray, FloatArray, FloatArray]]:
    """All pairs of points in batches: indices, length, cosine to ``along``; none if that has length 0."""
    size = float(np.hypot(along[0], along[1]))
    count = len(points_mm) if size > _EPS_MM else 0
    rows = max(1, _BATCH // max(count, 1))
    for top in range(0, count - 1, rows):
        a, b = np.triu_indices(min(rows, count - 1 - top), 1, count - top)
        a, b = a + top, b + top
        gap = points_mm[b] - points_mm[a]
        length = np.sqrt((gap * gap).sum(axis=1))
        yield a, b, length, (gap @ along) / np.maximum(length * size, _EPS_MM)
