"""Random decided reads with everything that a reader can say: nodes, splits, merges, missing lesions, new lesions."""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from HCCResponseLib.response.types import (
    LesionFinding,
    LesionRole,
    LesionState,
    NewLesionStatus,
    Response,
    TimePointFindings,
    VersusLast,
)

START = date(2024, 1, 8)


def mm(value: float) -> Decimal:
    """A length in tenths of a millimetre."""
    return Decimal(str(round(value, 1)))


def random_read(seed: int, visits: int = 4) -> list[TimePointFindings]:
    """One reader's findings of one subject; the same seed gives the same read."""
    rng = random.Random(seed)
    targets = [
        LesionFinding(
            f"L{n}", "liver", False, LesionRole.TARGET, LesionState.MEASURED, mm(rng.uniform(15, 80))
        )
        for n in range(rng.randint(0, 2))
    ]
    if rng.random() < 0.4:
        node = LesionFinding("N1", "hepatic", True, LesionRole.TARGET, LesionState.MEASURED, short_mm=mm(18))
        targets.append(node)
    others = [
        LesionFinding("B1", "lung", False, LesionRole.NON_TARGET, LesionState.MEASURED),
        LesionFinding("B2", "axillary", True, LesionRole.NON_TARGET, LesionState.MEASURED, short_mm=mm(12)),
    ][: rng.randint(0, 2)]
    found = [TimePointFindings("baseline", START, (*targets, *others))]
    new: dict[str, LesionFinding] = {}
    for number in range(1, visits):
        day = START + timedelta(days=56 * number)
        lesions = [_followed(rng, lesion, number) for lesion in (*targets, *others) if rng.random() > 0.03]
        status = NewLesionStatus.NO
        if rng.random() < 0.2:
            size = mm(rng.uniform(8, 25))
            name = f"C{number}"
            new[name] = LesionFinding(name, "liver", False, LesionRole.NEW, LesionState.MEASURED, size)
        if new:
            status = rng.choice([NewLesionStatus.EQUIVOCAL, NewLesionStatus.UNEQUIVOCAL])
            lesions += [replace(n, versus_last=rng.choice([None, *VersusLast])) for n in new.values()]
        non_target = rng.choice([None, None, None, Response.PD, Response.NE]) if others else None
        found.append(
            TimePointFindings(
                f"follow-up {number}",
                day,
                tuple(lesions),
                non_target,
                status,
                rng.choice([None, *VersusLast]) if others else None,
                rng.choice([None, True, False]),
            )
        )
    return found


def _followed(rng: random.Random, lesion: LesionFinding, number: int) -> LesionFinding:
    state = rng.choices(
        [
            LesionState.MEASURED,
            LesionState.DISAPPEARED,
            LesionState.TOO_SMALL,
            LesionState.NOT_EVALUABLE,
            LesionState.NOT_IMAGED,
        ],
        [12, 3, 2, 1, 1],
    )[0]
    if state is not LesionState.MEASURED or (lesion.role is LesionRole.NON_TARGET and not lesion.nodal):
        return replace(lesion, state=state, long_mm=None, short_mm=None)
    factor = rng.uniform(0.4, 1.4) if rng.random() > 0.05 else None
    axis = lesion.short_mm if lesion.nodal else lesion.long_mm
    size = None if factor is None or axis is None else mm(float(axis) * factor)
    return replace(lesion, long_mm=None if lesion.nodal else size, short_mm=size if lesion.nodal else None)


def split_and_merged() -> list[TimePointFindings]:
    """A lesion that falls into two parts, then two lesions that flow into one."""
    one = LesionFinding("L1", "liver", False, LesionRole.TARGET, LesionState.MEASURED, mm(40))
    two = LesionFinding("L2", "liver", False, LesionRole.TARGET, LesionState.MEASURED, mm(20))
    parts = [
        LesionFinding(n, "liver", False, LesionRole.TARGET, LesionState.MEASURED, mm(v), parent="L1")
        for n, v in (("L1a", 12), ("L1b", 9))
    ]
    first = (replace(one, state=LesionState.SPLIT, long_mm=None), *parts, replace(two, long_mm=mm(18)))
    merged = (
        replace(one, long_mm=mm(71), members=("L1", "L2")),
        replace(two, state=LesionState.MERGED, long_mm=None),
    )
    return [
        TimePointFindings("baseline", START, (one, two)),
        TimePointFindings("follow-up 1", START + timedelta(days=56), first),
        TimePointFindings("follow-up 2", START + timedelta(days=112), merged),
    ]
