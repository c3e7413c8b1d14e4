"""Index boxes: the part of a grid in which something lies."""

from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.arrays import Mask

Index = tuple[int, int, int]
Box = tuple[slice, slice, slice]


def tight_box(array: npt.NDArray[Any]) -> Box | None:
    """The smallest index box (z, y, x) that holds every voxel that is not 0; ``None`` when there is none.

    The levels first: on a whole grid this reads the array about once.
    """
    levels = np.flatnonzero(array.any(axis=(1, 2)))
    if not len(levels):
        return None
    low, high = int(levels[0]), int(levels[-1]) + 1
    flat = (array[low:high] != 0).any(axis=0)
    rows, columns = np.flatnonzero(flat.any(axis=1)), np.flatnonzero(flat.any(axis=0))
    return (
        slice(low, high),
        slice(int(rows[0]), int(rows[-1]) + 1),
        slice(int(columns[0]), int(columns[-1]) + 1),
    )


def box_at(start: Index, size: tuple[int, ...]) -> Box:
    """The box of so many voxels from an index on."""
    z, y, x = (slice(a, a + n) for a, n in zip(start, size, strict=True))
    return z, y, x


def common_box(first: Box, second: Box) -> Box:
    """What two boxes have in common; the first index of ``second`` and no voxel where that is nothing."""
    low = [max(a.start, b.start) for a, b in zip(first, second, strict=True)]
    high = [min(a.stop, b.stop) for a, b in zip(first, second, strict=True)]
    if any(b <= a for a, b in zip(low, high, strict=True)):
        low = high = [one.start for one in second]
    z, y, x = (slice(a, b) for a, b in zip(low, high, strict=True))
    return z, y, x


def within(box: Box, start: Index) -> Box:
    """The same box by the indices of a crop that begins at ``start``."""
    z, y, x = (slice(one.start - a, one.stop - a) for one, a in zip(box, start, strict=True))
    return z, y, x


def bounding_box(mask: Mask, spacing: tuple[float, float, float], margin_mm: float) -> Box:
    """Index box (z, y, x) of a non-empty mask with its surroundings, see :func:`surrounding_box`."""
    box = tight_box(mask)
    assert box is not None
    return surrounding_box(box, mask.shape, spacing, margin_mm)


def surrounding_box(
    box: Box,
    shape: tuple[int, ...],
    spacing: tuple[float, float, float],
    margin_mm: float,
    least_mm: float = 0.0,
) -> Box:
    """An index box (z, y, x) with what lies around it.

    Args:
        shape: of the grid; the box reaches as far as it goes at most. ``spacing``: its voxel sizes, (z, y, x) mm.
        margin_mm: surroundings on every side; ``least_mm``: shortest side of the box.
    """
    boxes = []
    for axis, (one, length) in enumerate(zip(box, shape, strict=True)):
        pad = int(np.ceil(margin_mm / spacing[axis]))
        low, high = max(0, one.start - pad), min(length, one.stop + pad)
        missing = int(np.ceil(least_mm / spacing[axis])) - (high - low)
        if missing > 0:
            low = max(0, min(low - missing // 2, length - (high - low) - missing))
            high = min(length, max(high, low + int(np.ceil(least_mm / spacing[axis]))))
        boxes.append(slice(low, high))
    return boxes[0], boxes[1], boxes[2]
