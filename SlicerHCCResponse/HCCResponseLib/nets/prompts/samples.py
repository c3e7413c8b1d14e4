"""Training samples of the prompt network: a lesion of a packed scan, prompts for it, a cube about them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.imaging.along_axes import interpolated
from HCCResponseLib.nets.prompts.channels import UNKNOWN_MM, Shown, prompt_input, side_mm
from HCCResponseLib.nets.prompts.pack import PackedScan
from HCCResponseLib.nets.prompts.simulate import (
    click_inside,
    corrections,
    faulty,
    longest_line,
    sloppy,
)
from HCCResponseLib.nets.prompts.tumours import draw_tumour, paint_tumour
from HCCResponseLib.nets.streamed.vary import Variation
from HCCResponseLib.nets.transplants import (
    ENLARGED,
    SMALLEST_MM,
    RealTumour,
    draw_transplant,
    paint_transplant,
    real_tumours,
    treated_transplant,
)
from HCCResponseLib.synth.anatomy import Points

Vector = npt.NDArray[np.float64]
DIAMETERS_MM = (5.0, 120.0)
_REAL, _CLICK_ONLY, _CORRECTED = 0.25, 0.15, 0.35
_OTHER_LESIONS = 0.5
# Share of the tumours that are real ones taken over from another place or patient, where they may have that size.
_TAKEN_OVER, _TREATED = 0.5, 0.3
_SMALLEST_VOXELS = 8
_TRIES = 20
_FILL_HU = -200.0
# Both scan channels vary together; the cube is isotropic and knows no left and right.
VARIATION = Variation(2, scans=2, turn=(0.2, 0.2, 0.2), mirrored=True)


@dataclass(frozen=True)
class Local:
    """A lesion with its surroundings on the scan's own grid or every n-th voxel of it; arrays (z, y, x)."""

    hu: Float32
    mask: Mask
    spacing: tuple[float, float, float]


@dataclass(frozen=True)
class Livers:
    """The scans of a pack, with how deep every voxel lies in the liver, and their real tumours."""

    scans: tuple[PackedScan, ...]
    depth_mm: tuple[npt.NDArray[np.float32], ...]
    with_lesions: tuple[int, ...]
    real: tuple[RealTumour, ...]

    @staticmethod
    def of(scans: list[PackedScan]) -> "Livers":
        """Prepare scans for drawing samples from them."""
        real = tuple(i for i, s in enumerate(scans) if s.lesions.any())
        return Livers(tuple(scans), tuple(s.depth_mm() for s in scans), real, real_tumours(scans))


@dataclass(frozen=True)
class PromptSource:
    """Samples for a training: lesions of these livers on cubes of so many voxels a side."""

    livers: Livers
    side: int

    def samples(self, rng: np.random.Generator) -> Iterator[tuple[Float32, Mask]]:
        """Endless samples."""
        while True:
            yield draw_sample(self.livers, rng, self.side)


def draw_sample(livers: Livers, rng: np.random.Generator, side: int) -> tuple[Float32, Mask]:
    """One sample: channels (5, side, side, side) and the lesion on the same cube.

    A quarter shows a real lesion where the pack holds some; all others are grown. 15 % of the samples come with a click
    alone, a third with a faulty contour and clicks that correct it, the rest with a line.
    """
    for _ in range(_TRIES):
        local = draw_local(livers, rng)
        if local is None:
            continue
        image, mask = _turned(_other_scanner(local.hu, rng), local.mask, rng)
        found = _on_cube(Local(image, mask, _spacing_of(image, local)), rng, side)
        if found is not None:
            return found
    raise RuntimeError("no lesion fits into any of the livers")


def draw_local(livers: Livers, rng: np.random.Generator) -> Local | None:
    """A real or grown lesion; ``None`` where the draw found no room."""
    if livers.with_lesions and rng.random() < _REAL:
        return _real(livers.scans[livers.with_lesions[int(rng.integers(len(livers.with_lesions)))]], rng)
    number = int(rng.integers(len(livers.scans)))
    diameter = float(np.exp(rng.uniform(*np.log(DIAMETERS_MM))))
    return grown(livers.scans[number], livers.depth_mm[number], diameter, rng, livers.real)


