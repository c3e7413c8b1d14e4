"""Who is who: one global assignment of the follow-up's parts to the known lesions, then splits and merges.

Each pair of lesion and part has a cost from what speaks for it: overlap with the registered place, the gap between the
surfaces, the distance of the centres, the change of size. The assignment is the cheapest one over all lesions at once
(Hungarian method), where a lesion may also vanish and a part may be new.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.label_maps import overlap_table
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.links import Link, LinkKind, LinkSet, outcome_of
from HCCResponseLib.lesions.proposal import Evidence
from HCCResponseLib.lesions.warped import WarpedContour
from HCCResponseLib.track.identity.gaps import Gaps
from HCCResponseLib.track.registration.register import Registration, carry_contours
from HCCResponseLib.track.registration.trust import LocalTrust

Float = npt.NDArray[np.float64]
_FORBIDDEN = 1e6


@dataclass(frozen=True)
class MatchSettings:
    """What evidence weighs; found on drawn pairs (development seeds), see docs/tracking.md.

    Attributes:
        gap_mm: a gap of this size between the surfaces costs as much as no overlap.
        most_gap_mm: from here on two are never the same lesion.
        centre, size: weights of the centres' distance against the radii, and of a doubled or halved volume.
        alone: cost of a lesion that vanishes or of a part that is new; ``explained``: of one that another explains.
        within: share of a part in a lesion's place, or of a place in a part, that makes it a split or a merge.
        cut: least share of a lesion's place that must lie in the field of view for it to count as imaged.
    """

    gap_mm: float = 8.0
    most_gap_mm: float = 20.0
    centre: float = 0.25
    size: float = 0.12
    alone: float = 1.0
    explained: float = 0.15
    within: float = 0.5
    cut: float = 0.5


@dataclass(frozen=True)
class KnownLesion:
    """A known lesion as it is looked for in a follow-up.

    Attributes:
        place: its registered contour on the follow-up's grid.
        volume_mm3: of its own contour, where it was last seen.
        trust: whether the registration is to be trusted at its place.
        last_seen: the time point that the contour comes from.
    """

    place: WarpedContour
    volume_mm3: float
    trust: LocalTrust
    last_seen: str = ""


def known_lesions(
    lesions: Mapping[str, Lesion],
    source: Geometry,
    target: Geometry,
    found: Registration,
    last_seen: str = "",
) -> dict[str, KnownLesion]:
    """Lesions of an earlier visit (on ``source``) as :func:`match` takes them, carried to a follow-up's grid."""
    carried = carry_contours(lesions, source, target, found)
    out = {}
    for name, contour in lesions.items():
        centre = found.to_follow_up(source.index_to_lps(contour.centre))
        volume = contour.volume_mm3(source.voxel_volume_mm3)
        out[name] = KnownLesion(carried[name], volume, found.place(centre), last_seen)
    return out


@dataclass(frozen=True, eq=False)
class _Evidence:
    """Tables (lesion, part): common voxels, overlap with either, volume ratio, cost; and the gaps between them."""

    shared: npt.NDArray[np.int64]
    in_place: Float
    in_part: Float
    ratio: Float
    cost: Float
    gaps: Gaps

    def gap(self, lesion: int, part: int) -> float:
        """Distance of one lesion's place from one part; infinite without a place."""
        if self.shared[lesion, part] or np.isinf(self.gaps.at_least[lesion, part]):
            return 0.0 if self.shared[lesion, part] else float("inf")
        return self.gaps.between(lesion, part)


def match(
    time_point: str,
    known: Mapping[str, KnownLesion],
    parts: Sequence[Lesion],
    geometry: Geometry,
    settings: MatchSettings | None = None,
) -> LinkSet:
    """Link the parts of a follow-up to the known lesions.

    Args:
        parts: connected parts of all tumour in the follow-up, on ``geometry``; part i has number i + 1.
    """
    settings = settings or MatchSettings()
    names = list(known)
    table = _evidence([known[n] for n in names], parts, geometry, settings)
    lesions_alone, parts_alone = _alone(table, settings)
    owner = _assign(table.cost, lesions_alone, parts_alone)
    owners = _with_splits_and_merges(owner, table, settings)
    links = [
        _link(i, names, known, owners, table, (lesions_alone, parts_alone), settings)
        for i in range(len(names))
    ]
    links += [_loose(j, table, parts_alone) for j in range(len(parts)) if not owners[j]]
    return LinkSet(time_point, tuple(links))


