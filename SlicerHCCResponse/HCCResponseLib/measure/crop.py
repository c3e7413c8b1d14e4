"""Cut lesions out of a volume, with one pixel of background around each slice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.errors import InputError

_MANY = 4096


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


def crop_mask(mask: npt.NDArray[Any]) -> Crop | None:
    """Cut the non-zero voxels out of a volume (z, y, x); ``None`` when there are none."""
    levels = np.flatnonzero([bool(one.any()) for one in mask])
    if not len(levels):
        return None
    slab = mask[levels[0] : levels[-1] + 1]
    flat = (slab != 0).any(axis=0)
    rows, columns = np.flatnonzero(flat.any(axis=1)), np.flatnonzero(flat.any(axis=0))
    box = (slice(levels[0], levels[-1] + 1), slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    return _crop(mask[box] != 0, box, mask.shape)


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


def crop_parts(mask: npt.NDArray[Any]) -> Iterator[Crop]:
    """Cut every part of a volume (z, y, x) out that no chain of 26-neighbours joins to the others."""
    labels, _ = ndimage.label(mask != 0, np.ones((3, 3, 3)))
    return (crop for _, crop in crop_labels(labels))


def _crop(inner: Mask, box: tuple[slice, ...], shape: tuple[int, ...]) -> Crop:
    at_border = any(one.start == 0 or one.stop == size for one, size in zip(box, shape, strict=True))
    padded = np.pad(inner, ((0, 0), (1, 1), (1, 1)))
    offset = (int(box[0].start), int(box[1].start) - 1, int(box[2].start) - 1)
    return Crop(padded, offset, int(np.count_nonzero(inner)), at_border)
