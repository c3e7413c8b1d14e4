"""Sheared stacks, as a tilted gantry makes them, set upright; acquired slices told from the others.

The slices of a sheared stack are shifted against each other within their own planes. Setting it upright moves each
slice back within its plane: what is measured on a slice stays in the plane that was acquired.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.geometry import FloatArray, Geometry
from HCCResponseLib.imaging.resample import resample

_SQUARE = 1e-3
_PERPENDICULAR = 2e-3
_SHIFT_PX = 0.5


def upright(
    values: npt.NDArray[Any], geometry: Geometry, source: str, *, linear: bool, fill: float
) -> tuple[npt.NDArray[Any], Geometry, str | None]:
    """A stack whose slices lie straight above each other.

    Args:
        values: (z, y, x); slices are axis 0. ``geometry``: its grid, sheared or not.
        source: for messages. ``linear``: interpolate, else take the nearest value (contours).
        fill: value where nothing was acquired.

    Returns:
        values and an orthogonal grid; a sentence on what was done, ``None`` when nothing was.

    Raises:
        InputError: rows and columns are not perpendicular to each other.
    """
    matrix = np.asarray(geometry.direction, float).reshape(3, 3)
    across, down, step = matrix.T
    if abs(float(across @ down)) > _PERPENDICULAR:
        raise InputError(
            f"'{source}' has pixels whose rows and columns are not perpendicular; such grids are not read. "
            "Resample it to an orthogonal grid first."
        )
    normal = _normal(across, down, step)
    shift = step - (step @ normal) * normal
    spacing = geometry.spacing[0] * float(step @ normal)
    drift = geometry.spacing[0] * np.array([shift @ across, shift @ down]) * (geometry.size[0] - 1)
    pixels = np.abs(drift) / (geometry.spacing[2], geometry.spacing[1])
    upright_axes = np.column_stack([across, np.cross(normal, across) * _hand(matrix), normal])
    straight = tuple(float(v) for v in upright_axes.ravel())
    target = replace(geometry, direction=straight, spacing=(spacing, *geometry.spacing[1:]))
    if (pixels <= _SHIFT_PX).all():
        return values, target, None
    target = _widened(target, drift)
    tilt = float(np.degrees(np.arccos(np.clip(step @ normal, -1, 1))))
    moved = resample(values, geometry, target, linear=linear, fill=fill)
    words = (
        f"slices shifted back within their planes: the stack is tilted by {tilt:.1f} degrees (gantry tilt)"
    )
    return moved, target, words


def _normal(across: FloatArray, down: FloatArray, step: FloatArray) -> FloatArray:
    normal = np.cross(across, down)
    normal /= np.linalg.norm(normal)
    return normal if float(normal @ step) > 0 else -normal


def _hand(matrix: FloatArray) -> float:
    return 1.0 if np.linalg.det(matrix) > 0 else -1.0


def _widened(geometry: Geometry, drift: FloatArray) -> Geometry:
    """The grid with rows and columns added for what the last slice is shifted by, (x, y) mm."""
    pixels = drift / (geometry.spacing[2], geometry.spacing[1])
    low = np.floor(np.minimum(pixels, 0)).astype(int)
    high = np.ceil(np.maximum(pixels, 0)).astype(int)
    x, y, z = geometry.index_to_lps((0, low[1], low[0]))
    size = (
        geometry.size[0],
        geometry.size[1] + int(high[1] - low[1]),
        geometry.size[2] + int(high[0] - low[0]),
    )
    return replace(geometry, size=size, origin=(float(x), float(y), float(z)))


def acquired_axis(spacing: tuple[float, float, float]) -> int:
    """The axis (of z, y, x) along which slices were acquired, by the voxels' shape.

    Pixels of a slice are square: where exactly one axis differs from the other two, the slices lie along it. In doubt
    it is the file's slowest axis, 0.
    """
    z, y, x = spacing
    if _equal(y, x):
        return 0
    if _equal(z, x):
        return 1
    return 2 if _equal(z, y) else 0


def _equal(one: float, other: float) -> bool:
    return abs(one - other) <= _SQUARE * max(one, other)
