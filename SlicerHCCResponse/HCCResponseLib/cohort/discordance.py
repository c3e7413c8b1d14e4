"""Where the reads of one subject differ."""

from __future__ import annotations

from collections.abc import Callable

from HCCResponseLib.cohort.reads import CommitteeRead
from HCCResponseLib.response.types import TimePointEvaluation

Pair = tuple[CommitteeRead, CommitteeRead]


def paired_points(pair: Pair) -> list[tuple[TimePointEvaluation, TimePointEvaluation]]:
    """Time points that both readers read, the baseline first, matched by name."""
    second = {p.name: p for p in pair[1].outcome.evaluation.time_points}
    return [(p, second[p.name]) for p in pair[0].outcome.evaluation.time_points if p.name in second]


def differing_points(pair: Pair) -> tuple[int, int]:
    """How many follow-ups that both readers read got different overall responses, and how many there are."""
    follow_ups = [(a, b) for a, b in paired_points(pair) if not a.is_baseline]
    return sum(a.overall is not b.overall for a, b in follow_ups), len(follow_ups)


# The names are those of the profile's ``adjudication_variables``.
DISCORDANT: dict[str, Callable[[Pair], bool]] = {
    "best-response": lambda pair: pair[0].outcome.best is not pair[1].outcome.best,
    "response-date": lambda pair: pair[0].outcome.response_date != pair[1].outcome.response_date,
    "progression-date": lambda pair: pair[0].outcome.progression_date != pair[1].outcome.progression_date,
    "progression": lambda pair: progressed(pair[0]) != progressed(pair[1]),
    "time-point-response": lambda pair: differing_points(pair)[0] > 0,
    "targets": lambda pair: pair[0].targets != pair[1].targets,
}


def progressed(read: CommitteeRead) -> bool:
    """Whether the reader saw progression at all."""
    return read.outcome.progression_date is not None
