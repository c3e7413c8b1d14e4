"""``irecist-sequence`` and ``irecist-best``."""

from datetime import date
from typing import Any

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.cli.questions.base import Answer, QuestionContext, answers, day, number
from HCCResponseLib.cli.questions.fields import Fields, to_choice, to_day
from HCCResponseLib.cli.questions.target import plain_sum
from HCCResponseLib.response.endpoints.visits import check_dates
from HCCResponseLib.response.irecist.best import ImmuneBest, irecist_best
from HCCResponseLib.response.irecist.codes import to_recist
from HCCResponseLib.response.irecist.machine import ImmuneOutcome, ImmuneStateMachine, ImmuneTimePoint
from HCCResponseLib.response.irecist.new_lesions import NewLesionFinding
from HCCResponseLib.response.profiles.load import OVERRIDE_SOURCE, Profile, load_profile
from HCCResponseLib.response.timepoint.target import TargetHistory
from HCCResponseLib.response.types import Response, VersusLast

_ROLES = {"target": True, "non-target": False, "new-target": True, "new-non-target": False}


@answers("irecist-sequence")
def sequence(given: Fields, setting: QuestionContext) -> Answer:
    """Coded responses of a subject's time points through the state machine."""
    profile = setting.profile if setting.criterion.immune else _immune_profile(setting.profile)
    baseline = given.length("baseline_target_sum")
    history = TargetHistory(profile, baseline) if baseline else None
    points = [_point(row) for row in given.needed("visits").objects("visits")]
    start = given.day("baseline_date")
    check_dates([*([] if start is None else [start]), *(point.date for point in points)])
    machine = ImmuneStateMachine(profile, history)
    done = [machine.step(point) for point in points]
    best = irecist_best([outcome.response for outcome in done], [point.date for point in points])
    values = {
        "responses": [outcome.response.value for outcome in done],
        "per_visit": [_row(point, outcome) for point, outcome in zip(points, done, strict=True)],
        **_best_values(best),
    }
    trace = [f"{p.date}: {line}" for p, o in zip(points, done, strict=True) for line in o.trace]
    return Answer(values, (*trace, *best.trace))


def _immune_profile(profile: Profile) -> Profile:
    """The iRECIST profile with the fields that the case has overridden."""
    own = {
        field: getattr(profile, field)
        for field, source in profile.sources.items()
        if source == OVERRIDE_SOURCE
    }
    return load_profile("irecist", own)


def _row(point: ImmuneTimePoint, outcome: ImmuneOutcome) -> dict[str, Any]:
    return {
        "date": day(point.date),
        "response": outcome.response.value,
        "used_for_state": outcome.used_for_state,
        "nadir_before": number(outcome.target.nadir_before),
        "warnings": list(outcome.warnings),
    }


def _point(row: Fields) -> ImmuneTimePoint:
    code, versus = _non_target(row)
    return ImmuneTimePoint(
        date=row.needed_day("date"),
        current=plain_sum(row.length("target_sum")),
        non_target=code,
        versus_last=versus,
        new_lesions=tuple(_new_lesion(entry) for entry in row.objects("new_lesions")),
    )


def _non_target(row: Fields) -> tuple[Response, VersusLast | None]:
    """Non-target code and comparison: as two keys of the visit, or as one object; absent means no such disease."""
    if "non_target" not in row:
        return Response.NA, row.choice("versus_last", VersusLast)
    value = row.values["non_target"]
    if isinstance(value, dict):
        entry = Fields.of(value, f"{row.where}.non_target")
        key = next((name for name in ("response", "status", "code", "value") if name in entry), "response")
        code = entry.choice(key, Response) or Response.MISSING
        return to_recist(code), entry.choice("versus_last", VersusLast)
    code = row.choice("non_target", Response) or Response.MISSING
    name = "non_target_versus_last" if "non_target_versus_last" in row else "versus_last"
    return to_recist(code), row.choice(name, VersusLast)


def _new_lesion(row: Fields) -> NewLesionFinding:
    role = row.text("role") or "non-target"
    if role not in _ROLES:
        raise RuleError(f"'{row.where}.role' is {role!r}; it must be target or non-target.")
    return NewLesionFinding(
        row.needed_text("id"), _ROLES[role], row.text("organ") or "", row.length("long"),
        row.choice("versus_last", VersusLast),
    )  # fmt: skip


@answers("irecist-best")
def best(given: Fields, _: QuestionContext) -> Answer:
    """Best response and progression of coded time points."""
    responses: list[Response] = []
    dates: list[date | None] = []
    for index, entry in enumerate(given.needed("responses").items("responses")):
        name = f"given.responses[{index}]"
        row = Fields.of(entry, name) if isinstance(entry, dict) else Fields({"response": entry}, name)
        responses.append(to_choice(row.values.get("response"), Response, name) or Response.MISSING)
        dates.append(row.day("date"))
    if given.values.get("dates") is not None:
        dates = [to_day(value, "given.dates") for value in given.items("dates")]
    result = irecist_best(responses, dates)
    values = {**_best_values(result), "progression_index": result.progression_index}
    return Answer(values, result.trace)


def _best_values(best: ImmuneBest) -> dict[str, Any]:
    return {
        "best_response": best.best_response.value,
        "icpd": best.icpd,
        "progression_date": day(best.progression_date),
    }
