"""Responses as a case spells them: blank ones, names of other conventions, and the words of RECIST and iRECIST."""

from datetime import date

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.cli.questions.fields import Fields, to_choice
from HCCResponseLib.response.criteria import Criterion
from HCCResponseLib.response.endpoints.visits import OVERALL_VALUES, Assessment
from HCCResponseLib.response.irecist.best import IMMUNE_VALUES
from HCCResponseLib.response.irecist.codes import to_immune, to_recist
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import Response

# ND, "not done", is how SDTM and admiralonco say that nobody read the time point; IR/SD is mRECIST's word.
_OTHER_NAMES = {
    "": Response.MISSING,
    "ND": Response.MISSING,
    "NOT DONE": Response.MISSING,
    "IR/SD": Response.NON_CR_NON_PD,
}

# The date that the minimum SD time counts from, by the profile's ``sd_min_reference``.
_REFERENCE_OF = {
    "baseline-scan": "baseline_date",
    "randomisation": "randomisation_date",
    "first-dose": "first_dose_date",
}
REFERENCES = ("reference_date", *_REFERENCE_OF.values())


def reference_of(given: Fields, profile: Profile) -> tuple[date | None, tuple[str, ...]]:
    """The case's ``reference_date``; without one the date that ``sd_min_reference`` names, and a sentence about it."""
    stated = given.day("reference_date")
    name = _REFERENCE_OF[profile.sd_min_reference]
    named = given.day(name)
    if stated is not None or named is None:
        return stated, ()
    return named, (f"the minimum SD time counts from {name} ({profile.source_of('sd_min_reference')})",)


def to_response(value: object, name: str) -> Response:
    """A response of either criterion; what was left blank (null, an empty text, ND) is ``MISSING``.

    Raises:
        RuleError: an unknown value; the message names the field.
    """
    word = value.strip() if isinstance(value, str) else value
    if isinstance(word, str) and word in _OTHER_NAMES:
        return _OTHER_NAMES[word]
    return to_choice(word, Response, name) or Response.MISSING


def time_point_response(value: object, name: str, criterion: Criterion) -> Response:
    """An overall response in the words of the criterion.

    Nothing is translated: SD in an iRECIST course may be iSD, or a RECIST read that was put into the wrong column.

    Raises:
        RuleError: a word of the other criterion, or one that is no overall response; the message names the field (with
            its index) and the word that was probably meant.
    """
    response = to_response(value, name)
    if response in (IMMUNE_VALUES if criterion.immune else OVERALL_VALUES):
        return response
    other = to_immune(response) if criterion.immune else to_recist(response)
    hint = f"; {criterion.name} spells it {other.value}" if other is not response else ""
    raise RuleError(
        f"'{name}' is '{response.value}', which is no overall response of {criterion.name}{hint}."
    )


def visits_of(given: Fields, criterion: Criterion) -> list[Assessment]:
    """Coded time points; a blank response is ``MISSING``."""
    visits = []
    for row in given.objects("visits"):
        row.only("date", "response")
        name = f"{row.where}.response"
        when = row.needed_day("date")
        visits.append(Assessment(when, time_point_response(row.values.get("response"), name, criterion)))
    return visits
