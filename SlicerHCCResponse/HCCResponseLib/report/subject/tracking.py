"""The pictures of ``hcc-response track``: one HTML file with every lesion and candidate side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from HCCResponseLib.base.files import write_text
from HCCResponseLib.base.pages import page
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion, union
from HCCResponseLib.lesions.links import LinkSet
from HCCResponseLib.report.subject.side_by_side import Mark, Side, draw_side_by_side
from HCCResponseLib.track.identity.matching import KnownLesion
from HCCResponseLib.track.new_lesions.candidates import Candidates
from HCCResponseLib.track.registration.register import Registration

_MOST = 12


@dataclass(frozen=True, eq=False)
class TrackedPair:
    """Everything that the pictures show; contours on their own visit's grid.

    Attributes:
        cautions: what is to be known of the scans, beside what the registration says.
    """

    before: Volume
    after: Volume
    lesions: Mapping[str, Lesion]
    known: Mapping[str, KnownLesion]
    parts: Sequence[Lesion]
    links: LinkSet | None
    candidates: Candidates | None
    found: Registration
    cautions: Sequence[str] = ()


def write_tracking(path: Path, pair: TrackedPair) -> None:
    """Write the file. Raises ``StorageError``."""
    quality = pair.found.quality
    cautions = [*pair.cautions, *quality.remarks]
    cautions += [f"{n}: {' '.join(k.trust.reasons)}" for n, k in pair.known.items() if k.trust.reasons]
    values = {"quality": quality, "cautions": cautions, "pictures": _pictures(pair)}
    write_text(path, page("tracking.html.j2", values))


def _pictures(pair: TrackedPair) -> list[tuple[str, str]]:
    right = _right_marks(pair)
    names = list(dict.fromkeys([*pair.lesions, *(m.name for m in right)]))
    left = tuple(Mark(name, contour) for name, contour in pair.lesions.items())
    out = []
    for mark in right[:_MOST]:
        levels = _levels(pair, mark)
        if levels is None:
            continue
        before, after, place = levels
        marks = left
        if mark.candidate and mark.name not in pair.lesions:
            marks = (*left, Mark(mark.name, None, place, True, "same place"))
        first = Side("baseline", pair.before, before, marks)
        second = Side("follow-up", pair.after, after, tuple(right))
        title = f"Level of {mark.name} {mark.words}".strip()
        out.append((title, draw_side_by_side(first, second, names)))
    return out


def _right_marks(pair: TrackedPair) -> list[Mark]:
    marks = []
    for name, known in pair.known.items():
        link = pair.links.of(name) if pair.links is not None else None
        mine = [pair.parts[p - 1] for p in link.parts] if link is not None else []
        if link is None and known.place:
            marks.append(Mark(name, known.place.lesion, None, True, "carried"))
        elif mine and link is not None:
            marks.append(Mark(name, union(mine), None, False, link.outcome.value))
        else:
            spot = known.place.lesion.centre if known.place else None
            marks.append(Mark(name, None, spot, False, "" if link is None else link.outcome.value))
    for link in pair.links.new() if pair.links is not None else ():
        part = link.parts[0]
        marks.append(Mark(f"part {part}", pair.parts[part - 1], None, True, "no known lesion"))
    if pair.candidates is not None:
        marks += [Mark(c.name, c.contour, None, True, str(c.suggestion)) for c in pair.candidates.shown]
    return marks


def _levels(pair: TrackedPair, mark: Mark) -> tuple[int, int, tuple[float, float, float]] | None:
    """The mark's slice in the follow-up, the baseline's slice at the same anatomical level, the place there."""
    if mark.contour:
        level = mark.contour.start[0] + int(np.argmax(mark.contour.voxels.sum((1, 2))))
        middle = np.array([level, *np.argwhere(mark.contour.plane(level)).mean(0) + mark.contour.start[1:]])
    elif mark.place is not None:
        level, middle = round(mark.place[0]), np.asarray(mark.place)
    else:
        return None
    there = pair.found.to_baseline(pair.after.geometry.index_to_lps(middle))
    z, y, x = (float(v) for v in pair.before.geometry.lps_to_index(there))
    before = int(np.clip(round(z), 0, pair.before.geometry.size[0] - 1))
    return before, int(np.clip(level, 0, pair.after.geometry.size[0] - 1)), (z, y, x)
