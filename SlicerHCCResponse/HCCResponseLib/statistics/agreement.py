"""Agreement of readers: Cohen's, weighted and Fleiss' kappa, Gwet's AC1 and AC2, each with an interval.

Sources: Cohen 1960; Fleiss, Cohen & Everitt 1969 (standard errors of kappa and weighted kappa); Fleiss 1971; Gwet 2008
and Gwet 2014, Handbook of Inter-Rater Reliability (subject-level variances, missing ratings). Two-reader intervals use
the normal distribution, many-reader intervals Student's t with n - 1 degrees of freedom, as Gwet does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt
from statistics import NormalDist
from typing import Literal

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.statistics.distributions import student_quantile

Matrix = Sequence[Sequence[float]]
WeightName = Literal["identity", "linear", "quadratic", "ordinal"]


@dataclass(frozen=True, slots=True)
class Coefficient:
    """An agreement coefficient.

    Attributes:
        value: the coefficient.
        standard_error: its standard error; None where it is not defined.
        low, high: interval, cut at -1 and 1; None where it is not defined.
    """

    value: float
    standard_error: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """All coefficients of one set of ratings; None where one is not defined.

    Attributes:
        n: subjects with at least two ratings.
        readers: number of readers.
        percent_agreement: mean pairwise agreement, per cent.
        kappa, kappa_linear, kappa_quadratic: two readers only.
        fleiss_kappa, gwet_ac1, gwet_ac2: any number of readers, missing ratings allowed.
    """

    n: int
    readers: int
    percent_agreement: float | None
    kappa: Coefficient | None
    kappa_linear: Coefficient | None
    kappa_quadratic: Coefficient | None
    fleiss_kappa: Coefficient | None
    gwet_ac1: Coefficient | None
    gwet_ac2: Coefficient | None


def weights(size: int, name: WeightName) -> list[list[float]]:
    """Agreement weights between categories in their given order; 1 on the diagonal (Gwet 2014, chapter 3)."""
    if name == "identity" or size == 1:
        return [[float(i == j) for j in range(size)] for i in range(size)]
    if name == "ordinal":
        whole = comb(size, 2)
        return [[1 - comb(abs(i - j) + 1, 2) / whole for j in range(size)] for i in range(size)]
    power = 1 if name == "linear" else 2
    return [[1 - (abs(i - j) / (size - 1)) ** power for j in range(size)] for i in range(size)]


def agreement_of_table(
    table: Sequence[Sequence[int]], confidence: float = 0.95, ordered: WeightName = "quadratic"
) -> Agreement:
    """Agreement of two readers from their square table of counts (rows: first reader).

    Args:
        table: counts.
        confidence: level of the intervals.
        ordered: weights of AC2.

    Raises:
        RuleError: not square, or a negative or fractional count.
    """
    size = len(table)
    if any(len(row) != size for row in table):
        raise RuleError("The table of two readers must be square.")
    if any(isinstance(cell, bool) or not isinstance(cell, int) or cell < 0 for row in table for cell in row):
        raise RuleError("The table of two readers must hold whole counts of 0 or more.")
    pairs = [[i, j] for i in range(size) for j in range(size) for _ in range(table[i][j])]
    return _agreement(pairs, size, confidence, ordered)


def agreement_of_ratings(
    ratings: Sequence[Sequence[str | None]],
    categories: Sequence[str],
    confidence: float = 0.95,
    ordered: WeightName = "quadratic",
) -> Agreement:
    """Agreement of two or more readers from their ratings for each subject; None is a missing rating.

    Args:
        ratings: for each subject the readers' categories, always in the same order of readers.
        categories: all categories in their order.
        confidence: level of the intervals.
        ordered: weights of AC2.

    Raises:
        RuleError: an unknown category, or subjects with different numbers of readers.
    """
    if len(set(categories)) != len(categories):
        raise RuleError("A category is listed twice.")
    index = {category: position for position, category in enumerate(categories)}
    coded: list[list[int | None]] = []
    for subject in ratings:
        if len(subject) != len(ratings[0]):
            raise RuleError("Every subject needs the same number of ratings; use null for a missing one.")
        unknown = [rating for rating in subject if rating is not None and rating not in index]
        if unknown:
            raise RuleError(
                f"The rating '{unknown[0]}' is not one of the categories {', '.join(categories)}."
            )
        coded.append([None if rating is None else index[rating] for rating in subject])
    return _agreement(coded, len(categories), confidence, ordered)


def _agreement(
    coded: Sequence[Sequence[int | None]], size: int, confidence: float, ordered: WeightName
) -> Agreement:
    readers = len(coded[0]) if coded else 2
    counts = [[float(sum(1 for r in row if r == k)) for k in range(size)] for row in coded]
    rated = [row for row in counts if sum(row) >= 1]
    n = sum(1 for row in rated if sum(row) >= 2)
    if n == 0 or size == 0:
        return Agreement(0, readers, None, None, None, None, None, None, None)
    identity, chosen = weights(size, "identity"), weights(size, ordered)
    two: list[Coefficient | None] = [None, None, None]
    if readers == 2:
        table = _cross_table(coded, size)
        names: tuple[WeightName, ...] = ("identity", "linear", "quadratic")
        two = [_cohen(table, weights(size, name), confidence) for name in names]
    observed = _observed(rated, identity)
    return Agreement(
        n, readers, 100 * observed, two[0], two[1], two[2],
        _fleiss(rated, identity, confidence), _gwet(rated, identity, confidence), _gwet(rated, chosen, confidence),
    )  # fmt: skip


def _cross_table(coded: Sequence[Sequence[int | None]], size: int) -> list[list[float]]:
    table = [[0.0] * size for _ in range(size)]
    for first, second in coded:
        if first is not None and second is not None:
            table[first][second] += 1
    return table


def _cohen(table: Matrix, weight: Matrix, confidence: float) -> Coefficient | None:
    """Cohen's (weighted) kappa with the large-sample standard error of Fleiss, Cohen & Everitt 1969."""
    size = len(table)
    n = sum(map(sum, table))
    p = [[cell / n for cell in row] for row in table]
    rows = [sum(row) for row in p]
    columns = [sum(p[i][j] for i in range(size)) for j in range(size)]
    cells = [(i, j) for i in range(size) for j in range(size)]
    po = sum(weight[i][j] * p[i][j] for i, j in cells)
    pe = sum(weight[i][j] * rows[i] * columns[j] for i, j in cells)
    if 1 - pe < 1e-12:
        return None
    by_row = [sum(columns[j] * weight[i][j] for j in range(size)) for i in range(size)]
    by_column = [sum(rows[i] * weight[i][j] for i in range(size)) for j in range(size)]
    spread = sum(
        p[i][j] * (weight[i][j] * (1 - pe) - (by_row[i] + by_column[j]) * (1 - po)) ** 2 for i, j in cells
    )
    variance = (spread - (po * pe - 2 * pe + po) ** 2) / (n * (1 - pe) ** 4)
    return _interval((po - pe) / (1 - pe), variance, NormalDist().inv_cdf(0.5 + confidence / 2))


