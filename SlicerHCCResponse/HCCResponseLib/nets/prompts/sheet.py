"""A sheet of slices with the contour of a mask, to look at it before anything learns from it."""

from pathlib import Path

import numpy as np

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.imaging.volumes import Volume

_COLUMNS, _ROWS = 5, 5
_HU = (-60, 220)
_INCHES, _DPI = 3.2, 100


def write_sheet(path: Path, image: Volume, mask: Mask) -> None:
    """Write up to 25 slices of a scan, spread over a mask that is not empty, with its border in red.

    Raises:
        StorageError: it cannot be written.
    """
    from matplotlib.figure import Figure

    shown = np.flatnonzero(mask.any((1, 2)))
    slices = np.unique(np.linspace(shown[0], shown[-1], _COLUMNS * _ROWS).astype(int))
    rows = -(-len(slices) // _COLUMNS)
    _, height, width = image.hu.shape
    _, down, across = image.geometry.spacing
    figure = Figure((_COLUMNS * _INCHES, rows * _INCHES * height * down / (width * across)), dpi=_DPI)
    for number, z in enumerate(slices.tolist()):
        axes = figure.add_axes(
            (
                (number % _COLUMNS) / _COLUMNS,
                1 - (number // _COLUMNS + 1) / rows,
                0.99 / _COLUMNS,
                0.99 / rows,
            )
        )
        axes.imshow(image.hu[z], cmap="gray", vmin=_HU[0], vmax=_HU[1], aspect=down / across)
        if mask[z].any():
            axes.contour(mask[z], [0.5], colors="red", linewidths=0.8)
        axes.text(0.02, 0.97, str(z), color="yellow", va="top", transform=axes.transAxes)
        axes.set_axis_off()
    write_atomically(path, lambda temporary: figure.savefig(temporary, format="png"))
