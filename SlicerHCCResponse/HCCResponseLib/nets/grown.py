"""Samples for a base network: tumours grown in whole real scans at two visits, and drawn subjects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.nets.inputs import WITH_OVERVIEW, Spacing, WorkingGrid
from HCCResponseLib.nets.patches import TrainingCase, sample_overview, sample_patch
from HCCResponseLib.nets.pool import FIRST_TRAINING_SEED, make_case
from HCCResponseLib.nets.prompts.pack import PackedScan
from HCCResponseLib.nets.prompts.tumours import Tumour, draw_tumour, paint_tumour
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
from HCCResponseLib.synth.lesions import treated

Vector = npt.NDArray[np.float64]
_COUNTS = (0.15, 0.25, 0.2, 0.15, 0.1, 0.1, 0.05)
_DIAMETERS_MM = (6.0, 150.0)
# Share of the tumours that are real ones taken over from another place or patient; how many of them may reach beyond
# the liver, and how far.
_TAKEN_OVER = 0.5
_BULGES, _BULGE_MM, _SOFT_HU = 0.4, 20.0, -30
# Scans on their own grid are there for small lesions.
_LARGEST_CROPPED_MM = 25.0
_CYSTS, _CYST_MM = 0.5, (5.0, 35.0)
# Focal fat and differences of perfusion: a shade over the liver, through which its vessels run on; mostly darker.
_SHADES, _SHADE_MM, _SHADE_HU, _SHADE_EDGE_MM, _DARKER = 0.6, (15.0, 70.0), (6.0, 22.0), (4.0, 10.0), 0.7
# Size at the second visit in sizes at the first; 0 = not there. (first, least, most, share)
_FATES = ((1, 0.95, 1.05, 0.2), (1, 0.4, 0.85, 0.3), (1, 1.15, 1.5, 0.15), (1, 0, 0, 0.15), (0, 1, 1, 0.2))
_TREATED = 0.4
_OVERVIEW, _WITH_PRIOR = 0.35, 0.35
_PATCHES = 8
_MOST_PHANTOMS, _NEW_PHANTOM = 6, 0.2


@dataclass(frozen=True)
class BaseSource:
    """Patches for a base network.

    Attributes:
        scans: whole ones, and others cropped to the liver, which are seen on the fine grid; depth_mm: how deep every
            voxel lies in the liver.
        side: of the patches in voxels; grid: working voxel sizes, with an overview.
        drawn: share of the cases that are drawn subjects.
        real: tumours of these scans, to be taken over into others.
    """

    scans: tuple[PackedScan, ...]
    depth_mm: tuple[Float32, ...]
    side: int
    grid: WorkingGrid
    drawn: float
    real: tuple[RealTumour, ...]

    @staticmethod
    def of(
        scans: list[PackedScan], grid: WorkingGrid = WITH_OVERVIEW, side: int = 64, drawn: float = 0.35
    ) -> "BaseSource":
        """Prepare scans; raises ``InputError`` where there is no whole one."""
        if not any(s.facts.whole for s in scans):
            raise InputError(
                "All scans of this pack are cropped to the liver; a base network learns from whole scans: "
                "make another pack with --whole and give both."
            )
        depth = tuple(s.depth_mm() for s in scans)
        return BaseSource(tuple(scans), depth, side, grid, drawn, real_tumours(scans))

    def samples(self, rng: np.random.Generator) -> Iterator[tuple[Float32, npt.NDArray[np.int64]]]:
        """Endless patches, some from each case."""
        subjects: list[TrainingCase] = []
        while True:
            case, whole = self._case(rng, subjects)
            for _ in range(_PATCHES):
                if whole and self.grid.overview and rng.random() < _OVERVIEW:
                    yield sample_overview(case, rng, self.side, self.grid.overview)
                else:
                    yield sample_patch(case, rng, self.side, bool(rng.random() < _WITH_PRIOR), self.grid)

    def _case(self, rng: np.random.Generator, subjects: list[TrainingCase]) -> tuple[TrainingCase, bool]:
        """A case, and whether it shows more than the liver's surroundings."""
        if rng.random() >= self.drawn:
            number = int(rng.integers(len(self.scans)))
            scan = self.scans[number]
            largest = _DIAMETERS_MM[1] if scan.facts.whole else _LARGEST_CROPPED_MM
            return grown_case(scan, self.depth_mm[number], rng, largest, self.real), scan.facts.whole
        if not subjects or rng.random() < _NEW_PHANTOM:
            del subjects[: len(subjects) + 1 - _MOST_PHANTOMS]
            subjects.append(make_case(FIRST_TRAINING_SEED + int(rng.integers(1_000_000))))
        return subjects[int(rng.integers(len(subjects)))], True


