"""Shares with exact intervals, and bootstrap intervals where one subject gives several values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from HCCResponseLib.statistics.estimate import Estimate, too_few

BOOTSTRAP_SAMPLES = 2000


@dataclass(frozen=True)
class Share:
    """``count`` of ``total``; ``percent`` is that in per cent with its interval, not defined of less than two."""

    count: int
    total: int
    percent: Estimate


def exact_proportion(count: int, total: int, confidence: float = 0.95) -> Estimate:
    """``count`` of ``total`` as a fraction from 0 to 1 with the exact interval; not defined of less than two.

    One of one is no share: it could only be 0 or 100 %.

    Source: Clopper & Pearson 1934, by :func:`scipy.stats.binomtest`.
    """
    if total < 2:
        return too_few(total)
    interval = binomtest(count, total).proportion_ci(confidence, method="exact")
    return Estimate(count / total, float(interval.low), float(interval.high))


def exact_share(count: int, total: int, confidence: float = 0.95) -> Share:
    """A share in per cent with the exact interval, see :func:`exact_proportion`."""
    return Share(count, total, exact_proportion(count, total, confidence).scaled(100))


def clustered_share(per_subject: Sequence[tuple[int, int]], confidence: float = 0.95, seed: int = 0) -> Share:
    """A share of time points with a percentile bootstrap interval over subjects (Efron & Tibshirani 1993, 13).

    Time points of one subject are not independent, so subjects are drawn, not time points. Not defined of less than two
    subjects; without an interval where all subjects are alike, because every draw then gives the same share.
    :func:`scipy.stats.bootstrap` draws the same subjects, but refuses a single one and resamples that hold no time
    point at all.

    Args:
        per_subject: count and total of each subject.
        confidence: level of the interval.
        seed: of the draws; the same input gives the same interval.
    """
    table = np.asarray(per_subject, float).reshape(-1, 2)
    count, total = table.sum(0)
    subjects = int((table[:, 1] > 0).sum())
    if subjects < 2:
        return Share(int(count), int(total), Estimate(why="n = 1 subject") if subjects else too_few(0))
    draws = np.random.default_rng(seed).integers(len(table), size=(BOOTSTRAP_SAMPLES, len(table)))
    drawn = table[draws].sum(1)
    shares = drawn[:, 0] / np.maximum(drawn[:, 1], 1)
    low, high = np.quantile(shares, [(1 - confidence) / 2, (1 + confidence) / 2])
    found = Estimate(float(count / total), float(low), float(high))
    if low == high:
        found = Estimate(found.value, why="all subjects are alike")
    return Share(int(count), int(total), found.scaled(100))
