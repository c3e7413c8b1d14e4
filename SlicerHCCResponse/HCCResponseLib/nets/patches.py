"""Training patches of a base network: any grid in, the working grid out, small lesions as often as large ones."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.imaging.along_axes import interpolated
from HCCResponseLib.imaging.boxes import Box
from HCCResponseLib.imaging.volumes import AIR_HU
from HCCResponseLib.nets.inputs import Spacing, WorkingGrid, network_input, prior_channel

Vector = npt.NDArray[np.float64]
Labels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
_LARGEST_PRIOR_ERROR_MM = 4.0
_NEAR_A_KNOWN_LESION = 0.9
_ON_A_TUMOUR, _ON_THE_LIVER = 0.5, 0.83
_MAGNIFIED = 0.7
_MIRRORED = 0.25
_LIPIODOL_HU, _BRIGHTEST_HU = 160.0, 70.0


@dataclass(frozen=True)
class TrainingCase:
    """Two visits of one subject, on the scans' own grid; arrays (z, y, x).

    Attributes:
        hu: attenuation at both visits, int16.
        liver: tumours included, at both visits.
        lesions: identity of every tumour voxel at both visits, the same value for the same lesion.
        shift_mm: (z, y, x), how far the liver lies from where it was at the first visit.
        spacing: (z, y, x) mm.
    """

    hu: tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]
    liver: tuple[Mask, Mask]
    lesions: tuple[Labels, Labels]
    shift_mm: Vector
    spacing: Spacing


@dataclass(frozen=True)
class _PatchGrid:
    """Where a patch lies: index of its first voxel and step between voxels, both in voxels of the case's grid."""

    start: Vector
    step: Vector
    size: int
    spacing: Spacing


def sample_patch(
    case: TrainingCase, rng: np.random.Generator, size: int, with_prior: bool, grid: WorkingGrid
) -> tuple[Float32, npt.NDArray[np.int64]]:
    """One random training patch.

    With a prior the image is the follow-up, the prior is the baseline contour displaced by a registration error, and
    only lesions known at baseline are tumour; without one, either visit and every tumour. Most patches on small
    lesions are magnified to the fine working grid.

    Returns:
        input (2, size, size, size) and target (size, size, size) with 0 background, 1 liver, 2 tumour.
    """
    visit = 1 if with_prior else int(rng.integers(2))
    patch = _known(case, rng, size, grid) if with_prior else _any(case, visit, rng, size, grid)
    if not with_prior:
        return _seen(case, visit, patch, case.lesions[visit] > 0, None, rng)
    known = list(_boxes(case.lesions[0]))
    error = rng.normal(scale=rng.uniform(0, _LARGEST_PRIOR_ERROR_MM), size=3)
    moved = replace(patch, start=patch.start - (case.shift_mm + error) / np.asarray(case.spacing))
    prior = prior_channel(_resampled(case.lesions[0] > 0, moved) > 0.5, (size,) * 3, patch.spacing)
    return _seen(case, visit, patch, np.isin(case.lesions[visit], known), prior, rng)


def sample_overview(
    case: TrainingCase, rng: np.random.Generator, size: int, spacing: Spacing
) -> tuple[Float32, npt.NDArray[np.int64]]:
    """A patch from anywhere in the scan, at a coarse voxel size; input and target as of :func:`sample_patch`."""
    visit = int(rng.integers(2))
    patch = _around(case, rng.uniform(0, case.hu[0].shape), rng, size, spacing)
    return _seen(case, visit, patch, case.lesions[visit] > 0, None, rng)


def _seen(
    case: TrainingCase,
    visit: int,
    patch: _PatchGrid,
    lesions: Mask,
    prior: Float32 | None,
    rng: np.random.Generator,
) -> tuple[Float32, npt.NDArray[np.int64]]:
    """Input and target of a patch."""
    tumour = _resampled(lesions, patch)
    image, liver = _resampled(case.hu[visit], patch, AIR_HU), _resampled(case.liver[visit], patch) > 0.5
    if rng.random() < _MIRRORED:
        image = _mirrored(image, tumour, liver)
    image = _brightness(image, rng)
    target = np.where(tumour > 0.5, 2, liver)
    if prior is None:
        prior = np.zeros((patch.size,) * 3, np.float32)
    return network_input(image, prior), target.astype(np.int64)