@dataclass
class _Visits:
    """Both visits while tumours are grown in them; arrays (z, y, x)."""

    scan: PackedScan
    hu: tuple[Float32, Float32]
    lesions: tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]
    taken: Mask
    level: float
    number: int = field(default=0)


def grown_case(
    scan: PackedScan,
    depth: Float32,
    rng: np.random.Generator,
    largest_mm: float = _DIAMETERS_MM[1],
    real: Sequence[RealTumour] = (),
) -> TrainingCase:
    """Up to six tumours, cysts and shades that are none, and a course for each; real lesions stay as they are.

    Args:
        depth: how deep every voxel lies in the liver in mm, (z, y, x).
        real: tumours of which half of the new ones are taken.
    """
    hu = scan.hu.astype(np.float32)
    own = scan.lesions.astype(np.uint16)
    healthy = scan.hu[depth > 0]
    visits = _Visits(
        scan, (hu, hu.copy()), (own, own.copy()), own > 0, float(np.median(healthy)), int(own.max())
    )
    for _ in range(int(rng.poisson(_CYSTS))):
        _grow(visits, depth, _cyst(rng, visits.level), (1.0, 1.0), rng, counts=False)
    for _ in range(int(rng.poisson(_SHADES))):
        _shade(visits, depth, rng)
    shares = np.array([f[3] for f in _FATES])
    for _ in range(int(rng.choice(len(_COUNTS), p=_COUNTS))):
        first, least, most, _ = _FATES[int(rng.choice(len(_FATES), p=shares / shares.sum()))]
        sizes = (float(first), float(rng.uniform(least, most)))
        if real and rng.random() < _TAKEN_OVER:
            _take_over(visits, depth, real, sizes, largest_mm, rng)
            continue
        low, high = np.log((_DIAMETERS_MM[0], largest_mm))
        diameter = float(np.exp(rng.uniform(low, high)))
        _grow(visits, depth, (diameter, draw_tumour(rng, diameter)), sizes, rng)
    first_hu, second_hu = (np.rint(h).astype(np.int16) for h in visits.hu)
    liver = scan.liver | visits.taken
    return TrainingCase(
        (first_hu, second_hu), (liver, liver), visits.lesions, np.zeros(3), scan.facts.spacing
    )


def _cyst(rng: np.random.Generator, level: float) -> tuple[float, Tumour]:
    diameter = float(np.exp(rng.uniform(*np.log(_CYST_MM))))
    drawn = draw_tumour(rng, diameter)
    first = replace(
        drawn.lobes[0], contrast_hu=float(rng.uniform(0, 18)) - level, core=0.0, lipiodol=0.0, roughness=0.03
    )
    return diameter, Tumour((first,), 0.8, 0.0, 1.0, 0.0)


