"""The start of a registration: body to body, then the liver's outline or the neighbourhood of the lesions (SimpleITK).

All transforms map physical points of the follow-up to the baseline, as resampling the baseline needs them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.resample import geometry_of, resample, to_sitk, working_geometry
from HCCResponseLib.imaging.volumes import AIR_HU, Volume

_BODY_HU = -300
_WINDOW = (-200.0, 300.0)
_COARSE_MM = (5.0, 4.0, 4.0)
_LOCAL_MM = (3.0, 2.5, 2.5)
_LIVER_MM = (5.0, 5.0, 5.0)
_STARTS_Z_MM = (0.0, -30.0, 30.0)
_LOCAL_LIMIT_MM = 35.0
_OUTLINE_REACH_MM = 15.0
# Half turns about the patient's z, x and y axes, and the mirror image; signs of (x, y, z).
ORIENTATIONS = {
    "turned by 180 degrees about the long axis": (-1, -1, 1),
    "upside down": (1, -1, -1),
    "turned by 180 degrees about the front-back axis": (-1, 1, -1),
    "mirrored": (-1, 1, 1),
}


@dataclass(frozen=True, eq=False)
class BodyImage:
    """A scan on a coarse grid: attenuation within the soft-tissue window, and where the body is."""

    hu: sitk.Image
    mask: sitk.Image


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums in a fixed order, so that the same input gives the same transform."""
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


def coarse_hu(
    volume: Volume, grid: Geometry, transform: sitk.Transform | None = None
) -> npt.NDArray[np.float32]:
    """Attenuation on a coarser grid, averaged before it is sampled."""
    factors = [max(1, int(g / s)) for g, s in zip(grid.spacing, volume.geometry.spacing, strict=True)]
    image = sitk.BinShrink(to_sitk(volume.hu, volume.geometry), [int(f) for f in reversed(factors)])
    array = sitk.GetArrayFromImage(image).astype(np.float32)
    return resample(array, geometry_of(image), grid, transform=transform)


def prepare_body(volume: Volume, spacing: tuple[float, float, float] = _COARSE_MM) -> BodyImage:
    """Raises ``InputError`` where there is no body."""
    grid = working_geometry(volume.geometry, spacing)
    hu = coarse_hu(volume, grid)
    body = _body_mask(hu)
    if body.mean() < 0.02:
        raise InputError(f"Image '{volume.source}' shows no body; is it a CT of the abdomen?")
    return BodyImage(to_sitk(np.clip(hu, *_WINDOW).astype(np.float32), grid), to_sitk(body, grid))


def _body_mask(hu: npt.NDArray[np.float32]) -> Mask:
    labels, count = ndimage.label(ndimage.binary_opening(hu > _BODY_HU, iterations=1))
    if count == 0:
        return np.zeros(hu.shape, bool)
    largest = 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    return np.stack([ndimage.binary_fill_holes(s) for s in labels == largest])


def _optimise(
    fixed: sitk.Image,
    moving: sitk.Image,
    mask: sitk.Image,
    start: sitk.Transform,
    seed: int,
    levels: tuple[int, ...],
) -> tuple[sitk.Transform, float] | None:
    """The improved transform and its metric (less is better); ``None`` where the images do not overlap."""
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(0.35, seed + 1)
    method.SetMetricFixedMask(mask)
    method.SetShrinkFactorsPerLevel(levels)
    method.SetSmoothingSigmasPerLevel([0.5 * (n - 1) for n in levels])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOff()
    method.SetOptimizerAsRegularStepGradientDescent(2.0, 0.02, 120, relaxationFactor=0.6)
    return _executed(method, fixed, moving, start)


def _executed(
    method: sitk.ImageRegistrationMethod, fixed: sitk.Image, moving: sitk.Image, start: sitk.Transform
) -> tuple[sitk.Transform, float] | None:
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start, inPlace=False)
    try:
        found = method.Execute(fixed, moving)
    except RuntimeError:
        # ITK's answer when too few samples lie in both images.
        return None
    return sitk.CompositeTransform(found).GetNthTransform(0), float(method.GetMetricValue())


