"""Proposals for one visit: known lesions with the adapted network, candidates with the base network."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.jobs import Progress, Report, part_of
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.resample import resample
from HCCResponseLib.imaging.volumes import Region, Volume
from HCCResponseLib.lesions.label_maps import label_map
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.links import LinkSet
from HCCResponseLib.lesions.proposal import Proposal, ProposalKind
from HCCResponseLib.measure import RECIST, Convention, measure_lesion
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.track.identity.components import carried_parts, components, divide
from HCCResponseLib.track.identity.matching import KnownLesion, known_lesions, match
from HCCResponseLib.track.identity.presence import HealthyLiver
from HCCResponseLib.track.identity.rows import (
    Look,
    as_the_rows_say,
    carriers_of,
    known_row,
    with_doubtful_places,
)
from HCCResponseLib.track.identity.second_look import Ask, look_again, with_drawn
from HCCResponseLib.track.new_lesions.candidates import (
    BaselineEvidence,
    Survey,
    agreement,
    find_candidates,
)
from HCCResponseLib.track.new_lesions.earlier_visits import EarlierVisit, name_again, where_last_seen
from HCCResponseLib.track.new_lesions.suppression import Suppressed
from HCCResponseLib.track.registration.register import Registrar, Registration, Scan, register_scans

KNOWN_FROM = 0.4
"""Probability from which a voxel of a known lesion's surroundings belongs to its contour.

Lower than one half: a network adapted to its baseline draws what has grown a little too small. Chosen on the
development pairs (docs/benchmark.md).
"""
_SEEN_FROM = 0.5
_LEAST_MM3 = 100.0


@dataclass(frozen=True)
class Baseline:
    """What is known before a follow-up is looked at.

    Attributes:
        image: baseline scan.
        lesions: accepted contour of each lesion on the baseline's grid.
        view: the base network's survey of the baseline.
        name: of the time point.
        own: lesions whose contour is the base network's own, as it proposed it.
        disease_free: a reader has looked and there is no lesion.
    """

    image: Volume
    lesions: Mapping[str, Lesion]
    view: Survey
    name: str = "baseline"
    own: frozenset[str] = frozenset()
    disease_free: bool = False

    def evidence(self, found: Registration) -> BaselineEvidence:
        """What a candidate is held against: the network is judged by the contours that a person drew, by no other.

        Where a person says that there is none, it agrees as long as it has seen none.
        """
        if self.disease_free:
            return BaselineEvidence(self.view, found, float(not self.view.tumour_mask.any()))
        size = self.image.geometry.size
        drawn = [lesion for name, lesion in self.lesions.items() if name not in self.own]
        own = [lesion for name, lesion in self.lesions.items() if name in self.own]
        share = agreement(
            self.view, self.image.geometry, label_map(drawn, size) > 0, label_map(own, size) > 0
        )
        return BaselineEvidence(self.view, found, share, independent=bool(drawn) or not own)


@dataclass(frozen=True)
class FollowUpNetworks:
    """The networks at work on a follow-up, in processes of their own.

    Attributes:
        known: tumour probability (z, y, x) around the carried contours, on the image's grid.
        survey: an engine's view of the whole scan.
        again: contours what a line shows, for lesions that ``known`` has not drawn; ``None``: nobody is asked.
    """

    known: Callable[[Mapping[str, Lesion], Report], npt.NDArray[np.float32]]
    survey: Callable[[Report], Survey]
    again: Ask | None = None


@dataclass(frozen=True)
class _Between:
    """Registrations of earlier follow-ups to this one, each made when it is first asked for."""

    here: Scan
    registrar: Registrar
    seed: int
    made: dict[str, Registration] = field(default_factory=dict)

    def of(self, visit: EarlierVisit) -> Registration:
        if visit.time_point not in self.made:
            self.made[visit.time_point] = self.registrar(visit.scan, self.here, self.seed)
        return self.made[visit.time_point]


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
    fine = np.asarray(resample(spots, view.grid, image.geometry, fill=0) > _SEEN_FROM)
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
        earlier: follow-ups before this one, the first one first: a lesion is looked for where it was accepted last,
            and a candidate keeps its name.
        convention: by which everything is measured.
    """
    view = look.survey(part_of(report, 0.0, 0.35))
    everything = label_map(list(baseline.lesions.values()), baseline.image.geometry.size) > 0
    here = Scan(image, view.region, Region(view.tumour_mask, view.grid))
    lesions = Region(everything, baseline.image.geometry)
    first = Scan(baseline.image, baseline.view.region, lesions)
    found = registrar(first, here, seed, part_of(report, 0.35, 0.2))
    known = known_lesions(baseline.lesions, baseline.image.geometry, image.geometry, found)
    between = _Between(here, registrar, seed)
    for visit in earlier:
        if visit.accepted.keys() & known.keys():
            report(Progress(f"Registering {visit.time_point}", 0.53))
            known |= where_last_seen(known, visit, between.of(visit), image.geometry)
    places = {n: k.place.lesion for n, k in known.items()}
    probability = look.known(places, part_of(report, 0.55, 0.35))
    healthy = _healthy_liver(image, view, list(places.values()))
    links, proposals = propose_known(
        time_point, probability, known, image.geometry, convention, healthy, look.again
    )
    report(Progress("Looking for new lesions", 0.95))
    taken = [*places.values(), *(one.contour for one in proposals if one.contour is not None)]
    new = find_candidates(time_point, image, view, baseline.evidence(found), taken, convention)
    for visit in earlier:
        if new.shown and visit.candidates:
            new = replace(new, shown=name_again(new.shown, visit, between.of(visit), image.geometry))
    report(Progress("Proposals ready", 1.0))
    return FollowUpProposals((*proposals, *new.shown), found, links, new.suppressed)


