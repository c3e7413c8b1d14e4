"""``timepoint-response``: one row of the printed tables."""

from dataclasses import fields

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.cli.questions.base import Answer, QuestionContext, answers
from HCCResponseLib.cli.questions.fields import Fields
from HCCResponseLib.cli.questions.words import to_response
from HCCResponseLib.response.irecist.table import FurtherChange, immune_response
from HCCResponseLib.response.timepoint.overall import overall_response
from HCCResponseLib.response.types import NewLesionStatus, Response

_GIVEN = ("target", "non_target", "new_lesion", "prior_unresolved_iupd", "further_change")


@answers("timepoint-response")
def timepoint_response(given: Fields, setting: QuestionContext) -> Answer:
    """Overall response from target, non-target and new lesions."""
    given.only(*_GIVEN)
    # Not mentioned at all is no such disease; null is a target response that was left blank.
    alone = "target" not in given and "non_target" in given
    target = Response.NA if alone else response_of(given, "target")
    non_target = response_of(given, "non_target")
    new_lesion = given.choice("new_lesion", NewLesionStatus)
    change, open_iupd = _change(given), given.flag("prior_unresolved_iupd") is True
    if not setting.criterion.immune:
        if open_iupd or change != FurtherChange():
            raise RuleError(
                f"'prior_unresolved_iupd' and 'further_change' mean nothing in {setting.criterion.name}."
            )
        verdict = overall_response(target, non_target, new_lesion, setting.profile)
    else:
        verdict = immune_response(
            target,
            non_target,
            new_lesion,
            setting.profile,
            prior_unresolved_iupd=open_iupd,
            change=change,
        )
    notes = ("target NA: the case has no target response, so there were no targets",) if alone else ()
    return Answer({"response": verdict.response.value}, (*notes, *verdict.trace))


def response_of(given: Fields, name: str) -> Response:
    """A coded response; null was left blank by the reader."""
    return to_response(given.values.get(name), f"{given.where}.{name}")


def _change(given: Fields) -> FurtherChange:
    if given.values.get("further_change") is None:
        return FurtherChange()
    row = Fields.of(given.values["further_change"], "given.further_change")
    known = [field.name for field in fields(FurtherChange)]
    row.only(*known)
    return FurtherChange(**{name: row.flag(name) is True for name in known})
