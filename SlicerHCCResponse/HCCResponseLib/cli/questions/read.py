"""``read``: a whole read from its findings, with everything that the rules take."""

from typing import Any

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.cli.questions.base import Answer, QuestionContext, answers, day, number, percent
from HCCResponseLib.cli.questions.fields import Fields
from HCCResponseLib.cli.questions.words import to_response
from HCCResponseLib.response.read import evaluate_read, parallel_evaluations
from HCCResponseLib.response.types import (
    LesionFinding,
    LesionRole,
    LesionState,
    NewLesionStatus,
    ReadEvaluation,
    TimePointEvaluation,
    TimePointFindings,
    VersusLast,
)

_TIME_POINT = (
    "name",
    "date",
    "lesions",
    "non_target",
    "new_lesion",
    "non_target_versus_last",
    "markers_normal",
)
_LESION = (
    "id",
    "organ",
    "nodal",
    "role",
    "state",
    "long",
    "short",
    "parent",
    "members",
    "volume",
    "versus_last",
    "viable",
    "measurable",
)


@answers("read")
def read(given: Fields, setting: QuestionContext) -> Answer:
    """Every time point of a read, and its categories under the criteria that the profile names in parallel."""
    given.only("time_points").needed("time_points")
    if setting.profile.criterion != setting.criterion.name:
        raise RuleError(
            "A whole read is evaluated by the case's 'criterion'; 'profile' cannot name another one."
        )
    findings = [_time_point(row) for row in given.objects("time_points")]
    own = evaluate_read(findings, setting.profile)
    others = parallel_evaluations(findings, setting.profile)
    values = {
        "time_points": [_row(point) for point in own.time_points],
        "parallel": {other.criterion: _overall(other) for other in others},
    }
    trace = [f"{point.name}: {line}" for point in own.time_points for line in point.trace]
    return Answer(values, tuple(trace) or ("baseline only, without targets",))


def _time_point(row: Fields) -> TimePointFindings:
    row.only(*_TIME_POINT)
    code = row.values.get("non_target")
    return TimePointFindings(
        name=row.needed_text("name"),
        date=row.needed_day("date"),
        lesions=tuple(_lesion(entry) for entry in row.objects("lesions")),
        non_target=None if code is None else to_response(code, f"{row.where}.non_target"),
        new_lesion=row.choice("new_lesion", NewLesionStatus) or NewLesionStatus.NO,
        non_target_versus_last=row.choice("non_target_versus_last", VersusLast),
        markers_normal=row.flag("markers_normal"),
    )


def _lesion(row: Fields) -> LesionFinding:
    row.only(*_LESION)
    return LesionFinding(
        lesion_id=row.needed_text("id"),
        organ=row.text("organ") or "",
        nodal=row.flag("nodal") is True,
        role=row.choice("role", LesionRole) or LesionRole.TARGET,
        state=row.choice("state", LesionState) or LesionState.MEASURED,
        long_mm=row.length("long"),
        short_mm=row.length("short"),
        parent=row.text("parent"),
        members=row.texts("members"),
        volume_mm3=row.length("volume"),
        versus_last=row.choice("versus_last", VersusLast),
        viable=row.flag("viable"),
        measurable=row.flag("measurable"),
    )


def _row(point: TimePointEvaluation) -> dict[str, Any]:
    target = point.target
    return {
        "name": point.name,
        "date": day(point.date),
        "target": target.response.value,
        "sum": number(target.sum),
        "nadir_before": number(target.nadir_before),
        "percent_from_baseline": percent(target.percent_from_baseline),
        "percent_from_nadir": percent(target.percent_from_nadir),
        "non_target": point.non_target.value,
        "new_lesion": point.new_lesion.value,
        "response": None if point.overall is None else point.overall.value,
        "questions": [{"kind": asked.kind.value, "text": asked.text} for asked in point.questions],
    }


def _overall(evaluation: ReadEvaluation) -> list[str | None]:
    return [point.overall and point.overall.value for point in evaluation.time_points]
