"""The physical grid of a volume.

Arrays are (z, y, x); ``spacing`` and ``size`` follow that order. Physical points are LPS millimetres (x, y, z),
as in DICOM and ITK. Only :mod:`HCCResponseLib.imaging` converts between the two orders.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
# What slices along the array's axes 0, 1, 2 (z, y, x) are called.
PLANES = ("axial", "coronal", "sagittal")


@dataclass(frozen=True)
class Geometry:
    """Grid of a volume, and what is known of its acquisition (which does not make two grids differ).

    Attributes:
        size: number of voxels along (z, y, x).
        spacing: voxel size in mm along (z, y, x).
        origin: LPS position in mm (x, y, z) of the centre of voxel (0, 0, 0).
        direction: 3 x 3 row-major cosines; column 0, 1, 2 is the LPS direction of the array's x, y, z axis (ITK).
        slice_axis: the array axis (0, 1, 2 for z, y, x) along which slices were acquired; they are what is measured on.
        slice_thickness_mm: as the scanner states it (DICOM 0018,0050); ``None`` where the file does not.
    """

    size: tuple[int, int, int]
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    slice_axis: int = field(default=0, compare=False)
    slice_thickness_mm: float | None = field(default=None, compare=False)

    def index_to_lps(self, index_zyx: npt.ArrayLike) -> FloatArray:
        """Continuous (z, y, x) indices, shape (..., 3), to LPS mm (x, y, z), shape (..., 3)."""
        index = np.asarray(index_zyx, dtype=np.float64)
        scaled_xyz = (index * np.asarray(self.spacing))[..., ::-1]
        matrix = np.asarray(self.direction, dtype=np.float64).reshape(3, 3)
        return np.asarray(scaled_xyz @ matrix.T + np.asarray(self.origin))

    def lps_to_index(self, lps: npt.ArrayLike) -> FloatArray:
        """LPS mm (x, y, z), shape (..., 3), to continuous (z, y, x) indices, shape (..., 3)."""
        matrix = np.asarray(self.direction, dtype=np.float64).reshape(3, 3)
        offset = np.asarray(lps, dtype=np.float64) - np.asarray(self.origin)
        scaled_xyz = offset @ np.linalg.inv(matrix).T
        return np.asarray(scaled_xyz[..., ::-1] / np.asarray(self.spacing))

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel in mm^3, undoing the shear of a tilted gantry."""
        matrix = np.asarray(self.direction, dtype=np.float64).reshape(3, 3)
        return float(abs(np.linalg.det(matrix)) * np.prod(self.spacing))

    def difference(self, other: "Geometry", tolerance_mm: float = 0.01) -> str | None:
        """Why two grids differ, in words; ``None`` when every voxel corner agrees within ``tolerance_mm``."""
        if self.size != other.size:
            return f"{_by_x(self.size)} voxels against {_by_x(other.size)}"
        if not np.allclose(self.spacing, other.spacing, rtol=0, atol=tolerance_mm):
            return f"spacing {_mm(self.spacing)} mm against {_mm(other.spacing)} mm (x, y, z)"
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.size], indexing="ij")).reshape(3, -1).T
        gap = float(np.abs(self.index_to_lps(corners) - other.index_to_lps(corners)).max())
        if gap > tolerance_mm:
            return f"position or orientation off by up to {gap:.2f} mm"
        return None


def box_geometry(geometry: Geometry, box: tuple[slice, slice, slice]) -> Geometry:
    """The grid of one index box of a larger grid."""
    x, y, z = geometry.index_to_lps([s.start for s in box])
    depth, height, width = (s.stop - s.start for s in box)
    return replace(geometry, size=(depth, height, width), origin=(float(x), float(y), float(z)))


def _by_x(size: tuple[int, int, int]) -> str:
    return " x ".join(str(n) for n in reversed(size))


def _mm(spacing: tuple[float, float, float]) -> str:
    return " x ".join(f"{s:.3f}" for s in reversed(spacing))


def lps_to_ras(points: npt.ArrayLike) -> FloatArray:
    """LPS to RAS (or back): the first two coordinates change sign. Shape (..., 3), mm."""
    return np.asarray(np.asarray(points, dtype=np.float64) * np.array([-1.0, -1.0, 1.0]))
