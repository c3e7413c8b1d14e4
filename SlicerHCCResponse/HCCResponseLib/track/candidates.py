"""Candidates for new lesions: what the base network sees in the liver where no known lesion is.

An adapted network knows only the known tumours of its patient, so new ones are looked for with the base network.
Nothing here becomes a new lesion without a reader.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.engines.model import Model
from HCCResponseLib.engines.segment import liver_and_tumour
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.resample import resample
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.measure import LesionMeasurement, measure_lesion
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.track.components import components
from HCCResponseLib.track.proposal import Evidence, Proposal, ProposalKind, Suggestion
from HCCResponseLib.track.registration import Registration

Float32 = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CandidateRule:
    """When a bright spot of the base network is shown to the reader, and when it is suggested as new.

    Attributes:
        threshold: tumour probability that marks a voxel.
        least_long_axis_mm: smaller ones are not shown.
        sure_long_axis_mm, sure_probability: from here on "new" is suggested, else "equivocal".
        known_margin_mm: surroundings of known lesions that are left out.
        most: no more than this many, largest first.
    """

    threshold: float = 0.5
    least_long_axis_mm: float = 8.0
    sure_long_axis_mm: float = 10.0
    sure_probability: float = 0.75
    baseline_probability: float = 0.3
    known_margin_mm: float = 6.0
    most: int = 12


@dataclass(frozen=True)
class Survey:
    """The base network's view of a whole scan on its working grid: probabilities of liver and of tumour."""

    liver: Float32
    tumour: Float32
    grid: Geometry

    def liver_mask(self) -> Mask:
        """Largest part of what is more likely liver than not, holes filled."""
        parts = components(self.liver > 0.5)
        return np.asarray(ndimage.binary_fill_holes(parts[0])) if parts else np.zeros(self.grid.size, bool)


def survey(model: Model, image: Volume) -> Survey:
    """Look at a whole scan with the base network."""
    return Survey(*liver_and_tumour(model, image))


def find_candidates(
    time_point: str,
    image: Volume,
    view: Survey,
    baseline_view: Survey | None,
    known: Mask,
    found: Registration | None,
    rule: CandidateRule | None = None,
) -> list[Proposal]:
    """Propose candidates for new lesions.

    Args:
        known: every known lesion, as it is now and where it was, on the image's grid (z, y, x).
        baseline_view, found: to say what was in the same place at baseline.
    """
    rule = rule or CandidateRule()
    liver = ndimage.binary_dilation(view.liver_mask(), iterations=2)
    spots = np.where(liver, view.tumour, 0).astype(np.float32)
    fine = resample(spots, view.grid, image.geometry, fill=0)
    near_known = _grown(known, image.geometry.spacing, rule.known_margin_mm)
    mask = np.asarray(fine > rule.threshold) & ~near_known
    shown: list[Proposal] = []
    for part in components(mask):
        if part.sum() * image.geometry.voxel_volume_mm3 < 100 or len(shown) >= rule.most:
            break
        measurement = measure_lesion(part, image.geometry)
        if measurement.long_axis.length_raw_mm < rule.least_long_axis_mm:
            continue
        name = f"C{len(shown) + 1}"
        shown.append(
            _proposal(time_point, name, part, measurement, fine, image, baseline_view, known, found, rule)
        )
    return shown


def _grown(mask: Mask, spacing: tuple[float, float, float], margin_mm: float) -> Mask:
    if not mask.any():
        return mask
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=spacing) <= margin_mm)


def _proposal(
    time_point: str,
    name: str,
    part: Mask,
    measurement: LesionMeasurement,
    probability: npt.NDArray[np.generic],
    image: Volume,
    baseline_view: Survey | None,
    known: Mask,
    found: Registration | None,
    rule: CandidateRule,
) -> Proposal:
    centre = image.geometry.index_to_lps(np.argwhere(part).mean(0))
    mean = float(probability[part].mean())
    imaged, before, place = _at_baseline(centre, baseline_view, found)
    sure = (
        measurement.long_axis.length_raw_mm >= rule.sure_long_axis_mm
        and mean >= rule.sure_probability
        and imaged
        and before is not None
        and before <= rule.baseline_probability
    )
    evidence: Evidence = {
        "mean_probability": round(mean, 3),
        "volume_ml": round(measurement.volume_mm3 / 1000, 2),
        "distance_to_known_mm": _gap(part, known, image.geometry.spacing),
        "imaged_at_baseline": imaged,
        "probability_at_baseline": before,
        "place_at_baseline_lps": place,
    }
    return Proposal(
        time_point,
        name,
        ProposalKind.CANDIDATE,
        LesionState.MEASURED,
        part,
        measurement,
        "base network",
        Suggestion.NEW if sure else Suggestion.EQUIVOCAL,
        evidence,
    )


def _at_baseline(
    centre: npt.NDArray[np.float64], view: Survey | None, found: Registration | None
) -> tuple[bool, float | None, list[float] | None]:
    """Whether the place was imaged at baseline, the highest tumour probability within 4 mm there, and where it is."""
    if view is None or found is None:
        return False, None, None
    place = found.to_baseline(centre)
    index = np.rint(view.grid.lps_to_index(place)).astype(int)
    if (index < 0).any() or (index >= np.asarray(view.grid.size)).any():
        return False, None, None
    around = tuple(slice(max(0, i - 2), i + 3) for i in index)
    return True, round(float(view.tumour[around].max()), 3), [round(float(v), 2) for v in place]


def _gap(part: Mask, known: Mask, spacing: tuple[float, float, float]) -> float | None:
    """Distance between the centres' nearest known voxel and the candidate, mm."""
    if not known.any():
        return None
    points = np.argwhere(known)[:: max(1, int(known.sum()) // 4000)] * np.asarray(spacing)
    centre = np.argwhere(part).mean(0) * np.asarray(spacing)
    return round(float(np.linalg.norm(points - centre, axis=1).min()), 1)
