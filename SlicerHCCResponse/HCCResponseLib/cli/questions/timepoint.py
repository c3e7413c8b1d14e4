"""``timepoint-response``: one row of the printed tables."""

from dataclasses import fields

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.cli.questions.base import Answer, QuestionContext, answers
from HCCResponseLib.cli.questions.fields import Fields
from HCCResponseLib.response.irecist.table import FurtherChange, immune_response
from HCCResponseLib.response.timepoint.overall import overall_response
from HCCResponseLib.response.types import NewLesionStatus, Response


@answers("timepoint-response")
def timepoint_response(given: Fields, setting: QuestionContext) -> Answer:
    """Overall response from target, non-target and new lesions."""
    target = response_of(given, "target")
    non_target = response_of(given, "non_target")
    new_lesion = given.choice("new_lesion", NewLesionStatus)
    if not setting.criterion.immune:
        verdict = overall_response(target, non_target, new_lesion, setting.profile)
    else:
        verdict = immune_response(
            target,
            non_target,
            new_lesion,
            setting.profile,
            prior_unresolved_iupd=given.flag("prior_unresolved_iupd") is True,
            change=_change(given),
        )
    return Answer({"response": verdict.response.value}, verdict.trace)


def response_of(given: Fields, name: str) -> Response:
    """A coded response; null was left blank by the reader, IR/SD is the mRECIST name of NON-CR/NON-PD."""
    if given.values.get(name) == "IR/SD":
        return Response.NON_CR_NON_PD
    return given.choice(name, Response) or Response.MISSING


def _change(given: Fields) -> FurtherChange:
    if given.values.get("further_change") is None:
        return FurtherChange()
    row = Fields.of(given.values["further_change"], "given.further_change")
    known = [field.name for field in fields(FurtherChange)]
    unknown = [name for name in row.values if name not in known]
    if unknown:
        raise RuleError(
            f"Unknown entry '{unknown[0]}' in 'given.further_change'; it must be one of {', '.join(known)}."
        )
    return FurtherChange(**{name: row.flag(name) is True for name in known})
