"""For each lesion and candidate, its key slice at every time point."""

from dataclasses import dataclass

import numpy as np

from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.report.subject.figures import Images, draw_key_slice, half_side_mm
from HCCResponseLib.review.read.records import Action
from HCCResponseLib.review.read.state import ReadState, Row

_CANDIDATE_WORDS = {Action.NEW: "new", Action.EQUIVOCAL: "equivocal", Action.DISMISS: "dismissed"}


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


def row_picture(point: str, row: Row, images: Images) -> Picture:
    """The key slice of one row alone, or of the place where its lesion was."""
    return _picture(point, row, images, half_side_mm(row.contour, images(point).geometry.spacing))


def decided(row: Row) -> str:
    """What the reader said, in words."""
    if row.decision is not None and row.is_candidate:
        return _CANDIDATE_WORDS[row.decision.action]
    return "not decided" if row.decision is None else row.status.value


def _picture(point: str, row: Row | None, images: Images, half_mm: float) -> Picture:
    if row is None:
        return Picture(point, None, "no proposal")
    caption = row.size_words
    words = f"{caption}, {decided(row)}"
    centre = _centre(row, images(point))
    if centre is None:
        return Picture(point, None, words)
    own_line = row.decision is not None and row.decision.long_axis_mm is not None
    measured = None if own_line else row.measurement
    return Picture(
        point, draw_key_slice(images(point), centre, half_mm, caption, row.contour, measured), words
    )


def _centre(row: Row, image: Volume) -> tuple[int, int, int] | None:
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
        drawn = draw_key_slice(images(baseline), before, half, "same place at baseline")
        pictures.insert(0, Picture(baseline, drawn, "same place"))
    return LesionPictures(f"Candidate {row.proposal.name} at {point}", tuple(pictures))
