"""A second look where an adapted network draws nothing, though the tissue is certainly no healthy liver.

A network that has learned what a lesion looked like misses one that treatment has changed. Another one, which contours
what it is shown, is shown the place. What it draws counts where it is unlike liver as well; else the row stays as it
is, and its reader is asked.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.track.identity.presence import HealthyLiver

#: Contours what lies in a place, a contour on the follow-up's grid; ``None`` where nothing is found.
Ask = Callable[[Lesion], Lesion | None]
_LEAST_SHARED = 0.3


def look_again(
    found: Mask, places: Mapping[str, Lesion], healthy: HealthyLiver | None, ask: Ask
) -> dict[str, Lesion]:
    """Contours of lesions that were overlooked, by name.

    Args:
        found: what was drawn, of all lesions, (z, y, x) on the follow-up's grid.
        places: registered earlier contours on that grid, of lesions whose place is sure.
        healthy: the patient's healthy liver in this scan; without it nothing is said to be overlooked.
    """
    seen: dict[str, Lesion] = {}
    if healthy is None:
        return seen
    for name, place in places.items():
        if not place or place.values(found).any() or not _is_unlike(place, healthy):
            continue
        drawn = ask(place)
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


def deepest(place: Lesion, spacing: tuple[float, float, float]) -> tuple[int, int, int]:
    """Index (z, y, x) of the voxel that lies deepest in a contour, however it is bent."""
    depth = ndimage.distance_transform_edt(np.pad(place.voxels, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    z, y, x = (int(i) for i in np.unravel_index(int(depth.argmax()), depth.shape))
    return place.start[0] + z, place.start[1] + y, place.start[2] + x


def _is_unlike(contour: Lesion, healthy: HealthyLiver) -> bool:
    there = healthy.difference(contour)
    return there is not None and there.is_unlike_liver


def _is_this_lesion(drawn: Lesion, place: Lesion, found: Mask, healthy: HealthyLiver) -> bool:
    """In the place, unlike liver, and apart from whatever was drawn of other lesions."""
    if drawn.overlap(place) < _LEAST_SHARED * min(drawn.count, place.count):
        return False
    around = drawn.dilated(healthy.spacing, max(healthy.spacing))
    return not around.values(found).any() and _is_unlike(drawn, healthy)
