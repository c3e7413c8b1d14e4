"""Agreement of readers: Cohen's, weighted and Fleiss' kappa, Gwet's AC1 and AC2, each with an interval.

Cohen's kappa, plain and weighted, comes from statsmodels with the standard errors of Fleiss, Cohen & Everitt 1969 and
a normal interval. The coefficients of many readers are computed here (decision 0098): Fleiss 1971; Gwet 2008; Gwet
2014, Handbook of Inter-Rater Reliability (subject-level variances, missing ratings), with intervals of Student's t
with n - 1 degrees of freedom, as Gwet does.

Every coefficient needs two subjects with two ratings; kappa and Fleiss' kappa also two categories in use, since with
one nothing is left to agree on beyond chance. Where the variance is 0 (readers who always agree) there is no interval:
one from 1 to 1 would claim certainty that a few subjects cannot give (decision 0123).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, t
from statsmodels.stats.inter_rater import cohens_kappa

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.statistics.estimate import Estimate, too_few

Matrix = npt.NDArray[np.float64]
WeightName = Literal["identity", "linear", "quadratic", "ordinal"]
_TWO_READERS = Estimate(why="for two readers only")
_ONE_CATEGORY = Estimate(why="one category only")
_NO_SPREAD = "no variance"
_NOTHING_LEFT = 1e-12  # agreement by chance this close to 1 leaves nothing to be explained by the readers


@dataclass(frozen=True, slots=True)
class Agreement:
    """All coefficients of one set of ratings, each from -1 to 1 with its interval cut there.

    Attributes:
        n: subjects with at least two ratings.
        readers: number of readers.
        percent_agreement: mean pairwise agreement of the subjects, per cent; None without subjects.
        kappa, kappa_linear, kappa_quadratic: two readers only; else not defined.
        fleiss_kappa, gwet_ac1, gwet_ac2: any number of readers, missing ratings allowed.
    """

    n: int
    readers: int
    percent_agreement: float | None
    kappa: Estimate
    kappa_linear: Estimate
    kappa_quadratic: Estimate
    fleiss_kappa: Estimate
    gwet_ac1: Estimate
    gwet_ac2: Estimate

    @property
    def percent(self) -> Estimate:
        """The percentage as a figure: not defined of less than two subjects."""
        return too_few(self.n) if self.n < 2 else Estimate(self.percent_agreement)


def weights(size: int, name: WeightName) -> Matrix:
    """Agreement weights between categories in their given order (Gwet 2014, chapter 3).

    Returns:
        (size, size), 1 on the diagonal.
    """
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    if name == "identity" or size == 1:
        return np.eye(size)
    if name == "ordinal":
        return np.asarray(1 - apart * (apart + 1) / 2 / comb(size, 2), float)
    return np.asarray(1 - (apart / (size - 1)) ** (1 if name == "linear" else 2), float)


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
    if not size:
        return _too_few(0, readers, None)
    counts = np.array([[sum(1 for r in row if r == k) for k in range(size)] for row in coded], float)
    counts = counts.reshape(-1, size)
    rated = counts[counts.sum(1) >= 1]
    n = int((rated.sum(1) >= 2).sum())
    if n == 0:
        return _too_few(0, readers, None)
    identity, chosen = weights(size, "identity"), weights(size, ordered)
    observed = float(np.nanmean(_pair_agreement(rated, identity)))
    if n < 2:
        return _too_few(n, readers, 100 * observed)
    plain = linear = quadratic = _TWO_READERS
    if readers == 2:
        table = _cross_table(coded, size)
        plain, linear, quadratic = (_cohen(table, w, confidence) for w in (None, "linear", "quadratic"))
    return Agreement(
        n, readers, 100 * observed, plain, linear, quadratic,
        _fleiss(rated, confidence), _gwet(rated, identity, confidence), _gwet(rated, chosen, confidence),
    )  # fmt: skip


def _too_few(n: int, readers: int, percent: float | None) -> Agreement:
    return Agreement(n, readers, percent, *[too_few(n)] * 6)


def _cross_table(coded: Sequence[Sequence[int | None]], size: int) -> npt.NDArray[np.int64]:
    table = np.zeros((size, size), np.int64)
    for first, second in coded:
        if first is not None and second is not None:
            table[first, second] += 1
    return table


def _cohen(table: npt.NDArray[np.int64], weighted: str | None, confidence: float) -> Estimate:
    """Cohen's kappa of a square table of counts, ``linear`` or ``quadratic``ally weighted; see the top of this file."""
    if table.diagonal().max() == table.sum():  # both readers gave everybody the same category
        return _ONE_CATEGORY
    # What statsmodels adds to it, such as the largest possible kappa, is not defined for every table.
    with np.errstate(invalid="ignore", divide="ignore"):
        found = cohens_kappa(table, wt=weighted)
    error = float(np.nan_to_num(found.std_kappa))  # the root of a variance that rounding made negative
    return _cut(float(found.kappa), error * float(norm.ppf(0.5 + confidence / 2)))


