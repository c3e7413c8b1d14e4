"""Figures of the tracking benchmark with their confidence intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.statistics.proportions import exact_proportion
from HCCResponseLib.statistics.rank import area_under_curve
from HCCResponseLib.track.registration.residual import WRONG_MM

_SAMPLES = 2000
Interval = tuple[float | None, float | None, float | None]
"""Value, low and high; ``None`` where the pairs do not allow it: a JSON file then has null."""
_SHARES = ("identity", "simple", "split", "merged", "gone", "gone_wrongly", "seen")


def share(pairs: Sequence[Sequence[int]]) -> tuple[float | None, float | None, float | None, int]:
    """Pooled share of (right, asked) with the exact 95 % interval (Clopper and Pearson), and how many were asked.

    ``None`` where less than two were asked.
    """
    right, asked = (sum(int(p[k]) for p in pairs) for k in (0, 1))
    found = exact_proportion(right, asked)
    return found.value, found.low, found.high, asked


def f1(triples: Sequence[Sequence[int]]) -> Interval:
    """F1 of (found, true, false), with the 95 % interval of a bootstrap over pairs; no value without a true lesion."""
    rows = np.asarray(triples, float)
    if not rows[:, 1].any():
        return None, None, None
    return _bootstrap(rows, lambda s: 2 * s[0] / max(s[1] + s[0] + s[2], 1e-9))


def false_per_scan(triples: Sequence[Sequence[int]]) -> Interval:
    """False candidates a scan, with the 95 % interval of a bootstrap over pairs."""
    rows = np.asarray(triples, float)
    return _bootstrap(rows, lambda s: s[2] / len(rows))


def _bootstrap(rows: Any, figure: Any) -> Interval:
    """Without an interval where all draws give the same: one pair alone, or pairs that are all alike."""
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(rows), (_SAMPLES, len(rows)))
    values = [float(figure(rows[p].sum(0))) for p in picks]
    low, high = np.percentile(values, (2.5, 97.5))
    value = float(figure(rows.sum(0)))
    return (value, None, None) if low == high else (value, float(low), float(high))


def area_by_pair(
    said: npt.NDArray[np.float64], wrong: npt.NDArray[np.bool_], pair: npt.NDArray[np.int64]
) -> list[float] | None:
    """95 % interval of the area under the curve, by a bootstrap over pairs; ``None`` where it has no value.

    Args:
        said: score of each place; ``wrong``: whether it is one to be noticed; ``pair``: the pair that it is from.
    """
    rows = [np.flatnonzero(pair == p) for p in np.unique(pair)]
    rng = np.random.default_rng(0)
    picks = [
        np.concatenate([rows[i] for i in rng.integers(0, len(rows), len(rows))]) for _ in range(_SAMPLES)
    ]
    areas = [a for p in picks if (a := area_under_curve(said[p], wrong[p])) is not None]
    return [round(float(v), 3) for v in np.percentile(areas, (2.5, 97.5))] if areas else None


def summarise(records: Sequence[Mapping[str, Any]], methods: Sequence[str]) -> dict[str, Any]:
    """All figures of each arm and method; shares as (value, low, high, asked)."""
    out: dict[str, Any] = {}
    for arm in dict.fromkeys(r["arm"] for r in records):
        mine = [r for r in records if r["arm"] == arm]
        out[arm] = {"pairs": len(mine)}
        for method in methods:
            scores = [r[method] for r in mine]
            kinds = [
                k
                for k in ("identity", "simple", "split", "merged", "gone", "gone_wrongly", "seen")
                if k in scores[0]
            ]
            out[arm][method] = {k: share([s[k] for s in scores]) for k in kinds}
            if "new" in scores[0]:
                out[arm][method] |= _new([s["new"] for s in scores])
        if "candidates" in mine[0]:
            found = [r["candidates"] for r in mine]
            out[arm]["candidates"] = _new([c["new"] for c in found]) | {
                "false_suggested_new_per_scan": sum(c["false_suggested_new"] for c in found) / len(found)
            }
        out[arm]["registration"] = _registration(mine)
    return out


def _new(triples: Sequence[Sequence[int]]) -> dict[str, Any]:
    return {
        "new_found": share([t[:2] for t in triples]),
        "new_f1": f1(triples),
        "false_per_scan": false_per_scan(triples),
    }


def _estimates(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Whether the estimated error ranks the true one at liver points, and what the doubt notices."""
    off = np.concatenate([r["off_mm"] for r in records])
    said = np.concatenate([r["said_mm"] for r in records]).astype(float)
    pair = np.repeat(np.arange(len(records)), [len(r["off_mm"]) for r in records])
    wrong, unnoticed, trusted, places = (sum(r["off_10_mm"][k] for r in records) for k in range(4))
    return {
        "places": places,
        "off_by_more_than_10_mm": wrong,
        "of_these_noticed": wrong - unnoticed,
        "false_alarms": places - trusted - (wrong - unnoticed),
        "error_auc": area_under_curve(said, off > WRONG_MM),
        "error_auc_interval": area_by_pair(said, off > WRONG_MM, pair),
    }


def _registration(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    facts = [r["registration"] for r in records]
    out = {
        "cpu_s_median": float(np.median([r["cpu_s"] for r in records])),
        "liver_overlap_median": float(np.median([f["liver_overlap"] or 0.0 for f in facts])),
        "folding_most": max(f["folding"] for f in facts),
        "not_trustworthy": sum(not f["trustworthy"] for f in facts),
    }
    if all("said_mm" in r for r in records):
        out |= _estimates(records)
    if "error_mm" in records[0]:
        errors = np.array([r["error_mm"] for r in records])
        out["error_mm_median_p95"] = [float(np.median(errors[:, 0])), float(np.median(errors[:, 1]))]
    return out
