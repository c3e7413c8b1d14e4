"""A committee that disagrees as committees do: two readers who measure with noise and see new lesions differently.

The amount of noise was chosen so that over many seeds about 23 % of best responses and 31 % of progression dates
differ, as in 40 trials with 12,299 subjects. Everything here is a plan in plain numbers; tests write it through the
review layer or turn it into findings.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from HCCResponseLib.response.types import (
    LesionFinding,
    LesionRole,
    LesionState,
    NewLesionStatus,
    TimePointFindings,
)

READERS = ("reader-a", "reader-b", "reader-c", "reader-d")
POINTS = ("baseline", "follow-up 1", "follow-up 2", "follow-up 3")
LESIONS = ("L1", "L2", "L3")
START = date(2024, 1, 8)
DATES = tuple(START + timedelta(days=56 * n) for n in range(len(POINTS)))
LESION_BIAS, VISIT_NOISE, SEEN, FALSE_NEW = 0.05, 0.11, 0.75, 0.035


@dataclass(frozen=True)
class PlannedRead:
    """What one reader will decide on one subject.

    Attributes:
        targets: names of the two lesions chosen at baseline.
        lengths: long axis in mm by time point and lesion, in tenths; None when it has disappeared.
        new_at: number of the time point at which the reader calls a new lesion; None for never.
    """

    subject: str
    reader: str
    targets: tuple[str, ...]
    lengths: tuple[tuple[Decimal | None, ...], ...]
    new_at: int | None


def planned_committee(subjects: int = 100, seed: int = 15) -> list[tuple[PlannedRead, PlannedRead]]:
    """First and second read of every subject."""
    rng = np.random.default_rng(seed)
    plans = []
    for number in range(subjects):
        true, new_at = _truth(rng)
        first, second = rng.choice(len(READERS), 2, replace=False)
        plans.append(tuple(_plan(rng, f"S{number:03d}", READERS[r], true, new_at) for r in (first, second)))
    return plans


def planned_reread(plan: PlannedRead, seed: int) -> PlannedRead:
    """The same reader's second read of the subject: the same lesions, measured again."""
    rng = np.random.default_rng(seed)
    again = tuple(
        tuple(None if v is None else _tenths(float(v) * (1 + rng.normal(0, VISIT_NOISE))) for v in row)
        for row in plan.lengths
    )
    return PlannedRead(plan.subject, plan.reader, plan.targets, again, plan.new_at)


def _truth(rng: np.random.Generator) -> tuple[np.ndarray, int | None]:
    """True long axes, (time points, lesions) in mm, and when a new lesion appears."""
    start = np.sort(rng.uniform(14, 60, len(LESIONS)))[::-1]
    drift = rng.choice([-0.45, -0.05, 0.28], p=[0.32, 0.38, 0.30])
    steps = np.cumsum([0, *(drift * rng.uniform(0.5, 1.1, len(POINTS) - 1))])
    own = rng.normal(0, 0.05, (len(POINTS), len(LESIONS)))
    true = start * np.exp(steps[:, None] + own)
    true[0] = start
    if drift < 0 and rng.random() < 0.2:
        true[-2:] = 0
    appears = [n for n in range(1, len(POINTS)) if rng.random() < 0.07]
    return true, appears[0] if appears else None


def _plan(
    rng: np.random.Generator, subject: str, reader: str, true: np.ndarray, new_at: int | None
) -> PlannedRead:
    bias = rng.normal(0, LESION_BIAS, true.shape[1])
    noise = rng.normal(0, VISIT_NOISE, true.shape)
    measured = true * (1 + bias) * (1 + noise)
    lengths = tuple(tuple(_tenths(v) if v > 3 else None for v in row) for row in measured)
    order = sorted(range(len(LESIONS)), key=lambda n: -measured[0, n])
    seen = None
    for number in range(1, len(POINTS)):
        there = new_at is not None and number >= new_at
        if seen is None and rng.random() < (SEEN if there else FALSE_NEW):
            seen = number
    return PlannedRead(subject, reader, tuple(LESIONS[n] for n in sorted(order[:2])), lengths, seen)


def _tenths(value: float) -> Decimal:
    return Decimal(str(round(float(value), 1)))


def findings(plan: PlannedRead) -> list[TimePointFindings]:
    """The plan as decided findings, without any store."""
    found = []
    for number, (name, day) in enumerate(zip(POINTS, DATES, strict=True)):
        lesions = []
        for lesion, length in zip(LESIONS, plan.lengths[number], strict=True):
            role = LesionRole.TARGET if lesion in plan.targets else LesionRole.NON_TARGET
            state = LesionState.DISAPPEARED if length is None else LesionState.MEASURED
            lesions.append(LesionFinding(lesion, "liver", False, role, state, length))
        new = plan.new_at is not None and number >= plan.new_at
        if plan.new_at == number:
            lesions.append(
                LesionFinding("C1", "liver", False, LesionRole.NEW, LesionState.MEASURED, Decimal("14.0"))
            )
        status = NewLesionStatus.UNEQUIVOCAL if new else NewLesionStatus.NO
        found.append(TimePointFindings(name, day, tuple(lesions), None, status))
    return found
