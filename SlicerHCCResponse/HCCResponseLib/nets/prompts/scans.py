"""The list of scans that go into a training pack, and how a scan becomes part of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.csv_files import read_csv_rows
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.masks import read_mask
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.imaging.resample import resample, working_geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.nets.model import load_model
from HCCResponseLib.nets.prompts.livers import (
    lesions_as_drawn,
    liver_by_attenuation,
    read_corrections,
    read_drawn_lesions,
)
from HCCResponseLib.nets.prompts.pack import PackedScan, ScanFacts, cropped, whole
from HCCResponseLib.nets.segment import liver_and_tumour

COLUMNS = ("name", "patient", "image", "liver", "lesions", "licence", "source")
# The working voxel size of a base network; what it sees on its finer grid comes from scans cropped to the liver.
_FINEST_MM = 2.0
_WRITTEN = (".yaml", ".yml")
_NEEDED = ("name", "patient", "image", "licence", "source")


@dataclass(frozen=True)
class ListedScan:
    """One line of the list; ``liver`` and ``lesions`` as ``FILE`` or ``FILE:VALUE,VALUE``, or empty.

    Both may also be what somebody wrote down (YAML): corrections of the liver, outlines of lesions, see
    :mod:`HCCResponseLib.nets.prompts.livers`.
    """

    name: str
    patient: str
    image: Path
    liver: str
    lesions: str
    licence: str
    source: str
    folder: Path


def read_scan_list(path: Path) -> list[ListedScan]:
    """The scans of a CSV file with the columns :data:`COLUMNS`; files are named from its folder.

    Raises:
        InputError: other columns, an empty field, or a licence that forbids commercial use or changes.
    """
    columns, rows = read_csv_rows(path, "List of scans")
    if set(columns) != set(COLUMNS) or not rows:
        raise InputError(
            f"List of scans '{path}' needs the columns {', '.join(COLUMNS)}, and a line for each scan."
        )
    folder = path.resolve().parent
    for row in rows:
        empty = [c for c in _NEEDED if not row[c].strip()]
        if empty:
            raise InputError(f"List of scans '{path}': '{empty[0]}' of scan '{row['name']}' is empty.")
        if {"NC", "ND"} & set(row["licence"].upper().replace("-", " ").split()):
            raise InputError(
                f"List of scans '{path}': scan '{row['name']}' is under {row['licence']}; weights that are free to use "
                "cannot be trained on it."
            )
    return [
        ListedScan(
            row["name"],
            row["patient"],
            folder / row["image"],
            row["liver"],
            row["lesions"],
            row["licence"],
            row["source"],
            folder,
        )
        for row in rows
    ]


def packed(row: ListedScan, whole_scan: bool = False) -> PackedScan:
    """Read a scan with its labels, or find its liver by the base network.

    Args:
        whole_scan: the whole body, no finer than 2 mm, instead of the liver on the scan's own grid.

    Raises:
        InputError: a file cannot be read, or no liver is found.
        GeometryError: a label map lies on another grid.
    """
    image = read_volume(row.image)
    lesions = _lesions(row, image)
    liver, made_by = _liver(row, image)
    hu, grid = image.hu, image.geometry
    if whole_scan:
        z, y, x = (max(s, _FINEST_MM) for s in grid.spacing)
        grid = working_geometry(image.geometry, (z, y, x))
        hu = resample(image.hu, image.geometry, grid)
        liver, lesions = (_on(mask, image.geometry, grid) for mask in (liver, lesions))
    parts, _ = ndimage.label(lesions)
    known = (row.name, row.patient, row.licence, row.source, grid.spacing, made_by, bool(lesions.any()))
    kept = whole if whole_scan else cropped
    return kept(ScanFacts(*known, whole_scan), hu, liver | lesions, parts.astype(np.uint8))


def _on(mask: Mask, source: Geometry, grid: Geometry) -> Mask:
    return np.asarray(resample(mask.astype(np.float32), source, grid, fill=0) > 0.5)


def _lesions(row: ListedScan, image: Volume) -> Mask:
    if not row.lesions:
        return np.zeros(image.geometry.size, bool)
    if Path(row.lesions).suffix in _WRITTEN:
        return lesions_as_drawn(image, read_drawn_lesions(row.folder / row.lesions))
    return read_mask(row.folder, row.lesions, image, row.name, empty=True)


def _liver(row: ListedScan, image: Volume) -> tuple[Mask, str]:
    """The liver, and where it comes from, for the card."""
    if not row.liver:
        return _found_liver(image), "network"
    if Path(row.liver).suffix in _WRITTEN:
        return liver_by_attenuation(image, read_corrections(row.folder / row.liver)), "attenuation, corrected"
    return read_mask(row.folder, row.liver, image, row.name), "mask"


def _found_liver(image: Volume) -> Mask:
    """The largest part of what the base network takes for liver, without thin tongues and holes."""
    probability, _, grid = liver_and_tumour(load_model(), image)
    found = ndimage.binary_opening(resample(probability, grid, image.geometry, fill=0) > 0.5, iterations=2)
    parts, count = ndimage.label(found)
    if not count:
        return np.asarray(found)
    largest = parts == int(np.bincount(parts.ravel())[1:].argmax()) + 1
    return np.asarray(ndimage.binary_fill_holes(largest))
