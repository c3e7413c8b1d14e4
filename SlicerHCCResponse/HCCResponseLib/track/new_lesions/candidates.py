"""Candidates for new lesions: what the base network sees in the liver where no known lesion is.

An adapted network knows only the known tumours of its patient, so new ones are looked for with the base network.
Nothing here becomes a new lesion without a reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.resample import resample
from HCCResponseLib.imaging.volumes import Region, Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import Evidence, Proposal, ProposalKind, Suggestion
from HCCResponseLib.measure import RECIST, Convention, LesionMeasurement, measure_lesion
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.track.identity.components import components
from HCCResponseLib.track.new_lesions.suppression import (
    Suppressed,
    Tissue,
    appearance_of,
    liver_tissue,
    reason_to_suppress,
    thickness_mm,
)
from HCCResponseLib.track.registration.register import Registration

_LEAST_MM3 = 100.0
# Tumour probability that marks a voxel.
_SEEN = 0.5
# From here on "new" is suggested, else "equivocal".
SURE_LONG_AXIS_MM, _SURE_PROBABILITY = 10.0, 0.75
# "New" needs the base network to have seen less than this there at baseline.
_BASELINE_PROBABILITY = 0.3
# "New" needs this Dice of the base network with the accepted baseline contours: a base network that misses what the
# reader has drawn cannot be sure of anything in this patient.
_LEAST_AGREEMENT = 0.5
# Where the baseline's contours are the network's own, they prove nothing of it.
_AT_BOTH = "Found by the network at both visits: look."
_ONLY_NOW = "Found by the network at this visit only: look."
_OWN_CONTOURS = "The baseline's contours are the network's own, so nothing is suggested as new."
# Surroundings of known lesions that are left out.
_KNOWN_MARGIN_MM = 6.0
# No more than this many are shown, in the order of rank.
_MOST = 12


@dataclass(frozen=True, eq=False)
class Survey:
    """An engine's view of a whole scan on its working grid: probabilities of liver and of tumour, and whose it is.

    What is derived from them is computed once, when it is first asked for, and must not be written to.
    """

    liver: Float32
    tumour: Float32
    grid: Geometry
    origin: str = "base network"

    @cached_property
    def liver_mask(self) -> Mask:
        """Largest part of what is more likely liver than not, holes filled; (z, y, x)."""
        parts = components(self.liver > 0.5)
        mask = np.zeros(self.grid.size, bool)
        if parts:
            mask[parts[0].box] = ndimage.binary_fill_holes(parts[0].voxels)
        mask.flags.writeable = False
        return mask

    @cached_property
    def region(self) -> Region:
        """The liver for a registration."""
        return Region(self.liver_mask, self.grid)

    @cached_property
    def tumour_mask(self) -> Mask:
        """What the network takes for tumour in the liver; (z, y, x)."""
        mask = np.asarray((self.tumour > _SEEN) & self.liver_mask)
        mask.flags.writeable = False
        return mask

    @cached_property
    def seen(self) -> npt.NDArray[np.int32]:
        """Connected parts of :attr:`tumour_mask`, numbered; (z, y, x)."""
        labels = np.asarray(ndimage.label(self.tumour_mask)[0], np.int32)
        labels.flags.writeable = False
        return labels

    @cached_property
    def seen_voxels(self) -> npt.NDArray[np.int64]:
        """Number of voxels of each part of :attr:`seen`; the first is the background."""
        return np.bincount(self.seen.ravel())


def agreement(view: Survey, geometry: Geometry, accepted: Mask, own: Mask | None = None) -> float:
    """Dice of the base network's tumours with the reader's accepted contours (z, y, x on ``geometry``), 0 to 1.

    Args:
        own: contours that are the network's own, which say nothing of how far it agrees with a reader.
    """
    drawn = resample(accepted.astype(np.float32), geometry, view.grid, fill=0) > 0.5
    seen = view.tumour_mask
    if own is not None and own.any():
        seen = seen & ~(resample(own.astype(np.float32), geometry, view.grid, fill=0) > 0.5)
    return float(2 * (drawn & seen).sum() / max(int(drawn.sum() + seen.sum()), 1))


@dataclass(frozen=True)
class BaselineEvidence:
    """What is known of the baseline: the base network's view, where its tissue lies now, how far it is to be believed.

    Attributes:
        agreement: see :func:`agreement`.
        independent: whether a person drew any of the baseline's contours; a network that was only ever held against
            itself cannot be sure of anything in this patient.
    """

    view: Survey
    found: Registration
    agreement: float
    independent: bool = True


@dataclass(frozen=True)
class Candidates:
    """What is shown to the reader, best first, and what is not, with the reason for each."""

    shown: tuple[Proposal, ...]
    suppressed: tuple[Suppressed, ...] = ()


def find_candidates(
    time_point: str,
    image: Volume,
    view: Survey,
    before: BaselineEvidence,
    known: Sequence[Lesion],
    convention: Convention = RECIST,
) -> Candidates:
    """Propose candidates for new lesions.

    Args:
        view: the base network's survey of ``image``.
        known: every known lesion, as it is now and where it was, on the image's grid.
        convention: by which they are measured.
    """
    liver = ndimage.binary_dilation(view.liver_mask, iterations=2)
    spots = np.where(liver, view.tumour, 0).astype(np.float32)
    fine = resample(spots, view.grid, image.geometry, fill=0)
    seen = np.asarray(fine > _SEEN)
    mask = _away_from(known, seen.copy(), image.geometry.spacing, _KNOWN_MARGIN_MM)
    organ = resample(view.liver_mask, view.grid, image.geometry, linear=False, fill=0)
    tissue = liver_tissue(image, organ & ~mask)
    edges = _edges(seen & ~mask, mask)
    scan = _Scan(image, fine, before, tissue, _voxels_of(known, image.geometry.spacing), edges)
    found: list[tuple[float, Proposal]] = []
    suppressed: list[Suppressed] = []
    for part in components(mask, int(_LEAST_MM3 / image.geometry.voxel_volume_mm3)):
        measurement = measure_lesion(part, image.geometry, convention)
        evidence, reason = _looked_at(part, measurement, scan)
        if reason is not None:
            suppressed.append(Suppressed(reason, measurement.long_axis.length_raw_mm, evidence))
            continue
        sure = _is_sure(measurement, evidence)
        suggestion = Suggestion.NEW if sure else Suggestion.EQUIVOCAL
        long_mm = min(measurement.long_axis.length_raw_mm, 30.0)
        rank = float(str(evidence["mean_probability"])) * long_mm + 100 * sure
        row = Proposal(
            time_point, "", ProposalKind.CANDIDATE, LesionState.MEASURED, part, measurement, view.origin,
            suggestion, evidence,
        )  # fmt: skip
        found.append((rank, row))
    return _best_first(found, suppressed)


@dataclass(frozen=True, eq=False)
class _Scan:
    """What every spot of a follow-up is seen beside.

    Attributes:
        probability: (z, y, x); tissue: of the liver; known: places of known lesions.
        edges: voxels (z, y, x) at which a spot goes on into a known lesion.
    """

    image: Volume
    probability: Float32
    before: BaselineEvidence
    tissue: Tissue
    known: npt.NDArray[np.float64]
    edges: Mask


def _looked_at(part: Lesion, measurement: LesionMeasurement, scan: _Scan) -> tuple[Evidence, str | None]:
    """All evidence for a spot, and why it is not shown; ``None`` when it is."""
    evidence = _evidence(part, scan)
    evidence["volume_ml"] = round(measurement.volume_mm3 / 1000, 2)
    evidence["key_slice"] = measurement.axial_level + 1
    if part.values(scan.edges).any():
        evidence["goes_on_into_known_lesion_mm"] = thickness_mm(part, scan.image.geometry.spacing)
    look = appearance_of(part, scan.image, scan.tissue)
    evidence |= look.facts()
    return evidence, reason_to_suppress(look, measurement.long_axis.length_raw_mm, evidence)


def _best_first(found: Sequence[tuple[float, Proposal]], suppressed: Sequence[Suppressed]) -> Candidates:
    """Candidates by rank with their names; what is beyond the number that is shown is kept with that reason."""
    ranked = [row for _, row in sorted(found, key=lambda pair: -pair[0])]
    beyond = [
        Suppressed(f"beyond the {_MOST} that are shown", _long_mm(r), r.evidence) for r in ranked[_MOST:]
    ]
    shown = tuple(replace(row, name=f"C{i}") for i, row in enumerate(ranked[:_MOST], start=1))
    return Candidates(shown, (*suppressed, *beyond))


def _long_mm(row: Proposal) -> float:
    return row.measurement.long_axis.length_raw_mm if row.measurement else 0.0


def _away_from(
    known: Sequence[Lesion], mask: Mask, spacing: tuple[float, float, float], margin_mm: float
) -> Mask:
    """A mask (z, y, x) without the known lesions and their surroundings; changed in place."""
    for lesion in known:
        near = lesion.dilated(spacing, margin_mm)
        mask[near.box] &= ~near.voxels
    return mask


def _edges(near: Mask, mask: Mask) -> Mask:
    """Voxels of a mask that touch what was left out of it near known lesions; all (z, y, x)."""
    if not near.any():
        return near
    return np.asarray(ndimage.binary_dilation(near) & mask)


def _evidence(part: Lesion, scan: _Scan) -> Evidence:
    geometry, before = scan.image.geometry, scan.before
    centre = geometry.index_to_lps(part.centre)
    seen, size, place = _at_baseline(centre, before)
    trust = before.found.place(centre)
    evidence: Evidence = {
        "place_lps": [round(float(v), 2) for v in centre],
        "mean_probability": round(float(part.values(scan.probability).mean()), 3),
        "distance_to_known_mm": _gap(part, scan.known, geometry.spacing),
        "imaged_at_baseline": place is not None,
        "probability_at_baseline": seen,
        "place_at_baseline_lps": place,
        "volume_at_baseline_ml": size,
        "base_network_agreement": round(before.agreement, 3),
        "registration_trustworthy": trust.trustworthy,
    }
    if not before.independent:
        there = isinstance(seen, float) and seen > _SEEN
        evidence["base_network_agreement"] = None
        evidence["remark"] = f"{_AT_BOTH if there else _ONLY_NOW} {_OWN_CONTOURS}"
    if trust.reasons:
        evidence["registration_remark"] = " ".join(trust.reasons)
    if trust.error_mm is not None:
        evidence["place_error_mm"] = round(trust.error_mm, 1)
    return evidence


def _is_sure(measurement: LesionMeasurement, evidence: Evidence) -> bool:
    """Whether "new" is suggested and not "equivocal"."""
    seen = evidence["probability_at_baseline"]
    return (
        measurement.long_axis.length_raw_mm >= SURE_LONG_AXIS_MM
        and isinstance(seen, float)
        and seen <= _BASELINE_PROBABILITY
        and float(str(evidence["mean_probability"])) >= _SURE_PROBABILITY
        and isinstance(agreed := evidence["base_network_agreement"], float)
        and agreed >= _LEAST_AGREEMENT
        and evidence["registration_trustworthy"] is True
    )


def _at_baseline(
    centre: npt.NDArray[np.float64], before: BaselineEvidence
) -> tuple[float | None, float | None, list[float] | None]:
    """Highest tumour probability within 4 mm of the place at baseline, volume (mL) of what was seen there, the place.

    All ``None`` if the place was not imaged.
    """
    grid = before.view.grid
    place = before.found.to_baseline(centre)
    index = np.rint(grid.lps_to_index(place)).astype(int)
    if (index < 0).any() or (index >= np.asarray(grid.size)).any():
        return None, None, None
    around = tuple(slice(max(0, i - 2), i + 3) for i in index)
    here = np.unique(before.view.seen[around])
    size = max((float(before.view.seen_voxels[value]) for value in here if value), default=0.0)
    volume = round(size * grid.voxel_volume_mm3 / 1000, 2)
    return round(float(before.view.tumour[around].max()), 3), volume, [round(float(v), 2) for v in place]


def _voxels_of(known: Sequence[Lesion], spacing: tuple[float, float, float]) -> npt.NDArray[np.float64]:
    """Places (n, 3) in mm of the voxels of all known lesions, some 4000 to 8000 of them, evenly taken."""
    some = [one for one in known if one]
    if not some:
        return np.zeros((0, 3))
    # Each voxel once, in the order of the grid, however many of the lesions it belongs to.
    flat = np.unique(
        np.concatenate([np.ravel_multi_index(tuple(one.indices().T), one.shape) for one in some])
    )
    taken = flat[:: max(1, len(flat) // 4000)]
    return np.asarray(np.stack(np.unravel_index(taken, some[0].shape), axis=1) * np.asarray(spacing))


def _gap(part: Lesion, known: npt.NDArray[np.float64], spacing: tuple[float, float, float]) -> float | None:
    """Distance from the candidate's centre to the nearest known lesion, mm."""
    if not len(known):
        return None
    centre = np.asarray(part.centre) * np.asarray(spacing)
    return round(float(np.linalg.norm(known - centre, axis=1).min()), 1)
