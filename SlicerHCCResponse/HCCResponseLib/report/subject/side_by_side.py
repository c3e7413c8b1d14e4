"""Baseline and follow-up side by side at the same anatomical level, with every lesion's contour, name and colour."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from HCCResponseLib.imaging.volumes import SOFT_TISSUE_WINDOW, Volume, window
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.report.subject.figures import Images, as_png, outlines
from HCCResponseLib.review.read.state import ReadState, Row, RowStatus

# After Okabe and Ito, who chose for colour-blind readers; two are lighter, to be read on grey.
_COLOURS = ("#56b4e9", "#e69f00", "#2fcf9b", "#f0e442", "#cc79a7", "#d55e00", "#7aa8ff")
_MOST_LEVELS = 6
_NEAR_MM = 6.0


@dataclass(frozen=True, eq=False)
class Mark:
    """One lesion on one side.

    Attributes:
        name: what is written beside it; the same name has the same colour on both sides.
        contour: what is drawn, or ``None`` where there is none.
        place: (z, y, x) index of the place where it would be.
        candidate: drawn dashed.
        words: added to the name, such as "gone".
    """

    name: str
    contour: Lesion | None
    place: tuple[float, float, float] | None = None
    candidate: bool = False
    words: str = ""


@dataclass(frozen=True, eq=False)
class Side:
    """One half of the picture: which scan, which slice, what is drawn into it."""

    title: str
    image: Volume
    level: int
    marks: tuple[Mark, ...]

    def shows(self, mark: Mark) -> bool:
        """Whether a mark's contour, or the place of what has none, is drawn on this slice."""
        if mark.contour is not None:
            return bool(mark.contour.plane(self.level).any())
        off = None if mark.place is None else abs(mark.place[0] - self.level)
        return off is not None and off * self.image.geometry.spacing[0] <= _NEAR_MM


def draw_side_by_side(left: Side, right: Side, names: Sequence[str]) -> str:
    """A PNG as a data URI: both sides in the soft-tissue window and to the same scale.

    Args:
        names: all lesions of the read in order; a lesion's position here gives its colour.
    """
    figure = Figure(figsize=(9.6, 4.2), dpi=110, facecolor="black")
    boxes = [_body(side) for side in (left, right)]
    half = max(max(b[1] - b[0], b[3] - b[2]) for b in boxes) / 2
    for number, (side, box) in enumerate(zip((left, right), boxes, strict=True)):
        axes = figure.add_axes((0.5 * number, 0, 0.497, 1))
        _draw(axes, side, box, half, names)
    return as_png(figure)


def _body(side: Side) -> tuple[float, float, float, float]:
    """Extent of the body on the slice in mm: left, right, front, back."""
    plane = side.image.hu[side.level] > -300
    sy, sx = side.image.geometry.spacing[1:]
    rows, columns = np.flatnonzero(plane.any(1)), np.flatnonzero(plane.any(0))
    if not rows.size:
        return 0.0, plane.shape[1] * sx, 0.0, plane.shape[0] * sy
    return columns[0] * sx, columns[-1] * sx, rows[0] * sy, rows[-1] * sy


def _draw(
    axes: Axes, side: Side, box: tuple[float, float, float, float], half: float, names: Sequence[str]
) -> None:
    sy, sx = side.image.geometry.spacing[1:]
    plane = window(side.image.hu[side.level], SOFT_TISSUE_WINDOW)
    height, width = plane.shape
    extent = (-0.5 * sx, (width - 0.5) * sx, (height - 0.5) * sy, -0.5 * sy)
    axes.imshow(plane, cmap="gray", vmin=0, vmax=1, extent=extent, interpolation="bilinear")
    for mark in filter(side.shows, side.marks):
        _mark(axes, side, mark, _COLOURS[list(names).index(mark.name) % len(_COLOURS)])
    x, y = 0.5 * (box[0] + box[1]), 0.5 * (box[2] + box[3])
    axes.set_xlim(x - half, x + half)
    axes.set_ylim(y + half * 0.9, y - half * 0.9)
    axes.set_axis_off()
    style: dict[str, Any] = {"color": "white", "fontsize": 9, "transform": axes.transAxes}
    axes.text(0.02, 0.98, f"{side.title}, slice {side.level + 1}", va="top", **style)
    axes.text(0.98, 0.98, "L", va="top", ha="right", **style)


