"""What is written and drawn over a slice beside the scan: names with millimetres, and the other visit's contours."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.measure import slice_contours
from HCCResponseLib.presenter.view import STATE_WORDS
from HCCResponseLib.review.read.state import ReadState, Row, RowStatus

Curve = npt.NDArray[np.float64]
Point = tuple[float, float, float]
Geometries = Callable[[str], Geometry]


@dataclass(frozen=True, eq=False)
class Mark:
    """Words at a place of a slice, and curves where the scene draws none.

    Attributes:
        place: LPS mm (x, y, z): the foremost point of the outline that it names, of another visit's the hindmost.
        number: of the lesion in its visit, which gives its colour.
        curves: closed curves, each (n, 3) LPS mm.
    """

    words: str
    place: Point
    number: int
    curves: tuple[Curve, ...] = ()


def marks_on(state: ReadState, point: str, geometry: Geometry, at: Point) -> list[Mark]:
    """Name and size of every lesion and candidate that the slice shows, and of what is gone from it.

    Args:
        at: LPS mm of any place on the slice, which is one of the acquired ones.
    """
    level = round(float(geometry.lps_to_index(at)[0]))
    found = []
    for number, (name, row) in enumerate(state.rows.get(point, {}).items()):
        if row.status is RowStatus.REJECTED:
            continue
        place = _top(row, geometry, level) or _where_gone(row, geometry, level)
        if place is not None:
            found.append(Mark(_words(name, row), place, number))
    return found


def _words(name: str, row: Row) -> str:
    """ "L1 50.2 x 47.0 mm", "C1? 9.4 x 8.3 mm", "L3 gone"."""
    doubt = "?" if row.is_candidate and row.status is RowStatus.PROPOSED else ""
    if row.long_mm is None:
        return f"{name}{doubt} {STATE_WORDS.get(row.state, row.size_words)}"
    short = f" x {row.short_mm}" if row.short_mm is not None else ""
    return f"{name}{doubt} {row.long_mm}{short} mm"


def _top(row: Row, geometry: Geometry, level: int) -> Point | None:
    """The foremost voxel of a contour on a slice: words above it cover nothing of the lesion."""
    contour = row.contour if row.is_sized else None
    if contour is None or not contour.plane(level).any():
        return None
    rows, columns = np.nonzero(contour.plane(level))
    middle = float(columns[rows == rows.min()].mean())
    return _lps(geometry, (level, contour.start[1] + int(rows.min()), contour.start[2] + middle))


def _where_gone(row: Row, geometry: Geometry, level: int) -> Point | None:
    """Where a lesion without contour was expected, on the slice of that place alone."""
    place = row.proposal.evidence.get("place_lps")
    if row.is_sized or not isinstance(place, list):
        return None
    return _point(place) if round(float(geometry.lps_to_index(place)[0])) == level else None


def ghosts_on(state: ReadState, point: str, other: str, grids: Geometries, at: Point) -> list[Mark]:
    """Contours of another visit on a slice of this one, moved as the registration carried each lesion.

    Without a known place they stay where they are.

    Args:
        point, other: names of the visits; ``grids`` gives the grid of a visit's image.
        at: LPS mm of any place on the slice of ``point``.
    """
    found = []
    for number, (name, row) in enumerate(state.rows.get(other, {}).items()):
        contour = row.contour if row.is_sized and row.status is not RowStatus.REJECTED else None
        if contour is None:
            continue
        shift = _carried(state, point, other, name, grids)
        level = round(float(grids(other).lps_to_index(np.subtract(at, shift))[0]))
        curves = tuple(curve + shift for curve in _curves(contour, grids(other), level))
        if curves:
            lowest = max((curve[curve[:, 1].argmax()] for curve in curves), key=lambda p: float(p[1]))
            found.append(Mark(f"{name} {other}", _point(lowest), number, curves))
    return found


def _curves(contour: Lesion, geometry: Geometry, level: int) -> Iterator[Curve]:
    plane = contour.plane(level)
    for line in slice_contours(plane) if plane.any() else ():
        index = np.column_stack([np.full(len(line), level), line + contour.start[1:]])
        yield geometry.index_to_lps(index)


def _carried(state: ReadState, point: str, other: str, name: str, grids: Geometries) -> Curve:
    """LPS mm from a lesion's middle at another visit to where the registration carried it at this one."""
    for later, earlier, sign in ((point, other, 1.0), (other, point, -1.0)):
        row, before = state.row(later, name), state.row(earlier, name)
        place = row.proposal.evidence.get("place_lps") if row is not None else None
        if isinstance(place, list) and before is not None and before.proposal.contour:
            middle = grids(earlier).index_to_lps(before.proposal.contour.centre)
            return np.asarray(sign * np.subtract(place, middle))
    return np.zeros(3)


def _lps(geometry: Geometry, index: Point) -> Point:
    return _point(geometry.index_to_lps(index))


def _point(values: npt.ArrayLike) -> Point:
    x, y, z = (float(v) for v in np.asarray(values))
    return x, y, z
