"""Volumes and contours in memory: an array (z, y, x) and the grid it lies on."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.errors import GeometryError, InputError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.phase.phases import PhaseFinding

AIR_HU = -1024
SOFT_TISSUE_WINDOW = (-150.0, 250.0)


@dataclass(frozen=True)
class Volume:
    """A CT volume.

    Attributes:
        hu: Hounsfield units, shape (z, y, x); axis 0 runs towards the head, 1 to the back, 2 to the left.
        geometry: the grid of ``hu``.
        source: file or folder it came from, for messages and provenance.
        patient_id: as in DICOM, when the file knows it.
        study_date: ISO date as in DICOM, when the file knows it.
        remarks: what a reader has to know of how it was acquired or read, one sentence each.
        stated_phase: contrast phase that the headers name, with the words; ``None`` where they name none.
        frame_of_reference_uid: (0020,0052), the same for images whose positions can be compared; else ``None``.
    """

    hu: npt.NDArray[np.int16]
    geometry: Geometry
    source: str = ""
    patient_id: str | None = None
    study_date: str | None = None
    remarks: tuple[str, ...] = ()
    stated_phase: PhaseFinding | None = None
    frame_of_reference_uid: str | None = None

    def __post_init__(self) -> None:
        if self.hu.shape != self.geometry.size:
            raise GeometryError(
                f"{self.source}: array {self.hu.shape} does not fit grid {self.geometry.size}."
            )

    @cached_property
    def voxels_sha256(self) -> str:
        """Hex SHA-256 of the Hounsfield units, z slowest."""
        return hashlib.sha256(np.ascontiguousarray(self.hu).data).hexdigest()

    @cached_property
    def sha256(self) -> str:
        """Hex SHA-256 of voxels and grid: by it another process knows that it has read the same image."""
        grid = self.geometry
        numbers = [*grid.size, *map(float, (*grid.spacing, *grid.origin, *grid.direction))]
        return hashlib.sha256(f"{self.voxels_sha256} {numbers}".encode()).hexdigest()


@dataclass(frozen=True)
class LabelMap:
    """Contours of one time point: 0 is nothing, every other value is one lesion.

    Attributes:
        labels: uint8, or uint16 for more than 255 lesions; shape (z, y, x).
        geometry: the grid of ``labels``.
        source: file it came from.
    """

    labels: npt.NDArray[np.unsignedinteger[Any]]
    geometry: Geometry
    source: str = ""

    def values(self) -> tuple[int, ...]:
        """The lesion values present, ascending."""
        return tuple(int(v) for v in np.unique(self.labels) if v)

    def mask(self, value: int) -> Mask:
        """Mask of one lesion, shape (z, y, x)."""
        return np.asarray(self.labels == value)


@dataclass(frozen=True, eq=False)
class Region:
    """A mask with the grid it lies on, which need not be the image's: liver, lesions.

    Attributes:
        mask: bool (z, y, x).
    """

    mask: Mask
    geometry: Geometry


def require_same_grid(contour: LabelMap, image: Volume) -> None:
    """Refuse a contour that was not drawn on this image.

    Raises:
        GeometryError: the grids differ in size, spacing, position or orientation.
    """
    why = contour.geometry.difference(image.geometry)
    if why:
        raise GeometryError(
            f"Contour '{contour.source}' does not lie on image '{image.source}': {why}. "
            "Export the contour again with this image as its reference geometry."
        )


def require_unchanged(image: Volume, sha256: str) -> None:
    """Refuse an image that is not what it was when it was handed to another process. Raises ``InputError``."""
    if image.sha256 != sha256:
        raise InputError(
            f"Image '{image.source}' was changed while it was being worked on. Open the study again; "
            "if the change was not meant, put the original image back first."
        )


def window(hu: npt.NDArray[np.int16], low_high: tuple[float, float]) -> npt.NDArray[np.float32]:
    """Hounsfield units to [0, 1] by a display window (low, high) in HU; same shape."""
    low, high = low_high
    if high <= low:
        raise InputError(f"Window {low} to {high} HU is empty.")
    scaled = (hu.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    return np.asarray(np.clip(scaled, 0.0, 1.0), dtype=np.float32)
