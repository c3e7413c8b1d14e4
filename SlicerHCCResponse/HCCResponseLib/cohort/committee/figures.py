"""Figures of a committee: adjudication, discordance, readers, agreement, sums, re-reads and reading times.

Every figure says how it was computed; formulas and sources are in docs/committee-figures.md.
"""

from collections.abc import Sequence

import numpy as np

from HCCResponseLib.cohort.committee.coefficients import category_figures, sum_figures
from HCCResponseLib.cohort.committee.reads import ADJUDICATOR, Committee, Pair, paired_points
from HCCResponseLib.review.committee.adjudication import VARIABLES, adjudication_variables
from HCCResponseLib.statistics.estimate import Estimate, Figure, too_few
from HCCResponseLib.statistics.proportions import Share, clustered_share, exact_share

# What adjudication may look at, and the choice of targets, which never leads to adjudication by itself.
COMPARED = (*VARIABLES, "targets")
EXACT = "exact interval (Clopper-Pearson)"


def committee_figures(committee: Committee) -> list[Figure]:
    """All figures of a committee, in the order of the report.

    Raises:
        InputError: the profile names an adjudication variable that this software does not know.
    """
    confidence = float(committee.profile.confidence_percent) / 100
    pairs, repeats = committee.pairs(), committee.repeats()
    return [
        *_doubtful(committee),
        *_adjudication(committee, pairs, confidence),
        *_discordance("Discordance between readers", pairs, confidence),
        *_readers(committee, confidence),
        *category_figures("Agreement on best response", _best(pairs), committee.profile),
        *category_figures("Agreement on time point responses", _points(pairs), committee.profile),
        *category_figures("Agreement on progression", _progression(pairs), committee.profile),
        *sum_figures("Sums of diameters", pairs, confidence),
        *_discordance("Discordance with the same reader's re-read", repeats, confidence, _reread(committee)),
        *category_figures("Intra-reader agreement on best response", _best(repeats), committee.profile),
        *sum_figures("Intra-reader sums of diameters", repeats, confidence),
        *_times(committee),
    ]


def _share(section: str, name: str, share: Share, who: str = "", method: str = EXACT) -> Figure:
    return Figure(section, name, who, share.percent, share.count, share.total, "%", method)


def _doubtful(committee: Committee) -> list[Figure]:
    """How many of the reads are not signed or not reviewed, where there are any: they are in all other figures."""
    reads = committee.reads
    count = sum(not (read.signed and read.reviewed) for read in reads)
    if not count:
        return []
    share, words = Estimate(100 * count / len(reads)), "part of every figure below"
    return [Figure("Reads", "not signed or not reviewed", "", share, count, len(reads), "%", words)]


def _adjudication(committee: Committee, pairs: Sequence[Pair], confidence: float) -> list[Figure]:
    section, variables = "Adjudication", adjudication_variables(committee.profile)
    needed = sum(any(_differs(pair, name) for name in variables) for pair in pairs)
    done = {a.subject for a in committee.adjudications} & {first.subject for first, _ in pairs}
    words = f"differs in {' or '.join(variables)}; {EXACT}"
    return [
        _share(section, "adjudication needed", exact_share(needed, len(pairs), confidence), method=words),
        _share(section, "adjudicated", exact_share(len(done), len(pairs), confidence)),
    ]


def _reread(committee: Committee) -> str:
    """How many subjects were read again, beside how many the charter asks for."""
    profile, repeats = committee.profile, committee.repeats()
    again, read = len({first.subject for first, _ in repeats}), len({r.subject for r in committee.reads})
    asked = f"{profile.reread_fraction_percent} % ({profile.source_of('reread_fraction_percent')})"
    return f"; {again} of {read} subjects read again, the profile asks for {asked}"


def _discordance(section: str, pairs: Sequence[Pair], confidence: float, note: str = "") -> list[Figure]:
    if not pairs:
        return []
    found = [
        _share(
            section,
            name,
            exact_share(sum(_differs(p, name) for p in pairs), len(pairs), confidence),
            method=EXACT + note,
        )
        for name in COMPARED
    ]
    points = clustered_share([_differing_points(pair) for pair in pairs], confidence)
    method = "share of time points; percentile bootstrap over subjects, 2000 draws, seed 0"
    return [*found, _share(section, "single time points", points, method=method)]


def _differs(pair: Pair, variable: str) -> bool:
    first, second = (r.targets if variable == "targets" else VARIABLES[variable](r.outcome) for r in pair)
    return first != second


def _differing_points(pair: Pair) -> tuple[int, int]:
    """How many follow-ups that both readers read got different overall responses, and how many there are."""
    follow_ups = [(a, b) for a, b in paired_points(pair) if not a.is_baseline]
    return sum(a.overall is not b.overall for a, b in follow_ups), len(follow_ups)


def _readers(committee: Committee, confidence: float) -> list[Figure]:
    """Adjudicator agreement rate and Reader Disagreement Index of each reader."""
    found = []
    read_by: dict[str, set[str]] = {}
    for read in committee.reads:
        if not read.repeat and read.evaluator != ADJUDICATOR:
            read_by.setdefault(read.reader, set()).add(read.subject)
    for reader, subjects in sorted(read_by.items()):
        judged = [a for a in committee.adjudications if a.subject in subjects]
        agreed = sum(reader in a.agreed for a in judged)
        rate = exact_share(agreed, len(judged), confidence)
        index = exact_share(len(judged) - agreed, len(subjects), confidence)
        found += [
            _share("Readers", "adjudicator agreement rate", rate, reader, f"of adjudicated; {EXACT}"),
            _share("Readers", "reader disagreement index", index, reader, f"of all read; {EXACT}"),
        ]
    return found


def _best(pairs: Sequence[Pair]) -> list[list[str | None]]:
    return [[read.outcome.best and read.outcome.best.value for read in pair] for pair in pairs]


def _points(pairs: Sequence[Pair]) -> list[list[str | None]]:
    both = [points for pair in pairs for points in paired_points(pair) if not points[0].is_baseline]
    return [[p.overall and p.overall.value for p in points] for points in both]


def _progression(pairs: Sequence[Pair]) -> list[list[str | None]]:
    return [["progression" if read.outcome.progression_date else "none" for read in pair] for pair in pairs]


def _times(committee: Committee) -> list[Figure]:
    """Median and quartiles of the reading time of a time point and of a whole read, for all readers and for each."""
    points: dict[str, list[float]] = {}
    whole: dict[str, list[float]] = {}
    for read in committee.reads:
        for who in ("", read.reader) if read.seconds else ():
            points.setdefault(who, []).extend(read.seconds.values())
            whole.setdefault(who, []).append(sum(read.seconds.values()))
    limit = committee.pause.total_seconds() / 60
    method = (
        "median with quartiles; first to last decision that a person made on a time point, pauses above "
        f"{limit:g} min left out"
    )
    found = []
    for name, seconds in (("time per time point", points), ("time per read", whole)):
        for reader, values in sorted(seconds.items()):
            low, middle, high = (float(v) for v in np.quantile(values, [0.25, 0.5, 0.75]))
            time = Estimate(middle, low, high) if len(values) > 1 else too_few(1, middle)
            found.append(Figure("Reading time", name, reader, time, None, len(values), "s", method))
    return found
