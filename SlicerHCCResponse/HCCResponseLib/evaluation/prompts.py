"""How good a contour is that the prompt network draws from one line: grown and real lesions with known truth.

Lesions are grown in scans of a training pack; which scans were trained on is the caller's to know: name packs of
patients that were left out.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.evaluation.segmentation.surfaces import surface_dice
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.prompt import Line, Lps, Prompts
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.nets.prompts.contour import contour_from_prompts
from HCCResponseLib.nets.prompts.network import PromptModel
from HCCResponseLib.nets.prompts.pack import PackedScan
from HCCResponseLib.nets.prompts.samples import Local, grown
from HCCResponseLib.nets.prompts.simulate import longest_line, sloppy

# Seeds of this evaluation; training draws from others.
FIRST_SEED = 40_000
SIZES_MM = ((5.0, 10.0), (10.0, 20.0), (20.0, 50.0), (50.0, 120.0))
GROWN, REAL = "grown", "real"


@dataclass(frozen=True)
class PromptCase:
    """A lesion with a line for it.

    Attributes:
        scan, patient: where it lies; kind: ``grown`` or ``real``; seed: of the drawing.
        truth: on the volume's grid, (z, y, x); line: both ends in voxel indices (2, 3).
        diameter_mm: longest in-plane diameter of ``truth``, by the convention of RECIST.
    """

    scan: str
    patient: str
    kind: str
    seed: int
    volume: Volume
    truth: Mask
    line: npt.NDArray[np.float64]
    diameter_mm: float


@dataclass(frozen=True)
class PromptResult:
    """What became of a case; lengths in mm, ``None`` where nothing was found."""

    scan: str
    patient: str
    kind: str
    seed: int
    diameter_mm: float
    line_mm: float
    dice: float
    surface_dice: float
    found_mm: float | None
    seconds: float


def grown_cases(scan: PackedScan, per_size: int) -> Iterator[PromptCase]:
    """So many lesions of each class of size, each with a line as a reader draws it."""
    depth = scan.depth_mm()
    for number, (low, high) in enumerate(SIZES_MM):
        made, seed = 0, FIRST_SEED + 1000 * number
        while made < per_size:
            rng = np.random.default_rng((seed, sum(scan.facts.name.encode())))
            seed += 1
            if seed > FIRST_SEED + 1000 * number + 50 * per_size:
                break  # this liver has no room for lesions of this size
            local = grown(scan, depth, float(np.exp(rng.uniform(np.log(low), np.log(high)))), rng)
            if local is not None:
                made += 1
                yield _case(scan, GROWN, seed - 1, local, rng)


def real_cases(scan: PackedScan, lines: int) -> Iterator[PromptCase]:
    """Every real lesion with so many lines."""
    for value in np.unique(scan.lesions)[1:]:
        for seed in range(lines):
            local = Local(scan.hu.astype(np.float32), scan.lesions == value, scan.facts.spacing)
            yield _case(scan, REAL, int(seed), local, np.random.default_rng(FIRST_SEED + seed))


def _case(scan: PackedScan, kind: str, seed: int, local: Local, rng: np.random.Generator) -> PromptCase:
    z, y, x = local.hu.shape
    geometry = Geometry((z, y, x), local.spacing)
    volume = Volume(np.rint(local.hu).astype(np.int16), geometry, f"{kind} in {scan.facts.name}")
    line = sloppy(longest_line(local.mask, local.spacing, rng), local.spacing, rng)
    line = np.clip(line, 0, np.asarray(geometry.size) - 1)
    longest = _diameter(local.mask, geometry)
    return PromptCase(scan.facts.name, scan.facts.patient, kind, seed, volume, local.mask, line, longest)


def _diameter(mask: Mask, geometry: Geometry) -> float:
    return measure_lesion(mask, geometry).long_axis.length_raw_mm


def evaluate_case(model: PromptModel, case: PromptCase) -> PromptResult:
    """Contour one case and compare; a contour that is not found counts as 0."""
    geometry = case.volume.geometry
    start, end = (_lps(geometry, index) for index in case.line)
    line = Line(start, end)
    began = time.perf_counter()
    found = np.zeros(geometry.size, bool)
    try:
        drawn = contour_from_prompts(model, case.volume, Prompts(line))
        found[drawn.box] = drawn.mask
    except InputError:
        pass
    seconds = time.perf_counter() - began
    total = int(found.sum()) + int(case.truth.sum())
    return PromptResult(
        case.scan,
        case.patient,
        case.kind,
        case.seed,
        round(case.diameter_mm, 2),
        round(line.length_mm, 2),
        round(2 * int((found & case.truth).sum()) / total, 4),
        round(surface_dice(found, case.truth, geometry.spacing), 4),
        round(_diameter(found, geometry), 2) if found.any() else None,
        round(seconds, 3),
    )


def _lps(geometry: Geometry, index: npt.NDArray[np.float64]) -> Lps:
    x, y, z = geometry.index_to_lps(index).tolist()
    return x, y, z


def evaluate_prompts(
    model: PromptModel,
    scans: Sequence[PackedScan],
    per_size: int,
    lines: int,
    report: Callable[[PromptResult], None],
) -> list[PromptResult]:
    """Every case of the scans; ``report`` after each."""
    results = []
    for scan in scans:
        for case in chain(real_cases(scan, lines), grown_cases(scan, per_size)):
            results.append(evaluate_case(model, case))
            report(results[-1])
    return results


def summary(results: Sequence[PromptResult]) -> list[dict[str, Any]]:
    """One line for each kind and class of size: count, median and mean Dice, surface Dice, error of the length."""
    rows = []
    for kind in (GROWN, REAL):
        for low, high in (*SIZES_MM, (10.0, 1000.0)):
            of = [r for r in results if r.kind == kind and low <= r.diameter_mm < high]
            if of:
                rows.append({"kind": kind, "from_mm": low, "to_mm": high, **_figures(of)})
    return rows


def _figures(of: Sequence[PromptResult]) -> dict[str, Any]:
    errors = [100 * (r.found_mm / r.diameter_mm - 1) for r in of if r.found_mm is not None]
    return {
        "lesions": len(of),
        "patients": len({r.patient for r in of}),
        "median_dice": round(float(np.median([r.dice for r in of])), 3),
        "mean_dice": round(float(np.mean([r.dice for r in of])), 3),
        "mean_surface_dice": round(float(np.mean([r.surface_dice for r in of])), 3),
        "median_length_error_percent": round(float(np.median(errors)), 1) if errors else None,
        "not_found": sum(r.found_mm is None for r in of),
        "median_seconds": round(float(np.median([r.seconds for r in of])), 2),
    }


def as_row(result: PromptResult) -> dict[str, Any]:
    """Plain values of a result."""
    return asdict(result)
