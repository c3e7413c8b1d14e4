"""Agreement of lengths: intraclass correlation ICC(2,1) and Bland-Altman limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import f, t

Pairs = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class BlandAltman:
    """Differences second minus first reader in mm: mean, standard deviation, limits of agreement with intervals."""

    n: int
    bias: Estimate
    sd: float | None
    lower: Estimate
    upper: Estimate


_NOTHING = Estimate(None, None, None)


def icc_2_1(table: Pairs, confidence: float = 0.95) -> Estimate:
    """ICC(2,1): two-way random effects, absolute agreement, single reader.

    Source: Shrout & Fleiss 1979, case 2, with its interval.

    Args:
        table: one row for each subject, one column for each reader, complete.
        confidence: level of the interval.
    """
    n, k = table.shape
    if n < 2 or k < 2:
        return _NOTHING
    mean = table.mean()
    between = k * ((table.mean(1) - mean) ** 2).sum()
    readers = n * ((table.mean(0) - mean) ** 2).sum()
    error = ((table - mean) ** 2).sum() - between - readers
    msr, msc, mse = between / (n - 1), readers / (k - 1), max(0.0, error) / ((n - 1) * (k - 1))
    whole = msr + (k - 1) * mse + k * (msc - mse) / n
    if whole <= 0:
        return _NOTHING
    value = (msr - mse) / whole
    if mse < 1e-12:
        return Estimate(float(value), None, None)
    ratio = msc / mse
    a = n * (1 + (k - 1) * value) - k * value
    freedom = (k - 1) * (n - 1) * (k * value * ratio + a) ** 2 / ((n - 1) * (k * value * ratio) ** 2 + a**2)
    tail = (1 + confidence) / 2
    upper, lower = f.ppf(tail, n - 1, freedom), f.ppf(tail, freedom, n - 1)
    rest = k * msc + (k * n - k - n) * mse
    low = n * (msr - upper * mse) / (upper * rest + n * msr)
    high = n * (lower * msr - mse) / (rest + n * lower * msr)
    return Estimate(float(value), float(low), float(high))


def bland_altman(pairs: Pairs, confidence: float = 0.95) -> BlandAltman:
    """Mean difference and limits of agreement (mean -+ 1.96 SD) of two readers, second minus first.

    Source: Bland & Altman 1986 and 1999; the interval of a limit has the variance SD^2 (1/n + 1.96^2 / (2 (n - 1))).

    Args:
        pairs: (n, 2), mm.
        confidence: level of the intervals.
    """
    n = len(pairs)
    if n < 2:
        return BlandAltman(n, _NOTHING, None, _NOTHING, _NOTHING)
    difference = pairs[:, 1] - pairs[:, 0]
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    quantile = float(t.ppf((1 + confidence) / 2, n - 1))
    around_bias = quantile * sd / np.sqrt(n)
    around_limit = quantile * sd * np.sqrt(1 / n + 1.96**2 / (2 * (n - 1)))
    return BlandAltman(
        n,
        _around(bias, around_bias),
        sd,
        _around(bias - 1.96 * sd, around_limit),
        _around(bias + 1.96 * sd, around_limit),
    )


def _around(value: float, half: float) -> Estimate:
    return Estimate(value, float(value - half), float(value + half))
