"""Where a prompt network looks: the cube of a lesion that is shown, and the part of the scan that it needs.

Nothing here needs a network, so that whoever asks can send the network's process that part alone.
"""

import numpy as np

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.boxes import Box
from HCCResponseLib.imaging.geometry import Geometry, box_geometry
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.prompt import Line, Lps, Prompts
from HCCResponseLib.nets.prompts.channels import UNKNOWN_MM, side_mm


def require_inside(prompts: Prompts, geometry: Geometry) -> None:
    """Refuse prompts (LPS mm) that lie outside of a scan. Raises ``InputError`` with the position."""
    for point in prompts.points():
        index = geometry.lps_to_index(point)
        if (index < -0.5).any() or (index > np.asarray(geometry.size) - 0.5).any():
            words = ", ".join(f"{v:.1f}" for v in point)
            raise InputError(f"The position ({words}) mm (LPS) lies outside of the scan.")


def centre_of(prompts: Prompts) -> Lps:
    """Middle of the line, else of the clicks inside; LPS mm."""
    if prompts.line is not None:
        return prompts.line.middle
    x, y, z = np.mean([c.lps for c in prompts.clicks if c.inside], axis=0).tolist()
    return x, y, z


def extent(mask: Mask, geometry: Geometry) -> tuple[float, Lps]:
    """Longest in-plane side of a mask's box in mm, and the middle of the box."""
    places = np.argwhere(mask)
    low, high = places.min(0), places.max(0)
    sides = (high - low + 1) * np.asarray(geometry.spacing)
    x, y, z = geometry.index_to_lps((low + high) / 2).tolist()
    return float(sides[1:].max()), (x, y, z)


def cube(geometry: Geometry, centre: Lps, side: float, voxels: int) -> Geometry:
    """A cube of isotropic voxels about a point, along the scan's own axes."""
    step = side / voxels
    start = geometry.lps_to_index(centre) - (voxels - 1) / 2 * step / np.asarray(geometry.spacing)
    x, y, z = geometry.index_to_lps(start).tolist()
    return Geometry((voxels,) * 3, (step,) * 3, (x, y, z), geometry.direction)


def covered(grid: Geometry, scan: Geometry) -> Box:
    """The part of the scan that a cube covers."""
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in grid.size], indexing="ij")).reshape(3, -1).T
    index = scan.lps_to_index(grid.index_to_lps(corners))
    low = np.clip(np.floor(index.min(0)).astype(int), 0, np.asarray(scan.size) - 1)
    high = np.clip(np.ceil(index.max(0)).astype(int) + 1, low + 1, scan.size)
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return z, y, x


def needed(geometry: Geometry, prompts: Prompts, prior: Lesion | None) -> Box:
    """The part of a scan that gives the same contour as the whole of it.

    Args:
        geometry: of the scan.
        prior: contour that is to be corrected.

    Raises:
        InputError: a prompt lies outside of the scan, or a click far from the lesion that is shown.
    """
    require_inside(prompts, geometry)
    if prompts.line is not None:
        where = prompts.line.middle, side_mm(prompts.line.length_mm)
    elif prior:
        size, centre = extent(prior.voxels, box_geometry(geometry, prior.box))
        where = centre, side_mm(size)
    else:
        # A click is looked at twice: the second cube lies about what the first has found, which can be at its border.
        where = centre_of(prompts), UNKNOWN_MM + side_mm(1.1 * UNKNOWN_MM)
    # One voxel more on every side, for interpolation.
    grown = where[1] + 2 * max(geometry.spacing)
    box = covered(cube(geometry, where[0], grown, 64), geometry)
    for click in prompts.clicks:
        index = np.rint(geometry.lps_to_index(click.lps))
        if any(not one.start <= i < one.stop for one, i in zip(box, index, strict=True)):
            raise InputError("This click lies too far from the lesion to say anything about its border.")
    return box


def within_cube(contour: Lesion, line: Line, geometry: Geometry) -> bool:
    """Whether the cube that a line asks for holds all of a contour; what lies beyond it would be lost."""
    box = covered(cube(geometry, line.middle, side_mm(line.length_mm), 64), geometry)
    return all(a.start <= b.start and b.stop <= a.stop for a, b in zip(box, contour.box, strict=True))
