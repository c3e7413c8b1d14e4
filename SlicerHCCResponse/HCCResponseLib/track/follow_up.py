"""Proposals for one visit: known lesions with the adapted network, candidates with the base network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from HCCResponseLib.engines.process import Progress, Report, part_of
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.resample import resample
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.measure import LesionMeasurement, measure_lesion
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.track.candidates import Before, Survey, agreement, find_candidates
from HCCResponseLib.track.components import carry_identities, components
from HCCResponseLib.track.proposal import Evidence, Proposal, ProposalKind
from HCCResponseLib.track.registration import Registration, carry_mask, register

Mask = npt.NDArray[np.bool_]
_THRESHOLD = 0.5
_LEAST_MM3 = 100.0


@dataclass(frozen=True)
class Baseline:
    """What is known before a follow-up is looked at.

    Attributes:
        image: baseline scan.
        lesions: accepted contour of each lesion on the baseline's grid, (z, y, x).
        view: the base network's survey of the baseline.
    """

    image: Volume
    lesions: Mapping[str, Mask]
    view: Survey


@dataclass(frozen=True)
class Look:
    """The networks at work on a follow-up, in processes of their own.

    Attributes:
        known: tumour probability (z, y, x) around the carried contours, on the image's grid.
        survey: an engine's view of the whole scan.
    """

    known: Callable[[Mapping[str, Mask], Report], npt.NDArray[np.float32]]
    survey: Callable[[Report], Survey]


@dataclass(frozen=True)
class FollowUp:
    """Proposals of one visit with the registration they rest on."""

    proposals: tuple[Proposal, ...]
    registration: Registration
    carried: Mapping[str, Mask]


def propose_baseline(time_point: str, image: Volume, view: Survey, least_mm: float = 10.0) -> list[Proposal]:
    """Lesions that the base network sees when no reader has drawn any, largest first, named L1, L2, ..."""
    spots = np.where(view.liver_mask(), view.tumour, 0).astype(np.float32)
    fine = np.asarray(resample(spots, view.grid, image.geometry, fill=0) > _THRESHOLD)
    found: list[Proposal] = []
    for part in components(fine, int(_LEAST_MM3 / image.geometry.voxel_volume_mm3)):
        measurement = measure_lesion(part, image.geometry)
        if measurement.long_axis.length_raw_mm >= least_mm:
            name = f"L{len(found) + 1}"
            found.append(
                Proposal(
                    time_point,
                    name,
                    ProposalKind.LESION,
                    LesionState.MEASURED,
                    part,
                    measurement,
                    view.origin,
                )
            )
    return found


def propose_follow_up(
    time_point: str,
    image: Volume,
    baseline: Baseline,
    look: Look,
    report: Report,
    seed: int = 0,
) -> FollowUp:
    """Register, contour the known lesions, look for new ones, measure on the original slices."""
    report(Progress("Registering baseline to follow-up", 0.05))
    everything = np.logical_or.reduce(list(baseline.lesions.values()))
    found = register(baseline.image, image, everything, seed)
    carried = {
        n: carry_mask(m, baseline.image.geometry, image.geometry, found) for n, m in baseline.lesions.items()
    }
    probability = look.known(carried, part_of(report, 0.25, 0.3))
    masks = carry_identities(probability > _THRESHOLD, carried, image.geometry.spacing)
    proposals = [
        _known(time_point, name, masks[name], carried[name], probability, image.geometry, found)
        for name in carried
    ]
    view = look.survey(part_of(report, 0.55, 0.4))
    known = np.logical_or.reduce([*carried.values(), *(m for m in masks.values() if m is not None)])
    before = Before(baseline.view, found, agreement(baseline.view, baseline.image.geometry, everything))
    proposals += find_candidates(time_point, image, view, before, known)
    report(Progress("Proposals ready", 1.0))
    return FollowUp(tuple(proposals), found, carried)


def _known(
    time_point: str,
    name: str,
    mask: Mask | None,
    carried: Mask,
    probability: npt.NDArray[np.float32],
    geometry: Geometry,
    found: Registration,
) -> Proposal:
    evidence: Evidence = {"registration_trustworthy": found.trustworthy}
    if not carried.any():
        evidence["remark"] = "The place of this lesion lies outside this scan's field of view."
        return _row(time_point, name, LesionState.NOT_IMAGED, None, None, evidence)
    x, y, z = geometry.index_to_lps(np.argwhere(carried).mean(0))
    evidence["place_lps"] = [round(float(v), 2) for v in (x, y, z)]
    if mask is None:
        evidence["highest_probability_in_place"] = round(float(probability[carried].max()), 3)
        return _row(time_point, name, LesionState.DISAPPEARED, None, None, evidence)
    overlap = float((mask & carried).sum() / min(mask.sum(), carried.sum()))
    evidence |= {
        "overlap_with_baseline_place": round(overlap, 3),
        "mean_probability": round(float(probability[mask].mean()), 3),
        "parts": len(components(mask)),
    }
    return _row(time_point, name, LesionState.MEASURED, mask, measure_lesion(mask, geometry), evidence)


def _row(
    time_point: str,
    name: str,
    state: LesionState,
    mask: Mask | None,
    measurement: LesionMeasurement | None,
    evidence: Evidence,
) -> Proposal:
    origin = "registration" if state is LesionState.NOT_IMAGED else "adapted network"
    kind = ProposalKind.LESION
    return Proposal(time_point, name, kind, state, mask, measurement, origin, evidence=evidence)