def _pair_agreement(counts: Matrix, weight: Matrix) -> Matrix:
    """Weighted agreement of all pairs of readers on each subject; (subjects,), nan for a single rating."""
    total = counts.sum(1)
    agreed = (counts * (counts @ weight - 1)).sum(1)
    pairs = total * (total - 1)
    found: Matrix = np.divide(agreed, pairs, out=np.full(len(counts), np.nan), where=pairs > 0)
    return found


def _shares(counts: Matrix) -> Matrix:
    """Share of each category in the ratings of each subject; (subjects, categories)."""
    return np.asarray(counts / counts.sum(1, keepdims=True))


def _fleiss(counts: Matrix, confidence: float) -> Estimate:
    shares = _shares(counts)
    prevalence = shares.mean(0)
    expected = float(prevalence @ prevalence)
    return _many_readers(counts, np.eye(len(prevalence)), expected, shares @ prevalence, confidence)


def _gwet(counts: Matrix, weight: Matrix, confidence: float) -> Estimate:
    """AC1 with identity weights, AC2 with others (Gwet 2008; Gwet 2014)."""
    shares = _shares(counts)
    prevalence = shares.mean(0)
    size = len(prevalence)
    if size < 2:
        return _ONE_CATEGORY
    scale = float(weight.sum()) / (size * (size - 1))
    expected = scale * float((prevalence * (1 - prevalence)).sum())
    return _many_readers(counts, weight, expected, scale * (shares @ (1 - prevalence)), confidence)


def _many_readers(
    counts: Matrix, weight: Matrix, expected: float, own: Matrix, confidence: float
) -> Estimate:
    """A coefficient with the subject-level variance of Gwet 2014, which takes subjects with a single rating along.

    Args:
        counts: (subjects, categories), ratings.
        weight: (categories, categories).
        expected: agreement by chance.
        own: (subjects,), what each subject adds to it.
    """
    left = 1 - expected
    if left < _NOTHING_LEFT:
        return _ONE_CATEGORY
    agreed = _pair_agreement(counts, weight)
    value, n = (float(np.nanmean(agreed)) - expected) / left, len(counts)
    pairs = int(np.isfinite(agreed).sum())
    parts = np.nan_to_num((n / pairs) * (agreed - expected) / left)
    spread = ((parts - 2 * (1 - value) * (own - expected) / left - value) ** 2).sum()
    error = sqrt(float(spread) / (n * (n - 1)))
    return _cut(value, error * float(t.ppf(0.5 + confidence / 2, n - 1)))


def _cut(value: float, half_width: float) -> Estimate:
    """A coefficient with its interval, which ends at -1 and 1."""
    if half_width < _NOTHING_LEFT:
        return Estimate(value, why=_NO_SPREAD)
    return Estimate(value, max(-1.0, value - half_width), min(1.0, value + half_width))
