"""Where the reads of one subject differ."""

from HCCResponseLib.cohort.committee.reads import CommitteeRead
from HCCResponseLib.response.types import TimePointEvaluation
from HCCResponseLib.review.committee.adjudication import VARIABLES

Pair = tuple[CommitteeRead, CommitteeRead]
# What adjudication may look at, and the choice of targets, which never leads to adjudication by itself.
COMPARED = (*VARIABLES, "targets")


def differs(pair: Pair, variable: str) -> bool:
    """Whether two reads differ in one variable."""
    first, second = (r.targets if variable == "targets" else VARIABLES[variable](r.outcome) for r in pair)
    return first != second


def paired_points(pair: Pair) -> list[tuple[TimePointEvaluation, TimePointEvaluation]]:
    """Time points that both readers read, the baseline first, matched by name."""
    second = {p.name: p for p in pair[1].outcome.evaluation.time_points}
    return [(p, second[p.name]) for p in pair[0].outcome.evaluation.time_points if p.name in second]


def differing_points(pair: Pair) -> tuple[int, int]:
    """How many follow-ups that both readers read got different overall responses, and how many there are."""
    follow_ups = [(a, b) for a, b in paired_points(pair) if not a.is_baseline]
    return sum(a.overall is not b.overall for a, b in follow_ups), len(follow_ups)


def progressed(read: CommitteeRead) -> bool:
    """Whether the reader saw progression at all."""
    return read.outcome.progression_date is not None
