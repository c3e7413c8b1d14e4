"""``progression-date`` and ``time-to-event``."""

from datetime import date, timedelta

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.cli.questions.base import Answer, QuestionContext, answers, day
from HCCResponseLib.cli.questions.fields import Fields, to_day
from HCCResponseLib.cli.questions.words import visits_of
from HCCResponseLib.response.endpoints.schedule import VisitSchedule
from HCCResponseLib.response.endpoints.time_to_event import (
    Endpoint,
    FollowUp,
    Reason,
    new_lesion_date,
    progression_date,
    time_to_event,
)
from HCCResponseLib.response.endpoints.visits import Assessment
from HCCResponseLib.response.irecist.best import irecist_best
from HCCResponseLib.response.irecist.codes import to_recist
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import NewLesionStatus, Response

_EVENT_GIVEN = (
    "endpoint",
    "start_date",
    "baseline_done",
    "visits",
    "death_date",
    "last_alive_date",
    "new_therapy_date",
    "clinical_progression_date",
    "visit_schedule",
)


@answers("progression-date")
def date_of_progression(given: Fields, setting: QuestionContext) -> Answer:
    """Date of a progression seen on several days, or of a new lesion that was equivocal at first."""
    given.only("scan_dates", "reason", "region", "visits")
    if given.values.get("visits") is not None:
        visits = [
            (row.needed_day("date"), row.choice("new_lesion", NewLesionStatus))
            for row in (entry.only("date", "new_lesion") for entry in given.objects("visits"))
        ]
        when, why = new_lesion_date(visits, setting.profile)
        return Answer({"date": day(when)}, (why,))
    rows = Fields.of(given.values.get("scan_dates"), "given.scan_dates")
    scans = {region: rows.needed_day(region) for region in rows.values}
    reason = given.choice("reason", Reason)
    if reason is None:
        raise RuleError("'given.reason' is missing; it must be one of sum, new-lesion, non-target.")
    first, why = progression_date(scans, reason, given.text("region"), setting.profile)
    return Answer({"date": day(first)}, (why,))


@answers("time-to-event")
def event(given: Fields, setting: QuestionContext) -> Answer:
    """PFS, TTP, OS or DoR."""
    given.only(*_EVENT_GIVEN)
    endpoint = given.choice("endpoint", Endpoint)
    if endpoint is None:
        raise RuleError("'given.endpoint' is missing; it must be one of PFS, TTP, OS, DoR.")
    visits = visits_of(given, setting.criterion)
    start = given.day("start_date")
    if start is None and endpoint is Endpoint.DOR:
        start = next((v.date for v in visits if to_recist(v.response) in (Response.CR, Response.PR)), None)
    if start is None:
        start = given.needed_day("start_date")
    coded = _immune(visits, setting.profile) if setting.criterion.immune else visits
    known = FollowUp(
        start=start,
        visits=tuple(coded),
        baseline_done=given.flag("baseline_done") is not False,
        death=given.day("death_date"),
        last_alive=given.day("last_alive_date"),
        new_therapy=given.day("new_therapy_date"),
        clinical_progression=given.day("clinical_progression_date"),
        schedule=_schedule(given, start),
    )
    result = time_to_event(endpoint, known, setting.profile)
    values = {"event": result.event, "date": day(result.date), "days": result.days, "reason": result.reason}
    return Answer(values, result.trace)


def _immune(visits: list[Assessment], profile: Profile) -> list[Assessment]:
    """iRECIST in RECIST spelling: progression is the first iUPD of the block that counts (Seymour 2017)."""
    end = irecist_best([v.response for v in visits], [v.date for v in visits], profile).progression_index
    coded = []
    for index, visit in enumerate(visits):
        code = to_recist(visit.response)
        if code is Response.PD:
            code = Response.PD if index == end else Response.SD
        coded.append(Assessment(visit.date, code))
    return coded


def _schedule(given: Fields, start: date) -> VisitSchedule:
    """Planned dates, or whole days after the start."""
    planned: list[date] = []
    for index, value in enumerate(given.items("visit_schedule")):
        name = f"given.visit_schedule[{index}]"
        if isinstance(value, int) and not isinstance(value, bool):
            try:
                planned.append(start + timedelta(days=value))
            except OverflowError:
                raise RuleError(f"'{name}' is out of range: {value} days after {start}.") from None
            continue
        when = to_day(value, name)
        if when is None:
            raise RuleError("'given.visit_schedule' must hold dates, or whole days after the start.")
        planned.append(when)
    return VisitSchedule(tuple(planned))
