"""Registration of two visits: body, then liver, then deformable; it says where it is not to be trusted.

The result maps contours and points for matching; nothing that it has moved is ever measured. Another registration
fits behind :class:`Registrar` as one new file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813
from scipy import ndimage

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.base.jobs import Progress, Report, ignore_progress
from HCCResponseLib.imaging.boxes import bounding_box
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.resample import resample, to_sitk, working_geometry
from HCCResponseLib.imaging.volumes import Region, Volume
from HCCResponseLib.lesions.label_maps import label_map, lesions_of
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.warped import WarpedContour
from HCCResponseLib.track.registration import rigid
from HCCResponseLib.track.registration.deform import Channels, cycle_error, deform, jacobian, sample
from HCCResponseLib.track.registration.residual import figure_maps
from HCCResponseLib.track.registration.trust import LocalTrust, Quality, TrustMaps, judge, place_words

_GRID_MM = (4.0, 4.0, 4.0)
_MARGIN_MM = 28.0
_LESION_MARGIN_MM = 4.0
# A liver mask often leaves out a treated tumour, so its outline counts for nothing near a known one.
_OUTLINE_MARGIN_MM = 12.0
_OUTLINE_REACH_MM = 12.0
# A network that knows no liver marks everything as one.
_LEAST_LIVER_ML, _MOST_LIVER_ML = 150.0, 6000.0
_WINDOW = (-120.0, 220.0)
_LOCAL_SIGMA_MM = 16.0
# Found on drawn pairs: the noise of tissue within the liver misleads more than it helps beside a clear outline.
_TISSUE_WEIGHT = 0.3
_FAR_WEIGHT = 0.08
_NOISE_HU = 40.0
_UPRIGHT = 0.7
# The finer step adds at most 0.15 to a wrong way to lie and nothing to the right one (two real pairs, each turned
# in all ways), and takes by far the longest where nothing fits.
_FINER = 0.2


@dataclass(frozen=True, eq=False)
class Scan:
    """What registration sees of one visit.

    Attributes:
        liver: where it lies, tumours included; ``None`` when nobody knows.
        lesions: tumours known here; they take no part in comparing the tissue.
    """

    image: Volume
    liver: Region | None = None
    lesions: Region | None = None


@dataclass(frozen=True, eq=False)
class Registration:
    """Where baseline tissue lies in the follow-up.

    Attributes:
        follow_up_to_baseline: ITK transform of physical points (LPS mm), as resampling a baseline mask needs it.
        affine: its first part; ``field`` is the displacement before it, (3, z, y, x) in mm along the axes of ``grid``.
        grid: coarse grid in the follow-up on which ``field`` and ``maps`` are known.
        maps: how well it went, place by place.
        quality: how well it went as a whole.
        scans: grids of baseline and follow-up.
        local_shift_mm: how far the liver or the lesions' neighbourhood moved against the body (x, y, z).
    """

    affine: sitk.AffineTransform
    field: Float32
    grid: Geometry
    maps: TrustMaps
    quality: Quality
    scans: tuple[Geometry, Geometry]
    local_shift_mm: tuple[float, float, float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "follow_up_to_baseline", _composite(self.affine, self.field, self.grid))

    follow_up_to_baseline: sitk.Transform = None

    @property
    def trustworthy(self) -> bool:
        """Whether identities may be carried over at all; see :meth:`place` for one place."""
        return self.quality.trustworthy

    def to_baseline(self, point_lps: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """A follow-up point (LPS mm) in the baseline."""
        point = [float(v) for v in np.asarray(point_lps)]
        return np.asarray(self.follow_up_to_baseline.TransformPoint(point))

    def to_follow_up(self, point_lps: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """A baseline point (LPS mm) in the follow-up, by iteration to within a thousandth of a millimetre."""
        target = np.asarray(point_lps, float)
        back = self.affine.GetInverse()
        guess = np.asarray(back.TransformPoint(target.tolist()))
        for _ in range(100):
            off = np.asarray(back.TransformPoint(target.tolist())) - np.asarray(
                back.TransformPoint(self.to_baseline(guess).tolist())
            )
            guess = guess + off
            if float(np.linalg.norm(off)) < 1e-5:
                break
        return np.asarray(guess)

    def place(self, follow_up_lps: npt.ArrayLike) -> LocalTrust:
        """Whether the match of this follow-up place (LPS mm) with the baseline is to be trusted, and why not."""
        point = np.asarray(follow_up_lps, float)
        before = self.to_baseline(point)
        imaged = (_within(before, self.scans[0]), _within(point, self.scans[1]))
        return place_words(self.quality, self.maps, self.grid.lps_to_index(point), imaged)


class Registrar(Protocol):
    """Anything that registers two visits."""

    def __call__(
        self, baseline: Scan, follow_up: Scan, seed: int = 0, report: Report = ignore_progress
    ) -> Registration:
        """Raises ``InputError`` where one of the scans shows no body."""


def register(baseline: Volume, follow_up: Volume, focus: Mask, seed: int = 0) -> Registration:
    """Registration without liver masks, refined around ``focus`` (lesions, (z, y, x) on the baseline's grid)."""
    return register_scans(Scan(baseline, lesions=Region(focus, baseline.geometry)), Scan(follow_up), seed)


def register_scans(
    baseline: Scan,
    follow_up: Scan,
    seed: int = 0,
    report: Report = ignore_progress,
    astray: sitk.VersorTransform | None = None,
) -> Registration:
    """The default :class:`Registrar`: SimpleITK for body and liver outline, then demons on a 4 mm grid.

    Args:
        seed: of the metric's sampling.
        astray: turns the aligned livers against each other about the follow-up's before the tissue is followed. For
            trials only: whether the checks notice a registration that is known to be wrong.

    Raises:
        InputError: one of the volumes shows no body.
    """
    with rigid.one_thread():
        return _register(baseline, follow_up, seed, report, astray)


def _register(
    baseline: Scan, follow_up: Scan, seed: int, report: Report, astray: sitk.VersorTransform | None
) -> Registration:
    report(Progress("Aligning bodies", 0.05))
    fixed, moving = rigid.prepare_body(follow_up.image), rigid.prepare_body(baseline.image)
    livers = (_usable(follow_up.liver), _usable(baseline.liver))
    remark = _liver_remark(baseline, follow_up, livers)
    if None in livers:
        livers = (None, None)
    shifts = [] if None in livers else [_centre(livers[1]) - _centre(livers[0])]
    body = rigid.register_bodies(fixed, moving, seed, shifts)
    alike = 0.0 if body is None else rigid.similarity(fixed, moving, body)
    orientation = _orientation(fixed, moving, seed, alike)
    start = body or sitk.Euler3DTransform()
    report(Progress("Aligning livers", 0.25))
    affine = _second_step(baseline, follow_up, livers, start, seed)
    if astray is not None and livers[0] is not None:
        turn = sitk.VersorTransform(astray)
        turn.SetCenter(_centre(livers[0]).tolist())
        affine = rigid.as_affine(sitk.CompositeTransform([affine, turn]))
    grid = _grid(follow_up, baseline, livers[0], affine)
    here, there = _channels(follow_up, grid, livers[0], None), _channels(baseline, grid, livers[1], affine)
    report(Progress("Following the tissue", 0.45))
    forward = deform(here[0], there[0])
    report(Progress("Checking the way back", 0.75))
    backward = deform(there[0], here[0])
    spacing = grid.spacing[0]
    cycle = cycle_error(forward, backward) * spacing
    figures = None if here[2] is None else figure_maps(cycle, forward, here[2], grid, start, affine)
    maps = TrustMaps(cycle, jacobian(forward), _outline_gap(here, there, forward), figures)
    overlap = _overlap(here[2], there[2], forward)
    quality = judge(alike, overlap, maps, here[2], orientation, remark)
    report(Progress("Registered", 1.0))
    return Registration(
        affine, forward * spacing, grid, maps, quality, (baseline.image.geometry, follow_up.image.geometry),
        _shift(start, affine, grid),
    )  # fmt: skip


def _usable(liver: Region | None) -> Region | None:
    """A liver mask of a size that a liver can have."""
    return liver if liver is not None and _LEAST_LIVER_ML <= _millilitres(liver) <= _MOST_LIVER_ML else None


def _millilitres(region: Region) -> float:
    return float(region.mask.sum()) * region.geometry.voxel_volume_mm3 / 1000


def _centre(liver: Region | None) -> npt.NDArray[np.float64]:
    assert liver is not None
    return liver.geometry.index_to_lps(np.argwhere(liver.mask).mean(0))


def _orientation(fixed: rigid.BodyImage, moving: rigid.BodyImage, seed: int, alike: float) -> str | None:
    """How the follow-up lies otherwise than the baseline, if that fits clearly better than upright."""
    if alike > _UPRIGHT:
        return None
    best, words = alike + 0.05, None
    for name, signs in rigid.ORIENTATIONS.items():
        other = rigid.turned(moving, signs)
        rough = rigid.roughly(fixed, other, seed)
        value = 0.0 if rough is None else rigid.similarity(fixed, other, rough)
        if rough is not None and value > best - _FINER:
            value = rigid.similarity(fixed, other, rigid.finely(fixed, other, seed, rough))
        if value > best:
            best, words = value, name
    return words


def _second_step(
    baseline: Scan,
    follow_up: Scan,
    livers: tuple[Region | None, Region | None],
    body: sitk.Euler3DTransform,
    seed: int,
) -> sitk.AffineTransform:
    """The liver's outline where both are known, else the lesions' neighbourhood."""
    if livers[0] is not None and livers[1] is not None:
        by_centre = sitk.Euler3DTransform(body)
        centre = _centre(livers[0])
        gap = _centre(livers[1]) - np.asarray(body.TransformPoint(centre.tolist()))
        by_centre.SetTranslation((np.asarray(body.GetTranslation()) + gap).tolist())
        starts = [rigid.recentred(t, centre) for t in (body, by_centre)]
        fixed, moving = (rigid.liver_grid(liver.mask, liver.geometry) for liver in (livers[0], livers[1]))
        sure = _away_from_lesions(baseline, moving[1], None) > _OUTLINE_MARGIN_MM
        return rigid.register_livers(fixed, moving, starts, sure)
    lesions = baseline.lesions
    if lesions is None or not lesions.mask.any():
        return rigid.as_affine(body)
    target = working_geometry(follow_up.image.geometry, _GRID_MM)
    near = resample(lesions.mask, lesions.geometry, target, linear=False, fill=0, transform=body)
    return rigid.as_affine(rigid.refine_locally(follow_up.image, baseline.image, (near, target), body, seed))


def _grid(follow_up: Scan, baseline: Scan, liver: Region | None, affine: sitk.Transform) -> Geometry:
    """Where the deformable step works: around the liver and the known lesions, else everywhere."""
    whole = working_geometry(follow_up.image.geometry, _GRID_MM)
    area = np.zeros(whole.size, bool)
    if liver is not None:
        area |= resample(liver.mask, liver.geometry, whole, linear=False, fill=0)
    if baseline.lesions is not None:
        lesions = baseline.lesions
        area |= resample(lesions.mask, lesions.geometry, whole, linear=False, fill=0, transform=affine)
    if not area.any():
        return whole
    return working_geometry(whole, _GRID_MM, bounding_box(area, _GRID_MM, _MARGIN_MM))


def _channels(
    scan: Scan, grid: Geometry, liver: Region | None, transform: sitk.Transform | None
) -> tuple[Channels, Float32 | None, Mask | None]:
    """Channels of a scan on the grid, with the liver's signed distance and mask there."""
    hu = np.clip(rigid.coarse_hu(scan.image, grid, transform), *_WINDOW)
    inside = np.ones(scan.image.geometry.size, np.uint8)
    imaged = resample(inside, scan.image.geometry, grid, linear=False, fill=0, transform=transform) > 0
    away = _away_from_lesions(scan, grid, transform)
    use = (imaged & (away > _LESION_MARGIN_MM)).astype(np.float32)
    tissue = _normalised(hu, use, _LOCAL_SIGMA_MM / grid.spacing[0])
    if liver is None:
        return Channels(tissue[None], use[None]), None, None
    soft = resample(liver.mask.astype(np.float32), liver.geometry, grid, fill=0, transform=transform)
    mask = np.asarray(soft > 0.5)
    distance = rigid.signed_distance(mask, grid.spacing, _OUTLINE_REACH_MM)
    near = np.where(distance > -_OUTLINE_REACH_MM, _TISSUE_WEIGHT, _FAR_WEIGHT).astype(np.float32)
    outline = (imaged & (away > _OUTLINE_MARGIN_MM)).astype(np.float32)
    values = np.stack([tissue, distance / np.float32(0.5 * _OUTLINE_REACH_MM)])
    return Channels(values, np.stack([use * near, outline])), distance, mask


def _away_from_lesions(scan: Scan, grid: Geometry, transform: sitk.Transform | None) -> Float32:
    """Distance to the nearest known lesion on the grid in mm; large without any."""
    if scan.lesions is not None and scan.lesions.mask.any():
        drawn = scan.lesions
        lesions = resample(drawn.mask, drawn.geometry, grid, linear=False, fill=0, transform=transform)
        if lesions.any():
            return np.asarray(ndimage.distance_transform_edt(~lesions, sampling=grid.spacing), np.float32)
    return np.full(grid.size, 1e3, np.float32)


def _normalised(hu: Float32, use: Float32, sigma: float) -> Float32:
    """Tissue against its surroundings, so that another contrast phase looks the same."""
    weight = ndimage.gaussian_filter(use, sigma) + 1e-3
    mean = ndimage.gaussian_filter(hu * use, sigma) / weight
    square = ndimage.gaussian_filter((hu - mean) ** 2 * use, sigma) / weight
    value = np.where(use > 0, (hu - mean) / (np.sqrt(np.maximum(square, 0)) + _NOISE_HU), 0)
    return np.asarray(ndimage.gaussian_filter(value, 1.0), np.float32)


def _outline_gap(
    here: tuple[Channels, Float32 | None, Mask | None],
    there: tuple[Channels, Float32 | None, Mask | None],
    field: Float32,
) -> Float32 | None:
    """How far the two outlines of the liver lie apart near each place, mm; nothing is said where they do not count."""
    if here[1] is None or there[1] is None:
        return None
    where = np.indices(here[1].shape, dtype=np.float32) + field
    counts = here[0].weights[1] * sample(there[0].weights[1], where, outside=0.0)
    gap = np.abs(here[1] - sample(there[1], where)) * counts
    return np.asarray(ndimage.maximum_filter(ndimage.uniform_filter(gap, 3), 5), np.float32)


def _overlap(here: Mask | None, there: Mask | None, field: Float32) -> float | None:
    """Dice of the livers after registration."""
    if here is None or there is None:
        return None
    where = np.indices(here.shape, dtype=np.float32) + field
    moved = sample(there.astype(np.float32), where, outside=0.0) > 0.5
    return float(2 * (here & moved).sum() / max(int(here.sum() + moved.sum()), 1))


def _liver_remark(baseline: Scan, follow_up: Scan, livers: tuple[Region | None, Region | None]) -> str | None:
    """What is wrong when one liver was looked for and not found."""
    for liver, scan, name in ((livers[0], follow_up, "follow-up"), (livers[1], baseline, "baseline")):
        if scan.liver is not None and liver is None and _millilitres(scan.liver) < _LEAST_LIVER_ML:
            return f"No liver was found in the {name}; its field of view may not hold it."
    return None


def _shift(body: sitk.Transform, affine: sitk.Transform, grid: Geometry) -> tuple[float, float, float]:
    centre = grid.index_to_lps((np.asarray(grid.size) - 1) / 2).tolist()
    x, y, z = np.asarray(affine.TransformPoint(centre)) - np.asarray(body.TransformPoint(centre))
    return float(x), float(y), float(z)


def _composite(affine: sitk.AffineTransform, field: Float32, grid: Geometry) -> sitk.Transform:
    """Displacement first, then the affine part; outside the grid only the latter."""
    matrix = np.asarray(grid.direction).reshape(3, 3)
    vectors = np.moveaxis(field[::-1], 0, -1).astype(np.float64) @ matrix.T
    image = sitk.GetImageFromArray(vectors, isVector=True)
    image.CopyInformation(to_sitk(np.zeros(grid.size, np.uint8), grid))
    return sitk.CompositeTransform([affine, sitk.DisplacementFieldTransform(image)])


def _within(point: npt.NDArray[np.float64], scan: Geometry) -> bool:
    index = scan.lps_to_index(point)
    return bool((index >= -0.5).all() and (index <= np.asarray(scan.size) - 0.5).all())


def carry_contours(
    lesions: Mapping[str, Lesion], source: Geometry, target: Geometry, found: Registration
) -> dict[str, WarpedContour]:
    """Baseline contours on a grid of the follow-up: for matching and as a prior, never for measuring.

    All at once; each voxel of the result belongs to one of them.
    """
    labels = label_map(list(lesions.values()), source.size)
    moved = resample(labels, source, target, linear=False, fill=0, transform=found.follow_up_to_baseline)
    there = lesions_of(moved)
    nowhere = Lesion.empty(target.size)
    return {name: WarpedContour(there.get(value, nowhere)) for value, name in enumerate(lesions, start=1)}
