"""Figures of the tracking benchmark with their confidence intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from HCCResponseLib.statistics.proportions import exact_proportion

_SAMPLES = 2000
_SHARES = ("identity", "simple", "split", "merged", "gone", "gone_wrongly", "seen")


def share(pairs: Sequence[Sequence[int]]) -> tuple[float | None, float | None, float | None, int]:
    """Pooled share of (right, asked) with the exact 95 % interval (Clopper and Pearson), and how many were asked.

    ``None`` where nothing was asked.
    """
    right, asked = (sum(int(p[k]) for p in pairs) for k in (0, 1))
    found = exact_proportion(right, asked)
    return found.value, found.low, found.high, asked


def f1(triples: Sequence[Sequence[int]]) -> tuple[float, float, float]:
    """F1 of (found, true, false), with the 95 % interval of a bootstrap over pairs."""
    return _bootstrap(np.asarray(triples, float), lambda s: 2 * s[0] / max(s[1] + s[0] + s[2], 1e-9))


def false_per_scan(triples: Sequence[Sequence[int]]) -> tuple[float, float, float]:
    """False candidates a scan, with the 95 % interval of a bootstrap over pairs."""
    rows = np.asarray(triples, float)
    return _bootstrap(rows, lambda s: s[2] / len(rows))


def _bootstrap(rows: Any, figure: Any) -> tuple[float, float, float]:
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(rows), (_SAMPLES, len(rows)))
    values = [float(figure(rows[p].sum(0))) for p in picks]
    low, high = np.percentile(values, (2.5, 97.5))
    return float(figure(rows.sum(0))), float(low), float(high)


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


def _registration(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    facts = [r["registration"] for r in records]
    out = {
        "cpu_s_median": float(np.median([r["cpu_s"] for r in records])),
        "liver_overlap_median": float(np.median([f["liver_overlap"] or 0.0 for f in facts])),
        "folding_most": max(f["folding"] for f in facts),
        "not_trustworthy": sum(not f["trustworthy"] for f in facts),
    }
    if "error_mm" in records[0]:
        errors = np.array([r["error_mm"] for r in records])
        out["error_mm_median_p95"] = [float(np.median(errors[:, 0])), float(np.median(errors[:, 1]))]
    return out
