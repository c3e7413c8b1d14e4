"""The outline of a slice as closed curves, for drawing it over the image."""

from typing import Any

import numpy as np
import numpy.typing as npt
from skimage.measure import find_contours

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.measure.plane import FloatArray


def slice_contours(mask: npt.NDArray[Any]) -> list[FloatArray]:
    """Sub-pixel contours at level 0.5 of one slice: the outline that edge mid-points lie on.

    Args:
        mask: bool or integer (y, x); non-zero is lesion. It may reach the border of the slice.

    Returns:
        Closed curves, outer borders and holes, each (n, 2) continuous (y, x) indices, first point = last.

    Raises:
        InputError: the mask is not two-dimensional.
    """
    if mask.ndim != 2:
        raise InputError(f"The slice has {mask.ndim} dimensions; a two-dimensional mask (y, x) is needed.")
    padded = np.pad(mask != 0, 1).astype(np.float64)
    return [np.asarray(one) - 1.0 for one in find_contours(padded, 0.5, fully_connected="high")]
