"""``agreement``: of two readers from a table, or of any number from their ratings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.cli.questions.base import Answer, QuestionContext, answers
from HCCResponseLib.cli.questions.fields import Fields
from HCCResponseLib.statistics.estimate import Estimate

if TYPE_CHECKING:
    from HCCResponseLib.statistics.agreement import Agreement, WeightName

_COEFFICIENTS = ("kappa", "kappa_linear", "kappa_quadratic", "fleiss_kappa", "gwet_ac1", "gwet_ac2")
_ALL_WEIGHTS: tuple[WeightName, ...] = ("linear", "quadratic", "ordinal")


@answers("agreement")
def agreement(given: Fields, setting: QuestionContext) -> Answer:
    """Coefficients with their intervals; null where one is not defined, with the reason in the trace."""
    given.only("categories", "table", "ratings")
    if ("table" in given) == ("ratings" in given):
        raise RuleError("'given' needs either 'table' or 'ratings'.")
    profile = setting.profile
    level = float(profile.confidence_percent) / 100
    found = _computed(given, level, profile.agreement_weights)
    values: dict[str, Any] = {"n": found.n, "percent_agreement": found.percent_agreement}
    for name in _COEFFICIENTS:
        values |= _written(name, getattr(found, name))
    for weights in _ALL_WEIGHTS:
        values |= _written(f"gwet_ac2_{weights}", _computed(given, level, weights).gwet_ac2)
    trace = (
        f"{found.n} subjects, {found.readers} readers",
        "kappa: Cohen 1960, standard errors of Fleiss, Cohen & Everitt 1969, normal interval",
        "Fleiss' kappa and Gwet's AC1/AC2: Gwet 2014, subject-level variance, t interval",
        f"gwet_ac2 has {profile.agreement_weights} weights ({profile.source_of('agreement_weights')})",
        *_undefined(found),
    )
    return Answer(values, trace)


def _undefined(found: Agreement) -> list[str]:
    """Why coefficients or their intervals are null."""
    lines = []
    for name in _COEFFICIENTS:
        one: Estimate = getattr(found, name)
        if one.why:
            lines.append(f"{name}{'' if one.value is None else '_ci95'} is not defined: {one.why}")
    return lines


def _computed(given: Fields, level: float, weights: WeightName) -> Agreement:
    # Only this question needs scipy and statsmodels, which take longer to load than all other answers together.
    from HCCResponseLib.statistics.agreement import agreement_of_ratings, agreement_of_table

    categories = given.texts("categories")
    if len(set(categories)) != len(categories):
        raise RuleError("A category is listed twice.")
    if "table" in given:
        table = given.items("table")
        if not all(isinstance(row, list) for row in table):
            raise RuleError("'given.table' must be a list of rows.")
        if categories and len(categories) != len(table):
            raise RuleError(f"There are {len(categories)} categories and {len(table)} rows.")
        return agreement_of_table(table, level, weights)
    ratings = []
    for subject in given.items("ratings"):
        if not isinstance(subject, list):
            raise RuleError("'given.ratings' must hold a list of ratings for each subject.")
        ratings.append([None if rating is None else str(rating) for rating in subject])
    return agreement_of_ratings(ratings, categories, level, weights)


def _written(name: str, found: Estimate) -> dict[str, Any]:
    return {name: found.value, f"{name}_ci95": None if found.low is None else [found.low, found.high]}
