"""Proposals for one visit: known lesions with the adapted network, candidates with the base network."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.jobs import Progress, Report, part_of
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.resample import resample
from HCCResponseLib.imaging.volumes import Region, Volume
from HCCResponseLib.lesions.label_maps import label_map
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.links import Link, LinkKind, LinkSet
from HCCResponseLib.lesions.proposal import Evidence, Proposal, ProposalKind
from HCCResponseLib.measure import RECIST, Convention, LesionMeasurement, measure_lesion, measure_parts
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.track.identity.components import carried_parts, components, count_parts, divide
from HCCResponseLib.track.identity.matching import KnownLesion, known_lesions, match
from HCCResponseLib.track.new_lesions.candidates import (
    BaselineEvidence,
    Candidates,
    Survey,
    agreement,
    find_candidates,
)
from HCCResponseLib.track.new_lesions.earlier_visits import EarlierVisit, name_again
from HCCResponseLib.track.new_lesions.suppression import Suppressed
from HCCResponseLib.track.registration.register import Registrar, Registration, Scan, register_scans

_THRESHOLD = 0.5
_LEAST_MM3 = 100.0


@dataclass(frozen=True)
class Baseline:
    """What is known before a follow-up is looked at.

    Attributes:
        image: baseline scan.
        lesions: accepted contour of each lesion on the baseline's grid.
        view: the base network's survey of the baseline.
        name: of the time point.
    """

    image: Volume
    lesions: Mapping[str, Lesion]
    view: Survey
    name: str = "baseline"


@dataclass(frozen=True)
class FollowUpNetworks:
    """The networks at work on a follow-up, in processes of their own.

    Attributes:
        known: tumour probability (z, y, x) around the carried contours, on the image's grid.
        survey: an engine's view of the whole scan.
    """

    known: Callable[[Mapping[str, Lesion], Report], npt.NDArray[np.float32]]
    survey: Callable[[Report], Survey]


@dataclass(frozen=True)
class FollowUpProposals:
    """Proposals of one visit with what they rest on.

    Attributes:
        links: which part is which lesion.
        suppressed: spots of the base network that are not shown, with the reason.
    """

    proposals: tuple[Proposal, ...]
    registration: Registration
    links: LinkSet
    suppressed: tuple[Suppressed, ...]


def propose_baseline(
    time_point: str, image: Volume, view: Survey, least_mm: float = 10.0, convention: Convention = RECIST
) -> list[Proposal]:
    """Lesions that the base network sees when no reader has drawn any, largest first, named L1, L2, ..."""
    spots = np.where(view.liver_mask, view.tumour, 0).astype(np.float32)
    fine = np.asarray(resample(spots, view.grid, image.geometry, fill=0) > _THRESHOLD)
    found: list[Proposal] = []
    for part in components(fine, int(_LEAST_MM3 / image.geometry.voxel_volume_mm3)):
        measurement = measure_lesion(part, image.geometry, convention)
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
    look: FollowUpNetworks,
    report: Report,
    seed: int = 0,
    registrar: Registrar = register_scans,
    earlier: Sequence[EarlierVisit] = (),
    convention: Convention = RECIST,
) -> FollowUpProposals:
    """Register, contour the known lesions, look for new ones, measure on the original slices.

    Args:
        registrar: how the visits are registered.
        earlier: follow-ups before this one with their candidates, so that a candidate keeps its name.
        convention: by which everything is measured.
    """
    view = look.survey(part_of(report, 0.0, 0.35))
    everything = label_map(list(baseline.lesions.values()), baseline.image.geometry.size) > 0
    here = Scan(image, view.region, Region(view.tumour_mask, view.grid))
    lesions = Region(everything, baseline.image.geometry)
    first = Scan(baseline.image, baseline.view.region, lesions)
    found = registrar(first, here, seed, part_of(report, 0.35, 0.2))
    known = known_lesions(baseline.lesions, baseline.image.geometry, image.geometry, found)
    places = {n: k.place.lesion for n, k in known.items()}
    probability = look.known(places, part_of(report, 0.55, 0.35))
    links, proposals = propose_known(time_point, probability, known, image.geometry, convention)
    report(Progress("Looking for new lesions", 0.9))
    taken = [*places.values(), *(one.contour for one in proposals if one.contour is not None)]
    before = BaselineEvidence(
        baseline.view, found, agreement(baseline.view, baseline.image.geometry, everything)
    )
    new = find_candidates(time_point, image, view, before, taken, convention)
    for visit in earlier:
        new = _named_as_before(new, visit, here, registrar, seed)
    report(Progress("Proposals ready", 1.0))
    return FollowUpProposals((*proposals, *new.shown), found, links, new.suppressed)


def propose_known(
    time_point: str,
    probability: npt.NDArray[np.float32],
    known: Mapping[str, KnownLesion],
    geometry: Geometry,
    convention: Convention = RECIST,
) -> tuple[LinkSet, list[Proposal]]:
    """Identities of the parts that the adapted network sees, and one proposal for every known lesion.

    Args:
        probability: of tumour, (z, y, x) on ``geometry``, which is that of the original slices.
    """
    parts = carried_parts(probability > _THRESHOLD, geometry.spacing)
    links = match(time_point, known, parts, geometry)
    places = {n: k.place.lesion for n, k in known.items()}
    contours = divide(parts, links.owners(), places, geometry.spacing)
    rows = [
        _known(time_point, links.of(n), contours[n], known[n], (probability, geometry, convention))
        for n in known
    ]
    return links, rows


def _named_as_before(
    new: Candidates, visit: EarlierVisit, here: Scan, registrar: Registrar, seed: int
) -> Candidates:
    """Candidates that an earlier follow-up has shown keep their names."""
    if not new.shown or not visit.candidates:
        return new
    found = registrar(visit.scan, here, seed)
    return replace(new, shown=name_again(new.shown, visit, found, here.image.geometry))


def _known(
    time_point: str,
    link: Link,
    contour: Lesion | None,
    known: KnownLesion,
    how: tuple[npt.NDArray[np.float32], Geometry, Convention],
) -> Proposal:
    """One row; a place in doubt is never called empty."""
    assert link.name is not None
    probability, geometry, convention = how
    evidence: Evidence = {"outcome": link.outcome.value, "confidence": link.confidence, **link.evidence}
    if not known.place:
        evidence["remark"] = "The place of this lesion lies outside this scan's field of view."
        return _row(time_point, link.name, LesionState.NOT_IMAGED, None, None, evidence)
    place = known.place.lesion
    x, y, z = geometry.index_to_lps(place.centre)
    evidence["place_lps"] = [round(float(v), 2) for v in (x, y, z)]
    if contour is None:
        evidence["highest_probability_in_place"] = round(float(place.values(probability).max()), 3)
        if link.outcome is LinkKind.UNCLEAR:
            evidence["remark"] = "Nothing was found, but the place itself is in doubt: look for this lesion."
            return _row(time_point, link.name, LesionState.NOT_EVALUABLE, None, None, evidence)
        return _row(time_point, link.name, LesionState.DISAPPEARED, None, None, evidence)
    shared = contour.overlap(place) / min(contour.count, place.count)
    evidence |= {
        "overlap_with_baseline_place": round(shared, 3),
        "mean_probability": round(float(contour.values(probability).mean()), 3),
        "parts": count_parts(contour),
    }
    if link.merged_with:
        evidence["merged_with"] = ", ".join(link.merged_with)
    if link.outcome is LinkKind.SPLIT:
        evidence |= _split(contour, geometry, convention)
    measured = measure_lesion(contour, geometry, convention)
    return _row(time_point, link.name, LesionState.MEASURED, contour, measured, evidence)


def _split(contour: Lesion, geometry: Geometry, convention: Convention) -> Evidence:
    """Long axes of a split lesion's parts."""
    axes = [one.long_axis.length_mm for one in measure_parts(contour, geometry, convention)]
    if len(axes) > 1:
        return {"parts_long_axes_mm": ", ".join(str(a) for a in axes)}
    # Parts that touch at a corner are one lesion to the rules: there is nothing to add up.
    return {"outcome": LinkKind.MATCHED.value}


def _row(
    time_point: str,
    name: str,
    state: LesionState,
    contour: Lesion | None,
    measurement: LesionMeasurement | None,
    evidence: Evidence,
) -> Proposal:
    found = state in (LesionState.MEASURED, LesionState.DISAPPEARED)
    origin = "adapted network" if found else "registration"
    kind = ProposalKind.LESION
    return Proposal(time_point, name, kind, state, contour, measurement, origin, evidence=evidence)
