"""``best-response``, ``response-flag``, ``clinical-benefit``: over coded time points."""

from dataclasses import dataclass
from datetime import date

from HCCResponseLib.cli.questions.base import Answer, QuestionContext, answers, day, yes_no
from HCCResponseLib.cli.questions.fields import Fields, to_choice
from HCCResponseLib.cli.questions.words import REFERENCES, reference_of, visits_of
from HCCResponseLib.response.endpoints.best import best_response, clinical_benefit, response_flag
from HCCResponseLib.response.endpoints.visits import Assessment, before_therapy
from HCCResponseLib.response.irecist.best import immune_best_response, immune_course
from HCCResponseLib.response.irecist.codes import to_recist
from HCCResponseLib.response.types import Response

_GIVEN = (*REFERENCES, "visits", "first_pd_date", "new_therapy_date")


@dataclass(frozen=True, slots=True)
class Course:
    """Coded time points up to another therapy, the reference date, the first PD where it is known, and notes."""

    visits: tuple[Assessment, ...]
    reference: date | None
    first_pd: date | None
    notes: tuple[str, ...]


@answers("best-response")
def best(given: Fields, setting: QuestionContext) -> Answer:
    """Best response and its date."""
    given.only(*_GIVEN)
    course = _course(given, setting)
    rule = immune_best_response if setting.criterion.immune else best_response
    found = rule(course.visits, course.reference, setting.profile, course.first_pd)
    values = {"best_response": found.answer.value, "date": day(found.date)}
    return Answer(values, (*course.notes, *found.trace))


@answers("response-flag")
def flag(given: Fields, setting: QuestionContext) -> Answer:
    """Whether there was a (confirmed) response."""
    given.only(*_GIVEN)
    course = _course(given, setting)
    found = response_flag(_recist(course, setting), course.reference, setting.profile, course.first_pd)
    values = {"responder": yes_no(found.answer), "date": day(found.date)}
    return Answer(values, (*course.notes, *found.trace))


@answers("clinical-benefit")
def benefit(given: Fields, setting: QuestionContext) -> Answer:
    """Whether there was clinical benefit."""
    given.only(*_GIVEN, "benefit_values")
    course = _course(given, setting)
    values = setting.profile.benefit_values
    if given.values.get("benefit_values") is not None:
        named = (to_choice(name, Response, "given.benefit_values") for name in given.texts("benefit_values"))
        values = tuple(value for value in named if value is not None)
    recist = tuple(to_recist(value) for value in values) if setting.criterion.immune else values
    visits = _recist(course, setting)
    found = clinical_benefit(visits, course.reference, setting.profile, course.first_pd, recist)
    return Answer({"benefit": yes_no(found.answer), "date": day(found.date)}, (*course.notes, *found.trace))


def _course(given: Fields, setting: QuestionContext) -> Course:
    visits, notes = before_therapy(
        visits_of(given.needed("visits"), setting.criterion), given.day("new_therapy_date")
    )
    reference, why = reference_of(given, setting.profile)
    return Course(visits, reference, given.day("first_pd_date"), (*notes, *why))


def _recist(course: Course, setting: QuestionContext) -> tuple[Assessment, ...]:
    return immune_course(course.visits) if setting.criterion.immune else course.visits
