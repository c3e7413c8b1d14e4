"""``irecist-sequence`` and ``irecist-best``."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.cli.questions.base import Answer, QuestionContext, answers, day, number
from HCCResponseLib.cli.questions.fields import Fields, to_day
from HCCResponseLib.cli.questions.target import plain_sum
from HCCResponseLib.cli.questions.words import reference_of, time_point_response, to_response
from HCCResponseLib.response.criteria import criterion
from HCCResponseLib.response.endpoints.visits import Assessment, before_therapy, check_dates
from HCCResponseLib.response.irecist.best import ImmuneBest, immune_best_response, irecist_best
from HCCResponseLib.response.irecist.codes import to_recist
from HCCResponseLib.response.irecist.machine import ImmuneOutcome, ImmuneStateMachine, ImmuneTimePoint
from HCCResponseLib.response.irecist.new_lesions import NewLesionFinding
from HCCResponseLib.response.profiles.load import OVERRIDE_SOURCE, Profile, load_profile
from HCCResponseLib.response.timepoint.measurability import TargetCandidate
from HCCResponseLib.response.timepoint.overall import NON_TARGET_VALUES
from HCCResponseLib.response.timepoint.selection import organ_group
from HCCResponseLib.response.timepoint.target import TargetHistory
from HCCResponseLib.response.types import Response, VersusLast

_CODE_NAMES = ("response", "status", "code", "value")
_BEST_GIVEN = ("reference_date", "randomisation_date", "first_dose_date", "first_pd_date", "new_therapy_date")
_ROLES = {"target": True, "non-target": False, "new-target": True, "new-non-target": False}


@answers("irecist-sequence")
def sequence(given: Fields, setting: QuestionContext) -> Answer:
    """Coded responses of a subject's time points through the state machine."""
    given.only("baseline_date", "baseline_target_sum", "visits", *_BEST_GIVEN)
    profile = setting.profile if setting.criterion.immune else _immune_profile(setting.profile)
    baseline = given.length("baseline_target_sum")
    history = TargetHistory(profile, baseline) if baseline else None
    points = [_point(row, profile) for row in given.needed("visits").objects("visits")]
    start = given.day("baseline_date")
    check_dates([*([] if start is None else [start]), *(point.date for point in points)])
    machine = ImmuneStateMachine(profile, history)
    done = [machine.step(point) for point in points]
    codes, dates = [outcome.response for outcome in done], [point.date for point in points]
    best = _ruled(irecist_best(codes, dates, profile), codes, dates, given, profile)
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


def _point(row: Fields, profile: Profile) -> ImmuneTimePoint:
    row.only("date", "target_sum", "non_target", "versus_last", "non_target_versus_last", "new_lesions")
    code, versus = _non_target(row)
    return ImmuneTimePoint(
        date=row.needed_day("date"),
        current=plain_sum(row.length("target_sum")),
        non_target=code,
        versus_last=versus,
        new_lesions=tuple(_new_lesion(entry, profile) for entry in row.objects("new_lesions")),
    )


def _non_target(row: Fields) -> tuple[Response, VersusLast | None]:
    """Non-target code and comparison: as two keys of the visit, or as one object; absent means no such disease."""
    if "non_target" not in row:
        return Response.NA, row.choice("versus_last", VersusLast)
    value = row.values["non_target"]
    if isinstance(value, dict):
        entry = Fields.of(value, f"{row.where}.non_target")
        entry.only(*_CODE_NAMES, "versus_last")
        key = next((name for name in _CODE_NAMES if name in entry), "response")
        return _column(entry, key), entry.choice("versus_last", VersusLast)
    name = "non_target_versus_last" if "non_target_versus_last" in row else "versus_last"
    return _column(row, "non_target"), row.choice(name, VersusLast)


def _column(row: Fields, key: str) -> Response:
    """A non-target response in RECIST spelling; the error names the time point."""
    name = f"{row.where}.{key}"
    code = to_recist(to_response(row.values.get(key), name))
    if code not in NON_TARGET_VALUES:
        raise RuleError(f"'{name}' is {row.values.get(key)!r}, which is no non-target response.")
    return code


def _new_lesion(row: Fields, profile: Profile) -> NewLesionFinding:
    """A new lesion; of a node the short axis counts, and all nodes are one organ where the profile says so."""
    row.only("id", "role", "organ", "nodal", "long", "short", "versus_last")
    role = row.text("role") or "non-target"
    if role not in _ROLES:
        raise RuleError(f"'{row.where}.role' is {role!r}; it must be target or non-target.")
    organ, nodal = row.text("organ") or "", row.flag("nodal") is True
    lesion = TargetCandidate(
        row.needed_text("id"), organ, nodal, long_mm=row.length("long"), short_mm=row.length("short")
    )
    where = organ_group(lesion, profile)
    return NewLesionFinding(
        lesion.lesion_id, _ROLES[role], where, lesion.size, row.choice("versus_last", VersusLast)
    )


@answers("irecist-best")
def best(given: Fields, setting: QuestionContext) -> Answer:
    """Best response and progression of coded time points."""
    given.only("responses", "dates", *_BEST_GIVEN)
    immune = criterion("iRECIST")
    profile = setting.profile if setting.criterion.immune else _immune_profile(setting.profile)
    responses: list[Response] = []
    dates: list[date | None] = []
    for index, entry in enumerate(given.needed("responses").items("responses")):
        name = f"given.responses[{index}]"
        row = Fields.of(entry, name) if isinstance(entry, dict) else Fields({"response": entry}, name)
        responses.append(
            time_point_response(row.only("response", "date").values.get("response"), name, immune)
        )
        dates.append(row.day("date"))
    if given.values.get("dates") is not None:
        dates = [to_day(value, "given.dates") for value in given.items("dates")]
    result = _ruled(irecist_best(responses, dates, profile), responses, dates, given, profile)
    values = {**_best_values(result), "progression_index": result.progression_index}
    return Answer(values, result.trace)


def _ruled(
    printed: ImmuneBest,
    responses: list[Response],
    dates: Sequence[date | None],
    given: Fields,
    profile: Profile,
) -> ImmuneBest:
    """Best response by the rules that need dates, where the case or its profile asks for them.

    Without a reference date and without confirmation the printed table is all that can be answered.
    """
    if not profile.confirmation and all(given.values.get(name) is None for name in _BEST_GIVEN):
        return printed
    visits = [Assessment(d, r) for d, r in zip(dates, responses, strict=True) if d is not None]
    if len(visits) < len(responses):
        raise RuleError(
            "Every response needs its date for the minimum SD time, confirmation or an end of the course."
        )
    counted, notes = before_therapy(visits, given.day("new_therapy_date"))
    reference, why = reference_of(given, profile)
    if profile.sd_min_reference == "baseline-scan":
        # Every sequence has its baseline's date; only a stated reference turns the printed table into a dated one.
        reference, why = given.day("reference_date"), ()
    if reference is None:
        profile = profile.with_overrides({"sd_min_days": 0}, "no reference date is given")
        reference = counted[0].date if counted else None
    found = immune_best_response(counted, reference, profile, given.day("first_pd_date"))
    trace = (*notes, *why, *found.trace, *printed.trace[1:])
    return replace(printed, best_response=found.answer, trace=trace)


def _best_values(best: ImmuneBest) -> dict[str, Any]:
    return {
        "best_response": best.best_response.value,
        "icpd": best.icpd,
        "progression_date": day(best.progression_date),
    }
