"""Coded words for what a read says: of the standard (PS3.16) where it has one, else our own.

Our own scheme is ``99HCCR``; a program that does not know it shows the meaning that stands beside each code.
"""

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

OURS = "99HCCR"


def own(value: str, meaning: str) -> Code:
    """A code of our own scheme."""
    return Code(value, OURS, meaning)


LONG_AXIS, SHORT_AXIS, VOLUME = codes.SCT.LongAxis, codes.SCT.ShortAxis, codes.SCT.Volume
MILLIMETER, CUBIC_MILLIMETER = codes.UCUM.Millimeter, codes.UCUM.CubicMillimeter
PERCENT = codes.UCUM.Percent
SQUARE_MILLIMETER = codes.UCUM.SquareMillimeter
UNITS = {"mm": MILLIMETER, "mm²": SQUARE_MILLIMETER, "mm³": CUBIC_MILLIMETER}

RESPONSE_EVALUATION = codes.DCM.ResponseEvaluation
CURRENT_RESPONSE = codes.DCM.CurrentResponse
STATE = own("state", "State of the lesion")
ROLE = own("role", "Role of the lesion")
DECISION = own("decision", "What the reader did with the proposal")
SUM = own("sum", "Sum of the target lesions")
NADIR = own("nadir", "Smallest earlier sum of the target lesions")
FROM_BASELINE = own("percent-from-baseline", "Change of the sum from baseline")
FROM_NADIR = own("percent-from-nadir", "Change of the sum from nadir")

ROLES = {
    "target": codes.DCM.TargetLesionAtBaseline,
    "non-target": codes.DCM.NonTargetLesionAtBaseline,
    "new": own("new-lesion", "New lesion"),
}
# The standard codes the response of target lesions only (DCM 112041 and on); these are overall responses.
_RESPONSES = {
    "CR": "Complete response", "PR": "Partial response", "SD": "Stable disease", "PD": "Progressive disease",
    "NE": "Not evaluable",
}  # fmt: skip
_CRITERIA: dict[str, Code] = {"RECIST 1.1": codes.DCM.RECIST1Point1}


LIVER, LYMPH_NODE = "liver", codes.SCT.LymphNode


def sites_of(organ: str, node: bool) -> list[Code]:
    """Where a lesion lies: the organ as the reader calls it (ours, but for the liver), and that it is a lymph node."""
    place = codes.SCT.Liver if organ.strip().lower() == LIVER else own(organ.lower().replace(" ", "-"), organ)
    return [place, *([LYMPH_NODE] if node else [])]


def response_code(response: str) -> Code:
    """The code of an overall response; its value is the category as the criteria write it."""
    return own(response, _RESPONSES.get(response, response))


def criterion_code(name: str) -> Code:
    """The code of a criterion by its name."""
    return _CRITERIA.get(name, own(name.lower().replace(" ", "-"), name))
