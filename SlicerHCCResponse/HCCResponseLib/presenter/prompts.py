"""What a network is shown of a row: the line carried to another visit, a click on a contour that is not right."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from HCCResponseLib.imaging.geometry import Geometry, box_geometry
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.prompt import Click, Line, Lps, Prompts
from HCCResponseLib.nets.prompts.place import within_cube
from HCCResponseLib.presenter.evidence import shown_line
from HCCResponseLib.review.read.records import ReaderLine
from HCCResponseLib.review.read.state import ReadState, Row


def axis_line(row: Row | None) -> ReaderLine | None:
    """The long axis that counts for a row, where it has a place: the reader's own, else the contour's."""
    if row is None or row.long_mm is None or row.parts:
        return None
    if row.decision is not None and row.decision.long_axis_mm is not None:
        return row.decision.long_line
    axis = row.measurement.long_axis if row.measurement else None
    return None if axis is None else ReaderLine(axis.start_lps, axis.end_lps)


@dataclass(frozen=True)
class FirstLine:
    """The line to begin with; ``carried``: by the registration from the visit before, so that it can be off."""

    line: ReaderLine
    carried: bool


def first_line(state: ReadState, time_point: str, name: str, geometry: Geometry) -> FirstLine | None:
    """The line to begin with at a row, for its reader to move: that of the visit before, where registration carried it.

    A network that gets a line beside the lesion draws what lies there, so nobody runs it on a carried line unseen.

    Args:
        geometry: of the scan of this time point; the line lies on one of its slices.

    Returns:
        ``None`` where nothing is known of its place here.
    """
    row = state.row(time_point, name)
    names = list(state.rows)
    earlier = names[: names.index(time_point)] if time_point in names else []
    before = next((x for p in reversed(earlier) if (x := axis_line(state.row(p, name))) is not None), None)
    place = row.proposal.evidence.get("place_lps") if row is not None else None
    if before is None or not isinstance(place, list):
        own = axis_line(row)
        return None if own is None else FirstLine(own, carried=False)
    ends = np.array([before.start_lps, before.end_lps])
    index = geometry.lps_to_index(ends - ends.mean(0) + np.asarray(place))
    # The scan may lie otherwise than the one before; a diameter lies on one slice.
    index[:, geometry.slice_axis] = np.rint(index[:, geometry.slice_axis].mean())
    index = np.clip(index, 0, np.asarray(geometry.size) - 1)
    start, end = (_point(one) for one in geometry.index_to_lps(index))
    return FirstLine(ReaderLine(start, end), carried=True)


def correction(row: Row, click: Click, geometry: Geometry) -> Prompts:
    """What the network is shown beside the contour of a row when its reader clicks on what is missing or too much.

    Networks learn from a line or a click inside, so one goes along: the line that the contour comes from, else the
    deepest place of the contour.
    """
    contour = row.contour
    assert contour
    drawn = shown_line(row)
    if drawn is not None:
        line = Line(drawn.start_lps, drawn.end_lps)
        if within_cube(contour, line, geometry):
            return Prompts(line, (click,))
    return Prompts(clicks=(click, Click(_deepest(contour, click, geometry))))


def corrected_facts(row: Row, click: Click, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept with a corrected contour: the line that it began with, and every click of the reader in order."""
    before = row.prompt or {}
    clicks = [*(before.get("clicks") or []), asdict(click)]
    return {**facts, "line": before.get("line"), "clicks": clicks}


def _deepest(contour: Lesion, click: Click, geometry: Geometry) -> Lps:
    """The place of a contour that is far from its border and from the click, LPS mm; of equal ones the middle one."""
    grid = box_geometry(geometry, contour.box)
    depth = ndimage.distance_transform_edt(np.pad(contour.voxels, 1), sampling=grid.spacing)[1:-1, 1:-1, 1:-1]
    places = np.argwhere(contour.voxels)
    away = np.linalg.norm(grid.index_to_lps(places) - np.asarray(click.lps), axis=1)
    beside = np.linalg.norm((places - places.mean(0)) * grid.spacing, axis=1)
    best = int((np.minimum(depth[contour.voxels], away) - 0.01 * beside).argmax())
    return _point(grid.index_to_lps(places[best]))


def _point(values: Any) -> Lps:
    x, y, z = (float(v) for v in values)
    return x, y, z
