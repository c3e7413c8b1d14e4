"""What the networks see: attenuation in [-1, 1] and, as a second channel, the distance to a prior contour."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask

HU_RANGE = (-150.0, 250.0)
PRIOR_REACH_MM = 24.0
Float32 = npt.NDArray[np.float32]


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
