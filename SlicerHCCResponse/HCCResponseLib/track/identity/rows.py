"""From links to rows: what is proposed for each known lesion at a follow-up.

A row is *disappeared* only where nothing is found in the lesion's place, or only what cannot be told from this
patient's healthy liver, nothing near it that belongs to no lesion, and the place is sure. What is left but too small to
measure is *too small* (RECIST 1.1, 4.3.2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.links import Link, LinkKind, LinkSet
from HCCResponseLib.lesions.proposal import SECOND_LOOK, Evidence, Proposal, ProposalKind
from HCCResponseLib.measure import RECIST, Convention, measure_lesion, measure_parts
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.track.identity.components import count_parts, is_too_small
from HCCResponseLib.track.identity.matching import KnownLesion
from HCCResponseLib.track.identity.presence import Difference, HealthyLiver
from HCCResponseLib.track.registration.residual import search_margin_mm

_TAKEN_MM3 = 20.0  # below it another lesion's contour touches a place and does not take it
_SEEN_AGAIN = (
    "The adapted network drew nothing here; another one, which was shown the place, drew this contour: look."
)
Spacing = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Look:
    """What was found at a follow-up.

    Attributes:
        time_point: its name; ``geometry``: of its original slices.
        probability: of tumour, (z, y, x) on ``geometry``.
        contours: of each lesion, ``None`` where nothing was found.
        carriers: for each merged lesion the one whose contour and diameter stand for all of them.
        convention: by which everything is measured.
        healthy: the patient's healthy liver in this scan, against which places are held.
        again: contours that only the second look has drawn.
    """

    time_point: str
    geometry: Geometry
    probability: npt.NDArray[np.float32]
    contours: Mapping[str, Lesion | None]
    carriers: Mapping[str, str]
    convention: Convention = RECIST
    healthy: HealthyLiver | None = None
    again: tuple[Lesion, ...] = ()


def carriers_of(links: LinkSet, known: Mapping[str, KnownLesion]) -> dict[str, str]:
    """For each merged lesion the one that stands for all in the same part: the largest when they were last seen."""
    merged = {link.name: link.merged_with for link in links.links if link.name and link.merged_with}
    carriers: dict[str, str] = {}
    for name in merged:
        if name in carriers:
            continue
        group, open_names = {name}, [name]
        while open_names:
            fresh = [n for n in merged[open_names.pop()] if n not in group]
            group.update(fresh)
            open_names += fresh
        largest = max(sorted(group), key=lambda n: known[n].volume_mm3)
        carriers |= dict.fromkeys(group, largest)
    return carriers


def with_doubtful_places(
    links: LinkSet, known: Mapping[str, KnownLesion], found: Mask, parts: Sequence[Lesion], spacing: Spacing
) -> LinkSet:
    """A lesion is no longer *vanished* where tumour lies in its place, or near it without belonging to a lesion.

    What is near follows from the estimated error of the place.

    Args:
        known: with places on the grid of ``found``.
        found: tumour mask (z, y, x); ``parts``: its parts by number, as matched.
    """
    owned = [parts[number - 1] for number, names in links.owners().items() if names]
    checked = (
        replace(link, outcome=LinkKind.UNCLEAR, evidence={**link.evidence, "remark": remark})
        if link.name is not None
        and link.outcome is LinkKind.VANISHED
        and (remark := _doubt(known[link.name], found, owned, spacing))
        else link
        for link in links.links
    )
    return replace(links, links=tuple(checked))


def _doubt(lesion: KnownLesion, found: Mask, owned: Sequence[Lesion], spacing: Spacing) -> str:
    """Why a place without a part of its own cannot be called empty; empty when it can."""
    place, margin = lesion.place.lesion, search_margin_mm(lesion.trust.error_mm)
    voxel = float(np.prod(spacing))
    taken = sum(place.overlap(one) for one in owned) * voxel
    if taken >= _TAKEN_MM3:
        return f"{taken:.0f} mm3 of its place lie in another lesion's contour: has it grown together with it?"
    box = place.reach(spacing, margin)
    loose = found[box]
    for one in owned:
        loose = loose & ~one.window(box)
    away = ndimage.distance_transform_edt(~place.window(box), sampling=spacing)
    near = loose & (away <= margin)
    if not near.any():
        return ""
    size, gap = np.count_nonzero(near) * voxel, float(away[near].min())
    where = f"{size:.0f} mm3 that belong to no lesion were found {gap:.0f} mm from its place"
    return f"{where}: is it this lesion, or a new one?"


def known_row(link: Link, known: KnownLesion, look: Look) -> Proposal:
    """The proposal for one known lesion."""
    assert link.name is not None
    evidence: Evidence = {"outcome": link.outcome.value, "confidence": link.confidence, **link.evidence}
    row = Proposal(
        look.time_point,
        link.name,
        ProposalKind.LESION,
        LesionState.NOT_IMAGED,
        None,
        None,
        "registration",
        evidence=evidence,
    )
    if not known.place:
        evidence["remark"] = "The place of this lesion lies outside this scan's field of view."
        return row
    place = known.place.lesion
    x, y, z = look.geometry.index_to_lps(place.centre)
    evidence["place_lps"] = [round(float(v), 2) for v in (x, y, z)]
    if link.merged_with:
        evidence["merged_with"] = ", ".join(link.merged_with)
    carrier = look.carriers.get(link.name, link.name)
    if carrier != link.name:
        return replace(row, state=LesionState.MERGED, origin="adapted network", merged_into=carrier)
    contour = look.contours[link.name]
    there = look.healthy.difference(place) if look.healthy else None
    if there is not None:
        evidence |= there.facts()
    if contour is None:
        return _empty(row, link, place, look, there)
    alone = link.outcome is LinkKind.MATCHED and evidence["registration_trustworthy"] is True
    if alone and look.healthy and there and there.is_like_liver:
        drawn = look.healthy.difference(contour)
        if drawn is not None and drawn.is_like_liver:
            return _only_liver(row, contour, look)
    return _found(row, link, contour, place, look)


def _only_liver(row: Proposal, contour: Lesion, look: Look) -> Proposal:
    """A network that has learned a lesion draws it again where it was; the tissue says that there is none."""
    drawn = contour.volume_mm3(look.geometry.voxel_volume_mm3) / 1000
    row.evidence["outcome"] = LinkKind.VANISHED.value
    row.evidence["remark"] = (
        f"The network drew {drawn:.1f} mL here, but nothing tells this tissue from the rest of this liver: look."
    )
    return replace(row, state=LesionState.DISAPPEARED, origin="adapted network")


def as_the_rows_say(links: LinkSet, rows: Sequence[Proposal]) -> LinkSet:
    """Links in which a lesion is *vanished* where its row says that only liver was drawn; that part is nobody's."""
    gone = {row.name: row for row in rows if row.state is LesionState.DISAPPEARED}
    named: list[Link] = []
    loose = list(links.new())
    for link in links.links:
        if link.name in gone and link.parts:
            remark = {"remark": gone[link.name].evidence["remark"]}
            loose += [
                Link(None, (part,), LinkKind.UNCLEAR, link.confidence, {**remark}) for part in link.parts
            ]
            evidence = {**link.evidence, **remark}
            named.append(replace(link, parts=(), outcome=LinkKind.VANISHED, evidence=evidence))
        elif link.name is not None:
            named.append(link)
    return replace(links, links=(*named, *loose))