def _real(scan: PackedScan, rng: np.random.Generator) -> Local | None:
    values = np.unique(scan.lesions)[1:]
    chosen = scan.lesions == values[int(rng.integers(len(values)))]
    places = np.argwhere(chosen)
    size = np.asarray(scan.facts.spacing)
    reach = (np.ptp(places, axis=0).max(initial=1) + 1) * size.max()
    return _cut(scan, places.mean(0), max(1.6 * float(reach), 40.0), chosen)


def grown(
    scan: PackedScan,
    depth: npt.NDArray[np.float32],
    diameter_mm: float,
    rng: np.random.Generator,
    real: Sequence[RealTumour] = (),
) -> Local | None:
    """A tumour of about this diameter, now and then with neighbours, at a random place of the liver.

    Args:
        real: tumours that are taken over for half of those from 12 mm on.
    """
    exophytic = rng.random() < 0.2
    needed = diameter_mm / 2 * float(rng.uniform(0.15, 0.4) if exophytic else rng.uniform(0.4, 1.0))
    room = np.flatnonzero(depth >= min(needed, 0.9 * float(depth.max())))
    if not len(room):
        return None
    centre = np.asarray(np.unravel_index(int(room[int(rng.integers(len(room)))]), depth.shape), float)
    local = _cut(scan, centre, max(1.9 * diameter_mm, 40.0), scan.liver)
    middle = (np.asarray(local.hu.shape) - 1) / 2 * np.asarray(local.spacing)
    tissue = ndimage.binary_dilation(local.mask, iterations=3) & (local.hu > -60) if exophytic else local.mask
    healthy = local.hu[local.mask]
    if healthy.size < _SMALLEST_VOXELS:
        return None
    hu, level = local.hu.copy(), float(np.median(healthy))
    for _ in range(int(rng.poisson(_OTHER_LESIONS))):
        size = float(np.clip(diameter_mm * rng.uniform(0.3, 1.2), 5, 60))
        direction = rng.normal(size=3)
        away = direction / np.linalg.norm(direction) * (0.6 * (diameter_mm + size) + 2.0)
        points = _points(local, middle + away)
        paint_tumour(hu, points, draw_tumour(rng, size), local.mask, level)
    known = [r for r in real if SMALLEST_MM <= diameter_mm <= ENLARGED * r.diameter_mm]
    if known and rng.random() < _TAKEN_OVER:
        mask = _taken_over(hu, local, known[int(rng.integers(len(known)))], diameter_mm, tissue, level, rng)
    else:
        mask = paint_tumour(hu, _points(local, middle), draw_tumour(rng, diameter_mm), tissue, level)
    mask = _largest(mask)
    return Local(hu, mask, local.spacing) if mask.sum() >= _SMALLEST_VOXELS else None


