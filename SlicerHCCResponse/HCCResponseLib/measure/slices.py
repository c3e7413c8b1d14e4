"""Upper bounds that tell which slices of a lesion can hold its longest line at all."""

import numpy as np

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.measure.convention import PointRule
from HCCResponseLib.measure.plane import FloatArray

_DIRECTIONS = 24


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