def _empty(row: Proposal, link: Link, place: Lesion, look: Look, there: Difference | None) -> Proposal:
    """Nothing was found; a place in doubt, or whose tissue is no healthy liver, is never called empty."""
    row.evidence["highest_probability_in_place"] = round(float(place.values(look.probability).max()), 3)
    if there is not None and there.is_unlike_liver:
        row.evidence.setdefault(
            "remark",
            f"Nothing was drawn, but the tissue in its place differs from this liver by {there.hu:.0f} HU: look.",
        )
        return replace(row, state=LesionState.NOT_EVALUABLE)
    if link.outcome is LinkKind.VANISHED:
        return replace(row, state=LesionState.DISAPPEARED, origin="adapted network")
    row.evidence.setdefault(
        "remark", "Nothing was found, but the place itself is in doubt: look for this lesion."
    )
    return replace(row, state=LesionState.NOT_EVALUABLE)


def _found(row: Proposal, link: Link, contour: Lesion, place: Lesion, look: Look) -> Proposal:
    shared = contour.overlap(place) / min(contour.count, place.count)
    row.evidence.update(
        {
            "overlap_with_baseline_place": round(shared, 3),
            "mean_probability": round(float(contour.values(look.probability).mean()), 3),
            "parts": count_parts(contour),
        }
    )
    row = replace(row, contour=contour, origin="adapted network")
    second = any(contour.overlap(one) for one in look.again)
    if second:
        row = replace(row, origin="prompt network")
        row.evidence[SECOND_LOOK] = True
        row.evidence["remark"] = _SEEN_AGAIN
    if is_too_small(contour, look.geometry.voxel_volume_mm3):
        size = contour.volume_mm3(look.geometry.voxel_volume_mm3)
        words = (
            f"{size:.0f} mm3 are left of it: too small to measure. Enter its length if it can be measured."
        )
        row.evidence["remark"] = f"{_SEEN_AGAIN} {words}" if second else words
        return replace(row, state=LesionState.TOO_SMALL)
    measured = replace(
        row, state=LesionState.MEASURED, measurement=measure_lesion(contour, look.geometry, look.convention)
    )
    if len(link.parts) < 2 and not link.merged_with:
        return measured
    parts = measure_parts(contour, look.geometry, look.convention)
    if len(parts) > 1:
        return replace(measured, state=LesionState.SPLIT, parts=parts)
    if link.outcome is LinkKind.SPLIT:
        # Parts that touch at a corner are one lesion to the rules: there is nothing to add up.
        row.evidence["outcome"] = LinkKind.MATCHED.value
    return measured
