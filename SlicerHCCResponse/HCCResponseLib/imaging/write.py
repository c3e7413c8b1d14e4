"""Writing volumes and label maps so that no half-written file is ever seen."""

from __future__ import annotations

from pathlib import Path

import SimpleITK as sitk  # noqa: N813

from HCCResponseLib.imaging.files import write_atomically
from HCCResponseLib.imaging.resample import to_sitk
from HCCResponseLib.imaging.volumes import LabelMap, Volume


def write_volume(volume: Volume, path: Path) -> None:
    """Write a volume; the suffix names the format. Raises ``StorageError``."""
    image = to_sitk(volume.hu, volume.geometry)
    write_atomically(path, lambda temporary: sitk.WriteImage(image, str(temporary), True))


def write_label_map(contour: LabelMap, path: Path) -> None:
    """Write a label map; the suffix names the format. Raises ``StorageError``."""
    image = to_sitk(contour.labels, contour.geometry)
    write_atomically(path, lambda temporary: sitk.WriteImage(image, str(temporary), True))
