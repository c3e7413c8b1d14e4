"""For each lesion and candidate, its key slice at every time point."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.report.subject.figures import Images, KeySlice, draw_key_slices, half_side_mm
from HCCResponseLib.review.read.records import Action
from HCCResponseLib.review.read.state import ReadState, Row, RowStatus

_CANDIDATE_WORDS = {Action.NEW: "new", Action.EQUIVOCAL: "equivocal", Action.DISMISS: "dismissed"}

_REVIEW_INCHES = 4.6


@dataclass(frozen=True)
class Picture:
    """One key slice: which visit, the picture as a data URI (``None`` = nothing to show), words below it."""

    point: str
    data: str | None
    words: str


@dataclass(frozen=True)
class LesionPictures:
    """All pictures of one lesion or candidate."""

    title: str
    pictures: tuple[Picture, ...]


def lesion_cards(state: ReadState, images: Images) -> list[LesionPictures]:
    """Cards of every lesion, then of every candidate."""
    assert state.study is not None
    points = [p.name for p in state.study.timepoints if p.name in state.rows]
    lesions = dict.fromkeys(n for p in points for n, r in state.rows[p].items() if not r.is_candidate)
    cards = [_lesion_card(state, name, points, images) for name in lesions]
    for point in points:
        for row in state.rows[point].values():
            if row.is_candidate:
                cards.append(_candidate_card(row, points[0], images))
    return cards


def _lesion_card(state: ReadState, name: str, points: list[str], images: Images) -> LesionPictures:
    rows = [(p, state.row(p, name)) for p in points]
    half = max(half_side_mm(r.contour, images(p).geometry.spacing) for p, r in rows if r is not None)
    return LesionPictures(f"Lesion {name}", tuple(_picture(p, r, images, half) for p, r in rows))


def row_picture(state: ReadState, point: str, row: Row, images: Images) -> str | None:
    """The key slice of one row; left of it, to the same scale, the lesion where it was first seen.

    Left of a candidate is the same place at baseline, where that is known.

    Args:
        row: as it is to be shown, which may be otherwise than it stands in the read.

    Returns:
        a PNG as a data URI, with visit, date, slice and size in it; ``None`` where there is nothing to show of the row.
    """
    assert state.study is not None
    titles = {p.name: f"{p.name}, {p.date}" for p in state.study.timepoints}
    here = _key_slice(row, images(point), titles[point])
    if here is None:
        return None
    drawn = [one for one in (_first_seen(state, point, row, images, titles), here) if one is not None]
    half = max(half_side_mm(one.contour, one.image.geometry.spacing) for one in drawn)
    return draw_key_slices(drawn, half, _REVIEW_INCHES)


def _first_seen(
    state: ReadState, point: str, row: Row, images: Images, titles: Mapping[str, str]
) -> KeySlice | None:
    """The earliest slice of a row's lesion before this time point, or the place at baseline of what is new."""
    visits = list(titles)
    for visit in visits[: visits.index(point)]:
        known = state.row(visit, row.proposal.name)
        if known is not None:
            return _key_slice(known, images(visit), titles[visit])
    first, evidence = visits[0], row.proposal.evidence
    if first == point or "place_at_baseline_lps" not in evidence:
        return None
    place = _index(evidence["place_at_baseline_lps"], images(first))
    return place and KeySlice(images(first), place, "same place", title=titles[first])


def _key_slice(row: Row, image: Volume, title: str = "") -> KeySlice | None:
    """What is drawn of a row; ``None`` where it was rejected or nobody knows the place."""
    centre = None if row.status is RowStatus.REJECTED else key_index(row, image)
    if centre is None:
        return None
    own_line = row.decision is not None and row.decision.long_axis_mm is not None
    measured = None if own_line else row.measurement
    return KeySlice(image, centre, row.size_words, row.contour, measured, title)


def decided(row: Row) -> str:
    """What the reader said, in words; of a row that was accepted unseen, that."""
    if row.decision is not None and row.decision.action in _CANDIDATE_WORDS:
        return _CANDIDATE_WORDS[row.decision.action] + ("" if row.decision.seen else ", accepted unseen")
    return row.status_words


def _picture(point: str, row: Row | None, images: Images, half_mm: float) -> Picture:
    if row is None:
        return Picture(point, None, "no proposal")
    shown = _key_slice(row, images(point))
    drawn = None if shown is None else draw_key_slices([shown], half_mm)
    return Picture(point, drawn, f"{row.size_words}, {decided(row)}")


def key_index(row: Row, image: Volume) -> tuple[int, int, int] | None:
    """Key slice and middle of the lesion, or the place where it was."""
    if row.contour is not None:
        indices = row.contour.indices()
        z = row.measurement.axial_level if row.measurement else int(np.median(indices[:, 0]))
        here = indices[indices[:, 0] == z]
        _, y, x = (here if len(here) else indices).mean(0)
        return z, int(y), int(x)
    return _index(row.proposal.evidence.get("place_lps"), image)


def _index(place: object, image: Volume) -> tuple[int, int, int] | None:
    if not isinstance(place, list):
        return None
    index = np.rint(image.geometry.lps_to_index(place)).astype(int)
    if (index < 0).any() or (index >= np.asarray(image.geometry.size)).any():
        return None
    return int(index[0]), int(index[1]), int(index[2])


def _candidate_card(row: Row, baseline: str, images: Images) -> LesionPictures:
    point = row.proposal.time_point
    half = half_side_mm(row.contour, images(point).geometry.spacing)
    pictures = [_picture(point, row, images, half)]
    before = _index(row.proposal.evidence.get("place_at_baseline_lps"), images(baseline))
    if before is not None:
        drawn = draw_key_slices([KeySlice(images(baseline), before, "same place at baseline")], half)
        pictures.insert(0, Picture(baseline, drawn, "same place"))
    return LesionPictures(f"Candidate {row.proposal.name} at {point}", tuple(pictures))
