"""Boundary of a region of one slice: the points a diameter may end on, and the outline as line segments.

All coordinates are continuous (y, x) pixel indices; integers are pixel centres. A region is a bool (y, x)
array with at least one pixel of background all around. Where two pixels touch only at a corner they are
joined, as 8-connectivity says.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from skimage.measure import find_contours

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.measure.convention import PointRule
from HCCResponseLib.measure.plane import FloatArray

# Mid-points of the sides of a cell of four pixel centres (top, left, right, bottom), from its first pixel.
_SIDE = np.array([[0.0, 0.5], [0.5, 0.0], [0.5, 1.0], [1.0, 0.5]])
_TOP, _LEFT, _RIGHT, _BOTTOM = range(4)


def _cell_table() -> tuple[list[tuple[int, int]], ...]:
    """Contour segments for each of the 16 fillings of a cell (bits: pixel, its right, below, diagonal)."""
    table: list[list[tuple[int, int]]] = []
    for code in range(16):
        a, b, c, d = (bool(code >> bit & 1) for bit in range(4))
        crossed = [a != b, a != c, b != d, c != d]
        if not all(crossed):
            sides = [side for side in range(4) if crossed[side]]
            table.append([(sides[0], sides[1])] if sides else [])
        elif a:
            table.append([(_TOP, _RIGHT), (_LEFT, _BOTTOM)])
        else:
            table.append([(_TOP, _LEFT), (_RIGHT, _BOTTOM)])
    return tuple(table)


_CELLS = _cell_table()
_FIRST = np.array([cell[0] if cell else (0, 0) for cell in _CELLS])
_SECOND = np.array([cell[1] if len(cell) == 2 else (0, 0) for cell in _CELLS])
_COUNT = np.array([len(cell) for cell in _CELLS])


def boundary_points(region: Mask, rule: PointRule) -> FloatArray:
    """Points that a diameter may end on, shape (n, 2), each once."""
    if rule is PointRule.EDGE_MIDPOINT:
        across = np.argwhere(region[:, :-1] != region[:, 1:]) + np.array([0.0, 0.5])
        down = np.argwhere(region[:-1] != region[1:]) + np.array([0.5, 0.0])
        return np.concatenate([across, down])
    if rule is PointRule.CORNER:
        quads = [region[:-1, :-1], region[:-1, 1:], region[1:, :-1], region[1:, 1:]]
        some = quads[0] | quads[1] | quads[2] | quads[3]
        every = quads[0] & quads[1] & quads[2] & quads[3]
        return np.asarray(np.argwhere(some & ~every) + 0.5)
    inner = region.copy()
    inner[1:-1, 1:-1] &= region[:-2, 1:-1] & region[2:, 1:-1] & region[1:-1, :-2] & region[1:-1, 2:]
    return np.argwhere(region & ~inner).astype(np.float64)


def outline(region: Mask, rule: PointRule) -> FloatArray:
    """Outline of the region as unordered segments, shape (n, 2 ends, 2).

    The contour polygon at level 0.5 for edge mid-points; the pixel squares for voxel centres and corners.
    """
    return _contour(region) if rule is PointRule.EDGE_MIDPOINT else _squares(region)


def _contour(region: Mask) -> FloatArray:
    bits = region.astype(np.uint8)
    codes = bits[:-1, :-1] | bits[:-1, 1:] << 1 | bits[1:, :-1] << 2 | bits[1:, 1:] << 3
    cells = np.argwhere((codes != 0) & (codes != 15))
    codes = codes[cells[:, 0], cells[:, 1]]
    twice = _COUNT[codes] == 2
    first = cells[:, None, :] + _SIDE[_FIRST[codes]]
    second = cells[twice][:, None, :] + _SIDE[_SECOND[codes[twice]]]
    return np.concatenate([first, second])


def _squares(region: Mask) -> FloatArray:
    right = np.argwhere(region[:, :-1] != region[:, 1:])
    below = np.argwhere(region[:-1] != region[1:])
    upright = right[:, None, :] + np.array([[-0.5, 0.5], [0.5, 0.5]])
    level = below[:, None, :] + np.array([[0.5, -0.5], [0.5, 0.5]])
    return np.concatenate([upright, level])


def slice_contours(mask: npt.NDArray[Any]) -> list[FloatArray]:
    """Sub-pixel contours at level 0.5 of one slice: the outline that edge mid-points lie on.

    Args:
        mask: bool or integer (y, x); non-zero is lesion. It may reach the border of the slice.

    Returns:
        Closed curves, outer borders and holes, each (n, 2) continuous (y, x) indices, first point = last.

    Raises:
        InputError: the mask is not two-dimensional.
    """
    if mask.ndim != 2:
        raise InputError(f"The slice has {mask.ndim} dimensions; a two-dimensional mask (y, x) is needed.")
    padded = np.pad(mask != 0, 1).astype(np.float64)
    return [np.asarray(one) - 1.0 for one in find_contours(padded, 0.5, fully_connected="high")]