def register_bodies(
    fixed: BodyImage, moving: BodyImage, seed: int, shifts: Sequence[npt.NDArray[np.float64]] = ()
) -> sitk.Euler3DTransform | None:
    """Body to body from several starts, because scans need not cover the same range; ``None`` without overlap.

    Args:
        shifts: further starts as translations (x, y, z) mm, such as that of the liver's centre.
    """
    rough = roughly(fixed, moving, seed, shifts)
    return None if rough is None else finely(fixed, moving, seed, rough)


def roughly(
    fixed: BodyImage, moving: BodyImage, seed: int, shifts: Sequence[npt.NDArray[np.float64]] = ()
) -> sitk.Euler3DTransform | None:
    """The first step of :func:`register_bodies`, on a third of the resolution."""
    centred = sitk.Euler3DTransform(
        sitk.CenteredTransformInitializer(
            fixed.mask, moving.mask, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.MOMENTS
        )
    )
    by_mass = np.asarray(centred.GetTranslation())
    starts = [by_mass + np.array([0.0, 0.0, dz]) for dz in _STARTS_Z_MM] + list(shifts)
    best: tuple[sitk.Transform, float] | None = None
    for translation in starts:
        start = sitk.Euler3DTransform(centred)
        start.SetTranslation([float(v) for v in translation])
        found = _optimise(fixed.hu, moving.hu, fixed.mask, start, seed, (3,))
        if found is not None and (best is None or found[1] < best[1]):
            best = found
    return None if best is None else sitk.Euler3DTransform(best[0])


def finely(
    fixed: BodyImage, moving: BodyImage, seed: int, rough: sitk.Euler3DTransform
) -> sitk.Euler3DTransform:
    """The second step of :func:`register_bodies`."""
    fine = _optimise(fixed.hu, moving.hu, fixed.mask, sitk.Euler3DTransform(rough), seed, (2, 1))
    return sitk.Euler3DTransform(fine[0]) if fine else rough


def turned(body: BodyImage, signs: tuple[int, int, int]) -> BodyImage:
    """The same scan with the given axes of the patient reversed."""
    return BodyImage(_reversed(body.hu, signs), _reversed(body.mask, signs))


def _reversed(image: sitk.Image, signs: tuple[int, int, int]) -> sitk.Image:
    copy = sitk.Image(image)
    sign = np.asarray(signs, float)
    copy.SetOrigin((np.asarray(image.GetOrigin()) * sign).tolist())
    copy.SetDirection((np.asarray(image.GetDirection()).reshape(3, 3) * sign[:, None]).ravel().tolist())
    # A reversed axis may make the grid left-handed, which ITK's resampling takes as it is.
    return copy


def similarity(fixed: BodyImage, moving: BodyImage, transform: sitk.Transform) -> float:
    """Normalised correlation of the bodies, -1 to 1; 0 where they hardly overlap."""
    moved = sitk.GetArrayFromImage(
        sitk.Resample(moving.hu, fixed.hu, transform, sitk.sitkLinear, float(AIR_HU))
    )
    use = (sitk.GetArrayFromImage(fixed.mask) > 0) & (moved > AIR_HU)
    if use.sum() < 1000:
        return 0.0
    return float(np.corrcoef(sitk.GetArrayFromImage(fixed.hu)[use], moved[use])[0, 1])


def signed_distance(
    mask: Mask, spacing: tuple[float, float, float], reach_mm: float
) -> npt.NDArray[np.float32]:
    """Distance to the outline in mm, positive inside, clipped at ``reach_mm``; (z, y, x)."""
    inside = ndimage.distance_transform_edt(mask, sampling=spacing)
    outside = ndimage.distance_transform_edt(~mask, sampling=spacing)
    return np.asarray(np.clip(inside - outside, -reach_mm, reach_mm), np.float32)


