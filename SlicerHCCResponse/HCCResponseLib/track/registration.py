"""Rigid registration of two visits: first the whole body, then the neighbourhood of the lesions.

The result maps contours and points for matching; nothing that it has moved is ever measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813
from scipy import ndimage

from HCCResponseLib.errors import InputError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.resample import resample, to_sitk, working_geometry
from HCCResponseLib.imaging.volumes import AIR_HU, Volume

_BODY_HU = -300
_WINDOW = (-200.0, 300.0)
_COARSE_MM = (5.0, 4.0, 4.0)
_LOCAL_MM = (3.0, 2.5, 2.5)
_STARTS_Z_MM = (0.0, -30.0, 30.0)
_LOCAL_LIMIT_MM = 35.0


@dataclass(frozen=True)
class Registration:
    """Where baseline tissue lies in the follow-up.

    Attributes:
        follow_up_to_baseline: ITK transform of physical points (LPS mm), as resampling a baseline mask needs it.
        body_similarity: normalised correlation of the two bodies after registration, -1 to 1.
        local_shift_mm: how far the neighbourhood of the lesions moved against the body (x, y, z).
        trustworthy: whether the bodies agree well enough for identities to be carried over.
    """

    follow_up_to_baseline: sitk.Transform
    body_similarity: float
    local_shift_mm: tuple[float, float, float]
    trustworthy: bool

    def to_follow_up(self, point_lps: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """A baseline point (LPS mm) in the follow-up."""
        back = self.follow_up_to_baseline.GetInverse()
        return np.asarray(back.TransformPoint([float(v) for v in np.asarray(point_lps)]))

    def to_baseline(self, point_lps: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """A follow-up point (LPS mm) in the baseline."""
        return np.asarray(
            self.follow_up_to_baseline.TransformPoint([float(v) for v in np.asarray(point_lps)])
        )


def register(
    baseline: Volume, follow_up: Volume, focus: npt.NDArray[np.bool_], seed: int = 0
) -> Registration:
    """Rigid registration of the visits, refined around ``focus``.

    Args:
        baseline: earlier visit; ``focus`` is a mask on its grid (lesions or liver), shape (z, y, x).
        follow_up: later visit.
        seed: of the metric's random sampling.

    Raises:
        InputError: one of the volumes shows no body.
    """
    with _one_thread():
        return _register(baseline, follow_up, focus, seed)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in a fixed order, so that the same input gives the same transform."""
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


def _register(baseline: Volume, follow_up: Volume, focus: npt.NDArray[np.bool_], seed: int) -> Registration:
    fixed, fixed_body = _prepared(baseline, _COARSE_MM)
    moving, moving_body = _prepared(follow_up, _COARSE_MM)
    body = _best_start(fixed, moving, fixed_body, moving_body, seed)
    local = _refine_locally(baseline, follow_up, focus, body, seed)
    similarity = _similarity(fixed, moving, fixed_body, body)
    centre = baseline.geometry.index_to_lps(np.argwhere(focus).mean(0)) if focus.any() else np.zeros(3)
    before, after = (np.asarray(t.TransformPoint(centre.tolist())) for t in (body, local))
    shift = after - before
    x, y, z = (float(v) for v in shift)
    # The optimised transform maps baseline points to the follow-up.
    return Registration(local.GetInverse(), similarity, (x, y, z), similarity > 0.5)


