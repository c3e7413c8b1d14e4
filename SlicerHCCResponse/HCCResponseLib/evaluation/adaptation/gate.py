"""Whether the base network's answer about the known lesions tells how it will do at the follow-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from HCCResponseLib.evaluation.adaptation.stats import Record

FAILS_BELOW = 0.5


@dataclass(frozen=True)
class GateQuality:
    """The gate against what then happened, lesion by lesion; lesions that are gone at follow-up are left out.

    Attributes:
        n: lesions; ``failures``: of them contoured by the base network with a Dice below 0.5 at follow-up.
        sensitivity, specificity: of "Dice at baseline below 0.5" for these failures.
        area: under the curve of the Dice at baseline; ``spearman``: with the Dice at follow-up.
    """

    n: int
    failures: int
    sensitivity: float
    specificity: float
    area: float
    spearman: float


def gate_quality(base: Sequence[Record]) -> GateQuality | None:
    """From the records of the base network; ``None`` where it never failed or always did."""
    rows = [
        (r["base_recognised"][x["lesion"]], x["dsc"])
        for r in base
        for x in r["lesions"]
        if x["true_mm"] and "base_recognised" in r
    ]
    if not rows:
        return None
    before, after = np.array(rows, dtype=float).T
    failed = after < FAILS_BELOW
    if failed.all() or not failed.any():
        return None
    warned = before < FAILS_BELOW
    area = stats.mannwhitneyu(-before[failed], -before[~failed]).statistic / (failed.sum() * (~failed).sum())
    return GateQuality(
        n=len(rows),
        failures=int(failed.sum()),
        sensitivity=float(warned[failed].mean()),
        specificity=float((~warned[~failed]).mean()),
        area=float(area),
        spearman=float(stats.spearmanr(before, after).statistic),
    )
