"""From a tumour mask to lesions: connected components, carried identities, nothing else."""

from collections.abc import Mapping, Sequence

import cc3d
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.imaging.boxes import tight_box
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.label_maps import overlap_table
from HCCResponseLib.lesions.lesion import Lesion, union
from HCCResponseLib.lesions.warped import WarpedContour
from HCCResponseLib.track.identity.matching import KnownLesion, match
from HCCResponseLib.track.registration.trust import LocalTrust

_CRUMB_MM3 = 20.0
_SMALL_PART = 0.1
_LEAST_MM3 = 65.0  # a sphere of 5 mm, below which RECIST 1.1 calls a lesion too small to measure
_NEIGHBOURS = 18


def components(mask: Mask, least_voxels: int = 1) -> list[Lesion]:
    """18-connected parts of a mask (z, y, x) that have at least so many voxels, largest first."""
    around = tight_box(mask)
    if around is None:
        return []
    labels = cc3d.connected_components(np.ascontiguousarray(mask[around]), connectivity=_NEIGHBOURS)
    figures = cc3d.statistics(labels, no_slice_conversion=True)
    sizes, boxes = figures["voxel_counts"], figures["bounding_boxes"]
    shape = (mask.shape[0], mask.shape[1], mask.shape[2])
    found = []
    for label in 1 + np.argsort(-sizes[1:].astype(np.int64), kind="stable"):
        if sizes[label] < least_voxels:
            break
        low, high = boxes[label][::2].astype(int), boxes[label][1::2].astype(int) + 1
        part = labels[low[0] : high[0], low[1] : high[1], low[2] : high[2]] == label
        z, y, x = (int(a) + one.start for a, one in zip(low, around, strict=True))
        found.append(Lesion(shape, (z, y, x), part))
    return found


def count_parts(lesion: Lesion) -> int:
    """Number of 18-connected parts of a lesion."""
    return int(cc3d.connected_components(lesion.voxels, connectivity=_NEIGHBOURS, return_N=True)[1])


def carried_parts(
    found: Mask, spacing: tuple[float, float, float], places: Sequence[Lesion] = ()
) -> list[Lesion]:
    """Connected parts of a tumour mask that are large enough to be a lesion or a part of one, largest first.

    A crumb (below 20 mm3) counts only in a place that holds nothing else: there it may be all that is left.

    Args:
        places: each known lesion's registered earlier contour on the same grid.
    """
    least = max(1, int(_CRUMB_MM3 / float(np.prod(spacing))))
    parts = components(found, least)
    bare = overlap_table(places, parts).sum(1) == 0
    empty = [one for one, alone in zip(places, bare, strict=True) if alone and one.values(found).any()]
    if not empty:
        return parts
    crumbs = [one for one in components(found) if one.count < least]
    here = overlap_table(empty, crumbs).sum(0) > 0
    return parts + [one for one, counts in zip(crumbs, here, strict=True) if counts]


def is_too_small(lesion: Lesion, voxel_mm3: float) -> bool:
    """Whether its largest part is below a sphere of 5 mm (65 mm3): seen, not measurable (RECIST 1.1, 4.3.2)."""
    largest = components(np.array(lesion.voxels))[0]
    return largest.volume_mm3(voxel_mm3) < _LEAST_MM3


def divide(
    parts: Sequence[Lesion],
    owners: Mapping[int, Sequence[str]],
    places: Mapping[str, Lesion],
    spacing: tuple[float, float, float],
) -> dict[str, Lesion | None]:
    """Each lesion's contour from the parts that it owns.

    A part with several owners is divided between their places by distance. Crumbs below a tenth of a lesion's largest
    part are dropped. However little is left of a lesion is its contour; ``None`` means that nothing is.

    Args:
        parts: part i has number i + 1 in ``owners``.
        places: each lesion's registered earlier contour on the same grid.
    """
    shares: dict[str, list[Lesion]] = {name: [] for name in places}
    for number, names in owners.items():
        part = parts[number - 1]
        whole = [name for name in names if places[name]]
        if len(whole) < 2:
            for name in names:
                shares[name].append(part)
            continue
        nearest = _nearest(part, [places[name] for name in whole], spacing)
        for index, name in enumerate(whole):
            shares[name].append(Lesion(part.shape, part.start, part.voxels & (nearest == index)))
    return {name: _whole([one for one in mine if one]) for name, mine in shares.items()}


def _nearest(
    part: Lesion, places: Sequence[Lesion], spacing: tuple[float, float, float]
) -> npt.NDArray[np.intp]:
    """For every voxel of the part's bounding box the number of the place that is nearest."""
    box = part.reach(spacing, 30.0)
    inner = tuple(
        slice(a - one.start, a - one.start + n)
        for a, n, one in zip(part.start, part.voxels.shape, box, strict=True)
    )
    away = [ndimage.distance_transform_edt(~one.window(box), sampling=spacing)[inner] for one in places]
    return np.asarray(np.stack(away).argmin(0))


def _whole(parts: list[Lesion]) -> Lesion | None:
    if not parts:
        return None
    largest = max(part.count for part in parts)
    return union([part for part in parts if part.count >= _SMALL_PART * largest])


def carry_identities(
    found: Mask, carried: Mapping[str, WarpedContour], spacing: tuple[float, float, float]
) -> dict[str, Lesion | None]:
    """Give each part of ``found`` to the known lesion in whose place it lies: :func:`match`, then :func:`divide`.

    For callers that want contours and no evidence.

    Args:
        found: tumour mask on the follow-up's grid, (z, y, x).
        carried: each known lesion's registered earlier contour on the same grid.
        spacing: (z, y, x) mm.

    Returns:
        each lesion's contour, or ``None`` where nothing is left of it that can be measured.
    """
    sure = LocalTrust(True, True, None, ())
    voxel = float(np.prod(spacing))
    known = {n: KnownLesion(c, c.lesion.volume_mm3(voxel), sure) for n, c in carried.items()}
    parts = carried_parts(found, spacing)
    size = (found.shape[0], found.shape[1], found.shape[2])
    links = match("", known, parts, Geometry(size, spacing))
    contours = divide(parts, links.owners(), {n: c.lesion for n, c in carried.items()}, spacing)
    return {n: None if c is None or is_too_small(c, voxel) else c for n, c in contours.items()}