def _body_mask(hu: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    labels, count = ndimage.label(ndimage.binary_opening(hu > _BODY_HU, iterations=1))
    if count == 0:
        return np.zeros(hu.shape, bool)
    largest = 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    return np.stack([ndimage.binary_fill_holes(s) for s in labels == largest])


def _prepared(volume: Volume, spacing: tuple[float, float, float]) -> tuple[sitk.Image, sitk.Image]:
    grid = working_geometry(volume.geometry, spacing)
    smooth = ndimage.gaussian_filter(
        volume.hu.astype(np.float32),
        [0.35 * s / g for s, g in zip(spacing, volume.geometry.spacing, strict=True)],
    )
    hu = resample(smooth, volume.geometry, grid)
    body = _body_mask(hu)
    if body.mean() < 0.02:
        raise InputError(f"Image '{volume.source}' shows no body; is it a CT of the abdomen?")
    return to_sitk(np.clip(hu, *_WINDOW).astype(np.float32), grid), to_sitk(body, grid)


def _optimise(
    fixed: sitk.Image,
    moving: sitk.Image,
    mask: sitk.Image,
    start: sitk.Transform,
    seed: int,
    levels: tuple[int, ...],
) -> tuple[sitk.Transform, float]:
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(0.35, seed + 1)
    method.SetMetricFixedMask(mask)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetShrinkFactorsPerLevel(levels)
    method.SetSmoothingSigmasPerLevel([0.5 * (n - 1) for n in levels])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOff()
    method.SetOptimizerAsRegularStepGradientDescent(2.0, 0.02, 120, relaxationFactor=0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start, inPlace=False)
    found = method.Execute(fixed, moving)
    return sitk.CompositeTransform(found).GetNthTransform(0), float(method.GetMetricValue())


def _best_start(
    fixed: sitk.Image, moving: sitk.Image, fixed_body: sitk.Image, moving_body: sitk.Image, seed: int
) -> sitk.Transform:
    """Body to body from several heights, because scans need not cover the same range."""
    centred = sitk.CenteredTransformInitializer(
        fixed_body, moving_body, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.MOMENTS
    )
    best: tuple[sitk.Transform, float] | None = None
    for offset in _STARTS_Z_MM:
        start = sitk.Euler3DTransform(sitk.Euler3DTransform(centred))
        x, y, z = start.GetTranslation()
        start.SetTranslation((x, y, z + offset))
        found = _optimise(fixed, moving, fixed_body, start, seed, (3,))
        if best is None or found[1] < best[1]:
            best = found
    assert best is not None
    return _optimise(fixed, moving, fixed_body, sitk.Euler3DTransform(best[0]), seed, (2, 1))[0]


def _refine_locally(
    baseline: Volume, follow_up: Volume, focus: npt.NDArray[np.bool_], body: sitk.Transform, seed: int
) -> sitk.Transform:
    """Breathing moves the liver against the spine: a second rigid step sees only the lesions' surroundings."""
    if not focus.any():
        return body
    fixed, _ = _prepared(baseline, _LOCAL_MM)
    moving, _ = _prepared(follow_up, _LOCAL_MM)
    grid = working_geometry(baseline.geometry, _LOCAL_MM)
    near = resample(focus, baseline.geometry, grid, linear=False, fill=0)
    around = ndimage.distance_transform_edt(~near, sampling=_LOCAL_MM) < 25.0
    start = sitk.Euler3DTransform(body)
    centre = grid.index_to_lps(np.argwhere(around).mean(0))
    start = _recentred(start, centre)
    found, _ = _optimise(fixed, moving, to_sitk(around, grid), start, seed, (2, 1))
    moved = np.asarray(found.TransformPoint(centre.tolist())) - np.asarray(
        body.TransformPoint(centre.tolist())
    )
    return found if float(np.linalg.norm(moved)) <= _LOCAL_LIMIT_MM else body


def _recentred(transform: sitk.Euler3DTransform, centre: npt.NDArray[np.float64]) -> sitk.Euler3DTransform:
    """The same rigid motion, turning about another centre (better conditioned for a local step)."""
    target = np.asarray(transform.TransformPoint(centre.tolist()))
    again = sitk.Euler3DTransform()
    again.SetCenter(centre.tolist())
    again.SetRotation(transform.GetAngleX(), transform.GetAngleY(), transform.GetAngleZ())
    again.SetTranslation((target - centre).tolist())
    return again


def _similarity(fixed: sitk.Image, moving: sitk.Image, mask: sitk.Image, transform: sitk.Transform) -> float:
    moved = sitk.GetArrayFromImage(sitk.Resample(moving, fixed, transform, sitk.sitkLinear, float(AIR_HU)))
    use = (sitk.GetArrayFromImage(mask) > 0) & (moved > AIR_HU)
    if use.sum() < 1000:
        return 0.0
    return float(np.corrcoef(sitk.GetArrayFromImage(fixed)[use], moved[use])[0, 1])


def carry_mask(
    mask: npt.NDArray[np.bool_], source: Geometry, target: Geometry, found: Registration
) -> npt.NDArray[np.bool_]:
    """A baseline mask on a grid of the follow-up: for matching and as a prior, never for measuring."""
    moved = resample(mask, source, target, linear=False, fill=0, transform=found.follow_up_to_baseline)
    return np.asarray(moved, dtype=bool)
