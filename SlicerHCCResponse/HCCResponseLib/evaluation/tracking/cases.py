"""Drawn pairs for the benchmark of lesion identities, with the truth that their voxels bear out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.lesions.label_maps import lesions_of
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.synth.course import CourseKind, CourseSubject, CourseVisit, draw_plans, make_course

# Settings were found on the first block only; figures are reported on the second. Training draws from 1,000,000 on.
DEVELOPMENT_SEED, HELD_OUT_SEED = 50_000, 60_000
_COURSES = (
    (CourseKind.STABLE, 0.2, (8.0, 30.0)),
    (CourseKind.SHRINKS, 0.15, (12.0, 36.0)),
    (CourseKind.GROWS, 0.1, (8.0, 24.0)),
    (CourseKind.VANISHES, 0.12, (8.0, 24.0)),
    (CourseKind.NEW, 0.2, (8.0, 26.0)),
    (CourseKind.SPLITS, 0.12, (28.0, 40.0)),
    (CourseKind.MERGES, 0.11, (12.0, 20.0)),
)
_OWNED = 0.1
_STRONG = 1.6


@dataclass(frozen=True)
class Truth:
    """What is true of a follow-up whose parts are given.

    Attributes:
        parts_of: for each baseline lesion, the numbers (from 1) of the parts in which it is; empty when it is gone.
        names_of: the lesions in each part; empty for what no lesion is in.
        split, merged: names of lesions that are in several parts, and of those that share one.
        new_mm: long axis of each part that holds nothing but new lesions, by number.
    """

    parts_of: dict[str, frozenset[int]]
    names_of: dict[int, frozenset[str]]
    split: frozenset[str]
    merged: frozenset[str]
    new_mm: dict[int, float]


class PairKind(StrEnum):
    """How much happened between the two visits of a drawn pair."""

    ORDINARY = "ordinary"
    STRONG = "strong motion"
    RESECTED = "resected"


def draw_case(seed: int, kind: PairKind = PairKind.ORDINARY, *, fresh_texture: bool = False) -> CourseSubject:
    """A pair with three to eight sites of every course; fewer where the liver has no room.

    Args:
        kind: strong motion is 1.6 times the ordinary one; resected is ordinary motion and a liver without what lies
            beyond a plane.
        fresh_texture: see :func:`~HCCResponseLib.synth.course.make_course`.
    """
    rng = np.random.default_rng(seed)
    plans = draw_plans(rng, strength=_STRONG if kind is PairKind.STRONG else 1.0)
    if kind is PairKind.RESECTED:
        cut = replace(plans[1].motion, resected=_resection(seed))
        plans[1] = replace(plans[1], motion=cut)
    weights = np.array([w for _, w, _ in _COURSES])
    for attempt in range(30):
        count = max(2, int(rng.integers(3, 9)) - attempt // 5)
        drawn = [_COURSES[int(i)] for i in rng.choice(len(_COURSES), count, p=weights / weights.sum())]
        if all(course is CourseKind.NEW for course, _, _ in drawn):
            continue
        wanted = [(course, float(np.exp(rng.uniform(*np.log(sizes))))) for course, _, sizes in drawn]
        try:
            return make_course(seed, wanted, plans, fresh_texture=fresh_texture)
        except InputError:
            continue
    raise InputError(f"Seed {seed} gives no liver with room for tumours.")


def _resection(seed: int) -> tuple[tuple[float, float, float], float]:
    """The left lobe or the lowest part of the right one, cut along a plane that is drawn a little askew."""
    rng = np.random.default_rng((seed, 1))
    towards = np.array([1.0, 0.0, 0.0] if rng.random() < 0.5 else [-0.5, 0.0, -0.85])
    towards = towards + rng.normal(scale=0.15, size=3)
    x, y, z = towards / np.linalg.norm(towards)
    return (float(x), float(y), float(z)), float(rng.uniform(25.0, 50.0))


def baseline_lesions(subject: CourseSubject) -> dict[str, Lesion]:
    """Contour of each lesion that the baseline shows."""
    found = lesions_of(subject.visits[0].labels)
    return {name: found[value] for value, name in enumerate(subject.names, start=1) if value in found}


def truth_of(
    subject: CourseSubject, known: Sequence[str], visit: CourseVisit, parts: Sequence[Lesion]
) -> Truth:
    """The truth of given parts, from the identity of their voxels.

    A lesion is in a part that holds a tenth of what is left of it, or that consists of it to a tenth.
    """
    parts_of: dict[str, frozenset[int]] = {name: frozenset() for name in known}
    names_of: dict[int, frozenset[str]] = {}
    sizes = np.bincount(visit.labels.ravel(), minlength=len(subject.names) + 1)
    new_mm = {}
    for number, part in enumerate(parts, start=1):
        inside = np.bincount(part.values(visit.labels), minlength=len(subject.names) + 1)
        least = np.minimum(_OWNED * sizes, _OWNED * part.count)
        here = {n for v, n in enumerate(subject.names, start=1) if inside[v] and inside[v] >= least[v]}
        names_of[number] = frozenset(here)
        for name in here & parts_of.keys():
            parts_of[name] |= {number}
        if here and not here & parts_of.keys():
            new_mm[number] = measure_lesion(part, visit.volume.geometry).long_axis.length_raw_mm
    split = frozenset(n for n, mine in parts_of.items() if len(mine) > 1)
    merged = frozenset(
        n for names in names_of.values() for n in names if len(names & parts_of.keys()) > 1 and n in parts_of
    )
    return Truth(parts_of, names_of, split, merged, new_mm)
