"""The aorta of an enhanced CT: the longest round tube in front of the spine. No network, no anatomy model.

On slices of about 5 mm with voxels of about 2.5 mm every brightness from 60 HU on cuts out round spots of the size of
an aorta; spots that lie over each other make a tube.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.imaging.volumes import Volume

Array = npt.NDArray[np.float32]
_IN_PLANE_MM, _SLICE_MM = 2.5, 5.0
_BONE_HU, _BODY_HU = 180.0, -300.0
_SPINE_BLUR_MM = 12.0
# The spine is looked for in the back half of the body and, where it was not cropped, in the middle of its width.
_MIDDLE = (0.3, 0.7)
# Where an aorta can lie, seen from the spine: to the patient's right and left, and to the front.
_RIGHT_MM, _LEFT_MM, _FRONT_MM = 30.0, 55.0, 85.0
_LEVELS_HU = range(60, 420, 15)
_AREA_MM2 = (130.0, 1300.0)
_ROUND, _FULL = 0.65, 0.56
# From slice to slice a tube moves and changes less than this.
_STEP_MM, _STEP_HU = 7.0, 35.0
_SHORTEST_MM, _FEWEST_SLICES = 25.0, 3


@dataclass(frozen=True)
class CoarseScan:
    """A CT in blocks, so that noise averages out: HU (z, y, x), and the size of a block in mm."""

    hu: Array
    spacing: tuple[float, float, float]

    @classmethod
    def of(cls, volume: Volume) -> "CoarseScan":
        """Mean of whole blocks; what is left over at the far ends is dropped."""
        wanted = (_SLICE_MM, _IN_PLANE_MM, _IN_PLANE_MM)
        size, spacing = volume.geometry.size, volume.geometry.spacing
        step = [min(n, max(1, round(w / s))) for n, w, s in zip(size, wanted, spacing, strict=True)]
        count = [n // f for n, f in zip(size, step, strict=True)]
        whole = volume.hu[tuple(slice(n * f) for n, f in zip(count, step, strict=True))]
        blocks = whole.reshape([k for pair in zip(count, step, strict=True) for k in pair])
        z, y, x = (float(s * f) for s, f in zip(spacing, step, strict=True))
        return cls(np.asarray(blocks.mean(axis=(1, 3, 5), dtype=np.float32)), (z, y, x))


@dataclass(frozen=True)
class _Spot:
    """A round spot of one slice: its place in mm, its HU."""

    level: int
    y: float
    x: float
    hu: float


def aorta_hu(scan: CoarseScan) -> float | None:
    """Attenuation of the enhanced aorta in HU; ``None`` where no tube of 25 mm is found, as without contrast medium."""
    spine = _spine(scan)
    if spine is None:
        return None
    tube = _longest_tube(scan, spine)
    long_enough = len(tube) >= _FEWEST_SLICES and len(tube) * scan.spacing[0] >= _SHORTEST_MM
    return float(np.median([spot.hu for spot in tube])) if long_enough else None


def _spine(scan: CoarseScan) -> tuple[int, int] | None:
    """Row and column (y, x) where most bone lies over all slices; ``None`` without a body or bone."""
    body = (scan.hu > _BODY_HU).mean(axis=0) > 0.5
    if not body.any():
        return None
    rows, columns = (np.flatnonzero(body.any(axis=axis)) for axis in (1, 0))
    bone = (scan.hu > _BONE_HU).mean(axis=0, dtype=np.float32)
    blur = [_SPINE_BLUR_MM / s for s in scan.spacing[1:]]
    density = ndimage.gaussian_filter(bone, blur)
    density[: (rows[0] + rows[-1]) // 2] = 0
    if columns[0] > 0 and columns[-1] < body.shape[1] - 1:
        width = columns[-1] - columns[0]
        density[:, : int(columns[0] + _MIDDLE[0] * width)] = 0
        density[:, int(columns[0] + _MIDDLE[1] * width) :] = 0
    y, x = np.unravel_index(int(density.argmax()), density.shape)
    return (int(y), int(x)) if density[y, x] > 0 else None


def _longest_tube(scan: CoarseScan, spine: tuple[int, int]) -> list[_Spot]:
    longest: list[_Spot] = []
    before: list[list[_Spot]] = []
    for level in range(len(scan.hu)):
        here = []
        for spot in _spots(scan, spine, level):
            fitting = (tube for tube in before if _goes_on(tube[-1], spot))
            here.append([*max(fitting, key=len, default=[]), spot])
        longest = max([longest, *here], key=len)
        before = here
    return longest


def _goes_on(below: _Spot, above: _Spot) -> bool:
    moved = float(np.hypot(below.y - above.y, below.x - above.x))
    return moved < _STEP_MM and abs(below.hu - above.hu) < _STEP_HU


def _spots(scan: CoarseScan, spine: tuple[int, int], level: int) -> Iterator[_Spot]:
    """Round spots of one slice in front of the spine, at every brightness."""
    high, wide = scan.spacing[1:]
    y, x = spine
    top, left = max(0, int(y - _FRONT_MM / high)), max(0, int(x - _RIGHT_MM / wide))
    part = scan.hu[level, top:y, left : int(x + _LEFT_MM / wide)]
    for limit in _LEVELS_HU:
        marked, count = ndimage.label(part > limit)
        if not count:
            return
        for value, box in enumerate(ndimage.find_objects(marked), start=1):
            edges = [(b.start > 0, b.stop < n) for b, n in zip(box, part.shape, strict=True)]
            spot = np.asarray(marked[box] == value)
            core = ndimage.binary_erosion(spot)
            if np.all(edges) and core.sum() >= 4 and _is_round(spot, (high, wide)):
                at = ndimage.center_of_mass(spot)
                where = ((box[0].start + at[0]) * high, (box[1].start + at[1]) * wide)
                yield _Spot(level, *where, float(np.median(part[box][core])))


def _is_round(spot: Mask, spacing: tuple[float, float]) -> bool:
    area = float(spot.sum()) * spacing[0] * spacing[1]
    sides = [n * s for n, s in zip(spot.shape, spacing, strict=True)]
    longest = max(sides)
    full = area >= _FULL * np.pi * longest**2 / 4
    return bool(_AREA_MM2[0] <= area <= _AREA_MM2[1] and min(sides) >= _ROUND * longest and full)
