"""Masks that a list of scans names: a label map, and which of its values count."""

from pathlib import Path

import numpy as np

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.read import read_label_map
from HCCResponseLib.imaging.volumes import Volume, require_same_grid


def mask_file(folder: Path, named: str) -> Path:
    """The file of a mask that is named as :func:`read_mask` takes it."""
    return folder / _parted(named)[0]


def read_mask(folder: Path, named: str, image: Volume, scan: str, empty: bool = False) -> Mask:
    """The mask that is named as ``FILE``, all its values, or as ``FILE:VALUE,VALUE``; bool (z, y, x) as the image.

    Args:
        folder: where relative files lie.
        scan: its name, for errors.
        empty: whether a mask without any voxel is an answer ("no tumour here").

    Raises:
        InputError: the file cannot be read, what follows the colon are no values, or no voxel has one of them.
        GeometryError: it lies on another grid than the image.
    """
    file, values = _parted(named)
    label = read_label_map(folder / file, empty=empty)
    require_same_grid(label, image)
    wanted = [v.strip() for v in values.split(",")] if values is not None else []
    if not all(v.isdecimal() for v in wanted):
        raise InputError(f"Scan '{scan}': '{values}' in '{named}' are no label values.")
    found = np.isin(label.labels, [int(v) for v in wanted]) if wanted else label.labels > 0
    if not empty and not found.any():
        raise InputError(f"Scan '{scan}': no voxel of '{file}' has the value {values}.")
    return np.asarray(found)


def _parted(named: str) -> tuple[str, str | None]:
    """File and values; the colon of a drive (``C:\\...``) parts nothing."""
    file, colon, values = named.rpartition(":")
    if not colon or (len(file) == 1 and values[:1] in ("\\", "/")):
        return named, None
    return file, values
