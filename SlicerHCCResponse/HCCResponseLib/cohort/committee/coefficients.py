"""Coefficients of agreement for categories and for sums, as figures."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from HCCResponseLib.cohort.committee.reads import Pair, paired_points
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.statistics.agreement import Agreement, agreement_of_ratings
from HCCResponseLib.statistics.continuous import BlandAltman, icc_2_1, limits_of_agreement
from HCCResponseLib.statistics.estimate import Figure, too_few

ORDERED = (("CR", "PR", "SD", "PD"), ("iCR", "iPR", "iSD", "iUPD", "iCPD"))
_PLAIN = {
    "kappa": "Cohen 1960",
    "fleiss_kappa": "Fleiss 1971",
    "gwet_ac1": "Gwet 2008",
}
_WEIGHTED = {
    "kappa_linear": "Cohen, linear weights",
    "kappa_quadratic": "Cohen, quadratic weights",
    "gwet_ac2": "Gwet 2014, {} weights",
}


def category_figures(section: str, ratings: Sequence[Sequence[str | None]], profile: Profile) -> list[Figure]:
    """Kappa and AC1 on all categories, weighted kappa and AC2 on the ordered ones; both are always beside each other.

    Subjects with a category that has no place in the order (NE, NON-CR/NON-PD, NED) are left out of the weighted ones.
    """
    if not ratings:
        return []
    confidence = float(profile.confidence_percent) / 100
    categories = sorted({rating for row in ratings for rating in row if rating is not None})
    plain = agreement_of_ratings(ratings, categories, confidence)
    found = [Figure(section, "agreement", "", plain.percent, None, plain.n, "%", "mean over pairs")]
    found += _coefficients(section, plain, _PLAIN, f"categories {', '.join(categories)}")
    order = next((o for o in ORDERED if set(categories) & set(o)), None)
    if order is not None:
        placed = [row for row in ratings if all(rating in order for rating in row)]
        weighted = agreement_of_ratings(placed, order, confidence, profile.agreement_weights)
        sources = {name: source.format(profile.agreement_weights) for name, source in _WEIGHTED.items()}
        found += _coefficients(section, weighted, sources, f"order {', '.join(order)}")
    return found


def _coefficients(section: str, agreement: Agreement, names: dict[str, str], words: str) -> list[Figure]:
    return [
        Figure(section, name, "", getattr(agreement, name), None, agreement.n, "", f"{source}; {words}")
        for name, source in names.items()
    ]


def sum_figures(section: str, pairs: Sequence[Pair], confidence: float) -> list[Figure]:
    """ICC(2,1) of log sums and Bland-Altman of sums, at baseline and at all time points.

    Only complete sums of both readers count; a sum of 0 mm has no logarithm and is left out of the ICC. Without
    any pair there are no figures; with too few, each says that it is not defined.
    """
    if not pairs:
        return []
    found: list[Figure] = []
    for which, baseline_only in (("baseline", True), ("all time points", False)):
        table, subjects = _sums(pairs, baseline_only)
        positive = table[(table > 0).all(1)]
        if subjects < 2:  # time points of a single subject tell nothing of others
            few = too_few(subjects)
            icc, limits = few, BlandAltman(len(table), few, few, few, None)
        else:
            icc = icc_2_1(np.log(positive), confidence)
            limits = limits_of_agreement(table[:, 1] - table[:, 0], confidence)
        name, source = f"ICC(2,1) of log sums ({which})", "Shrout & Fleiss 1979"
        found.append(Figure(section, name, "", icc, None, len(positive), "", source))
        words = "second minus first reader (Bland & Altman 1999)"
        found += [
            Figure(section, f"{name} ({which})", "", value, None, limits.n, "mm", words)
            for name, value in (
                ("mean difference", limits.bias),
                ("lower limit of agreement", limits.lower),
                ("upper limit of agreement", limits.upper),
            )
        ]
    return found


def _sums(pairs: Sequence[Pair], baseline_only: bool) -> tuple[npt.NDArray[np.float64], int]:
    """Complete sums, one row for each time point that both readers summed up, (n, 2), and of how many subjects."""
    rows, subjects = [], set()
    for pair in pairs:
        for points in paired_points(pair):
            sums = [p.target.sum for p in points if p.target.complete and p.target.sum is not None]
            if len(sums) == 2 and (points[0].is_baseline or not baseline_only):
                rows.append([float(value) for value in sums])
                subjects.add(pair[0].subject)
    return np.asarray(rows, float).reshape(-1, 2), len(subjects)
