"""Committee figures computed a second time: from planned numbers, with own sums, own responses and own formulas.

Nothing of the rule engine, the agreement module or the cohort package is used here.
"""

from fractions import Fraction
from math import comb

import numpy as np
import pandas as pd

from simulated_committee import DATES


def judged(plan):
    """Responses of one planned read by RECIST 1.1, computed with fractions from the planned lengths."""
    wanted = [n for n, name in enumerate(("L1", "L2", "L3")) if name in plan.targets]
    (other,) = {0, 1, 2} - set(wanted)
    sums = [sum(Fraction(row[n] or 0) for n in wanted) for row in plan.lengths]
    responses, reached = [], False
    for number in range(1, len(sums)):
        nadir = min(sums[:number])
        growth = sums[number] - nadir
        if sums[number] == 0:
            target = "CR"
        elif growth >= 5 and growth * 5 >= nadir:
            target = "PD"
        elif reached or sums[number] * 10 <= sums[0] * 7:
            target = "PR"
        else:
            target = "SD"
        reached = target in ("PR", "CR") or (reached and target != "PD")
        new = plan.new_at is not None and number >= plan.new_at
        rest_gone = plan.lengths[number][other] is None
        if new or target == "PD":
            responses.append("PD")
        elif target == "CR" and not rest_gone:
            responses.append("PR")
        else:
            responses.append(target)
    until = responses.index("PD") + 1 if "PD" in responses else len(responses)
    seen = responses[:until]
    best = next(r for r in ("CR", "PR", "SD", "PD") if r in seen)
    first = next((DATES[n + 1] for n, r in enumerate(seen) if r in ("CR", "PR")), None)
    progression = DATES[until] if "PD" in responses else None
    return {
        "subject": plan.subject, "reader": plan.reader, "best": best, "response": first,
        "progression": progression, "points": responses, "sums": [float(s) for s in sums],
        "targets": frozenset(plan.targets),
    }  # fmt: skip


def table(pairs):
    """One row for each subject, the two reads side by side."""
    rows = []
    for first, second in pairs:
        a, b = judged(first), judged(second)
        rows.append({f"{k}_{n}": v for n, read in ((1, a), (2, b)) for k, v in read.items()})
    return pd.DataFrame(rows, dtype=object)


def exact(count, total):
    """Clopper-Pearson by bisection on the binomial distribution, per cent."""

    def at_least(p):
        return sum(comb(total, k) * p**k * (1 - p) ** (total - k) for k in range(count, total + 1))

    def at_most(p):
        return sum(comb(total, k) * p**k * (1 - p) ** (total - k) for k in range(count + 1))

    def solve(grows, goal):
        low, high = 0.0, 1.0
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if grows(middle) < goal else (low, middle)
        return 100 * low

    lower = 0.0 if count == 0 else solve(at_least, 0.025)
    upper = 100.0 if count == total else solve(lambda p: 1 - at_most(p), 0.975)
    return lower, upper


def crossed(first, second, order):
    return pd.crosstab(first, second).reindex(index=order, columns=order, fill_value=0).to_numpy(float)


def kappa(counts, power=None):
    """Cohen's kappa as 1 minus observed over expected disagreement; ``power`` 1 linear, 2 quadratic, None plain."""
    size = len(counts)
    away = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(float)
    loss = (away > 0).astype(float) if power is None else away**power
    expected = np.outer(counts.sum(1), counts.sum(0)) / counts.sum()
    return 1 - (loss * counts).sum() / (loss * expected).sum()


def fleiss(counts):
    shares = (counts.sum(1) + counts.sum(0)) / (2 * counts.sum())
    agreed, chance = np.trace(counts) / counts.sum(), (shares**2).sum()
    return (agreed - chance) / (1 - chance)


def gwet(counts, weights=None):
    """AC1, or AC2 with weights."""
    size = len(counts)
    weights = np.eye(size) if weights is None else weights
    shares = (counts.sum(1) + counts.sum(0)) / (2 * counts.sum())
    agreed = (weights * counts).sum() / counts.sum()
    chance = weights.sum() / (size * (size - 1)) * (shares * (1 - shares)).sum()
    return (agreed - chance) / (1 - chance)


def ordinal(size):
    away = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    return 1 - away * (away + 1) / 2 / comb(size, 2)


def icc(values):
    """ICC(2,1) from variance components of a two-way table fitted by least squares."""
    frame = pd.DataFrame(values).stack().reset_index()
    frame.columns = ["subject", "reader", "value"]
    n, k = values.shape
    design = np.column_stack([np.ones(n * k), pd.get_dummies(frame["subject"], drop_first=True)]).astype(
        float
    )
    full = np.column_stack([design, pd.get_dummies(frame["reader"], drop_first=True)]).astype(float)

    def left(matrix):
        fitted = matrix @ np.linalg.lstsq(matrix, frame["value"].to_numpy(), rcond=None)[0]
        return ((frame["value"] - fitted) ** 2).sum()

    mean_error = left(full) / ((n - 1) * (k - 1))
    mean_reader = (left(design) - left(full)) / (k - 1)
    mean_subject = k * np.var(values.mean(1), ddof=1)
    subject, reader = (mean_subject - mean_error) / k, (mean_reader - mean_error) / n
    return subject / (subject + reader + mean_error)
