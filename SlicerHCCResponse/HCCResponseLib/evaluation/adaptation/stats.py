"""Statistics of the benchmark: what Moon, Choi et al. (Front Oncol 2026) print, and limits of agreement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from HCCResponseLib.statistics.agreement import agreement_of_ratings
from HCCResponseLib.statistics.continuous import limits_of_agreement, mean_interval
from HCCResponseLib.statistics.estimate import Estimate, too_few
from HCCResponseLib.statistics.proportions import exact_proportion

Record = dict[str, Any]
CATEGORIES = ("CR", "PR", "SD", "PD")


@dataclass(frozen=True)
class Summary:
    """One method over all its pairs.

    Attributes:
        n: pairs.
        dsc: mean Dice coefficient of all followed lesions of a pair, interval by Student's t.
        bias_percent: mean error of the sum of diameters in per cent of the true sum; ``limits``: 95 % limits of
            agreement around it (mean -+ 1.96 SD); None for less than three pairs.
        error_mm: mean error of a followed lesion's diameter; ``error_ml``: of the pair's tumour volume;
            ``error_ml_percent``: of the mean true volume.
        spearman: rank correlation of found and true sums of diameters.
        agreed, of: categories as the truth, with the exact (Clopper-Pearson) ``agreement``.
        kappa: Cohen's kappa on CR, PR, SD, PD.
        pr_sensitivity, pr_specificity, pr_auc: for partial response; the area by the change of the sum. They need
            two pairs with PR, two without, and both.
        adapt_s, contour_s: medians; ``steps``: median; ``work``: mean steps in steps on 64 x 64 x 64 voxels.
        peak_mib: highest; None where it was not measured.
    """

    n: int
    dsc: Estimate
    bias_percent: Estimate
    limits: tuple[float | None, float | None]
    error_mm: Estimate
    error_ml: Estimate
    error_ml_percent: Estimate
    spearman: Estimate
    agreed: int
    of: int
    agreement: Estimate
    kappa: Estimate
    pr_sensitivity: Estimate
    pr_specificity: Estimate
    pr_auc: Estimate
    adapt_s: float
    contour_s: float
    steps: float
    work: float
    peak_mib: float | None


@dataclass(frozen=True)
class Paired:
    """Two methods on the same pairs: first minus second.

    Attributes:
        n: pairs that both have.
        dsc: mean difference of the Dice coefficient, interval by Student's t.
        wilcoxon_p: signed-rank test.
        first_only, second_only: pairs with the right category in one method alone; ``mcnemar_p``: exact test.
        work_ratio, seconds_ratio: of the adaptations, first over second; None where the second needs none.
    """

    n: int
    dsc: Estimate
    wilcoxon_p: Estimate
    first_only: int
    second_only: int
    mcnemar_p: Estimate
    work_ratio: float | None
    seconds_ratio: float | None


def sums_mm(record: Record) -> tuple[float, float, float]:
    """Sums of long diameters over the followed lesions: at baseline, true at follow-up, found at follow-up."""
    lesions = record["lesions"]
    return (
        sum(x["baseline_mm"] for x in lesions),
        sum(x["true_mm"] for x in lesions),
        sum(x["found_mm"] for x in lesions),
    )


def error_percent(record: Record) -> float:
    """Error of the sum of diameters in per cent of the true sum."""
    _, true, found = sums_mm(record)
    return 100 * (found - true) / true


def summarise(records: Sequence[Record]) -> Summary:
    """Every figure of one method; at least one record."""
    errors = [error_percent(r) for r in records]
    agree = limits_of_agreement(errors)
    volumes = [sum(x["found_ml"] - x["true_ml"] for x in r["lesions"]) for r in records]
    true_ml = float(np.mean([sum(x["true_ml"] for x in r["lesions"]) for r in records]))
    right = sum(r["true_category"] == r["found_category"] for r in records)
    ratings = [[r["true_category"], r["found_category"]] for r in records]
    sensitivity, specificity, area = _partial_response(records)
    return Summary(
        n=len(records),
        dsc=mean_interval([r["dsc"] for r in records]),
        bias_percent=mean_interval(errors),
        limits=(agree.lower.value, agree.upper.value),
        error_mm=mean_interval([x["found_mm"] - x["true_mm"] for r in records for x in r["lesions"]]),
        error_ml=mean_interval(volumes),
        error_ml_percent=Estimate(100 * float(np.mean(volumes)) / true_ml)
        if true_ml
        else Estimate(why="no tumour is left"),
        spearman=_spearman(records),
        agreed=right,
        of=len(records),
        agreement=exact_proportion(right, len(records)),
        kappa=agreement_of_ratings(ratings, CATEGORIES).kappa,
        pr_sensitivity=sensitivity,
        pr_specificity=specificity,
        pr_auc=area,
        adapt_s=float(np.median([r["adapt_s"] for r in records])),
        contour_s=float(np.median([r["contour_s"] for r in records])),
        steps=float(np.median([r["steps"] for r in records])),
        work=float(np.mean([r["work"] for r in records])),
        peak_mib=max((r["peak_mib"] for r in records if r["peak_mib"]), default=None),
    )


def _spearman(records: Sequence[Record]) -> Estimate:
    if len(records) < 3:
        return too_few(len(records))
    true, found = zip(*(sums_mm(r)[1:] for r in records), strict=True)
    if len({*found}) < 2 or len({*true}) < 2:
        return Estimate(why="all sums are the same")
    return Estimate(float(stats.spearmanr(true, found).statistic))


def _partial_response(records: Sequence[Record]) -> tuple[Estimate, Estimate, Estimate]:
    """Sensitivity, specificity and area under the curve for PR; the curve's score is the fall of the found sum."""
    truth = np.array([r["true_category"] == "PR" for r in records])
    found = np.array([r["found_category"] == "PR" for r in records])
    sensitivity = exact_proportion(int(found[truth].sum()), int(truth.sum()))
    specificity = exact_proportion(int((~found[~truth]).sum()), int((~truth).sum()))
    fewest = int(min(truth.sum(), (~truth).sum()))
    if fewest < 2:
        return sensitivity, specificity, too_few(fewest)
    fall = np.array([-sums_mm(r)[2] / sums_mm(r)[0] for r in records])
    area = stats.mannwhitneyu(fall[truth], fall[~truth]).statistic / (truth.sum() * (~truth).sum())
    return sensitivity, specificity, Estimate(float(area))


