"""Perturbed and synthetically treated copies of the accepted baseline: what a patient's network learns from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch.nn import functional

from HCCResponseLib.adapt.recipe import Recipe
from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.imaging.boxes import surrounding_box
from HCCResponseLib.imaging.resample import resample, working_geometry
from HCCResponseLib.imaging.volumes import AIR_HU, LabelMap, Volume
from HCCResponseLib.lesions.label_maps import lesions_of
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.nets.inputs import PRIOR_REACH_MM, Spacing, WorkingGrid, normalise_hu

_BORDER_MOVE_MM = 20.0


@dataclass(frozen=True)
class Surroundings:
    """One lesion with its surroundings on the working grid; arrays (z, y, x).

    Attributes:
        hu: attenuation; ``mask``: all accepted lesions within; ``distance``: signed distance in mm, positive inside.
        centre: of the lesion, in voxels; ``radius_mm``: of a sphere of its volume.
        liver: mean and standard deviation in HU of the tissue around it.
        spacing: (z, y, x) mm.
    """

    hu: Float32
    mask: Mask
    distance: Float32
    centre: npt.NDArray[np.float64]
    radius_mm: float
    liver: tuple[float, float]
    spacing: Spacing


def cut_surroundings(
    image: Volume, contour: LabelMap, grid: WorkingGrid, recipe: Recipe
) -> list[Surroundings]:
    """One crop for each accepted lesion: its surroundings, at least one patch wide where the scan reaches.

    Args:
        image: CT in HU; ``contour``: the accepted lesions on its grid, every value one lesion.
        grid: working voxel sizes; each crop lies on the one on which its lesion will be looked for.
    """
    scan = image.geometry.spacing
    return [
        _cut(image, contour, lesion, grid.of_lesion(lesion.box, scan), recipe)
        for lesion in lesions_of(contour.labels).values()
    ]


def _cut(
    image: Volume, contour: LabelMap, accepted: Lesion, spacing: Spacing, recipe: Recipe
) -> Surroundings:
    least_mm = (recipe.patch + recipe.crop_room) * max(spacing)
    size, scan = image.geometry.size, image.geometry.spacing
    box = surrounding_box(accepted.box, size, scan, recipe.margin_mm, least_mm)
    grid = working_geometry(image.geometry, spacing, box)
    hu = resample(image.hu, image.geometry, grid).astype(np.float32)
    lesion = resample(accepted.to_mask().astype(np.float32), image.geometry, grid, fill=0) > 0.5
    every = resample((contour.labels > 0).astype(np.float32), image.geometry, grid, fill=0) > 0.5
    if not lesion.any():
        # Thinner than the working grid: mark the voxel in which its centre lies.
        middle = image.geometry.index_to_lps(np.asarray(accepted.centre))
        lesion = np.zeros(grid.size, bool)
        lesion[
            tuple(np.clip(np.rint(grid.lps_to_index(middle)).astype(int), 0, np.asarray(grid.size) - 1))
        ] = True
        every = every | lesion
    distance = ndimage.distance_transform_edt(every, sampling=spacing)
    distance = distance - ndimage.distance_transform_edt(~every, sampling=spacing)
    rim = (distance < -3) & (distance > -12) & (hu > -20) & (hu < 250)
    around = hu[rim] if rim.sum() > 50 else np.array([90.0, 110.0])
    radius = (3 * lesion.sum() * float(np.prod(spacing)) / (4 * np.pi)) ** (1 / 3)
    tissue = (float(np.median(around)), float(np.clip(around.std(), 5, 25)))
    centre = np.argwhere(lesion).mean(0)
    return Surroundings(hu, every, distance.astype(np.float32), centre, float(radius), tissue, spacing)


def draw_copy(
    case: Surroundings, recipe: Recipe, rng: np.random.Generator
) -> tuple[Float32, npt.NDArray[np.int64]]:
    """One training sample: input (channels, patch, patch, patch) and target (patch, patch, patch), 1 = tumour.

    The image is deformed and the lesion resized, so the accepted contour moves with it; the prior channel shows the
    contour as it was, displaced by a registration error.

    Args:
        case: one lesion; ``rng`` draws everything that is random.
    """
    points = _patch_points(case, recipe.patch, rng)
    if recipe.deform:
        points = points + _elastic(points, case, rng)
    source = points + _resize(points, case, _factor(case, rng)) if recipe.deform else points
    hu = _sample(case.hu, source, AIR_HU)
    tumour = _sample(case.mask.astype(np.float32), source, 0.0) > 0.5
    if recipe.treated + recipe.gone > 0:
        hu, tumour = _treat(hu, tumour, _sample(case.distance, source, -100.0), case, recipe, rng)
    hu = np.where(hu > -200, hu * rng.uniform(0.9, 1.1) + rng.normal(scale=6.0), hu)
    channels = [normalise_hu(hu)]
    if recipe.use_prior:
        error = rng.normal(scale=recipe.prior_error_mm, size=3) / np.asarray(case.spacing)
        prior = _sample(case.distance, points + error[:, None, None, None], -100.0)
        channels.append(np.clip(prior / PRIOR_REACH_MM, -1, 1).astype(np.float32))
    return np.stack(channels), tumour.astype(np.int64)


def _patch_points(case: Surroundings, size: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Voxel coordinates (3, size, size, size) of a patch that lies in the crop, or around it when that is smaller."""
    room = np.asarray(case.hu.shape) - size
    start = [rng.integers(0, r + 1) if r > 0 else r // 2 for r in room]
    axes = [s + np.arange(size, dtype=np.float64) for s in start]
    return np.stack(np.meshgrid(*axes, indexing="ij"))


def _elastic(
    points: npt.NDArray[np.float64], case: Surroundings, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """A smooth random displacement of a few millimetres, from a coarse grid of control points."""
    size = points.shape[-1]
    coarse = torch.from_numpy(rng.normal(scale=rng.uniform(0.5, 4.0), size=(1, 3, 4, 4, 4)))
    fine = functional.interpolate(coarse, size=(size,) * 3, mode="trilinear", align_corners=True)[0].numpy()
    return np.asarray(fine / np.asarray(case.spacing)[:, None, None, None])


def _factor(case: Surroundings, rng: np.random.Generator) -> float:
    """How much the lesion shrinks or grows; a border moves by at most 20 mm, for lack of tissue beyond the crop."""
    most = _BORDER_MOVE_MM / case.radius_mm
    return float(rng.uniform(max(0.5, 1 - most), min(1.6, 1 + most)))


def _resize(points: npt.NDArray[np.float64], case: Surroundings, factor: float) -> npt.NDArray[np.float64]:
    """Displacement that makes the lesion ``factor`` times as large and dies out in its surroundings."""
    outside = np.maximum(-_sample(case.distance, points, -100.0), 0)
    width = 14.0 + max(0.0, factor - 1) * case.radius_mm
    weight = np.exp(-((outside / width) ** 2))
    offset = points - case.centre[:, None, None, None]
    return np.asarray(offset * (1 / factor - 1) * weight)


def _sample(array: Float32, points: npt.NDArray[np.float64], fill: float) -> Float32:
    """Trilinear values at voxel coordinates (3, ...)."""
    shape = np.asarray(array.shape, dtype=np.float64)
    scaled = 2 * points / np.maximum(shape - 1, 1)[:, None, None, None] - 1
    grid = torch.from_numpy(scaled[::-1].copy()).permute(1, 2, 3, 0)[None].float()
    shifted = torch.from_numpy(np.ascontiguousarray(array - np.float32(fill)))[None, None]
    found = functional.grid_sample(shifted, grid, mode="bilinear", padding_mode="zeros", align_corners=True)
    return np.asarray(found[0, 0].numpy() + np.float32(fill))


def _treat(
    hu: Float32,
    tumour: Mask,
    distance: Float32,
    case: Surroundings,
    recipe: Recipe,
    rng: np.random.Generator,
) -> tuple[Float32, Mask]:
    """The lesion after treatment: gone, necrotic, with lipiodol, shifted; or left as it is."""
    if not tumour.any():
        return hu, tumour
    pattern = _pattern(hu.shape, rng)
    draw = rng.random()
    if draw < recipe.gone:
        mean, sd = case.liver
        gone = ndimage.binary_dilation(tumour, iterations=1)
        return np.where(gone, mean + sd * _pattern(hu.shape, rng, 0.7), hu).astype(np.float32), np.zeros_like(
            tumour
        )
    if draw > recipe.gone + recipe.treated:
        return hu, tumour
    out = hu + np.where(tumour, rng.normal(scale=18.0), 0)
    if rng.random() < 0.6:
        core = tumour & (distance > rng.uniform(0.05, 0.6) * max(float(distance[tumour].max()), 1e-3))
        out = np.where(core, rng.uniform(5, 45) + 8 * pattern, out)
    if rng.random() < 0.6:
        share = np.quantile(pattern[tumour], 1 - rng.uniform(0.1, 0.8))
        out = np.where(tumour & (pattern > share), rng.uniform(180, 500) + 80 * pattern, out)
    return out.astype(np.float32), tumour


def _pattern(shape: tuple[int, ...], rng: np.random.Generator, sigma: float | None = None) -> Float32:
    """Correlated noise of unit variance."""
    noise = ndimage.gaussian_filter(
        rng.standard_normal(shape, dtype=np.float32), sigma or float(rng.uniform(0.8, 4.0))
    )
    return np.asarray(noise / max(float(noise.std()), 1e-6), dtype=np.float32)
