"""The response section as plain values: category by every criterion that the contours allow, sums, trace."""

from dataclasses import dataclass

from HCCResponseLib.base.errors import HCCResponseError
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.presenter.view import is_open
from HCCResponseLib.response.profiles.load import Profile, load_profile
from HCCResponseLib.response.types import NewLesionStatus, ReadEvaluation
from HCCResponseLib.review.read.category import category
from HCCResponseLib.review.read.state import ReadState

NEW_WORDS = {
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
    """The profile's own evaluation with its trace, and the latest category by other criteria."""

    sums: tuple[SumLine, ...]
    trace: str
    criteria: tuple[CriterionLine, ...]
    evaluation: ReadEvaluation


def build_responses(state: ReadState, profile: Profile) -> ResponseView:
    """Evaluate a complete read.

    Raises:
        IncompleteReadError: decisions are missing.
        HCCResponseError: the decided read contradicts itself or the profile.
    """
    own = category(state, profile, _latest(state))
    lines = [_line(own)]
    lines += [_other(state, p) for p in comparable(profile)]
    return ResponseView(tuple(_sums(own)), _trace(own), tuple(lines), own)


def _latest(state: ReadState) -> str:
    """The last time point that may be seen."""
    assert state.study is not None
    return [p.name for p in state.study.timepoints if is_open(state, p.name)][-1]


def comparable(profile: Profile) -> list[Profile]:
    """Other shipped profiles that need no other contour than this one's (whole or viable tumour)."""
    names = sorted(p.stem for p in resource_path("Profiles").glob("*.yaml"))
    others = [load_profile(n) for n in names if n != profile.name]
    viable = _needs_viable(profile)
    return [p for p in others if _needs_viable(p) == viable]


def _needs_viable(profile: Profile) -> bool:
    return str(profile.quantity).startswith("viable")


def _line(evaluation: ReadEvaluation) -> CriterionLine:
    latest = evaluation.latest
    words = (
        str(latest.overall)
        if latest.overall
        else ("baseline only" if latest.is_baseline else "open question")
    )
    return CriterionLine(evaluation.criterion, words, "; ".join(q.text for q in evaluation.questions))


def _other(state: ReadState, profile: Profile) -> CriterionLine:
    try:
        return _line(category(state, profile, _latest(state)))
    except HCCResponseError as problem:
        return CriterionLine(profile.criterion, "-", str(problem))


def _sums(evaluation: ReadEvaluation) -> list[SumLine]:
    lines = []
    for point in evaluation.time_points:
        target = point.target
        responses = (
            ("", "", "", "baseline")
            if point.is_baseline
            else (
                str(target.response),
                str(point.non_target),
                NEW_WORDS[point.new_lesion],
                str(point.overall or "open"),
            )
        )
        per_cent = (_per_cent(target.percent_from_baseline), _per_cent(target.percent_from_nadir))
        if point.is_baseline:
            per_cent = ("", "")
        lines.append(
            SumLine(point.name, "" if target.sum is None else str(target.sum), *per_cent, *responses)
        )
    return lines


def _per_cent(value: object) -> str:
    return "" if value is None else f"{value:+.1f}"


def _trace(evaluation: ReadEvaluation) -> str:
    blocks = []
    for point in evaluation.time_points:
        lines = "\n".join(f"  {line}" for line in point.trace)
        blocks.append(f"{point.name} ({point.date}):\n{lines}")
    return "\n".join(blocks)
