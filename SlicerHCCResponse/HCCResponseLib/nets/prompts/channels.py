"""What the prompt network sees: the scan twice, an earlier contour, the line, the clicks; all on one small cube.

The cube is as large as the lesion asks for: its side is a multiple of the line, so that every lesion fills the same
share of it, whatever its size. Voxels are isotropic. All positions here are voxel indices (z, y, x) of the cube.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.nets.inputs import normalise_hu, signed_distance

CHANNELS = 5
# Side of the cube in lengths of the line, and its least and largest side in mm.
SIDE_OF_LINE, SMALLEST_MM, LARGEST_MM = 2.2, 28.0, 360.0
# Where only a click was given nothing tells the size yet.
UNKNOWN_MM = 110.0
_NARROW_HU = 60.0
_SOFT_TISSUE_HU = (-20.0, 250.0)
_CLICK_VOXELS = 2.0
_PRIOR_SHARE = 0.2


@dataclass(frozen=True)
class Shown:
    """Prompts on the cube, in voxel indices (z, y, x).

    Attributes:
        line: both ends, (2, 3), or ``None``.
        inside, outside: clicks, (n, 3).
    """

    line: npt.NDArray[np.float64] | None
    inside: npt.NDArray[np.float64]
    outside: npt.NDArray[np.float64]


def side_mm(line_mm: float | None) -> float:
    """Side of the cube for a line of this length; without a line the size is not known."""
    if line_mm is None:
        return UNKNOWN_MM
    return float(np.clip(SIDE_OF_LINE * line_mm, SMALLEST_MM, LARGEST_MM))


def prompt_input(hu: Float32, prior: Mask | None, shown: Shown) -> Float32:
    """Channels of the network, (5, n, n, n).

    Scan from -150 to 250 HU; scan 60 HU about the tissue around the prompts; signed distance to an earlier contour
    (positive inside, 0 everywhere: none); nearness of the line; clicks (positive inside, negative outside).

    Args:
        hu: attenuation on the cube, (n, n, n).
        prior: contour that is to be corrected, on the cube, or ``None``.
    """
    side = hu.shape[0]
    narrow = np.clip((hu - tissue_level(hu)) / np.float32(_NARROW_HU), -1, 1)
    return np.stack(
        [
            normalise_hu(hu),
            narrow.astype(np.float32),
            _prior_channel(prior, side),
            _line_channel(shown.line, side),
            _click_channel(shown, side),
        ]
    )


def tissue_level(hu: Float32) -> np.float32:
    """Median attenuation of the soft tissue on the cube, in HU; 60 where there is none."""
    low, high = _SOFT_TISSUE_HU
    soft = hu[(hu > low) & (hu < high)]
    return np.float32(np.median(soft)) if soft.size else np.float32(60.0)


def _prior_channel(prior: Mask | None, side: int) -> Float32:
    if prior is None:
        return np.zeros((side,) * 3, np.float32)
    return signed_distance(prior, (1.0, 1.0, 1.0), _PRIOR_SHARE * side)


def _grid(side: int) -> npt.NDArray[np.float32]:
    axis = np.arange(side, dtype=np.float32)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"))


def _line_channel(line: npt.NDArray[np.float64] | None, side: int) -> Float32:
    """1 on the line, 0 at half its length from it, -1 from its whole length on; 0 everywhere without a line."""
    if line is None:
        return np.zeros((side,) * 3, np.float32)
    start, along = line[0].astype(np.float32), (line[1] - line[0]).astype(np.float32)
    from_start = _grid(side) - start[:, None, None, None]
    length = max(float(np.linalg.norm(along)), 1.0)
    share = np.clip(np.tensordot(along, from_start, 1) / np.float32(length**2), 0, 1)
    away = np.sqrt(((from_start - along[:, None, None, None] * share) ** 2).sum(0))
    return np.asarray(np.clip(1 - 2 * away / length, -1, 1), dtype=np.float32)


def _click_channel(shown: Shown, side: int) -> Float32:
    found = np.zeros((side,) * 3, np.float32)
    if not len(shown.inside) and not len(shown.outside):
        return found
    grid = _grid(side)
    for points, sign in ((shown.inside, 1.0), (shown.outside, -1.0)):
        for point in points:
            squares = ((grid - point.astype(np.float32)[:, None, None, None]) ** 2).sum(0)
            found += np.float32(sign) * np.exp(-squares / np.float32(2 * _CLICK_VOXELS**2))
    return np.clip(found, -1, 1)