def compare_paired(first: Sequence[Record], second: Sequence[Record]) -> Paired | None:
    """First minus second on the seeds that both have; ``None`` where they share none."""
    other = {r["seed"]: r for r in second}
    pairs = [(r, other[r["seed"]]) for r in first if r["seed"] in other]
    if not pairs:
        return None
    differences = [a["dsc"] - b["dsc"] for a, b in pairs]
    right = [[r["true_category"] == r["found_category"] for r in pair] for pair in pairs]
    one, two = sum(a and not b for a, b in right), sum(b and not a for a, b in right)
    alike = Estimate(why="no difference")
    return Paired(
        n=len(pairs),
        dsc=mean_interval(differences),
        wilcoxon_p=_wilcoxon(differences) if any(differences) else alike,
        first_only=one,
        second_only=two,
        mcnemar_p=Estimate(float(stats.binomtest(one, one + two).pvalue)) if one + two else alike,
        work_ratio=_ratio([(a["work"], b["work"]) for a, b in pairs]),
        seconds_ratio=_ratio([(a["adapt_s"], b["adapt_s"]) for a, b in pairs]),
    )


def _wilcoxon(differences: Sequence[float]) -> Estimate:
    n = len(differences)
    return too_few(n) if n < 2 else Estimate(float(stats.wilcoxon(differences).pvalue))


def _ratio(pairs: Sequence[tuple[float, float]]) -> float | None:
    below = sum(b for _, b in pairs)
    return sum(a for a, _ in pairs) / below if below > 1e-9 else None
