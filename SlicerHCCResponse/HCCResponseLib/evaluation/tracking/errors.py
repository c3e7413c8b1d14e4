"""One drawn pair of the benchmark of the registration's error: places with their true error and what is said of it.

Good and wrong registrations take turns: as shipped, and with the livers turned against each other before the tissue is
followed, so that the outlines fit and the inside does not. Each visit has a fine texture of its own.
"""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from HCCResponseLib.evaluation.tracking.cases import PairKind, baseline_lesions, draw_case
from HCCResponseLib.evaluation.tracking.stats import area_by_pair
from HCCResponseLib.imaging.volumes import Region
from HCCResponseLib.lesions.label_maps import label_map
from HCCResponseLib.statistics.rank import area_under_curve
from HCCResponseLib.synth.anatomy import Points
from HCCResponseLib.synth.course import CourseSubject, CourseVisit
from HCCResponseLib.track.registration.register import Registration, Scan, register_scans
from HCCResponseLib.track.registration.residual import WRONG_MM, ErrorModel, fit_model

# The model is fitted on the first block only and judged on the second; neither meets the blocks of the identities.
FIT_SEED, TEST_SEED = 52_000, 62_000
_KINDS = (PairKind.ORDINARY, PairKind.STRONG, PairKind.ORDINARY, PairKind.RESECTED)
_TURN_DEG = (8.0, 25.0)
_EVERY = 1499
Float = npt.NDArray[np.float64]