def _mark(axes: Axes, side: Side, mark: Mark, colour: str) -> None:
    sy, sx = side.image.geometry.spacing[1:]
    text = f"{mark.name} {mark.words}".strip()
    if mark.contour is not None:
        lines = outlines(mark.contour, side.level)
        for line in lines:
            style = "--" if mark.candidate else "-"
            axes.plot(line[:, 1] * sx, line[:, 0] * sy, color=colour, linewidth=1.4, linestyle=style)
        top = min((line[line[:, 0].argmin()] for line in lines), key=lambda p: float(p[0]))
        _write(axes, text, float(top[1]) * sx, float(top[0]) * sy - 2.0, colour)
    elif mark.place is not None:
        _, y, x = mark.place
        axes.plot([x * sx], [y * sy], color=colour, marker="+", markersize=9, markeredgewidth=1.4)
        _write(axes, text, x * sx, y * sy - 6.0, colour)


def _write(axes: Axes, text: str, x: float, y: float, colour: str) -> None:
    box = {"facecolor": "black", "alpha": 0.55, "pad": 1.0, "edgecolor": "none"}
    axes.text(x, y, text, color=colour, fontsize=9, ha="center", va="bottom", bbox=box, clip_on=True)


@dataclass(frozen=True)
class ComparedSlice:
    """One picture of the report: the follow-up, the lesions that it was chosen for, the picture as a data URI."""

    point: str
    names: str
    data: str


def levels(state: ReadState, images: Images) -> list[ComparedSlice]:
    """For every follow-up the fewest levels that show each of its lesions and candidates, largest first."""
    assert state.study is not None
    points = [p.name for p in state.study.timepoints if p.name in state.rows]
    names = list(dict.fromkeys(n for p in points for n in state.rows[p]))
    out: list[ComparedSlice] = []
    for point in points[1:]:
        out += _levels_of(state, points[0], point, images, names)
    return out


def _levels_of(
    state: ReadState, baseline: str, point: str, images: Images, names: Sequence[str]
) -> list[ComparedSlice]:
    rows = state.rows[point]
    shown: set[str] = set()
    out: list[ComparedSlice] = []
    for name in sorted(rows, key=lambda n: -_size(rows[n])):
        if name in shown or len(out) == _MOST_LEVELS:
            continue
        found = _slices(state, baseline, rows[name], images)
        if found is None:
            continue
        before, now = found
        right = Side(point, images(point), now, _marks(rows, images(point)))
        here = dict.fromkeys([name, *(mark.name for mark in right.marks if right.shows(mark))])
        shown |= set(here)
        first = {n: r for n, r in state.rows[baseline].items() if r.contour is not None}
        left = Side(baseline, images(baseline), before, _old_marks(first, rows[name], images(baseline)))
        out.append(ComparedSlice(point, ", ".join(here), draw_side_by_side(left, right, names)))
    return out


def _size(row: Row) -> float:
    return row.measurement.long_axis.length_raw_mm if row.measurement else 0.0


def _slices(state: ReadState, baseline: str, row: Row, images: Images) -> tuple[int, int] | None:
    """The slice of a row and the baseline's slice at the same anatomical level."""
    image, first = images(row.proposal.time_point), images(baseline)
    evidence, before = row.proposal.evidence, state.row(baseline, row.proposal.name)
    here, there = _index(evidence.get("place_lps"), image), None
    if row.is_candidate:
        there = _index(evidence.get("place_at_baseline_lps"), first)
    elif before is not None and before.contour is not None:
        there = before.contour.centre
    if here is None or there is None:
        return None
    level = row.measurement.axial_level if row.measurement is not None else round(here[0])
    if not 0 <= level < image.geometry.size[0]:
        return None
    old = round(there[0] + (level - here[0]) * image.geometry.spacing[0] / first.geometry.spacing[0])
    return int(np.clip(old, 0, first.geometry.size[0] - 1)), level


def _marks(rows: dict[str, Row], image: Volume) -> tuple[Mark, ...]:
    out = []
    for name, row in rows.items():
        place = row.proposal.evidence.get("place_lps")
        words = "" if row.contour is not None and row.status is not RowStatus.REJECTED else row.state.value
        if row.is_candidate:
            words = "candidate" if row.decision is None else row.decision.action.value
        drawn = None if row.status is RowStatus.REJECTED else row.contour
        out.append(Mark(name, drawn, _index(place, image), row.is_candidate, words))
    return tuple(out)


def _old_marks(first: dict[str, Row], row: Row, image: Volume) -> tuple[Mark, ...]:
    marks = [Mark(name, r.contour) for name, r in first.items()]
    if row.is_candidate and row.proposal.name not in first:
        place = _index(row.proposal.evidence.get("place_at_baseline_lps"), image)
        marks.append(Mark(row.proposal.name, None, place, True, "same place"))
    return tuple(marks)


def _index(place: object, image: Volume) -> tuple[float, float, float] | None:
    if not isinstance(place, list):
        return None
    z, y, x = image.geometry.lps_to_index(place)
    return float(z), float(y), float(x)