def _healthy_liver(image: Volume, view: Survey, places: Sequence[Lesion]) -> HealthyLiver | None:
    """The liver of a follow-up without what is known and without whatever the base network takes for tumour."""
    liver = resample(view.liver_mask & ~view.tumour_mask, view.grid, image.geometry, linear=False, fill=0)
    return HealthyLiver.of(image, np.asarray(liver, bool), [one for one in places if one])


def link_parts(
    time_point: str, found: Mask, known: Mapping[str, KnownLesion], geometry: Geometry
) -> tuple[list[Lesion], LinkSet]:
    """The parts of a tumour mask (z, y, x) on ``geometry``, largest first, and which of them is which known lesion.

    Part i has number i + 1 in the links. *Vanished* are only lesions with nothing in or near a place without fault.
    """
    places = {n: k.place.lesion for n, k in known.items()}
    parts = carried_parts(found, geometry.spacing, list(places.values()))
    links = match(time_point, known, parts, geometry)
    return parts, with_doubtful_places(links, known, found, parts, geometry.spacing)


def propose_known(
    time_point: str,
    probability: npt.NDArray[np.float32],
    known: Mapping[str, KnownLesion],
    geometry: Geometry,
    convention: Convention = RECIST,
    healthy: HealthyLiver | None = None,
    again: Ask | None = None,
) -> tuple[LinkSet, list[Proposal]]:
    """Identities of the parts that the adapted network sees, and one proposal for every known lesion.

    Args:
        probability: of tumour, (z, y, x) on ``geometry``, which is that of the original slices.
        healthy: the patient's healthy liver in this scan; without it a place is judged by the network alone.
        again: what is asked of places in which the network sees nothing; see :mod:`.second_look`.
    """
    places = {n: k.place.lesion for n, k in known.items()}
    found = np.asarray(probability > KNOWN_FROM)
    sure = {n: place for n, place in places.items() if known[n].trust.trustworthy}
    seen = look_again(found, sure, healthy, geometry, again) if again else {}
    if seen:
        found = with_drawn(found, seen.values())
    parts, links = link_parts(time_point, found, known, geometry)
    carriers = carriers_of(links, known)
    owners = {
        part: tuple(dict.fromkeys(carriers.get(n, n) for n in names))
        for part, names in links.owners().items()
    }
    contours = divide(parts, owners, places, geometry.spacing)
    look = Look(
        time_point, geometry, probability, contours, carriers, convention, healthy, tuple(seen.values())
    )
    rows = [known_row(links.of(n), known[n], look) for n in known]
    return as_the_rows_say(links, rows), rows