def _taken_over(
    hu: Float32,
    local: Local,
    tumour: RealTumour,
    diameter_mm: float,
    tissue: Mask,
    level: float,
    rng: np.random.Generator,
) -> Mask:
    """A real tumour in the middle of ``hu`` (in place); its mask."""
    shown = draw_transplant(rng, tumour, diameter_mm)
    if rng.random() < _TREATED:
        shown = treated_transplant(rng, shown)
    middle = [n // 2 for n in hu.shape]
    return paint_transplant(hu, local.spacing, middle, shown, 1.0, tissue, level)


def _largest(mask: Mask) -> Mask:
    parts, count = ndimage.label(mask)
    if count <= 1:
        return mask
    return np.asarray(parts == int(np.bincount(parts.ravel())[1:].argmax()) + 1)


def _points(local: Local, middle: Vector) -> Points:
    """Voxel centres in mm from a point, given in mm (z, y, x) from the first voxel."""
    z, y, x = (
        np.arange(n, dtype=np.float32) * np.float32(s) - np.float32(m)
        for n, s, m in zip(local.hu.shape, local.spacing, middle, strict=True)
    )
    return Points(x[None, None, :], y[None, :, None], z[:, None, None])


def _cut(scan: PackedScan, centre: Vector, side: float, mask: Mask) -> Local:
    """A block about a point, padded beyond the scan, thinned within the plane where the cube will be coarser."""
    spacing = np.asarray(scan.facts.spacing)
    thin = np.array([1, 1, 1])
    thin[1:] = np.maximum((side / 1.9 * 2.2 / 64 * 0.8 / spacing[1:]).astype(int), 1)
    half = np.ceil(0.75 * side / spacing).astype(int)
    index = [
        round(float(c)) + np.arange(-(h // t) * t, h + 1, t)
        for c, h, t in zip(centre, half, thin, strict=True)
    ]
    inside = [(i >= 0) & (i < n) for i, n in zip(index, scan.hu.shape, strict=True)]
    clipped = np.ix_(*(np.clip(i, 0, n - 1) for i, n in zip(index, scan.hu.shape, strict=True)))
    there = inside[0][:, None, None] & inside[1][None, :, None] & inside[2][None, None, :]
    hu = np.where(there, scan.hu[clipped], _FILL_HU).astype(np.float32)
    z, y, x = (float(v) for v in spacing * thin)
    return Local(hu, np.asarray(mask[clipped] & there), (z, y, x))


def _other_scanner(hu: Float32, rng: np.random.Generator) -> Float32:
    """Another kernel, dose and contrast."""
    if rng.random() < 0.3:
        sigma = float(rng.uniform(0.3, 0.9))
        hu = ndimage.gaussian_filter(hu, (0.3 * sigma, sigma, sigma))
    if rng.random() < 0.5:
        noise = ndimage.gaussian_filter(
            rng.standard_normal(hu.shape, dtype=np.float32), (0.2, *[float(rng.uniform(0.3, 0.9))] * 2)
        )
        hu = hu + noise * np.float32(rng.uniform(2, 14) / max(float(noise.std()), 1e-6))
    soft = hu > -150
    changed = (hu - 80) * np.float32(rng.uniform(0.8, 1.25)) + 80 + np.float32(rng.normal(scale=15))
    return np.where(soft, changed, hu).astype(np.float32)


def _turned(hu: Float32, mask: Mask, rng: np.random.Generator) -> tuple[Float32, Mask]:
    """Mirrored along any axis, rows for columns."""
    axes = tuple(int(a) for a in np.flatnonzero(rng.random(3) < 0.5))
    hu, mask = np.flip(hu, axes), np.flip(mask, axes)
    if rng.random() < 0.5:
        hu, mask = hu.swapaxes(1, 2), mask.swapaxes(1, 2)
    return hu, mask


def _spacing_of(image: Float32, local: Local) -> tuple[float, float, float]:
    z, y, x = local.spacing
    return (z, y, x) if image.shape == local.hu.shape else (z, x, y)


def _on_cube(local: Local, rng: np.random.Generator, side: int) -> tuple[Float32, Mask] | None:
    """The lesion on the cube that its prompt asks for, with that prompt; ``None`` where the cube misses it."""
    line, only_click = None, rng.random() < _CLICK_ONLY
    spacing = np.asarray(local.spacing)
    if only_click:
        centre = click_inside(local.mask, rng)
        length = float(
            np.linalg.norm(np.diff(longest_line(local.mask, local.spacing, None), axis=0) * spacing)
        )
        size = UNKNOWN_MM if rng.random() < 0.5 else side_mm(length * float(np.exp(rng.normal(scale=0.2))))
    else:
        line = sloppy(longest_line(local.mask, local.spacing, rng), local.spacing, rng)
        centre = line.mean(0)
        size = side_mm(float(np.linalg.norm((line[1] - line[0]) * spacing)))
    step = size / side / spacing
    start = centre - (side - 1) / 2 * step
    hu = interpolated(local.hu, start, step, side, _FILL_HU)
    mask = interpolated(local.mask, start, step, side, 0.0) > 0.5
    if not mask.any():
        return None
    prior: Mask | None = None
    inside: list[Vector] = [(centre - start) / step] if only_click else []
    outside: list[Vector] = []
    if rng.random() < _CORRECTED:
        prior = faulty(mask, rng)
        more, less = corrections(prior, mask, int(rng.integers(1, 4)))
        inside, outside = inside + more, outside + less
    shown = Shown(None if line is None else (line - start) / step, np.array(inside), np.array(outside))
    return prompt_input(hu, prior, shown), mask
