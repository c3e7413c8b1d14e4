"""Why a spot of the base network is not shown as a candidate. Nothing is dropped without its reason being kept."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import Evidence

_LEAST_LONG_AXIS_MM = 8.0
# A vessel: longer than so many times its width, and brighter than liver by this.
_VESSEL_ELONGATION, _VESSEL_HU = 2.5, 15.0
# A cyst: mean attenuation within this range, no more spread than liver.
_WATER_HU = (-15.0, 18.0)
# What goes on into a known lesion and is no thicker is its edge, where two networks draw its border differently.
_EDGE_MM = 12.0
# No news: the base network saw it at baseline already with this probability, it is not so many times larger now, and
# the reader did not call it a lesion.
_KNOWN_SIZE_RATIO, _KNOWN_PROBABILITY = 1.5, 0.6


@dataclass(frozen=True)
class Suppressed:
    """A spot that is not shown: why, its long axis in mm, what is known of it."""

    reason: str
    long_axis_mm: float
    evidence: Evidence

    def as_dict(self) -> dict[str, object]:
        """Plain values for provenance."""
        return {"reason": self.reason, "long_axis_mm": round(self.long_axis_mm, 1), "evidence": self.evidence}


@dataclass(frozen=True)
class Tissue:
    """Liver without spots: median and spread of its attenuation in HU."""

    median: float
    spread: float


@dataclass(frozen=True)
class Appearance:
    """How a spot looks: length against width, mean attenuation, its spread, the difference from liver; HU."""

    elongation: float
    hu: float
    spread: float
    against_liver: float
    liver_spread: float

    def facts(self) -> Evidence:
        """For the evidence."""
        return {
            "elongation": round(self.elongation, 2),
            "mean_hu": round(self.hu, 1),
            "hu_against_liver": round(self.against_liver, 1),
        }


def liver_tissue(image: Volume, liver: Mask) -> Tissue:
    """Attenuation of the liver; ``liver`` is (z, y, x) on the image's grid."""
    values = image.hu[liver]
    if values.size < 50:
        return Tissue(100.0, 20.0)
    low, median, high = (float(v) for v in np.percentile(values, (16, 50, 84)))
    return Tissue(median, 0.5 * (high - low))


def appearance_of(part: Lesion, image: Volume, tissue: Tissue) -> Appearance:
    """The look of one spot on the image's grid."""
    points = np.argwhere(part.voxels) * np.asarray(image.geometry.spacing)
    values = part.values(image.hu)
    # A voxel has a width of its own, so that a flat spot is not infinitely long.
    voxel = float(min(image.geometry.spacing)) ** 2 / 12
    # One voxel alone has no covariance.
    spread = np.cov(points.T) if len(points) > 1 else np.zeros((3, 3))
    extent = np.sqrt(np.maximum(np.linalg.eigvalsh(spread), 0) + voxel)
    mean = float(values.mean())
    return Appearance(
        float(extent[2] / extent[1]), mean, float(values.std()), mean - tissue.median, tissue.spread
    )


def thickness_mm(part: Lesion, spacing: tuple[float, float, float]) -> float:
    """Diameter of the largest sphere that fits into a part."""
    depth = ndimage.distance_transform_edt(np.pad(part.voxels, 1), sampling=spacing)
    return round(2 * float(depth.max()), 1)


def reason_to_suppress(look: Appearance, long_mm: float, evidence: Evidence) -> str | None:
    """Why a spot is not shown, in words; ``None`` when it is."""
    if long_mm < _LEAST_LONG_AXIS_MM:
        return f"smaller than {_LEAST_LONG_AXIS_MM:g} mm"
    if look.elongation >= _VESSEL_ELONGATION and look.against_liver >= _VESSEL_HU:
        return "looks like a vessel: bright and tubular"
    thick = evidence.get("goes_on_into_known_lesion_mm")
    if isinstance(thick, float) and thick < _EDGE_MM:
        return "the edge of a known lesion, whose contour ends a little before it"
    low, high = _WATER_HU
    if low <= look.hu <= high and look.spread <= 1.2 * look.liver_spread:
        return "looks like a cyst: even attenuation of water"
    seen, size = evidence.get("probability_at_baseline"), evidence.get("volume_at_baseline_ml")
    if isinstance(seen, float) and isinstance(size, float) and isinstance(evidence["volume_ml"], float):
        trusted = evidence.get("registration_trustworthy") is True
        same = 0 < evidence["volume_ml"] <= _KNOWN_SIZE_RATIO * size
        if trusted and seen >= _KNOWN_PROBABILITY and same:
            return "was there at baseline, no larger now, where the reader saw no lesion"
    return None
