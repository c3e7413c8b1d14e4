"""Training cases from folders of real scans with labels: Medical Segmentation Decathlon, LiTS, or two plain folders."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.read import SUFFIXES, read_label_map, read_volume
from HCCResponseLib.imaging.resample import resample, working_geometry
from HCCResponseLib.imaging.volumes import require_same_grid
from HCCResponseLib.nets.patches import TrainingCase

LIVER, TUMOUR = 1, 2
# A hundred scans at once have to fit into memory.
_FINEST_MM = 1.5
_FOLDERS = (("imagesTr", "labelsTr"), ("images", "labels"))


@dataclass(frozen=True)
class LabelledScan:
    """Files of one scan; labels are 0 background, 1 liver, 2 tumour."""

    image: Path
    label: Path


def find_scans(folder: Path) -> list[LabelledScan]:
    """Scans with their labels, by file name.

    Recognised: ``dataset.json`` with its ``training`` list, ``imagesTr`` and ``labelsTr`` or ``images`` and ``labels``
    with equal file names, and LiTS' ``volume-N.nii`` beside ``segmentation-N.nii``.

    Raises:
        InputError: no such folder, nothing recognised, or a scan without its label.
    """
    if not folder.is_dir():
        raise InputError(f"Training data '{folder}' is not a folder.")
    found = _decathlon(folder) or _two_folders(folder) or _lits(folder)
    if not found:
        raise InputError(
            f"'{folder}' holds no training data that is recognised: neither dataset.json, nor imagesTr and labelsTr, "
            "nor images and labels, nor volume-N.nii beside segmentation-N.nii."
        )
    for scan in found:
        for file in (scan.image, scan.label):
            if not file.is_file():
                raise InputError(f"Training data in '{folder}': file '{file}' is missing.")
    return sorted(found, key=lambda s: s.image.name)


def _decathlon(folder: Path) -> list[LabelledScan]:
    listing = folder / "dataset.json"
    if not listing.is_file():
        return []
    try:
        rows = json.loads(listing.read_text(encoding="utf-8"))["training"]
        return [LabelledScan(folder / r["image"], folder / r["label"]) for r in rows]
    except (json.JSONDecodeError, KeyError, TypeError) as problem:
        raise InputError(
            f"'{listing}' has no list 'training' of images with labels, as the Decathlon's files have."
        ) from problem


def _two_folders(folder: Path) -> list[LabelledScan]:
    for images, labels in _FOLDERS:
        if (folder / images).is_dir() and (folder / labels).is_dir():
            files = [f for f in (folder / images).iterdir() if _is_image(f)]
            return [LabelledScan(f, folder / labels / f.name) for f in files]
    return []


def _lits(folder: Path) -> list[LabelledScan]:
    files = [f for f in folder.rglob("volume-*") if _is_image(f)]
    return [LabelledScan(f, f.with_name(f.name.replace("volume-", "segmentation-", 1))) for f in files]


def _is_image(file: Path) -> bool:
    # Archives made on a Mac carry shadow files ("._name") that are no images.
    return file.name.endswith(SUFFIXES) and not file.name.startswith(".")


def read_scan(scan: LabelledScan) -> TrainingCase:
    """One scan, no finer than 1.5 mm. With only one visit, the prior contour is its own tumour, displaced.

    Raises:
        InputError: other label values than 0, 1, 2.
        GeometryError: image and label do not lie on the same grid.
    """
    image, label = read_volume(scan.image), read_label_map(scan.label)
    require_same_grid(label, image)
    other = [v for v in label.values() if v not in (LIVER, TUMOUR)]
    if other:
        raise InputError(
            f"Label '{scan.label}' has the value {other[0]}; 0, 1 (liver) and 2 (tumour) are known."
        )
    z, y, x = (max(s, _FINEST_MM) for s in image.geometry.spacing)
    grid = working_geometry(image.geometry, (z, y, x))
    hu = resample(image.hu, image.geometry, grid)
    structure = resample(label.labels, label.geometry, grid, linear=False, fill=0)
    lesions, liver = ndimage.label(structure == TUMOUR)[0].astype(np.uint16), np.asarray(structure > 0)
    return TrainingCase((hu, hu), (liver, liver), (lesions, lesions), np.zeros(3), grid.spacing)
