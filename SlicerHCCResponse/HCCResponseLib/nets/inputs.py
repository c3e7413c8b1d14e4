"""What the networks see: attenuation in [-1, 1], the distance to a prior contour, small lesions magnified."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.imaging.boxes import Box

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
    """

    spacing: Spacing
    fine: Spacing | None = None

    def of_lesion(self, box: Box, scan_spacing: Spacing) -> Spacing:
        """Voxel size (z, y, x) in mm for a lesion with this index box (z, y, x) in a scan of this voxel size."""
        small = all((s.stop - s.start) * v <= SMALL_MM for s, v in zip(box, scan_spacing, strict=True))
        return self.fine if small and self.fine is not None else self.spacing


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
    if mask is None or not mask.any():
        return np.zeros(shape, np.float32)
    inside = ndimage.distance_transform_edt(mask, sampling=spacing)
    outside = ndimage.distance_transform_edt(~mask, sampling=spacing)
    return np.asarray(np.clip((inside - outside) / PRIOR_REACH_MM, -1, 1), dtype=np.float32)


def network_input(hu: npt.NDArray[np.generic], prior: Float32 | None) -> Float32:
    """Stack the channels: (1, z, y, x) without, (2, z, y, x) with a prior channel."""
    image = normalise_hu(hu)
    return image[None] if prior is None else np.stack([image, prior])