def _evidence(
    lesions: Sequence[KnownLesion], parts: Sequence[Lesion], geometry: Geometry, settings: MatchSettings
) -> _Evidence:
    places = [k.place.lesion for k in lesions]
    voxel = geometry.voxel_volume_mm3
    shared = overlap_table(places, parts)
    place_size = np.array([one.count for one in places], float)[:, None]
    part_size = np.array([one.count for one in parts], float)[None]
    volume = np.array([max(k.volume_mm3, voxel) for k in lesions])[:, None]
    in_place, in_part = shared / part_size, shared / np.maximum(place_size, 1)
    ratio = np.where(place_size > 0, part_size * voxel / volume, 0.0)
    gaps = Gaps(places, parts, geometry)
    gap = _gaps_that_count(gaps, shared, settings)
    cost = _cost(lesions, np.maximum(in_place, in_part), gap, gaps.centre, ratio, settings)
    return _Evidence(shared, in_place, in_part, ratio, cost, gaps)


def _gaps_that_count(gaps: Gaps, shared: npt.NDArray[np.int64], settings: MatchSettings) -> Float:
    """All gaps; those of pairs that are never the same lesion are only known to be too large."""
    gap = np.where(shared > 0, 0.0, gaps.at_least)
    for lesion, part in np.argwhere((shared == 0) & (gaps.at_least <= settings.most_gap_mm)):
        gap[lesion, part] = gaps.between(int(lesion), int(part))
    return np.asarray(gap)


def _cost(
    lesions: Sequence[KnownLesion],
    overlap: Float,
    gap: Float,
    centre: Float,
    ratio: Float,
    settings: MatchSettings,
) -> Float:
    radius = (3 * np.array([k.volume_mm3 for k in lesions]) / (4 * np.pi)) ** (1 / 3)
    size = np.abs(np.log2(np.maximum(ratio, 1e-3)))
    reach = radius[:, None] * (1 + np.cbrt(np.maximum(ratio, 1e-3))) + 2.0
    cost = 1 - overlap + gap / settings.gap_mm
    cost = cost + settings.centre * np.minimum(centre / reach, 2.0) + settings.size * size
    return np.asarray(np.where(gap > settings.most_gap_mm, _FORBIDDEN, cost))


def _alone(table: _Evidence, settings: MatchSettings) -> tuple[Float, Float]:
    """Cost of being without partner: little where another explains it (a split's part, a merged lesion)."""
    lesions, parts = table.cost.shape
    in_part = table.in_part.max(1, initial=0.0) if parts else np.zeros(lesions)
    in_place = table.in_place.max(0, initial=0.0) if lesions else np.zeros(parts)
    return (
        np.where(in_part >= settings.within, settings.explained, settings.alone),
        np.where(in_place >= settings.within, settings.explained, settings.alone),
    )


def _assign(cost: Float, lesions_alone: Float, parts_alone: Float) -> list[int | None]:
    """The lesion of each part in the cheapest assignment, or ``None``.

    A pair that costs more than both alone is never taken, so that groups which no affordable pair joins are solved one
    by one: of a thousand lesions each sees only its neighbours.
    """
    n, m = cost.shape
    owner: list[int | None] = [None] * m
    rows, columns = np.nonzero(cost <= lesions_alone[:, None] + parts_alone[None])
    pairs = coo_array((np.ones(len(rows)), (rows, n + columns)), shape=(n + m, n + m))
    _, group = connected_components(pairs, directed=False)
    for one in np.unique(group[rows]):
        here, there = np.flatnonzero(group[:n] == one), np.flatnonzero(group[n:] == one)
        for i, j in _assign_group(cost[np.ix_(here, there)], lesions_alone[here], parts_alone[there]):
            owner[there[j]] = int(here[i])
    return owner


def _assign_group(cost: Float, lesions_alone: Float, parts_alone: Float) -> list[tuple[int, int]]:
    """Pairs (lesion, part) of the cheapest assignment in which everything may also stay alone."""
    n, m = cost.shape
    square = np.zeros((n + m, n + m))
    square[:n, :m] = cost
    square[:n, m:] = _FORBIDDEN
    square[n:, :m] = _FORBIDDEN
    square[np.arange(n), m + np.arange(n)] = lesions_alone
    square[n + np.arange(m), np.arange(m)] = parts_alone
    chosen = zip(*linear_sum_assignment(square), strict=True)
    return [(int(row), int(column)) for row, column in chosen if row < n and column < m]