def run_errors(seed: int) -> dict[str, Any]:
    """One pair: for each place its true error in mm, the four figures, and whether it is a known lesion's."""
    kind, turned = _KINDS[seed % 4], bool(seed // 4 % 2)
    subject = draw_case(seed, kind, fresh_texture=True)
    after = subject.visits[1]
    started = time.process_time()
    found = register_scans(*_scans(subject), astray=_turn(seed) if turned else None)
    spent = time.process_time() - started
    places, is_lesion = _places(subject, found)
    off = true_error_mm(found, after, places)
    assert found.maps.figures is not None
    nearest = np.rint(found.grid.lps_to_index(places)).astype(int)
    inside = ((nearest >= 0) & (nearest < found.grid.size)).all(1)
    z, y, x = nearest[inside].T
    checks = [not _faults(found, p) for p in places[inside]]
    return {
        "seed": seed,
        "kind": kind.value,
        "turned": turned,
        "cpu_s": round(spent, 2),
        "off_mm": [round(float(v), 2) for v in off[inside]],
        "lesion": [bool(v) for v in is_lesion[inside]],
        "no_gross_fault": checks,
        "figures": [[round(float(v), 4) for v in row] for row in found.maps.figures[:, z, y, x]],
    }


def _scans(subject: CourseSubject) -> tuple[Scan, Scan]:
    before, after = subject.visits
    here, there = before.volume.geometry, after.volume.geometry
    drawn = Region(label_map(list(baseline_lesions(subject).values()), here.size) > 0, here)
    return (
        Scan(before.volume, Region(before.liver, here), drawn),
        Scan(after.volume, Region(after.liver, there), Region(after.labels > 0, there)),
    )


def _turn(seed: int) -> sitk.VersorTransform:
    rng = np.random.default_rng((seed, 2))
    axis = rng.normal(size=3)
    return sitk.VersorTransform(axis.tolist(), float(np.deg2rad(rng.uniform(*_TURN_DEG))))


def _places(subject: CourseSubject, found: Registration) -> tuple[Float, npt.NDArray[np.bool_]]:
    """Points of the follow-up's liver and carried centres of the lesions, LPS mm (n, 3)."""
    before, after = subject.visits
    points = after.volume.geometry.index_to_lps(np.argwhere(after.liver)[::_EVERY])
    centres = [
        found.to_follow_up(before.volume.geometry.index_to_lps(one.centre))
        for one in baseline_lesions(subject).values()
        if after.motion.kept(_points(before.volume.geometry.index_to_lps(one.centre)[None])).all()
    ]
    is_lesion = np.arange(len(points) + len(centres)) >= len(points)
    return np.concatenate([points, np.reshape(centres, (-1, 3))]), is_lesion


def true_error_mm(found: Registration, after: CourseVisit, places: Float) -> Float:
    """How far the baseline place that each follow-up place (n, 3) is matched with lies from the true one, mm (n,)."""
    true = after.motion.material(after.motion.body(_points(places)))
    there = np.stack([found.to_baseline(one) for one in places])
    return np.asarray(np.linalg.norm(there - np.stack([true.x, true.y, true.z], 1), axis=1))


def _points(places: Float) -> Points:
    x, y, z = np.asarray(places, np.float32).T
    return Points(x, y, z)


def _faults(found: Registration, place: Float) -> list[str]:
    """What the checks for gross faults say, without the estimate."""
    return [r for r in found.place(place).reasons if "estimated error" not in r]


def fit_errors(records: Sequence[dict[str, Any]]) -> ErrorModel:
    """The model from records of :func:`run_errors`."""
    off, figures = _joined(records)
    seeds = [r["seed"] for r in records]
    origin = f"drawn pairs, seeds {min(seeds)} to {max(seeds)} ({len(seeds)} pairs, {len(off)} places)"
    return fit_model(figures, off, f"hcc-response evaluate registration --fit: {origin}")


def summarise_errors(records: Sequence[dict[str, Any]], model: ErrorModel) -> dict[str, Any]:
    """How well the estimate ranks, and what it notices, for all pairs and for each kind of registration."""
    groups = {
        "all": list(records),
        "as shipped": [r for r in records if not r["turned"]],
        "as shipped, ordinary motion": [r for r in records if not r["turned"] and r["kind"] == "ordinary"],
        "livers turned before": [r for r in records if r["turned"]],
    }
    return {name: _figures(mine, model) for name, mine in groups.items() if mine}


def _figures(records: Sequence[dict[str, Any]], model: ErrorModel) -> dict[str, Any]:
    off, figures = _joined(records)
    said = model.estimate_mm(figures)
    pair = np.repeat(np.arange(len(records)), [len(r["off_mm"]) for r in records])
    wrong, doubt = off > WRONG_MM, said >= model.doubt_mm
    lesion = np.concatenate([r["lesion"] for r in records]).astype(bool)
    quiet = np.concatenate([r["no_gross_fault"] for r in records]).astype(bool)
    return {
        "pairs": len(records),
        "places": len(off),
        "off_by_more_than_10_mm": int(wrong.sum()),
        "auc": area_under_curve(said, wrong),
        "auc_interval": area_by_pair(said, wrong, pair),
        "auc_lesions": area_under_curve(said[lesion], wrong[lesion]),
        "auc_within_pairs": _within(said, wrong, pair),
        "noticed_by_gross_checks": int((wrong & ~quiet).sum()),
        "noticed": int((wrong & doubt).sum()),
        "false_alarms": int((~wrong & doubt).sum()),
        "within_margin_90": float((off <= model.within * said).mean()),
        "cpu_s_median": float(np.median([r["cpu_s"] for r in records])),
    }


def _joined(records: Sequence[dict[str, Any]]) -> tuple[Float, Float]:
    off = np.concatenate([r["off_mm"] for r in records])
    return off, np.concatenate([np.asarray(r["figures"], float) for r in records], axis=1)


def _within(said: Float, wrong: npt.NDArray[np.bool_], pair: npt.NDArray[np.int64]) -> float | None:
    """Mean of the areas of the pairs that have places of both kinds: what the estimate knows beyond the whole pair."""
    areas = [area_under_curve(said[pair == p], wrong[pair == p]) for p in np.unique(pair)]
    both = [a for a in areas if a is not None]
    return float(np.mean(both)) if both else None