def _observed(counts: Matrix, weight: Matrix) -> float:
    values = [value for value in (_pair_agreement(row, weight) for row in counts) if value is not None]
    return sum(values) / len(values)


def _pair_agreement(row: Sequence[float], weight: Matrix) -> float | None:
    """Weighted agreement of all pairs of readers on one subject."""
    total = sum(row)
    if total < 2:
        return None
    size = range(len(row))
    agreed = sum(row[k] * (sum(weight[k][m] * row[m] for m in size) - 1) for k in size)
    return agreed / (total * (total - 1))


def _prevalence(counts: Matrix) -> list[float]:
    return [sum(row[k] / sum(row) for row in counts) / len(counts) for k in range(len(counts[0]))]


def _fleiss(counts: Matrix, weight: Matrix, confidence: float) -> Coefficient | None:
    share = _prevalence(counts)
    size = range(len(share))
    pe = sum(weight[k][m] * share[k] * share[m] for k in size for m in size)
    chance = [sum(weight[k][m] * share[m] for m in size) for k in size]
    own = [sum(row[k] * chance[k] for k in size) / sum(row) for row in counts]
    return _many_readers(counts, weight, pe, own, confidence)


def _gwet(counts: Matrix, weight: Matrix, confidence: float) -> Coefficient | None:
    """AC1 with identity weights, AC2 with others (Gwet 2008; Gwet 2014)."""
    share = _prevalence(counts)
    size = range(len(share))
    if len(share) < 2:
        return None
    scale = sum(map(sum, weight)) / (len(share) * (len(share) - 1))
    pe = scale * sum(value * (1 - value) for value in share)
    own = [scale * sum(row[k] * (1 - share[k]) for k in size) / sum(row) for row in counts]
    return _many_readers(counts, weight, pe, own, confidence)


def _many_readers(
    counts: Matrix, weight: Matrix, pe: float, own: Sequence[float], confidence: float
) -> Coefficient | None:
    if 1 - pe < 1e-12:
        return None
    n = len(counts)
    agreed = [_pair_agreement(row, weight) for row in counts]
    pairs = sum(1 for value in agreed if value is not None)
    value = (_observed(counts, weight) - pe) / (1 - pe)
    if n < 2:
        return Coefficient(value, None, None, None)
    total = 0.0
    for subject, expected in zip(agreed, own, strict=True):
        part = 0.0 if subject is None else (n / pairs) * (subject - pe) / (1 - pe)
        total += (part - 2 * (1 - value) * (expected - pe) / (1 - pe) - value) ** 2
    return _interval(value, total / (n * (n - 1)), student_quantile(0.5 + confidence / 2, n - 1))


def _interval(value: float, variance: float, quantile: float) -> Coefficient:
    error = sqrt(max(0.0, variance))
    return Coefficient(value, error, max(-1.0, value - quantile * error), min(1.0, value + quantile * error))
