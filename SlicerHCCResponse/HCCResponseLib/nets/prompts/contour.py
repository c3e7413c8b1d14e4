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
from HCCResponseLib.nets.prompts.network import PromptModel, look
from HCCResponseLib.nets.prompts.place import centre_of, covered, cube, extent, require_inside
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
    require_inside(prompts, image.geometry)
    inference = inference or InferenceSettings()
    line, centre = prompts.line, centre_of(prompts)
    size = line.length_mm if line else None
    if size is None and prior is not None and prior.any():
        size, centre = extent(prior, image.geometry)
    found = _look(model, image, prompts, prior, (centre, side_mm(size)), inference)
    if size is None and found.mask.any():
        # A click alone tells no size: once more, on a cube of the size that the first look found.
        grid = box_geometry(image.geometry, found.box)
        size, centre = extent(found.mask, grid)
        found = _look(model, image, prompts, prior, (centre, side_mm(size)), inference)
    if not found.mask.any():
        raise InputError("No lesion was found at what was shown; draw the line from border to border of it.")
    return found


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
    logits = look(model, torch.from_numpy(channels)[None], inference)[0]
    margin = (logits[1] - logits[0]).cpu().numpy()
    box = covered(grid, image.geometry)
    # Interpolated before it is squeezed between 0 and 1, so that the border stays where it is.
    local = resample(margin, grid, box_geometry(image.geometry, box), fill=-20.0)
    mask = _under(local > 0, prompts, image.geometry, box)
    probability = 1 / (1 + np.exp(-np.clip(local, -30, 30)))
    return Prompted(mask, box, probability.astype(np.float32), grid.spacing[0])


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
