"""``best-response``, ``response-flag``, ``clinical-benefit``: over coded time points."""

from datetime import date

from HCCResponseLib.cli.questions.base import Answer, QuestionContext, answers, day, yes_no
from HCCResponseLib.cli.questions.fields import Fields, to_choice
from HCCResponseLib.response.endpoints.best import best_response, clinical_benefit, response_flag
from HCCResponseLib.response.endpoints.visits import Assessment
from HCCResponseLib.response.irecist.best import irecist_best
from HCCResponseLib.response.irecist.codes import to_recist
from HCCResponseLib.response.types import Response


@answers("best-response")
def best(given: Fields, setting: QuestionContext) -> Answer:
    """Best response and its date."""
    visits, reference, first_pd = _course(given)
    if setting.criterion.immune:
        result = irecist_best([v.response for v in visits], [v.date for v in visits])
        when = next((v.date for v in visits if v.response is result.best_response), None)
        return Answer({"best_response": result.best_response.value, "date": day(when)}, result.trace)
    found = best_response(visits, reference, setting.profile, first_pd)
    return Answer({"best_response": found.answer.value, "date": day(found.date)}, found.trace)


@answers("response-flag")
def flag(given: Fields, setting: QuestionContext) -> Answer:
    """Whether there was a (confirmed) response."""
    visits, reference, first_pd = _course(given)
    found = response_flag(_recist(visits, setting), reference, setting.profile, first_pd)
    return Answer({"responder": yes_no(found.answer), "date": day(found.date)}, found.trace)


@answers("clinical-benefit")
def benefit(given: Fields, setting: QuestionContext) -> Answer:
    """Whether there was clinical benefit."""
    visits, reference, first_pd = _course(given)
    values = setting.profile.benefit_values
    if given.values.get("benefit_values") is not None:
        named = (to_choice(name, Response, "given.benefit_values") for name in given.texts("benefit_values"))
        values = tuple(value for value in named if value is not None)
    recist = tuple(to_recist(value) for value in values) if setting.criterion.immune else values
    found = clinical_benefit(_recist(visits, setting), reference, setting.profile, first_pd, recist)
    return Answer({"benefit": yes_no(found.answer), "date": day(found.date)}, found.trace)


def visits_of(given: Fields) -> list[Assessment]:
    """Coded time points; a blank response is MISSING."""
    return [
        Assessment(row.needed_day("date"), row.choice("response", Response) or Response.MISSING)
        for row in given.objects("visits")
    ]


def _course(given: Fields) -> tuple[list[Assessment], date | None, date | None]:
    """Coded time points, the reference date, and the first PD where it is known from elsewhere."""
    return visits_of(given.needed("visits")), given.day("reference_date"), given.day("first_pd_date")


def _recist(visits: list[Assessment], setting: QuestionContext) -> list[Assessment]:
    """iRECIST time points in RECIST spelling: an iUPD alone is no end, iCPD is."""
    if not setting.criterion.immune:
        return visits
    return [
        Assessment(v.date, Response.NE if v.response is Response.IUPD else to_recist(v.response))
        for v in visits
    ]
