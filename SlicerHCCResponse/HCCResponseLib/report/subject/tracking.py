"""The pictures of ``hcc-response track``: one HTML file with every lesion and candidate side by side."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from HCCResponseLib.base.files import write_text
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion, union
from HCCResponseLib.lesions.links import LinkSet
from HCCResponseLib.report.subject.side_by_side import Mark, Side, draw_side_by_side
from HCCResponseLib.track.identity.matching import KnownLesion
from HCCResponseLib.track.new_lesions.candidates import Candidates
from HCCResponseLib.track.registration.register import Registration

_MOST = 12
_HEAD = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Lesions at two visits</title><style>'
    'body{font:15px/1.45 system-ui,"Segoe UI",sans-serif;margin:0 auto;padding:1.5rem;max-width:1080px}'
    "img{width:100%}figure{margin:0 0 1rem}.warn{background:#fff4e0;color:#8a4b00;padding:.6rem .9rem}"
    "</style></head><body>"
    "<h1>Lesions at two visits</h1><p class=warn>For research use; not cleared for clinical use. Carried outlines are "
    "for finding lesions again, not for measuring.</p>"
)


@dataclass(frozen=True, eq=False)
class TrackedPair:
    """Everything that the pictures show; contours on their own visit's grid."""

    before: Volume
    after: Volume
    lesions: Mapping[str, Lesion]
    known: Mapping[str, KnownLesion]
    parts: Sequence[Lesion]
    links: LinkSet | None
    candidates: Candidates | None
    found: Registration


def write_tracking(path: Path, pair: TrackedPair) -> None:
    """Write the file. Raises ``StorageError``."""
    quality = pair.found.quality
    cautions = [*quality.remarks]
    cautions += [f"{n}: {' '.join(k.trust.reasons)}" for n, k in pair.known.items() if k.trust.reasons]
    words = "".join(f"<li>{html.escape(one)}</li>" for one in cautions)
    figures = "".join(
        f'<figure><img src="{data}" alt="{html.escape(title)}"><figcaption>{html.escape(title)}</figcaption></figure>'
        for title, data in _pictures(pair)
    )
    overlap = "-" if quality.liver_overlap is None else f"{quality.liver_overlap:.3f}"
    facts = (
        f"<p>Body similarity {quality.body_similarity:.3f}, liver overlap {overlap}, error there and back "
        f"{quality.cycle_error_mm:.1f} mm, folding {100 * quality.folding:.2f} %.</p>"
    )
    caution = f'<div class="warn"><b>Look closely.</b><ul>{words}</ul></div>' if words else ""
    write_text(path, f"{_HEAD}{facts}{caution}{figures}</body></html>\n")


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
        sides = (
            Side("baseline", pair.before, before, marks),
            Side("follow-up", pair.after, after, tuple(right)),
        )
        out.append((f"Level of {mark.name} {mark.words}".strip(), draw_side_by_side(*sides, names)))
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
    if pair.links is not None:
        for link in pair.links.new():
            marks.append(
                Mark(f"part {link.parts[0]}", pair.parts[link.parts[0] - 1], None, True, "no known lesion")
            )
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
