"""Deformable registration on a coarse grid: demons over several channels, each with its own weights.

The force is that of symmetric demons (Vercauteren 2009), summed over channels: tissue without the lesions, so that a
tumour that shrinks is not registered away, and the signed distance to the liver's outline. numpy and scipy in one
thread: the same input gives the same field.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from HCCResponseLib.base.arrays import Float32

# At half and at full resolution. Lengths are in voxels of the coarse grid.
_ITERATIONS = (60, 40)
_LONGEST_STEP = 0.6
# Smoothing of each step and of the whole field.
_FLUID_SIGMA, _ELASTIC_SIGMA = 1.0, 1.5


@dataclass(frozen=True, eq=False)
class Channels:
    """One image for the registration: ``values`` and ``weights``, both (channel, z, y, x) float32."""

    values: Float32
    weights: Float32


def deform(fixed: Channels, moving: Channels) -> Float32:
    """Displacement (3, z, y, x) in voxels, such that ``moving`` at p + displacement(p) looks like ``fixed`` at p."""
    field: Float32 | None = None
    for level, count in enumerate(_ITERATIONS, start=1):
        factor = 2 ** (len(_ITERATIONS) - level)
        here, there = _shrunk(fixed, factor), _shrunk(moving, factor)
        shape = here.values.shape[1:]
        field = np.zeros((3, *shape), np.float32) if field is None else _enlarged(field, shape)
        for _ in range(count):
            field = _iterate(here, there, field)
    assert field is not None
    return field


def _shrunk(channels: Channels, factor: int) -> Channels:
    if factor == 1:
        return channels
    smooth = [ndimage.gaussian_filter(c, 0.5 * factor) for c in channels.values]
    step = (slice(None), *(slice(None, None, factor),) * 3)
    return Channels(
        np.ascontiguousarray(np.stack(smooth)[step]), np.ascontiguousarray(channels.weights[step])
    )


def _enlarged(field: Float32, shape: tuple[int, ...]) -> Float32:
    grid = np.indices(shape, dtype=np.float32) / 2
    larger = [ndimage.map_coordinates(2 * c, grid, order=1, mode="nearest") for c in field]
    return np.asarray(np.stack(larger), np.float32)


def _iterate(fixed: Channels, moving: Channels, field: Float32) -> Float32:
    where = np.indices(field.shape[1:], dtype=np.float32) + field
    total = np.zeros_like(field)
    weight = np.full(field.shape[1:], 1e-3, np.float32)
    for f, wf, m, wm in zip(fixed.values, fixed.weights, moving.values, moving.weights, strict=True):
        moved = sample(m, where)
        w = wf * sample(wm, where, outside=0.0)
        difference = f - moved
        gradient = np.stack(np.gradient(0.5 * (f + moved))).astype(np.float32)
        strength = (gradient**2).sum(0) + (difference / (2 * _LONGEST_STEP)) ** 2 + np.float32(1e-6)
        total += w * difference / strength * gradient
        weight += w
    step = _smooth(total / weight, _FLUID_SIGMA)
    return _smooth(field + step, _ELASTIC_SIGMA)


def _smooth(field: Float32, sigma: float) -> Float32:
    return np.stack([ndimage.gaussian_filter(c, sigma, mode="nearest", truncate=3.0) for c in field])


def sample(values: Float32, where: Float32, outside: float | None = None) -> Float32:
    """``values`` (z, y, x) at continuous indices ``where`` (3, ...); beyond the edge the nearest, or ``outside``."""
    mode, fill = ("nearest", 0.0) if outside is None else ("constant", outside)
    return np.asarray(ndimage.map_coordinates(values, where, order=1, mode=mode, cval=fill), np.float32)


def jacobian(field: Float32) -> Float32:
    """Determinant of the Jacobian of p + displacement(p), (z, y, x): below 0 the field folds."""
    matrix = (
        np.stack([np.stack(np.gradient(c)) for c in field])
        + np.eye(3, dtype=np.float32)[:, :, None, None, None]
    )
    a, b, c = matrix
    return np.asarray((a * np.cross(b, c, axis=0)).sum(0), np.float32)


def cycle_error(forward: Float32, backward: Float32) -> Float32:
    """How far p lands from itself after ``forward`` and then ``backward``, in voxels (z, y, x)."""
    where = np.indices(forward.shape[1:], dtype=np.float32) + forward
    back = np.stack([sample(c, where) for c in backward])
    return np.asarray(np.linalg.norm(forward + back, axis=0), np.float32)
