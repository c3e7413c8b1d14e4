"""What the networks see: attenuation in [-1, 1], the distance to a prior contour, small lesions magnified."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.imaging.boxes import Box, tight_box

Spacing = tuple[float, float, float]
SMALL_MM = 25.0
HU_RANGE = (-150.0, 250.0)
PRIOR_REACH_MM = 24.0


@dataclass(frozen=True)
class WorkingGrid:
    """Voxel sizes (z, y, x) in mm that a network works with.

    Attributes:
        spacing: of whole scans and of large lesions.
        fine: of small lesions, no side of whose box is longer than 25 mm; ``None`` = as everything else.
        overview: of the first look, that finds the liver; ``None``: the network has learned no coarser one.
    """

    spacing: Spacing
    fine: Spacing | None = None
    overview: Spacing | None = None

    def of_lesion(self, box: Box, scan_spacing: Spacing) -> Spacing:
        """Voxel size (z, y, x) in mm for a lesion with this index box (z, y, x) in a scan of this voxel size."""
        small = all((s.stop - s.start) * v <= SMALL_MM for s, v in zip(box, scan_spacing, strict=True))
        return self.fine if small and self.fine is not None else self.spacing


# Of a network that has learned from whole scans.
WITH_OVERVIEW = WorkingGrid((2.0, 2.0, 2.0), (1.0, 1.0, 1.0), (4.0, 4.0, 4.0))


def normalise_hu(hu: npt.NDArray[np.generic]) -> Float32:
    """HU clipped to :data:`HU_RANGE` and mapped to [-1, 1]; same shape."""
    low, high = HU_RANGE
    return (np.clip(hu.astype(np.float32), low, high) - np.float32(low)) * np.float32(
        2 / (high - low)
    ) - np.float32(1)


def prior_channel(mask: Mask | None, shape: tuple[int, ...], spacing: tuple[float, ...]) -> Float32:
    """Signed distance to the contour, positive inside, in units of :data:`PRIOR_REACH_MM`, clipped to [-1, 1].

    Without a prior, or with an empty one, the channel is 0 everywhere, which a network reads as "no prior".

    Args:
        mask: (z, y, x) or ``None``.
        shape: shape of the result.
        spacing: voxel size (z, y, x) in mm.
    """
    if mask is None:
        return np.zeros(shape, np.float32)
    return signed_distance(mask, spacing, PRIOR_REACH_MM)


def signed_distance(mask: Mask, spacing: tuple[float, ...], reach: float) -> Float32:
    """Distance to the border of a mask, positive inside, in units of ``reach``, clipped to [-1, 1]; 0 without a mask.

    Only the part is computed in which it is not clipped.

    Args:
        mask: (z, y, x); spacing: voxel size in the unit of ``reach``.
    """
    tight = tight_box(mask)
    if tight is None:
        return np.zeros(mask.shape, np.float32)
    found = np.full(mask.shape, -1.0, np.float32)
    # Two voxels more, so that nothing outside of the part is nearer than the reach.
    grown = [int(np.ceil(reach / s)) + 2 for s in spacing]
    box = _grown(tight, grown, mask.shape)
    outside = ndimage.distance_transform_edt(~mask[box], sampling=spacing)
    found[box] = np.maximum(-outside / reach, -1)
    inner = _grown(tight, [1, 1, 1], mask.shape)
    inside = ndimage.distance_transform_edt(mask[inner], sampling=spacing)
    found[inner] = np.where(mask[inner], np.minimum(inside / reach, 1), found[inner])
    return found


def _grown(box: Box, margin: Sequence[int], shape: tuple[int, ...]) -> Box:
    z, y, x = (
        slice(max(s.start - m, 0), min(s.stop + m, n)) for s, m, n in zip(box, margin, shape, strict=True)
    )
    return z, y, x


def network_input(hu: npt.NDArray[np.generic], prior: Float32 | None) -> Float32:
    """Stack the channels: (1, z, y, x) without, (2, z, y, x) with a prior channel."""
    image = normalise_hu(hu)
    return image[None] if prior is None else np.stack([image, prior])
