"""Resampling between grids. Masks that are measured never pass through here."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from HCCResponseLib.imaging.boxes import Box
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import AIR_HU

Scalar = TypeVar("Scalar", bound=np.generic)


def to_sitk(array: npt.NDArray[np.generic], geometry: Geometry) -> sitk.Image:
    """Array (z, y, x) on ``geometry`` to a SimpleITK image (copies)."""
    data = array.astype(np.uint8) if array.dtype == np.bool_ else array
    image = sitk.GetImageFromArray(data)
    image.SetSpacing([float(s) for s in reversed(geometry.spacing)])
    image.SetOrigin([float(o) for o in geometry.origin])
    image.SetDirection([float(d) for d in geometry.direction])
    return image


def geometry_of(image: sitk.Image) -> Geometry:
    """The grid of a three-dimensional SimpleITK image."""
    x, y, z = image.GetSize()
    sx, sy, sz = image.GetSpacing()
    ox, oy, oz = image.GetOrigin()
    return Geometry((z, y, x), (sz, sy, sx), (ox, oy, oz), tuple(image.GetDirection()))


def resample(
    array: npt.NDArray[Scalar],
    source: Geometry,
    target: Geometry,
    *,
    linear: bool = True,
    fill: float = AIR_HU,
    transform: sitk.Transform | None = None,
) -> npt.NDArray[Scalar]:
    """Values of ``array`` on the grid ``target``; shape ``target.size``, same data type (bool stays bool).

    Args:
        linear: linear interpolation, else nearest neighbour.
        fill: value outside the source's field of view.
        transform: maps physical points of ``target`` to physical points of ``source`` (ITK's convention).
    """
    method = sitk.sitkLinear if linear else sitk.sitkNearestNeighbor
    moved = sitk.Resample(
        to_sitk(array, source),
        tuple(int(n) for n in reversed(target.size)),
        transform or sitk.Transform(3, sitk.sitkIdentity),
        method,
        target.origin,
        tuple(float(s) for s in reversed(target.spacing)),
        target.direction,
        float(fill),
    )
    values: npt.NDArray[Scalar] = np.asarray(sitk.GetArrayFromImage(moved)).astype(array.dtype)
    return values


def working_geometry(
    geometry: Geometry,
    spacing: tuple[float, float, float],
    index_box: Box | None = None,
) -> Geometry:
    """A grid of another spacing (z, y, x) in mm over the whole of ``geometry`` or over one box of its indices.

    Orientation is kept; the outer faces of the first voxels coincide.
    """
    box = index_box or tuple(slice(0, n) for n in geometry.size)
    start = np.array([s.start for s in box], dtype=float)
    extent = np.array([(s.stop - s.start) for s in box]) * np.asarray(geometry.spacing)
    size = tuple(max(1, int(np.ceil(e / s - 1e-6))) for e, s in zip(extent, spacing, strict=True))
    first = start - 0.5 + 0.5 * np.asarray(spacing) / np.asarray(geometry.spacing)
    origin = geometry.index_to_lps(first)
    return Geometry(
        (size[0], size[1], size[2]),
        spacing,
        (float(origin[0]), float(origin[1]), float(origin[2])),
        geometry.direction,
    )
