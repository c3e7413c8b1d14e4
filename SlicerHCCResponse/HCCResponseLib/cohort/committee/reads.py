"""Plain records of a committee: who read which subject, what came of it, and what the adjudicator chose."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import TimePointEvaluation
from HCCResponseLib.review.read.facts import Site, Visit
from HCCResponseLib.review.read.outcome import ReadOutcome

ADJUDICATOR = "ADJUDICATOR"
PAUSE_LIMIT = timedelta(minutes=5)


@dataclass(frozen=True)
class CommitteeRead:
    """One reader's read of one subject.

    Attributes:
        subject: the subject's name.
        reader: who read.
        evaluator: the reader's place in this read: ``RADIOLOGIST 1``, ``RADIOLOGIST 2``, ``ADJUDICATOR``.
        outcome: responses, best response and dates.
        accepted: this read is the one that counts for the trial; never one that is not signed or not reviewed.
        repeat: a second read of the same subject by the same reader, for intra-reader agreement only.
        targets: names of the target lesions, the same name for the same lesion in all reads of the subject.
        sites: per lesion name, what the reader has said of it.
        visits: per time point, tumour markers and what else was said of it as a whole.
        seconds: active reading time of each time point, by its name; only where it is known.
        signed: every time point is under its reader's signature.
        reviewed: the reader looked at every row; false where one was accepted unseen.
    """

    subject: str
    reader: str
    evaluator: str
    outcome: ReadOutcome
    accepted: bool = False
    repeat: bool = False
    targets: frozenset[str] = frozenset()
    seconds: Mapping[str, float] = field(default_factory=dict)
    sites: Mapping[str, Site] = field(default_factory=dict)
    visits: Mapping[str, Visit] = field(default_factory=dict)
    signed: bool = False
    reviewed: bool = False


Pair = tuple[CommitteeRead, CommitteeRead]


def paired_points(pair: Pair) -> list[tuple[TimePointEvaluation, TimePointEvaluation]]:
    """Time points that both readers read, the baseline first, matched by name."""
    second = {p.name: p for p in pair[1].outcome.evaluation.time_points}
    return [(p, second[p.name]) for p in pair[0].outcome.evaluation.time_points if p.name in second]


@dataclass(frozen=True)
class Adjudication:
    """What the adjudicator did with two reads that differ.

    Attributes:
        subject: the subject's name.
        adjudicator: who decided.
        chosen: the reader whose read was chosen; None where the adjudicator read anew.
        agreed: readers whose read the adjudication agrees with in every adjudicated variable.
        variables: which variables differed.
        reason: the adjudicator's reason.
    """

    subject: str
    adjudicator: str
    chosen: str | None
    agreed: frozenset[str]
    variables: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Committee:
    """All finished reads of a committee under one profile.

    Attributes:
        profile: criterion and charter parameters of all reads.
        reads: in order of subjects and of assignment.
        adjudications: at most one for each subject.
        left_out: reads that do not count yet, and why, in words.
        pause: longer gaps between decisions were not taken as reading time.
    """

    profile: Profile
    reads: tuple[CommitteeRead, ...]
    adjudications: tuple[Adjudication, ...] = ()
    left_out: tuple[str, ...] = ()
    pause: timedelta = PAUSE_LIMIT

    def pairs(self) -> list[Pair]:
        """First and second independent read of every subject that has both, in order of appearance."""
        seen: dict[str, list[CommitteeRead]] = {}
        for read in self.reads:
            if not read.repeat and read.evaluator != ADJUDICATOR:
                seen.setdefault(read.subject, []).append(read)
        ordered = [sorted(reads, key=lambda read: read.evaluator) for reads in seen.values()]
        return [(reads[0], reads[1]) for reads in ordered if len(reads) >= 2]

    def repeats(self) -> list[Pair]:
        """Original read and re-read of the same subject by the same reader."""
        first = {(r.subject, r.reader): r for r in self.reads if not r.repeat}
        again = ((first.get((r.subject, r.reader)), r) for r in self.reads if r.repeat)
        return [(before, read) for before, read in again if before is not None]