def register_livers(
    fixed: tuple[Mask, Geometry],
    moving: tuple[Mask, Geometry],
    starts: Sequence[sitk.Transform],
    sure: Mask,
) -> sitk.AffineTransform:
    """Outline to outline: rigid first, then affine; the best of the starts.

    Args:
        sure: where the moving outline is to be believed, (z, y, x) on its grid.
    """
    use = to_sitk(sure, moving[1])
    images = [
        to_sitk(signed_distance(mask, grid.spacing, _OUTLINE_REACH_MM), grid)
        for mask, grid in (fixed, moving)
    ]
    best: tuple[sitk.Transform, float] | None = None
    for start in starts:
        found = _match_outlines(images[0], images[1], use, start)
        if found is not None and (best is None or found[1] < best[1]):
            best = found
    affine = as_affine(starts[0] if best is None else best[0])
    found = _match_outlines(images[0], images[1], use, affine)
    return affine if found is None else sitk.AffineTransform(found[0])


def _match_outlines(
    fixed: sitk.Image, moving: sitk.Image, use: sitk.Image, start: sitk.Transform
) -> tuple[sitk.Transform, float] | None:
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMeanSquares()
    method.SetMetricMovingMask(use)
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetShrinkFactorsPerLevel((2, 1))
    method.SetSmoothingSigmasPerLevel((0, 0))
    method.SetOptimizerAsRegularStepGradientDescent(4.0, 0.05, 60, relaxationFactor=0.6)
    return _executed(method, fixed, moving, start)


def liver_grid(mask: Mask, geometry: Geometry) -> tuple[Mask, Geometry]:
    """A liver mask on the grid of :func:`register_livers`."""
    grid = working_geometry(geometry, _LIVER_MM)
    return resample(mask.astype(np.float32), geometry, grid, fill=0) > 0.5, grid


def as_affine(transform: sitk.Transform) -> sitk.AffineTransform:
    """The same map as an affine transform with its centre at the origin."""
    origin = np.asarray(transform.TransformPoint((0.0, 0.0, 0.0)))
    columns = [np.asarray(transform.TransformPoint(e)) - origin for e in np.eye(3).tolist()]
    out = sitk.AffineTransform(3)
    out.SetMatrix(np.stack(columns, 1).ravel().tolist())
    out.SetTranslation(origin.tolist())
    return out


def refine_locally(
    fixed: Volume, moving: Volume, near: tuple[Mask, Geometry], body: sitk.Euler3DTransform, seed: int
) -> sitk.Transform:
    """Breathing moves the liver against the spine: a second rigid step sees only the lesions' surroundings.

    Args:
        near: lesions on a grid of the fixed scan.
    """
    if not near[0].any():
        return body
    here, there = prepare_body(fixed, _LOCAL_MM), prepare_body(moving, _LOCAL_MM)
    grid = geometry_of(here.hu)
    mask = resample(near[0], near[1], grid, linear=False, fill=0)
    around = ndimage.distance_transform_edt(~mask, sampling=_LOCAL_MM) < 25.0
    centre = grid.index_to_lps(np.argwhere(around).mean(0))
    found = _optimise(here.hu, there.hu, to_sitk(around, grid), recentred(body, centre), seed, (2, 1))
    if found is None:
        return body
    gap = np.asarray(found[0].TransformPoint(centre.tolist())) - np.asarray(
        body.TransformPoint(centre.tolist())
    )
    return found[0] if float(np.linalg.norm(gap)) <= _LOCAL_LIMIT_MM else body


def recentred(transform: sitk.Euler3DTransform, centre: npt.NDArray[np.float64]) -> sitk.Euler3DTransform:
    """The same rigid motion, turning about another centre (better conditioned for a local step)."""
    target = np.asarray(transform.TransformPoint(centre.tolist()))
    again = sitk.Euler3DTransform()
    again.SetCenter(centre.tolist())
    again.SetRotation(transform.GetAngleX(), transform.GetAngleY(), transform.GetAngleZ())
    again.SetTranslation((target - centre).tolist())
    return again
