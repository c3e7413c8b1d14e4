"""From a tumour mask to lesions: connected components, carried identities, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cc3d
import numpy as np
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.resample import bounding_box
from HCCResponseLib.imaging.warped import WarpedMask
from HCCResponseLib.track.identity.matching import KnownLesion, match
from HCCResponseLib.track.registration.trust import LocalTrust

_CRUMB_MM3 = 20.0
_SMALL_PART = 0.1
_LEAST_MM3 = 65.0  # a sphere of 5 mm, below which RECIST 1.1 calls a lesion too small to measure


def components(mask: Mask, least_voxels: int = 1) -> list[Mask]:
    """18-connected parts of at least so many voxels, largest first, each of the mask's shape (z, y, x)."""
    labels, count = cc3d.connected_components(mask.astype(np.uint8), connectivity=18, return_N=True)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    return [
        np.asarray(labels == 1 + i) for i in np.argsort(-sizes, kind="stable") if sizes[i] >= least_voxels
    ]


def carried_parts(found: Mask, spacing: tuple[float, float, float]) -> list[Mask]:
    """Connected parts of a tumour mask that are large enough to be a lesion or a part of one, largest first."""
    return components(found, max(1, int(_CRUMB_MM3 / float(np.prod(spacing)))))


def divide(
    parts: Sequence[Mask],
    owners: Mapping[int, Sequence[str]],
    places: Mapping[str, Mask],
    spacing: tuple[float, float, float],
) -> dict[str, Mask | None]:
    """Each lesion's mask from the parts that it owns.

    A part with several owners is divided between their places by distance. Crumbs below a tenth of a lesion's largest
    part are dropped, and a lesion of less than 65 mm3 has disappeared.

    Args:
        parts: (z, y, x); part i has number i + 1 in ``owners``.
        places: each lesion's registered earlier contour on the same grid.
    """
    shares: dict[str, list[Mask]] = {name: [] for name in places}
    for number, names in owners.items():
        part = parts[number - 1]
        whole = [name for name in names if places[name].any()]
        if len(whole) < 2:
            for name in names:
                shares[name].append(part)
            continue
        box = bounding_box(part, spacing, 30.0)
        reach = [ndimage.distance_transform_edt(~places[name][box], sampling=spacing) for name in whole]
        nearest = np.stack(reach).argmin(0)
        for index, name in enumerate(whole):
            mine = np.zeros(part.shape, bool)
            mine[box] = part[box] & (nearest == index)
            shares[name].append(mine)
    voxel = float(np.prod(spacing))
    return {name: _whole([m for m in mine if m.any()], voxel) for name, mine in shares.items()}


def _whole(parts: list[Mask], voxel_mm3: float) -> Mask | None:
    sizes = [int(p.sum()) for p in parts]
    if not sizes or max(sizes) * voxel_mm3 < _LEAST_MM3:
        return None
    kept = [part for part, size in zip(parts, sizes, strict=True) if size >= _SMALL_PART * max(sizes)]
    return np.asarray(np.logical_or.reduce(kept))


def carry_identities(
    found: Mask, carried: Mapping[str, WarpedMask], spacing: tuple[float, float, float]
) -> dict[str, Mask | None]:
    """Give each part of ``found`` to the known lesion in whose place it lies: :func:`match`, then :func:`divide`.

    For callers that want masks and no evidence.

    Args:
        found: tumour mask on the follow-up's grid, (z, y, x).
        carried: each known lesion's registered earlier contour on the same grid.
        spacing: (z, y, x) mm.

    Returns:
        each lesion's mask, or ``None`` where nothing is left of it.
    """
    sure = LocalTrust(True, True, True, None, ())
    voxel = float(np.prod(spacing))
    known = {n: KnownLesion(c, float(c.voxels.sum()) * voxel, sure) for n, c in carried.items()}
    parts = carried_parts(found, spacing)
    size = (found.shape[0], found.shape[1], found.shape[2])
    links = match("", known, parts, Geometry(size, spacing))
    return divide(parts, links.owners(), {n: c.voxels for n, c in carried.items()}, spacing)
