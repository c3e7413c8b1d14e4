"""The voxels of one lesion at one time point: a crop with its place on the grid of the scan.

A contour fills a few thousandths of its scan. It is handed on, compared, stored and drawn as its bounding box; an
array of the whole grid is made only where another program's interface asks for one.

    lesion = Lesion.of(mask)                        # from a whole grid, bool (z, y, x)
    lesion = Lesion(shape, start, voxels)           # from a crop; cut down to its bounding box
    lesion | other, lesion & other, lesion - other
    lesion.values(probability).mean()
    measure_lesion(lesion, geometry)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.errors import GeometryError
from HCCResponseLib.imaging.boxes import Box, Index, box_at, common_box, surrounding_box, tight_box, within

Scalar = TypeVar("Scalar", bound=np.generic)
Spacing = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Lesion:
    """An immutable set of voxels of a grid. Two are equal when they hold the same voxels of grids of one shape.

    The grid is named by its shape alone, as stored contours name it; millimetres come from the geometry of the image
    that the contour belongs to.

    Attributes:
        shape: of the grid, (z, y, x).
        start: index (z, y, x) of the first voxel of the bounding box; zeros when empty.
        voxels: bool (z, y, x), the bounding box, read-only; of shape (0, 0, 0) when empty.
    """

    shape: Index
    start: Index
    voxels: Mask

    def __post_init__(self) -> None:
        """Cut the given crop down to its bounding box, so that equal voxels make equal values.

        Raises:
            GeometryError: the crop is not three-dimensional, or some of its voxels lie outside of the grid.
        """
        if self.voxels.ndim != 3 or len(self.shape) != 3 or len(self.start) != 3:
            raise GeometryError("A contour has three dimensions (z, y, x); this one has not.")
        box = tight_box(self.voxels)
        crop = np.zeros((0, 0, 0), bool) if box is None else self.voxels[box].astype(bool)
        corner = [0, 0, 0] if box is None else [a + b.start for a, b in zip(self.start, box, strict=True)]
        if any(a < 0 or a + n > size for a, n, size in zip(corner, crop.shape, self.shape, strict=True)):
            raise GeometryError(f"The contour lies partly outside of its grid of {self.shape} voxels.")
        crop.flags.writeable = False
        object.__setattr__(self, "voxels", crop)
        object.__setattr__(self, "start", _index(corner))
        object.__setattr__(self, "shape", _index(self.shape))

    @classmethod
    def of(cls, mask: npt.NDArray[Any]) -> "Lesion":
        """The voxels of a whole grid (z, y, x) that are not 0."""
        if mask.ndim != 3:
            raise GeometryError(f"A contour has three dimensions (z, y, x); this mask has {mask.ndim}.")
        return cls(_index(mask.shape), (0, 0, 0), mask)

    @classmethod
    def empty(cls, shape: Index) -> "Lesion":
        """No voxel of a grid."""
        return cls(shape, (0, 0, 0), np.zeros((0, 0, 0), bool))

    def __reduce__(self) -> tuple[type["Lesion"], tuple[Index, Index, Mask]]:
        """Made anew in another process, so that it is read-only there too."""
        return Lesion, (self.shape, self.start, self.voxels)

    def __bool__(self) -> bool:
        """Whether it has a voxel at all."""
        return self.voxels.size > 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Lesion):
            return NotImplemented
        same_place = self.shape == other.shape and self.start == other.start
        return same_place and np.array_equal(self.voxels, other.voxels)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.shape, self.start, self.voxels.shape, np.packbits(self.voxels).tobytes()))

    @property
    def box(self) -> Box:
        """Its bounding box as slices of an array of the grid."""
        return box_at(self.start, self.voxels.shape)

    @cached_property
    def count(self) -> int:
        """Number of voxels."""
        return int(np.count_nonzero(self.voxels))

    @cached_property
    def centre(self) -> tuple[float, float, float]:
        """Mean index (z, y, x) of its voxels; not a number when empty."""
        sums = (
            int(np.count_nonzero(self.voxels, axis=axes) @ np.arange(start, start + size))
            for axes, start, size in zip(((1, 2), (0, 2), (0, 1)), self.start, self.voxels.shape, strict=True)
        )
        z, y, x = (total / self.count if self.count else float("nan") for total in sums)
        return z, y, x

    def volume_mm3(self, voxel_mm3: float) -> float:
        """Its volume, from that of one voxel."""
        return self.count * voxel_mm3

    def indices(self) -> npt.NDArray[np.int64]:
        """Indices (n, 3) of its voxels on the grid, (z, y, x), in the order of the array."""
        return np.asarray(np.argwhere(self.voxels) + np.asarray(self.start), np.int64)

    def values(self, array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Values of an array of the grid at its voxels, in the order of the array."""
        return np.asarray(array[self.box][self.voxels])

    def window(self, box: Box) -> Mask:
        """Which voxels of an index box belong to it; bool (z, y, x) of the box's size, a new array."""
        out = np.zeros([one.stop - one.start for one in box], bool)
        common = common_box(box, self.box)
        if all(one.stop > one.start for one in common):
            out[within(common, _index(one.start for one in box))] = self.voxels[within(common, self.start)]
        return out

    def plane(self, level: int) -> Mask:
        """Its bounding box on one slice of the grid, (y, x); all false on a slice that it does not reach."""
        number = level - self.start[0]
        if 0 <= number < len(self.voxels):
            return np.asarray(self.voxels[number])
        return np.zeros(self.voxels.shape[1:], bool)

    def to_mask(self) -> Mask:
        """An array of the whole grid, for interfaces of others only."""
        mask = np.zeros(self.shape, bool)
        mask[self.box] = self.voxels
        return mask

    def reach(self, spacing: Spacing, margin_mm: float) -> Box:
        """Its bounding box with a margin on every side, as far as the grid goes."""
        return surrounding_box(self.box, self.shape, spacing, margin_mm)

    def dilated(self, spacing: Spacing, margin_mm: float) -> "Lesion":
        """With every voxel of the grid whose centre is at most so far from one of its own."""
        if not self:
            return self
        box = self.reach(spacing, margin_mm)
        near = ndimage.distance_transform_edt(~self.window(box), sampling=spacing) <= margin_mm
        return Lesion(self.shape, _index(one.start for one in box), near)

    def __or__(self, other: "Lesion") -> "Lesion":
        return union([self, other])

    def __and__(self, other: "Lesion") -> "Lesion":
        require_one_grid([self, other])
        common = common_box(self.box, other.box)
        corner = _index(one.start for one in common)
        return Lesion(self.shape, corner, self.window(common) & other.window(common))

    def __sub__(self, other: "Lesion") -> "Lesion":
        require_one_grid([self, other])
        return Lesion(self.shape, self.start, self.voxels & ~other.window(self.box))

    def overlap(self, other: "Lesion") -> int:
        """Number of voxels in common."""
        require_one_grid([self, other])
        common = common_box(self.box, other.box)
        if any(one.stop == one.start for one in common):
            return 0
        mine, theirs = (one.voxels[within(common, one.start)] for one in (self, other))
        return int(np.count_nonzero(mine & theirs))


def union(lesions: Sequence[Lesion]) -> Lesion:
    """The voxels of any of them.

    Raises:
        GeometryError: none was given, or they lie on grids of different shapes.
    """
    require_one_grid(lesions)
    some = [one for one in lesions if one]
    if len(some) < 2:
        return some[0] if some else lesions[0]
    start = np.min([one.start for one in some], axis=0)
    stop = np.max([np.add(one.start, one.voxels.shape) for one in some], axis=0)
    voxels = np.zeros(stop - start, bool)
    for one in some:
        voxels[within(one.box, _index(start))] |= one.voxels
    return Lesion(lesions[0].shape, _index(start), voxels)


def require_one_grid(lesions: Sequence[Lesion]) -> None:
    """Refuse contours that cannot be compared.

    Raises:
        GeometryError: none was given, or their grids differ in shape.
    """
    shapes = {one.shape for one in lesions}
    if len(shapes) != 1:
        words = " and ".join(str(one) for one in sorted(shapes)) or "no grid at all"
        raise GeometryError(f"These contours do not lie on one grid: {words}.")


def _index(values: Any) -> Index:
    z, y, x = (int(one) for one in values)
    return z, y, x