def _with_splits_and_merges(
    owner: Sequence[int | None], table: _Evidence, settings: MatchSettings
) -> list[list[int]]:
    """Lesions of each part: the assigned one, the parent of a loose part, lesions that lie in another's part."""
    owners = [[] if one is None else [one] for one in owner]
    n, m = table.cost.shape
    for j in range(m):
        if not owners[j] and n:
            best = int(table.in_place[:, j].argmax())
            if table.in_place[best, j] >= settings.within:
                owners[j].append(best)
    taken = {i for names in owners for i in names}
    for i in set(range(n)) - taken:
        if m:
            best = int(table.in_part[i].argmax())
            if table.in_part[i, best] >= settings.within:
                owners[best].append(i)
    return [sorted(names) for names in owners]


def _link(
    i: int,
    names: Sequence[str],
    known: Mapping[str, KnownLesion],
    owners: Sequence[Sequence[int]],
    table: _Evidence,
    alone: tuple[Float, Float],
    settings: MatchSettings,
) -> Link:
    lesion = known[names[i]]
    parts = tuple(j + 1 for j, mine in enumerate(owners) if i in mine)
    others = tuple(names[k] for k in sorted({k for p in parts for k in owners[p - 1]} - {i}))
    outcome = outcome_of(parts, others)
    evidence: Evidence = {"registration_trustworthy": lesion.trust.trustworthy}
    if lesion.trust.reasons:
        evidence["registration_remark"] = " ".join(lesion.trust.reasons)
    if lesion.trust.error_mm is not None:
        evidence["place_error_mm"] = round(lesion.trust.error_mm, 1)
    if lesion.last_seen:
        evidence["last_seen"] = lesion.last_seen
    if not parts:
        return _gone(names[i], lesion, i, table, alone, evidence)
    best = min(parts, key=lambda p: table.cost[i, p - 1])
    evidence |= _figures(table, i, best - 1)
    rest = (
        np.delete(table.cost[i], [p - 1 for p in parts]),
        np.delete(table.cost[:, best - 1], owners[best - 1]),
    )
    margin = min(settings.alone * 2, *(one.min(initial=np.inf) for one in rest)) - table.cost[i, best - 1]
    return Link(names[i], parts, outcome, _confidence(margin, lesion.trust.trustworthy), evidence, others)


def _gone(
    name: str, lesion: KnownLesion, i: int, table: _Evidence, alone: tuple[Float, Float], evidence: Evidence
) -> Link:
    """Nothing is there: has it vanished, was it not imaged, or is the place itself in doubt?"""
    if not lesion.place or not lesion.trust.imaged:
        return Link(name, (), LinkKind.OUT_OF_VIEW, 1.0 if lesion.trust.trustworthy else 0.5, evidence)
    nearest = table.cost[i].min(initial=_FORBIDDEN)
    if table.cost.shape[1]:
        j = int(table.cost[i].argmin())
        if np.isfinite(gap := table.gap(i, j)):
            evidence["nearest_part_mm"] = round(gap, 1)
    confidence = _confidence(nearest - alone[0][i] - 1.0, lesion.trust.trustworthy)
    outcome = LinkKind.VANISHED if lesion.trust.trustworthy else LinkKind.UNCLEAR
    return Link(name, (), outcome, confidence, evidence)


def _loose(j: int, table: _Evidence, parts_alone: Float) -> Link:
    """A part that belongs to no known lesion."""
    evidence: Evidence = {}
    nearest = _FORBIDDEN
    if table.cost.shape[0]:
        i = int(table.cost[:, j].argmin())
        nearest = float(table.cost[i, j])
        gap = table.gaps.nearest(j, table.shared[:, j])
        if gap is not None:
            evidence["nearest_lesion_mm"] = round(gap, 1)
    return Link(None, (j + 1,), LinkKind.NEW, _confidence(nearest - parts_alone[j] - 1.0, True), evidence)


def _figures(table: _Evidence, i: int, j: int) -> Evidence:
    return {
        "overlap": round(float(max(table.in_place[i, j], table.in_part[i, j])), 3),
        "gap_mm": round(table.gap(i, j), 1),
        "centre_distance_mm": round(float(table.gaps.centre[i, j]), 1),
        "volume_ratio": round(float(table.ratio[i, j]), 3),
    }


def _confidence(margin: float, trusted: bool) -> float:
    """0.5 when the next best explanation is as good; halved where the registration is not to be trusted."""
    value = 1 / (1 + float(np.exp(-3.0 * np.clip(margin, -5, 5))))
    return round(value if trusted else 0.5 * value, 3)
