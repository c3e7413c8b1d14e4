"""From prompts to a contour on the scan's own grid."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.boxes import Box
from HCCResponseLib.imaging.geometry import Geometry, box_geometry
from HCCResponseLib.imaging.resample import resample
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.prompt import Lps, Prompts
from HCCResponseLib.nets.prompts.channels import Shown, prompt_input, side_mm
from HCCResponseLib.nets.prompts.network import PromptModel
from HCCResponseLib.nets.windows import InferenceSettings


@dataclass(frozen=True)
class Prompted:
    """A contour from prompts.

    Attributes:
        mask: within ``box`` of the scan, (z, y, x); connected, and under the prompts.
        box: index box of the scan.
        probability: of the lesion, same shape as ``mask``.
        voxel_mm: side of the voxels that the network worked with.
    """

    mask: Mask
    box: Box
    probability: Float32
    voxel_mm: float


def contour_from_prompts(
    model: PromptModel,
    image: Volume,
    prompts: Prompts,
    prior: Mask | None = None,
    inference: InferenceSettings | None = None,
) -> Prompted:
    """Contour the lesion that is shown.

    Args:
        prior: contour that is to be corrected, on the scan's grid (z, y, x); its size counts where no line is given.

    Raises:
        InputError: a prompt lies outside of the scan, or nothing is found there.
    """
    _require_inside(prompts, image.geometry)
    inference = inference or InferenceSettings()
    line, centre = prompts.line, _centre(prompts)
    size = line.length_mm if line else None
    if size is None and prior is not None and prior.any():
        size, centre = _extent(prior, image.geometry)
    found = _look(model, image, prompts, prior, (centre, side_mm(size)), inference)
    if size is None and found.mask.any():
        # A click alone tells no size: once more, on a cube of the size that the first look found.
        grid = box_geometry(image.geometry, found.box)
        size, centre = _extent(found.mask, grid)
        found = _look(model, image, prompts, prior, (centre, side_mm(size)), inference)
    if not found.mask.any():
        raise InputError("No lesion was found at what was shown; draw the line from border to border of it.")
    return found


def _require_inside(prompts: Prompts, geometry: Geometry) -> None:
    for point in prompts.points():
        index = geometry.lps_to_index(point)
        if (index < -0.5).any() or (index > np.asarray(geometry.size) - 0.5).any():
            words = ", ".join(f"{v:.1f}" for v in point)
            raise InputError(f"The position ({words}) mm (LPS) lies outside of the scan.")


def _centre(prompts: Prompts) -> Lps:
    if prompts.line is not None:
        return prompts.line.middle
    x, y, z = np.mean([c.lps for c in prompts.clicks if c.inside], axis=0).tolist()
    return x, y, z


def _extent(mask: Mask, geometry: Geometry) -> tuple[float, Lps]:
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


def shown_on(prompts: Prompts, grid: Geometry) -> Shown:
    """The prompts as voxel indices of a cube."""

    def indices(points: list[Lps]) -> npt.NDArray[np.float64]:
        return np.asarray(grid.lps_to_index(points)) if points else np.zeros((0, 3))

    line = indices([prompts.line.start, prompts.line.end]) if prompts.line else None
    return Shown(
        line,
        indices([c.lps for c in prompts.clicks if c.inside]),
        indices([c.lps for c in prompts.clicks if not c.inside]),
    )


def _look(
    model: PromptModel,
    image: Volume,
    prompts: Prompts,
    prior: Mask | None,
    where: tuple[Lps, float],
    inference: InferenceSettings,
) -> Prompted:
    grid = cube(image.geometry, *where, model.shape.side)
    hu = resample(image.hu, image.geometry, grid).astype(np.float32)
    here = None
    if prior is not None:
        here = resample(prior.astype(np.float32), image.geometry, grid, fill=0) > 0.5
    channels = prompt_input(hu, here, shown_on(prompts, grid))
    kind = inference.number_type()
    reduced = torch.autocast(inference.device.partition(":")[0], dtype=kind, enabled=kind is not None)
    network = model.network.to(inference.device)
    with torch.inference_mode(), reduced:
        logits = network(torch.from_numpy(channels)[None].to(inference.device)).float()[0]
    margin = (logits[1] - logits[0]).cpu().numpy()
    box = _box_of(grid, image.geometry)
    # Interpolated before it is squeezed between 0 and 1, so that the border stays where it is.
    local = resample(margin, grid, box_geometry(image.geometry, box), fill=-20.0)
    mask = _under(local > 0, prompts, image.geometry, box)
    probability = 1 / (1 + np.exp(-np.clip(local, -30, 30)))
    return Prompted(mask, box, probability.astype(np.float32), grid.spacing[0])


def _box_of(grid: Geometry, scan: Geometry) -> Box:
    """The part of the scan that a cube covers."""
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in grid.size], indexing="ij")).reshape(3, -1).T
    index = scan.lps_to_index(grid.index_to_lps(corners))
    low = np.clip(np.floor(index.min(0)).astype(int), 0, np.asarray(scan.size) - 1)
    high = np.clip(np.ceil(index.max(0)).astype(int) + 1, low + 1, scan.size)
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return z, y, x


def _under(found: Mask, prompts: Prompts, geometry: Geometry, box: Box) -> Mask:
    """The parts that a prompt points at; the nearest one where all point beside it."""
    parts, count = ndimage.label(found)
    if count <= 1:
        return np.asarray(found)
    start = np.array([s.start for s in box])
    wanted = [c.lps for c in prompts.clicks if c.inside]
    if prompts.line:
        ends = np.asarray(prompts.line.start), np.asarray(prompts.line.end)
        wanted += [tuple(ends[0] + share * (ends[1] - ends[0])) for share in np.linspace(0.1, 0.9, 9)]
    index = np.rint(np.asarray(geometry.lps_to_index(wanted)) - start).astype(int)
    index = np.clip(index, 0, np.asarray(found.shape) - 1)
    hit = {int(parts[tuple(i)]) for i in index} - {0}
    if not hit:
        _, nearest = ndimage.distance_transform_edt(parts == 0, return_indices=True)
        hit = {int(parts[tuple(nearest[(slice(None), *i)])]) for i in index}
    return np.isin(parts, list(hit))
