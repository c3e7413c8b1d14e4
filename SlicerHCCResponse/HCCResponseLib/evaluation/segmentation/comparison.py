"""What an engine found in one scan beside its reference."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.engines.contract import LIVER, TUMOUR, Gives
from HCCResponseLib.evaluation.segmentation.cases import Reference
from HCCResponseLib.evaluation.segmentation.results import (
    FalsePart,
    LesionResult,
    LiverResult,
    OperatingPoint,
)
from HCCResponseLib.evaluation.segmentation.surfaces import Nearness, nearness
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.label_maps import overlap_table
from HCCResponseLib.lesions.lesion import Lesion, union
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.track.identity.components import components

# Overlap from which on a lesion counts as found: Baumgartner et al., MICCAI 2021 (nnDetection), IoU 0.1.
LEAST_IOU = 0.1
THRESHOLDS = (0.1, 0.25, 0.5, 0.75, 0.9)
# Within this distance of the reference a contour is drawn too wide; a border all around a liver would else be one part
# of 200 mL, more than many an organ.
BORDER_MM = 5.0
# Below this size parts are crumbs, of which a low threshold leaves thousands.
_LEAST_MM = 5.0


@dataclass(frozen=True, eq=False)
class Found:
    """What an engine found, on the grid of the image.

    Attributes:
        labels: 1 liver, 2 tumour, 3 vessel, (z, y, x).
        tumour: probability of tumour, 0 to 1; ``None`` where the engine gives labels only.
        gives: what it can mark.
    """

    labels: npt.NDArray[np.unsignedinteger]
    tumour: Float32 | None
    gives: frozenset[Gives]

    @property
    def liver_mask(self) -> Mask:
        """The liver with its tumours."""
        return np.asarray((self.labels == LIVER) | (self.labels == TUMOUR))

    @property
    def tumour_mask(self) -> Mask:
        """All tumours."""
        return np.asarray(self.labels == TUMOUR)


def compare_liver(reference: Reference, found: Found) -> LiverResult | None:
    """The liver beside its reference; ``None`` where there is none, or the engine does not mark it."""
    if reference.liver is None or Gives.LIVER not in found.gives:
        return None
    geometry, mask = reference.image.geometry, found.liver_mask
    near = nearness(mask, reference.liver, geometry.spacing)
    assert near is not None  # a reference of the liver is never empty
    voxel_ml = geometry.voxel_volume_mm3 / 1000
    return LiverResult(
        near,
        int(reference.liver.sum()) * voxel_ml,
        int(mask.sum()) * voxel_ml,
        _elsewhere(mask, reference.liver, geometry) * voxel_ml,
    )


def _elsewhere(found: Mask, liver: Mask, geometry: Geometry) -> int:
    """Voxels of the largest part of what was found away from the liver."""
    about = Lesion.of(liver).dilated(geometry.spacing, BORDER_MM)
    away = found.copy()
    away[about.box] &= ~about.voxels
    parts = components(away)
    return parts[0].count if parts else 0


def compare_tumour(reference: Reference, found: Found) -> Nearness | None:
    """All tumours together; ``None`` without a reference lesion, or where the engine marks none."""
    if not reference.lesions or Gives.TUMOUR not in found.gives:
        return None
    truth = union(reference.lesions).to_mask()
    return nearness(found.tumour_mask, truth, reference.image.geometry.spacing)


def compare_lesions(
    reference: Reference, found: Found
) -> tuple[tuple[LesionResult, ...], tuple[FalsePart, ...]] | None:
    """Each lesion of the reference, and the false parts; ``None`` where lesions are not compared."""
    if reference.lesions is None or Gives.TUMOUR not in found.gives:
        return None
    geometry, parts = reference.image.geometry, components(found.tumour_mask)
    table = overlap_table(reference.lesions, parts)
    lesions = tuple(
        _lesion(lesion, [p for p, n in zip(parts, row, strict=True) if n], geometry, bool(shared))
        for lesion, row, shared in zip(reference.lesions, table, _shared(table), strict=True)
    )
    false = tuple(
        FalsePart(
            diameter_mm(part, geometry),
            None if found.tumour is None else float(part.values(found.tumour).max()),
        )
        for part in _untouched(parts, table)
    )
    return lesions, false


def operating_points(reference: Reference, found: Found) -> tuple[OperatingPoint, ...]:
    """The same at every threshold of :data:`THRESHOLDS`; none where there are no probabilities or no reference."""
    if reference.lesions is None or found.tumour is None or Gives.TUMOUR not in found.gives:
        return ()
    return tuple(_point(reference, found.tumour > t, t) for t in THRESHOLDS)


def _point(reference: Reference, mask: Mask, threshold: float) -> OperatingPoint:
    geometry, lesions, parts = reference.image.geometry, reference.lesions or (), components(mask)
    table = overlap_table(lesions, parts)
    ious = [
        _overlaps(lesion, [p for p, n in zip(parts, row, strict=True) if n])[0]
        for lesion, row in zip(lesions, table, strict=True)
    ]
    large = [p for p in _untouched(parts, table) if _may_reach(p, geometry)]
    sizes = [mm for p in large if (mm := diameter_mm(p, geometry)) >= _LEAST_MM]
    return OperatingPoint(threshold, tuple(iou >= LEAST_IOU for iou in ious), tuple(sizes))


def _lesion(lesion: Lesion, touching: Sequence[Lesion], geometry: Geometry, shared: bool) -> LesionResult:
    iou, dice = _overlaps(lesion, touching)
    found = iou >= LEAST_IOU
    length = diameter_mm(union(touching), geometry) if found else None
    return LesionResult(diameter_mm(lesion, geometry), found, iou, dice, length, shared)


def _overlaps(lesion: Lesion, touching: Sequence[Lesion]) -> tuple[float, float]:
    """Intersection over union, and Dice coefficient, of a lesion with the parts that touch it."""
    there = sum(part.count for part in touching)
    common = sum(part.overlap(lesion) for part in touching)
    return common / (lesion.count + there - common), 2 * common / (lesion.count + there)


def _shared(table: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """For each lesion (row) whether a part (column) that touches it touches another one too."""
    touches = table > 0
    return np.asarray((touches & (touches.sum(0) > 1)).any(1))


def _untouched(parts: Sequence[Lesion], table: npt.NDArray[np.int64]) -> list[Lesion]:
    alone = table.sum(0) == 0
    return [part for part, one in zip(parts, alone, strict=True) if one]


def diameter_mm(lesion: Lesion, geometry: Geometry) -> float:
    """Its longest diameter in a slice, by the convention of RECIST, in mm."""
    return measure_lesion(lesion, geometry).long_axis.length_raw_mm


def _may_reach(lesion: Lesion, geometry: Geometry) -> bool:
    """Whether its box in the slice is large enough for a part that counts; measuring every crumb would take minutes."""
    sides = np.multiply(lesion.voxels.shape, geometry.spacing)
    in_plane = np.delete(sides, geometry.slice_axis)
    return float(np.hypot(*in_plane)) >= _LEAST_MM