def _known(case: TrainingCase, rng: np.random.Generator, size: int, grid: WorkingGrid) -> _PatchGrid:
    """Near a lesion known at baseline, each as likely as the other; now and then somewhere in the liver."""
    boxes = _boxes(case.lesions[0])
    if not boxes or rng.random() > _NEAR_A_KNOWN_LESION:
        return _within(case, case.liver[1], rng, size, grid.spacing)
    box = boxes[sorted(boxes)[int(rng.integers(len(boxes)))]]
    centre = _middle(box) + case.shift_mm / np.asarray(case.spacing)
    return _around(case, centre, rng, size, _magnified(box, case, rng, grid))


def _any(
    case: TrainingCase, visit: int, rng: np.random.Generator, size: int, grid: WorkingGrid
) -> _PatchGrid:
    """Half of the patches lie on a tumour, a third in the liver, the rest anywhere."""
    draw = rng.random()
    boxes = _boxes(case.lesions[visit])
    if draw < _ON_A_TUMOUR and boxes:
        box = boxes[sorted(boxes)[int(rng.integers(len(boxes)))]]
        return _around(case, _middle(box), rng, size, _magnified(box, case, rng, grid))
    if draw < _ON_THE_LIVER:
        return _within(case, case.liver[visit], rng, size, grid.spacing)
    return _around(case, rng.uniform(0, case.hu[0].shape), rng, size, grid.spacing)


def _magnified(box: Box, case: TrainingCase, rng: np.random.Generator, grid: WorkingGrid) -> Spacing:
    """Small lesions are seen on both grids, most often on the fine one, where they are looked for later."""
    return grid.of_lesion(box, case.spacing) if rng.random() < _MAGNIFIED else grid.spacing


def _boxes(labels: Labels) -> dict[int, Box]:
    found = ndimage.find_objects(labels)
    return {value: box for value, box in enumerate(found, start=1) if box is not None}


def _middle(box: Box) -> Vector:
    return np.array([(s.start + s.stop - 1) / 2 for s in box])


def _within(
    case: TrainingCase, mask: Mask, rng: np.random.Generator, size: int, spacing: Spacing
) -> _PatchGrid:
    inside = np.flatnonzero(mask)
    index = int(rng.choice(inside)) if len(inside) else int(rng.integers(mask.size))
    return _around(case, np.asarray(np.unravel_index(index, mask.shape), float), rng, size, spacing)


def _around(
    case: TrainingCase, centre: Vector, rng: np.random.Generator, size: int, spacing: Spacing
) -> _PatchGrid:
    """A patch about a point, up to a quarter of its side off, within the scan where the scan is large enough."""
    step = np.asarray(spacing) / np.asarray(case.spacing)
    start = centre + step * (rng.uniform(-0.25, 0.25, 3) * size - (size - 1) / 2)
    most = np.maximum(np.asarray(case.hu[0].shape) - 1 - step * (size - 1), 0)
    return _PatchGrid(np.clip(start, 0, most), step, size, spacing)


def _resampled(array: npt.NDArray[np.generic], patch: _PatchGrid, fill: float = 0.0) -> Float32:
    """Linear interpolation at a patch's voxels; ``fill`` beyond the array."""
    # Reading the part that counts is enough, and quick on a whole scan.
    last = patch.start + patch.step * (patch.size - 1)
    low = np.maximum(np.floor(patch.start).astype(int) - 1, 0)
    high = np.minimum(np.ceil(last).astype(int) + 2, array.shape)
    if (high <= low).any():
        return np.full((patch.size,) * 3, fill, np.float32)
    part = array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    return interpolated(part, patch.start - low, patch.step, patch.size, fill)


def _mirrored(image: Float32, tumour: Float32, liver: Mask) -> Float32:
    """Tumours as much brighter than the liver as they were darker, and the other way round; lipiodol stays.

    Drawn tumours are dark four times out of five, and networks then take every bright one for a vessel.
    """
    healthy = liver & (tumour == 0)
    if not healthy.any():
        return image
    level = np.median(image[healthy])
    place = (ndimage.maximum_filter(tumour, 3) > 0) & liver & (image < _LIPIODOL_HU)
    return np.where(place, np.minimum(2 * level - image, level + _BRIGHTEST_HU), image).astype(np.float32)


def _brightness(image: Float32, rng: np.random.Generator) -> Float32:
    """Random brightness scaling and, now and then, the smoothness of another reconstruction."""
    if rng.random() < 0.3:
        image = ndimage.gaussian_filter(image, float(rng.uniform(0.3, 0.8)))
    inside = image > -200
    return np.where(inside, image * rng.uniform(0.85, 1.2) + rng.normal(scale=8.0), image).astype(np.float32)