def _shade(visits: _Visits, depth: Float32, rng: np.random.Generator) -> None:
    """Make a part of the liver darker or brighter, at one of the visits or both; it stays liver, and in its place."""
    diameter = float(np.exp(rng.uniform(*np.log(_SHADE_MM))))
    index = _room(visits, depth, diameter / 2 * rng.uniform(0.0, 0.6), rng)
    if index is None:
        return
    drawn = draw_tumour(rng, diameter).lobes[0]
    lobe = replace(drawn, roughness=float(rng.uniform(0.1, 0.3)))
    radius = np.broadcast_to(
        lobe.radius(_points(visits.scan.facts.spacing, depth.shape, index, 1.0)), depth.shape
    )
    inside = np.clip(0.5 + (1 - radius) * min(lobe.radii) / rng.uniform(*_SHADE_EDGE_MM), 0, 1)
    amount = np.float32(rng.uniform(*_SHADE_HU) * (-1 if rng.random() < _DARKER else 1))
    for visit in rng.permutation(2)[: int(rng.integers(1, 3))]:
        visits.hu[visit][:] += amount * inside * (visits.scan.liver & ~visits.taken)


def _grow(
    visits: _Visits,
    depth: Float32,
    drawn: tuple[float, Tumour],
    sizes: tuple[float, float],
    rng: np.random.Generator,
    counts: bool = True,
) -> None:
    """Paint one tumour at both visits where the liver has room for it."""
    diameter, tumour = drawn
    index = _room(visits, depth, diameter / 2 * rng.uniform(0.4, 1.0), rng)
    if index is None:
        return
    allowed = visits.scan.liver & ~visits.taken
    visits.number += counts
    for visit, size in enumerate(sizes):
        if not size:
            continue
        shown = tumour
        if visit == 1 and counts and rng.random() < _TREATED:
            shown = replace(tumour, lobes=(treated(rng, tumour.lobes[0]), *tumour.lobes[1:]))
        points = _points(visits.scan.facts.spacing, depth.shape, index, size)
        mask = paint_tumour(visits.hu[visit], points, shown, allowed, visits.level)
        visits.taken |= mask
        if counts:
            visits.lesions[visit][mask] = visits.number


def _room(visits: _Visits, depth: Float32, needed_mm: float, rng: np.random.Generator) -> Any:
    """Index (z, y, x) of a voxel that lies so deep in the liver; ``None`` where there is none."""
    room = np.flatnonzero((depth >= needed_mm) & ~visits.taken)
    return np.unravel_index(int(room[int(rng.integers(len(room)))]), depth.shape) if len(room) else None


def _take_over(
    visits: _Visits,
    depth: Float32,
    real: Sequence[RealTumour],
    sizes: tuple[float, float],
    largest_mm: float,
    rng: np.random.Generator,
) -> None:
    """Show a real tumour at both visits; large ones may bulge out of the liver."""
    tumour = real[int(rng.integers(len(real)))]
    largest = min(largest_mm, ENLARGED * tumour.diameter_mm)
    diameter = float(np.exp(rng.uniform(*np.log((min(SMALLEST_MM, largest), largest)))))
    needed = min(diameter / 2 * rng.uniform(0.15, 0.8), 0.9 * float(depth.max()))
    index = _room(visits, depth, needed, rng)
    if index is None:
        return
    spacing, liver = visits.scan.facts.spacing, visits.scan.liver
    if rng.random() < _BULGES:
        reach = ndimage.binary_dilation(liver, iterations=round(_BULGE_MM / max(spacing)))
        liver = liver | (reach & (visits.scan.hu > _SOFT_HU))
    allowed = liver & ~visits.taken
    visits.number += 1
    shown = draw_transplant(rng, tumour, diameter)
    for visit, size in enumerate(sizes):
        if size:
            if visit == 1 and rng.random() < _TREATED:
                shown = treated_transplant(rng, shown)
            mask = paint_transplant(visits.hu[visit], spacing, index, shown, size, allowed, visits.level)
            visits.taken |= mask
            visits.lesions[visit][mask] = visits.number


def _points(spacing: Spacing, shape: tuple[int, ...], index: Any, size: float) -> Points:
    """Voxel centres in mm from a voxel, in units of a tumour that is ``size`` times as large."""
    z, y, x = (
        (np.arange(n, dtype=np.float32) - np.float32(i)) * np.float32(s / size)
        for n, i, s in zip(shape, index, spacing, strict=True)
    )
    return Points(x[None, None, :], y[None, :, None], z[:, None, None])
