"""A second look where an adapted network draws nothing, though the tissue is certainly no healthy liver.

A network that has learned what a lesion looked like misses one that treatment has changed. Another one, which contours
what a line shows, is shown the place: first by a short line in its middle, since what is missed has mostly shrunk, then
by the long axis of what it has drawn. The contour counts where it is unlike liver as well; else the row stays as it is,
and its reader is asked.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.prompt import SHORTEST_LINE_MM, Line
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.track.identity.presence import HealthyLiver

#: Contours what a line shows, on the follow-up's grid; ``None`` where nothing is found.
Ask = Callable[[Line], Lesion | None]
# Of the place's longer side. On development seeds the whole side gave contours as large as the lesion had been.
_SHARE = 0.7
_LEAST_SHARED = 0.3


def look_again(
    found: Mask, places: Mapping[str, Lesion], healthy: HealthyLiver | None, geometry: Geometry, ask: Ask
) -> dict[str, Lesion]:
    """Contours of lesions that were overlooked, by name.

    Args:
        found: what was drawn, of all lesions, (z, y, x) on the follow-up's grid.
        places: registered earlier contours on that grid, of lesions whose place is sure.
        healthy: the patient's healthy liver in this scan; without it nothing is said to be overlooked.
        geometry: of the follow-up's original slices.
    """
    seen: dict[str, Lesion] = {}
    if healthy is None:
        return seen
    for name, place in places.items():
        if not place or place.values(found).any() or not _is_unlike(place, healthy):
            continue
        drawn = _contour(place, geometry, ask)
        if drawn and _is_this_lesion(drawn, place, found, healthy):
            seen[name] = drawn
            found = with_drawn(found, [drawn])
    return seen


def with_drawn(found: Mask, contours: Iterable[Lesion]) -> Mask:
    """A tumour mask with further contours in it."""
    more = found.copy()
    for one in contours:
        more[one.box] |= one.voxels
    return more


def short_line(place: Lesion, geometry: Geometry) -> Line | None:
    """A line through the middle of a place, in its slice along the longer side; ``None`` if it would be too short."""
    middle = np.array([(one.start + one.stop - 1) / 2 for one in place.box])
    sides = np.array(place.voxels.shape) * geometry.spacing
    axis = 1 + int(np.argmax(sides[1:]))
    half = np.zeros(3)
    half[axis] = _SHARE * place.voxels.shape[axis] / 2
    return _line(*geometry.index_to_lps([middle - half, middle + half]))


def _contour(place: Lesion, geometry: Geometry, ask: Ask) -> Lesion | None:
    line = short_line(place, geometry)
    first = ask(line) if line else None
    if not first:
        return None
    axis = measure_lesion(first, geometry).long_axis
    own = _line(axis.start_lps, axis.end_lps)
    return (ask(own) if own else None) or first


def _line(start: npt.ArrayLike, end: npt.ArrayLike) -> Line | None:
    ends = [(float(x), float(y), float(z)) for x, y, z in (np.asarray(start), np.asarray(end))]
    line = Line(*ends)
    return line if line.length_mm >= SHORTEST_LINE_MM else None


def _is_unlike(contour: Lesion, healthy: HealthyLiver) -> bool:
    there = healthy.difference(contour)
    return there is not None and there.is_unlike_liver


def _is_this_lesion(drawn: Lesion, place: Lesion, found: Mask, healthy: HealthyLiver) -> bool:
    """In the place, unlike liver, and apart from whatever was drawn of other lesions."""
    if drawn.overlap(place) < _LEAST_SHARED * min(drawn.count, place.count):
        return False
    around = drawn.dilated(healthy.spacing, max(healthy.spacing))
    return not around.values(found).any() and _is_unlike(drawn, healthy)
