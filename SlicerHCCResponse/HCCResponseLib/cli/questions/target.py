"""``target-response``: from sums, or from lesions over visits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.cli.questions.base import (
    Answer,
    QuestionContext,
    answers,
    day,
    number,
    percent,
)
from HCCResponseLib.cli.questions.fields import Fields, to_length
from HCCResponseLib.response.endpoints.visits import check_dates
from HCCResponseLib.response.irecist.codes import to_immune
from HCCResponseLib.response.numbers import ZERO
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.timepoint.sums import LesionSum, ValueRule, baseline_sum, follow_up_sum
from HCCResponseLib.response.timepoint.target import NO_TARGET, TargetHistory
from HCCResponseLib.response.types import (
    LesionFinding,
    LesionRole,
    LesionState,
    TargetEvaluation,
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A follow-up: its date and its sum; ``recurrence`` after an established overall CR."""

    date: date | None
    current: LesionSum
    recurrence: bool


_GIVEN = (
    "baseline_sum",
    "nadir_sum",
    "current_sum",
    "baseline",
    "visits",
    "prior_complete_sums",
    "prior_overall_cr",
)
_VISIT = ("date", "lesions", "sum", "complete", "prior_overall_cr")
_LESION = ("id", "organ", "nodal", "long", "short", "state", "parent", "members", "volume")


@answers("target-response")
def target_response(given: Fields, setting: QuestionContext) -> Answer:
    """Target response of the last visit, with that of every visit beside it."""
    given.only(*_GIVEN)
    read = _from_visits if "visits" in given or "baseline" in given else _from_sums
    history, visits, notes = read(given, setting.profile)
    if not visits:
        raise RuleError("There is no visit to evaluate.")
    done = [(visit, _evaluated(history, visit)) for visit in visits]
    rows = [_row(visit, evaluation, setting.criterion.immune) for visit, evaluation in done]
    values = {key: value for key, value in rows[-1].items() if key != "date"}
    trace = [*notes]
    for visit, evaluation in done:
        prefix = f"{visit.date}: " if visit.date is not None and len(done) > 1 else ""
        trace += [prefix + line for line in evaluation.trace]
    return Answer({**values, "per_visit": rows}, tuple(trace))


def _evaluated(history: TargetHistory | None, visit: Visit) -> TargetEvaluation:
    if history is not None:
        return history.evaluate(visit.current, visit.recurrence)
    if visit.current.total is not None:
        raise RuleError("A visit has a sum of targets although the baseline lists no target.")
    return NO_TARGET


def _row(visit: Visit, evaluation: TargetEvaluation, immune: bool) -> dict[str, Any]:
    response, arithmetic = evaluation.response, evaluation.arithmetic
    if immune:
        response, arithmetic = to_immune(response), to_immune(arithmetic)
    return {
        "date": day(visit.date),
        "response": response.value,
        "sum": number(evaluation.sum),
        "baseline_sum": number(evaluation.baseline_sum),
        "nadir_before": number(evaluation.nadir_before),
        "change_from_baseline": number(evaluation.change_from_baseline),
        "percent_from_baseline": percent(evaluation.percent_from_baseline),
        "change_from_nadir": number(evaluation.change_from_nadir),
        "percent_from_nadir": percent(evaluation.percent_from_nadir),
        "complete": evaluation.complete,
        "arithmetic_response": arithmetic.value,
    }


def _from_sums(given: Fields, profile: Profile) -> tuple[TargetHistory | None, list[Visit], list[str]]:
    if "current_sum" not in given:
        raise RuleError(
            "'given' needs either sums (baseline_sum, nadir_sum, current_sum) or baseline and visits."
        )
    baseline = _baseline_sum(given)
    nadir = given.length("nadir_sum")
    notes = []
    if nadir is None and not given.items("prior_complete_sums"):
        notes.append("no earlier nadir is given, so the baseline sum is the smallest sum on study")
    elif nadir is not None and nadir > baseline:
        raise RuleError(
            f"The nadir of {nadir} cannot exceed the baseline sum of {baseline}: it includes the baseline."
        )
    history = TargetHistory(profile, baseline, _prior_sums(given))
    visit = Visit(None, plain_sum(given.length("current_sum")), given.flag("prior_overall_cr") is True)
    return history, [visit], notes


