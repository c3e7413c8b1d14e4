"""The acquired plane: from pixel indices of a slice to millimetres within it, and checks of what comes in."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.errors import GeometryError, InputError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.measure.crop import Contour, CroppedContour

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Plane:
    """Metric of the slices of a volume.

    Attributes:
        basis: 2 x 2; (y, x) indices @ basis = mm in an orthonormal frame of the acquired plane.
        inverse: mm @ inverse = (y, x) indices.
        slice_spacing_mm: perpendicular distance between neighbouring slices.
    """

    basis: FloatArray
    inverse: FloatArray
    slice_spacing_mm: float

    @classmethod
    def of(cls, geometry: Geometry) -> "Plane":
        """Metric of ``geometry``; exact for oblique, sheared (tilted gantry) and anisotropic grids.

        Raises:
            GeometryError: spacing or direction is not finite, not positive or degenerate.
        """
        spacing = np.asarray(geometry.spacing, dtype=np.float64)
        direction = np.asarray(geometry.direction, dtype=np.float64)
        if spacing.shape != (3,) or not np.isfinite(spacing).all() or (spacing <= 0).any():
            raise GeometryError(
                f"Spacing {geometry.spacing} (z, y, x): three positive lengths in mm are needed."
            )
        if direction.size != 9 or not np.isfinite(direction).all():
            raise GeometryError(f"Direction {geometry.direction}: nine finite cosines are needed.")
        if not np.isfinite(geometry.origin).all():
            raise GeometryError(f"Origin {geometry.origin}: three finite coordinates in mm are needed.")
        matrix = direction.reshape(3, 3)
        step_x, step_y = matrix[:, 0] * spacing[2], matrix[:, 1] * spacing[1]
        length_x = float(np.linalg.norm(step_x))
        if abs(float(np.linalg.det(matrix))) < 1e-6 or length_x == 0:
            raise GeometryError(f"Direction {geometry.direction}: its axes do not span space.")
        unit_x = step_x / length_x
        along = float(step_y @ unit_x)
        if abs(along) < 1e-9 * length_x:
            along = 0.0
        across = float(np.linalg.norm(step_y - along * unit_x))
        basis = np.array([[along, across], [length_x, 0.0]])
        area = length_x * across
        return cls(basis, np.linalg.inv(basis), geometry.voxel_volume_mm3 / area)


def check_volume(array: Contour, geometry: Geometry) -> None:
    """Refuse a contour that does not lie on the grid.

    Raises:
        InputError: it is neither an array nor a crop of one (a registered contour is neither), or not
            three-dimensional.
        GeometryError: its shape differs from ``geometry.size``.
    """
    if not isinstance(array, np.ndarray | CroppedContour):
        raise InputError(
            f"The contour is no mask of the original series but a {type(array).__name__}; only what was drawn or "
            "proposed on the original slices is measured."
        )
    if len(array.shape) != 3:
        raise InputError(
            f"The contour has {len(array.shape)} dimensions; a volume of axial slices (z, y, x) is needed."
        )
    if tuple(array.shape) != tuple(geometry.size):
        raise GeometryError(
            f"The contour has shape {array.shape} but its image has {geometry.size} (z, y, x)."
        )


def check_thickness(thickness_mm: float | None, slice_spacing_mm: float) -> float:
    """The slice thickness to report: as given, else the slice spacing.

    Raises:
        InputError: the given thickness is not a positive length.
    """
    if thickness_mm is None:
        return slice_spacing_mm
    if not math.isfinite(thickness_mm) or thickness_mm <= 0:
        raise InputError(f"Slice thickness {thickness_mm} mm: a positive length is needed.")
    return float(thickness_mm)
