"""From a tumour mask to lesions: connected components, carried identities, nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import cc3d
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.imaging.resample import bounding_box

Mask = npt.NDArray[np.bool_]
_REACH_MM = 12.0
_SMALL_PART = 0.1
_LEAST_MM3 = 65.0  # a sphere of 5 mm, below which RECIST 1.1 calls a lesion too small to measure


def components(mask: Mask, least_voxels: int = 1) -> list[Mask]:
    """18-connected parts of at least so many voxels, largest first, each of the mask's shape (z, y, x)."""
    labels, count = cc3d.connected_components(mask.astype(np.uint8), connectivity=18, return_N=True)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    return [
        np.asarray(labels == 1 + i) for i in np.argsort(-sizes, kind="stable") if sizes[i] >= least_voxels
    ]


def carry_identities(
    found: Mask, carried: Mapping[str, Mask], spacing: tuple[float, float, float]
) -> dict[str, Mask | None]:
    """Give each part of ``found`` to the known lesion in whose place it lies.

    A part that touches several lesions' places is divided between them by distance; a part farther than
    12 mm from every place belongs to none. Crumbs below a tenth of a lesion's largest part are dropped, and a lesion
    of less than 65 mm3 has disappeared.

    Args:
        found: tumour mask on the follow-up's grid, (z, y, x).
        carried: each known lesion's registered earlier contour on the same grid.
        spacing: (z, y, x) mm.

    Returns:
        each lesion's mask, or ``None`` where nothing is left of it.
    """
    names = [n for n, mask in carried.items() if mask.any()]
    empty: dict[str, Mask | None] = dict.fromkeys(carried)
    everything = found | np.logical_or.reduce([carried[n] for n in names]) if names else found
    if not names or not found.any():
        return empty
    box = bounding_box(everything, spacing, 2.0)
    local = {n: carried[n][box] for n in names}
    distance = np.stack([ndimage.distance_transform_edt(~local[n], sampling=spacing) for n in names])
    nearest = distance.argmin(0)
    shares: dict[str, list[Mask]] = {n: [] for n in names}
    for part in components(found[box]):
        if distance[:, part].min() > _REACH_MM:
            continue
        touched = [i for i, n in enumerate(names) if (local[n] & part).any()]
        if len(touched) > 1:
            for i in touched:
                shares[names[i]].append(
                    part & (np.where(np.isin(nearest, touched), nearest, touched[0]) == i)
                )
            continue
        owner = touched[0] if touched else int(distance[:, part].min(1).argmin())
        shares[names[owner]].append(part)
    voxel = float(np.prod(spacing))
    return {n: _whole(shares.get(n, []), found.shape, box, voxel) for n in carried}


def _whole(
    parts: list[Mask], shape: tuple[int, ...], box: tuple[slice, slice, slice], voxel_mm3: float
) -> Mask | None:
    sizes = [int(p.sum()) for p in parts]
    if not sizes or max(sizes) * voxel_mm3 < _LEAST_MM3:
        return None
    out = np.zeros(shape, bool)
    for part, size in zip(parts, sizes, strict=True):
        if size >= _SMALL_PART * max(sizes):
            out[box] |= part
    return out
