"""Coded words for what a read says: of the standard (PS3.16, NCI Thesaurus) where it has one, else our own.

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
# CDISC's terminology of oncology responses (C96785) names these concepts of the NCI Thesaurus.
_RESPONSES = {
    "CR": ("C4870", "Complete Remission"),
    "PR": ("C18058", "Partial Remission"),
    "SD": ("C18213", "Stable Disease"),
    "PD": ("C35571", "Disease Progression"),
}
_CRITERIA: dict[str, Code] = {"RECIST 1.1": codes.DCM.RECIST1Point1}


def response_code(response: str) -> Code:
    """The code of a response category."""
    if response in _RESPONSES:
        value, meaning = _RESPONSES[response]
        return Code(value, "NCIt", meaning)
    return own(response, response)


def criterion_code(name: str) -> Code:
    """The code of a criterion by its name."""
    return _CRITERIA.get(name, own(name.lower().replace(" ", "-")[:16], name))


def response_of(value: str) -> str:
    """The response category of a code's value."""
    return next((name for name, (code, _) in _RESPONSES.items() if code == value), value)
