"""Writing volumes and label maps so that no half-written file is ever seen."""

import errno
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.resample import to_sitk
from HCCResponseLib.imaging.volumes import LabelMap, Volume


def write_volume(volume: Volume, path: Path) -> None:
    """Write a volume; the suffix names the format. Raises ``StorageError``."""
    write_atomically(path, lambda temporary: _write_and_check(volume.hu, volume.geometry, temporary))


def write_label_map(contour: LabelMap, path: Path) -> None:
    """Write a label map; the suffix names the format. Raises ``StorageError``."""
    write_atomically(path, lambda temporary: _write_and_check(contour.labels, contour.geometry, temporary))


def _write_and_check(array: npt.NDArray[np.generic], geometry: Geometry, path: Path) -> None:
    """ITK's writers do not notice every failed write (a full disk under a compressed file), so it is read back."""
    sitk.WriteImage(to_sitk(array, geometry), str(path), True)
    try:
        whole = np.array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(path))), array)
    except RuntimeError:
        whole = False
    if not whole:
        raise OSError(errno.ENOSPC, "what was written does not read back")
