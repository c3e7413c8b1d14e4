"""Shares with exact intervals, and bootstrap intervals where one subject gives several values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

BOOTSTRAP_SAMPLES = 2000


@dataclass(frozen=True)
class Share:
    """``count`` of ``total`` with an interval; all three numbers in per cent, None of an empty total."""

    count: int
    total: int
    percent: float | None
    low: float | None
    high: float | None


def exact_share(count: int, total: int, confidence: float = 0.95) -> Share:
    """A share with the exact interval of Clopper & Pearson 1934 (quantiles of the beta distribution)."""
    if total == 0:
        return Share(0, 0, None, None, None)
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else float(beta.ppf(tail, count, total - count + 1))
    high = 1.0 if count == total else float(beta.ppf(1 - tail, count + 1, total - count))
    return Share(count, total, 100 * count / total, 100 * low, 100 * high)


def clustered_share(per_subject: Sequence[tuple[int, int]], confidence: float = 0.95, seed: int = 0) -> Share:
    """A share of time points with a percentile bootstrap interval over subjects (Efron & Tibshirani 1993, 13).

    Time points of one subject are not independent, so subjects are drawn, not time points.

    Args:
        per_subject: count and total of each subject.
        confidence: level of the interval.
        seed: of the draws; the same input gives the same interval.
    """
    table = np.asarray(per_subject, float).reshape(-1, 2)
    count, total = table.sum(0)
    if total == 0:
        return Share(0, 0, None, None, None)
    draws = np.random.default_rng(seed).integers(len(table), size=(BOOTSTRAP_SAMPLES, len(table)))
    drawn = table[draws].sum(1)
    shares = drawn[:, 0] / np.maximum(drawn[:, 1], 1)
    low, high = np.quantile(shares, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Share(int(count), int(total), float(100 * count / total), float(100 * low), float(100 * high))
