"""Figures of lengths: means, intraclass correlation ICC(2,1) and Bland-Altman limits of agreement.

The formulas are those of the papers (decision 0098 says why no library), the quantiles scipy's. A mean needs one value,
its interval two that differ; an ICC two subjects that differ; limits of agreement three differences (decision 0123).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import f, t

from HCCResponseLib.statistics.estimate import Estimate, too_few

Pairs = npt.NDArray[np.float64]
_NO_VARIANCE = 1e-12
_ALIKE = "all values are the same"
_NO_ERROR = "the readers differ by nothing but a constant"


@dataclass(frozen=True)
class BlandAltman:
    """Limits of agreement of some differences, in their unit.

    Attributes:
        n: differences.
        bias: their mean, with its interval; not defined of less than two.
        lower, upper: mean -+ 1.96 standard deviations, each with its interval; not defined of less than three.
        sd: standard deviation; None of less than two differences.
    """

    n: int
    bias: Estimate
    lower: Estimate
    upper: Estimate
    sd: float | None


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Mean with its interval by Student's t; no interval of a single value, nothing of none."""
    array = np.asarray(values, float)
    if len(array) < 2:
        return too_few(len(array), float(array[0]) if len(array) else None)
    if np.ptp(array) == 0:
        return Estimate(float(array[0]), why=_ALIKE)
    half = _t(confidence, len(array)) * float(array.std(ddof=1)) / np.sqrt(len(array))
    return Estimate.around(float(array.mean()), half)


def _t(confidence: float, n: int) -> float:
    """Quantile of Student's t for a two-sided interval of ``n`` values."""
    return float(t.ppf((1 + confidence) / 2, n - 1))


def icc_2_1(table: Pairs, confidence: float = 0.95) -> Estimate:
    """ICC(2,1): two-way random effects, absolute agreement, single reader.

    Source: Shrout & Fleiss 1979, case 2, with its interval.

    Args:
        table: (subjects, readers), complete; in any unit.
        confidence: level of the interval.

    Returns:
        not defined for less than two subjects or readers, or where the subjects do not differ; without an
        interval where the readers differ by nothing but a constant.
    """
    n, k = table.shape
    if n < 2 or k < 2:
        return too_few(n) if n < 2 else Estimate(why="one reader")
    mean = table.mean()
    between = k * ((table.mean(1) - mean) ** 2).sum()
    readers = n * ((table.mean(0) - mean) ** 2).sum()
    error = ((table - mean) ** 2).sum() - between - readers
    msr, msc, mse = between / (n - 1), readers / (k - 1), max(0.0, error) / ((n - 1) * (k - 1))
    if msr < _NO_VARIANCE:
        return Estimate(why="the subjects do not differ")
    value = (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n)
    if mse < _NO_VARIANCE:
        return Estimate(float(value), why=_NO_ERROR)
    ratio = msc / mse
    a = n * (1 + (k - 1) * value) - k * value
    freedom = (k - 1) * (n - 1) * (k * value * ratio + a) ** 2 / ((n - 1) * (k * value * ratio) ** 2 + a**2)
    tail = (1 + confidence) / 2
    upper, lower = f.ppf(tail, n - 1, freedom), f.ppf(tail, freedom, n - 1)
    rest = k * msc + (k * n - k - n) * mse
    low = n * (msr - upper * mse) / (upper * rest + n * msr)
    high = n * (lower * msr - mse) / (rest + n * lower * msr)
    return Estimate(float(value), float(low), float(high))


def limits_of_agreement(differences: Sequence[float] | Pairs, confidence: float = 0.95) -> BlandAltman:
    """Mean difference and limits of agreement (mean -+ 1.96 SD), each with its interval.

    Source: Bland & Altman 1986 and 1999; the interval of a limit has the variance SD^2 (1/n + 1.96^2 / (2 (n - 1))).

    Args:
        differences: (n,), in any unit.
        confidence: level of the intervals.
    """
    array = np.asarray(differences, float)
    n = len(array)
    if n < 2:
        return BlandAltman(n, too_few(n), too_few(n), too_few(n), None)
    mean, sd = float(array.mean()), float(array.std(ddof=1))
    bias = mean_interval(array.tolist(), confidence)
    if n < 3:
        return BlandAltman(n, bias, too_few(n), too_few(n), sd)
    if np.ptp(array) == 0:
        return BlandAltman(n, bias, bias, bias, 0.0)
    half = _t(confidence, n) * sd * np.sqrt(1 / n + 1.96**2 / (2 * (n - 1)))
    lower, upper = (Estimate.around(mean + z * sd, half) for z in (-1.96, 1.96))
    return BlandAltman(n, bias, lower, upper, sd)
