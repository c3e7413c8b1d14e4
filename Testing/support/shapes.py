"""Simple shapes in voxels, for tests that need a tumour of a known place and size."""

from collections.abc import Sequence

import numpy as np


def ball(
    shape: Sequence[int], centre: Sequence[float], radius: float, spacing: Sequence[float] = (1.0, 1.0, 1.0)
) -> np.ndarray:
    """Voxels (z, y, x) within ``radius`` mm of the centre, which is an index."""
    axes = np.ogrid[tuple(slice(n) for n in shape)]
    gaps = [(axis - c) * step for axis, c, step in zip(axes, centre, spacing, strict=True)]
    inside: np.ndarray = sum(gap**2 for gap in gaps) <= radius**2
    return inside
