"""Shares with exact intervals, and bootstrap intervals where one subject gives several values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from HCCResponseLib.statistics.estimate import Estimate, too_few

BOOTSTRAP_SAMPLES = 2000
_SAME = 1e-12  # what rounding alone makes of values that are alike


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


def clustered_share(
    per_subject: Sequence[tuple[int, int]], confidence: float = 0.95, seed: int = 0, who: str = "subject"
) -> Share:
    """A share of time points with a percentile bootstrap interval over subjects (Efron & Tibshirani 1993, 13).

    Time points of one subject are not independent, so subjects are drawn, not time points. Not defined of less than two
    subjects; without an interval where all subjects are alike, because every draw then gives the same share.
    :func:`scipy.stats.bootstrap` draws the same subjects, but refuses a single one and resamples that hold no time
    point at all.

    Args:
        per_subject: count and total of each subject.
        confidence: level of the interval.
        seed: of the draws; the same input gives the same interval.
        who: what a subject is called where there is only one.
    """
    table = np.asarray(per_subject, float).reshape(-1, 2)
    count, total = table.sum(0)
    subjects = int((table[:, 1] > 0).sum())
    if subjects < 2:
        return Share(int(count), int(total), Estimate(why=f"n = 1 {who}") if subjects else too_few(0))
    return Share(int(count), int(total), _drawn_ratio(table, confidence, seed, who).scaled(100))


def clustered_mean(
    per_subject: Sequence[Sequence[float]], confidence: float = 0.95, seed: int = 0, who: str = "subject"
) -> Estimate:
    """Mean of all values with a percentile bootstrap interval over subjects, in the unit of the values.

    As :func:`clustered_share`; the mean of a single subject has no interval, that of none no value.

    Args:
        per_subject: the values of each subject.
    """
    table = np.array([(sum(values), len(values)) for values in per_subject if values], float).reshape(-1, 2)
    if len(table) < 2:
        if not len(table):
            return too_few(0)
        return Estimate(float(table[0, 0] / table[0, 1]), why=f"n = 1 {who}")
    return _drawn_ratio(table, confidence, seed, who)


def _drawn_ratio(table: npt.NDArray[np.float64], confidence: float, seed: int, who: str) -> Estimate:
    """Sum of the first column over that of the second, with the interval of draws of whole rows."""
    draws = np.random.default_rng(seed).integers(len(table), size=(BOOTSTRAP_SAMPLES, len(table)))
    drawn = table[draws].sum(1)
    ratios = drawn[:, 0] / np.maximum(drawn[:, 1], 1)
    low, high = np.quantile(ratios, [(1 - confidence) / 2, (1 + confidence) / 2])
    value = float(table[:, 0].sum() / table[:, 1].sum())
    if high - low < _SAME:
        return Estimate(value, why=f"all {who}s are alike")
    return Estimate(value, float(low), float(high))