def _baseline_sum(given: Fields) -> Decimal:
    baseline = given.length("baseline_sum")
    if baseline is None:
        raise RuleError("'given.baseline_sum' is missing: a target needs a baseline.")
    return baseline


def plain_sum(total: Decimal | None, complete: bool = True) -> LesionSum:
    """A sum without its lesions: complete when it is known, CR only when it is 0."""
    known = total is not None and complete
    return LesionSum(total, known, known and total == ZERO)


def _from_visits(given: Fields, profile: Profile) -> tuple[TargetHistory | None, list[Visit], list[str]]:
    if "current_sum" in given or "prior_overall_cr" in given:
        raise RuleError("'given' holds 'visits' and a single time point's entries; give one or the other.")
    values = ValueRule(profile)
    baseline: dict[str, LesionFinding] = {}
    notes: list[str] = []
    singles: Mapping[str, Decimal] = {}
    total: Decimal | None
    if given.items("baseline"):
        findings = [lesion(row, {}) for row in given.objects("baseline")]
        start = baseline_sum(findings, values)
        baseline = {finding.lesion_id: finding for finding in findings}
        notes += start.notes
        singles, total = start.values, start.total or ZERO
    elif given.values.get("baseline") is None or "baseline_sum" in given:
        total = _baseline_sum(given)
    else:
        total = None  # an empty baseline: a read without targets
    history = None if total is None else TargetHistory(profile, total, _prior_sums(given))
    if history is not None:
        history.seed_lesions(singles)
    visits = [_visit(row, baseline, values) for row in given.objects("visits")]
    check_dates(visit.date for visit in visits if visit.date is not None)
    return history, visits, notes


def _prior_sums(given: Fields) -> list[Decimal]:
    """Complete sums of earlier time points; a nadir that is given is one of them."""
    nadir = given.length("nadir_sum")
    sums = [] if nadir is None else [nadir]
    for index, value in enumerate(given.items("prior_complete_sums")):
        number_ = to_length(value, f"given.prior_complete_sums[{index}]")
        if number_ is None:
            raise RuleError("'given.prior_complete_sums' must hold complete sums; leave an unknown one out.")
        sums.append(number_)
    return sums


def _visit(row: Fields, baseline: Mapping[str, LesionFinding], values: ValueRule) -> Visit:
    row.only(*_VISIT)
    recurrence = row.flag("prior_overall_cr") is True
    total = row.length("sum")
    if row.values.get("lesions") is None or (total is not None and not row.items("lesions")):
        return Visit(row.day("date"), plain_sum(total, row.flag("complete") is not False), recurrence)
    findings = [lesion(entry, baseline) for entry in row.objects("lesions")]
    current = follow_up_sum(baseline, findings, values)
    if total is not None and total != current.total:
        raise RuleError(f"'{row.where}.sum' is {total}, but its lesions add up to {number(current.total)}.")
    return Visit(row.day("date"), current, recurrence)


def _nodal(row: Fields, lesion_id: str, origin: LesionFinding | None) -> bool:
    """Whether it is a node: said once, at baseline; the axis that is measured hangs on it."""
    nodal = row.flag("nodal")
    if origin is None:
        return nodal is True
    if nodal is not None and nodal is not origin.nodal and not row.texts("members"):
        kind = "a lymph node" if origin.nodal else "no lymph node"
        raise RuleError(f"Lesion '{lesion_id}' is {kind} at baseline; 'nodal' cannot change.")
    return origin.nodal if nodal is None else nodal


def lesion(row: Fields, baseline: Mapping[str, LesionFinding]) -> LesionFinding:
    """A lesion of a case; organ and nodal are taken over from its baseline when they are not repeated."""
    lesion_id = row.only(*_LESION).needed_text("id")
    parent, members = row.text("parent"), row.texts("members")
    origin = next((baseline[key] for key in (lesion_id, parent or "", *members) if key in baseline), None)
    return LesionFinding(
        lesion_id=lesion_id,
        organ=row.text("organ") or (origin.organ if origin is not None else ""),
        nodal=_nodal(row, lesion_id, origin),
        role=LesionRole.TARGET,
        state=row.choice("state", LesionState) or LesionState.MEASURED,
        long_mm=row.length("long"),
        short_mm=row.length("short"),
        parent=parent,
        members=members,
        volume_mm3=row.length("volume"),
    )
