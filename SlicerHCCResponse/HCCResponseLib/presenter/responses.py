"""The response section as plain values: category by every criterion that the contours allow, sums, trace."""

from dataclasses import dataclass
from decimal import Decimal

from HCCResponseLib.base.errors import HCCResponseError
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.presenter.view import open_points
from HCCResponseLib.response.numbers import tenths
from HCCResponseLib.response.profiles.load import Profile, load_profile
from HCCResponseLib.response.types import NewLesionStatus, ReadEvaluation, TimePointEvaluation
from HCCResponseLib.review.read.category import category
from HCCResponseLib.review.read.parallel import parallel_readings
from HCCResponseLib.review.read.state import ReadState

_NEW_WORDS = {
    NewLesionStatus.NO: "no",
    NewLesionStatus.EQUIVOCAL: "equiv.",
    NewLesionStatus.UNEQUIVOCAL: "yes",
}


@dataclass(frozen=True)
class SumLine:
    """Sums of one time point, ready to show."""

    time_point: str
    total: str
    from_baseline: str
    from_nadir: str
    target: str
    non_target: str
    new_lesion: str
    overall: str


@dataclass(frozen=True)
class CriterionLine:
    """Latest category by one criterion, or why there is none."""

    criterion: str
    category: str
    note: str


@dataclass(frozen=True)
class ResponseView:
    """The profile's own evaluation with its trace, and the latest category by other criteria.

    ``parallel``: in words, what the profile wants read in parallel; secondary, not the category.
    """

    sums: tuple[SumLine, ...]
    trace: str
    criteria: tuple[CriterionLine, ...]
    evaluation: ReadEvaluation
    parallel: tuple[str, ...] = ()


def build_responses(state: ReadState, profile: Profile) -> ResponseView:
    """Evaluate a complete read.

    Raises:
        IncompleteReadError: decisions are missing.
        HCCResponseError: the decided read contradicts itself or the profile.
    """
    latest = open_points(state)[-1]
    own = category(state, profile, latest)
    others = (_other(state, p, latest) for p in _comparable(profile))
    parallel = tuple(one.words for one in parallel_readings(state, profile))
    return ResponseView(
        tuple(map(_sum_line, own.time_points)), _trace(own), (_line(own), *others), own, parallel
    )


def _comparable(profile: Profile) -> list[Profile]:
    """Other shipped profiles that need no other contour than this one's (whole or viable tumour)."""
    names = sorted(p.stem for p in resource_path("Profiles").glob("*.yaml"))
    others = [load_profile(n) for n in names if n != profile.name]
    return [p for p in others if p.needs_viable == profile.needs_viable]


def _line(evaluation: ReadEvaluation) -> CriterionLine:
    latest = evaluation.latest
    words = str(latest.overall or ("baseline only" if latest.is_baseline else "open question"))
    return CriterionLine(evaluation.criterion, words, "; ".join(q.text for q in evaluation.questions))


def _other(state: ReadState, profile: Profile, latest: str) -> CriterionLine:
    try:
        return _line(category(state, profile, latest))
    except HCCResponseError as problem:
        return CriterionLine(profile.criterion, "-", str(problem))


def _sum_line(point: TimePointEvaluation) -> SumLine:
    target = point.target
    total = "" if target.sum is None else str(target.sum)
    if point.is_baseline:
        return SumLine(point.name, total, "", "", "", "", "", "baseline")
    return SumLine(
        point.name,
        total,
        _per_cent(target.percent_from_baseline),
        _per_cent(target.percent_from_nadir),
        str(target.response),
        str(point.non_target),
        _NEW_WORDS[point.new_lesion],
        str(point.overall or "open"),
    )


def _per_cent(value: Decimal | None) -> str:
    return "" if value is None else f"{tenths(value):+}"


def _trace(evaluation: ReadEvaluation) -> str:
    blocks = []
    for point in evaluation.time_points:
        lines = "\n".join(f"  {line}" for line in point.trace)
        blocks.append(f"{point.name} ({point.date}):\n{lines}")
    return "\n".join(blocks)
