"""Contours and grids turned so that axis 0 runs through the acquired slices, and indices turned back."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.imaging.boxes import Index
from HCCResponseLib.imaging.geometry import FloatArray, Geometry
from HCCResponseLib.measure.crop import Contour

Order = tuple[int, int, int]
_ORDERS: tuple[Order, ...] = ((0, 1, 2), (1, 0, 2), (2, 0, 1))


@dataclass(frozen=True)
class _TurnedCrop:
    """A crop of a volume with its axes in another order."""

    voxels: Mask
    start: Index
    shape: Index


def acquired_first(geometry: Geometry) -> Order:
    """The array axes with the one through the acquired slices first, the other two as they were."""
    return _ORDERS[geometry.slice_axis]


def turned(contour: Contour, order: Order) -> Contour:
    """The same contour with its axes in that order; nothing is copied."""
    if isinstance(contour, np.ndarray):
        return contour.transpose(order)
    return _TurnedCrop(contour.voxels.transpose(order), _in(order, contour.start), _in(order, contour.shape))


def turned_grid(geometry: Geometry, order: Order) -> Geometry:
    """The grid of a contour that was turned: physical points stay where they are."""
    if order == _ORDERS[0]:
        return geometry
    columns = np.asarray(geometry.direction, float).reshape(3, 3)[:, ::-1][:, list(order)][:, ::-1]
    a, b, c = (geometry.spacing[axis] for axis in order)
    direction = tuple(float(value) for value in columns.ravel())
    return replace(
        geometry, size=_in(order, geometry.size), spacing=(a, b, c), direction=direction, slice_axis=0
    )


def back(index: npt.ArrayLike, order: Order) -> FloatArray:
    """An index (3,) of the turned array as one of the array as it was."""
    out = np.empty(3)
    out[list(order)] = index
    return out


def _in(order: Order, index: Index) -> Index:
    return index[order[0]], index[order[1]], index[order[2]]
