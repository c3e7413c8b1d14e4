"""Cut lesions out of a volume, with one pixel of background around each slice.

A lesion that comes as a crop of its volume already is measured as it would be within the whole volume.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.boxes import Box, Index, tight_box

_MANY = 4096


@runtime_checkable
class CroppedContour(Protocol):
    """A contour that is held as a crop of its volume, as :class:`HCCResponseLib.lesions.lesion.Lesion` is.

    Attributes:
        voxels: bool (z, y, x) of the crop; ``start``: volume index of its first voxel; ``shape``: of the volume.
    """

    @property
    def voxels(self) -> Mask: ...

    @property
    def start(self) -> Index: ...

    @property
    def shape(self) -> Index: ...


Contour = npt.NDArray[Any] | CroppedContour


@dataclass(frozen=True)
class Crop:
    """A lesion on its own.

    Attributes:
        mask: bool (z, y, x), padded by one pixel in y and x.
        offset: volume index (z, y, x) of the crop's first pixel; y and x may be -1 because of the padding.
        voxels: number of voxels of the lesion.
        at_border: whether a voxel lies on the first or last plane of the volume along any axis.
    """

    mask: Mask
    offset: tuple[int, int, int]
    voxels: int
    at_border: bool


def crop_mask(contour: Contour) -> Crop | None:
    """Cut the voxels that are not 0 out of a volume (z, y, x) or a crop of it; ``None`` when there are none."""
    array, start, shape = _placed(contour)
    box = tight_box(array)
    return None if box is None else _crop(array[box] != 0, _moved(box, start), shape)


def crop_labels(labels: npt.NDArray[Any]) -> Iterator[tuple[int, Crop]]:
    """Cut every label (not 0) out of a label map (z, y, x), in ascending order.

    Raises:
        InputError: a label is negative.
    """
    if labels.dtype.kind == "i" and labels.min(initial=0) < 0:
        raise InputError(
            f"The label map holds the negative label {labels.min()}; lesions are numbered from 1."
        )
    values: npt.NDArray[Any] | None = None
    if labels.dtype.kind == "b":
        labels = labels.view(np.uint8)
    elif labels.max(initial=0) > _MANY:
        values, inverse = np.unique(labels, return_inverse=True)
        labels = inverse.reshape(labels.shape) + (1 if values[0] else 0)
        values = values if values[0] == 0 else np.insert(values, 0, 0)
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is not None:
            label = number if values is None else int(values[number])
            yield label, _crop(labels[box] == number, box, labels.shape)


def crop_parts(contour: Contour) -> Iterator[Crop]:
    """Cut every part of a volume (z, y, x) out that no chain of 26-neighbours joins to the others."""
    array, start, shape = _placed(contour)
    around = tight_box(array)
    if around is None:
        return
    labels, _ = ndimage.label(array[around] != 0, np.ones((3, 3, 3)))
    start = tuple(a + one.start for a, one in zip(start, around, strict=True))
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        yield _crop(labels[box] == number, _moved(box, start), shape)


def _placed(contour: Contour) -> tuple[npt.NDArray[Any], tuple[int, ...], tuple[int, ...]]:
    """Voxels, index of the first one in the volume, shape of the volume."""
    if isinstance(contour, np.ndarray):
        return contour, (0, 0, 0), contour.shape
    return contour.voxels, contour.start, contour.shape


def _moved(box: Box, start: tuple[int, ...]) -> Box:
    """A box of a crop by the indices of the volume."""
    z, y, x = (slice(one.start + a, one.stop + a) for one, a in zip(box, start, strict=True))
    return z, y, x


def _crop(inner: Mask, box: tuple[slice, ...], shape: tuple[int, ...]) -> Crop:
    at_border = any(one.start == 0 or one.stop == size for one, size in zip(box, shape, strict=True))
    padded = np.pad(inner, ((0, 0), (1, 1), (1, 1)))
    offset = (int(box[0].start), int(box[1].start) - 1, int(box[2].start) - 1)
    return Crop(padded, offset, int(np.count_nonzero(inner)), at_border)
