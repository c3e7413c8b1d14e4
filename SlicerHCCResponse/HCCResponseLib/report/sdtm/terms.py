"""Code lists of the export: CDISC submission values as this software writes them.

Sources: CDISC SDTM controlled terminology (TUIDRS, TRTESTCD, ONCRTSCD, ONCRSR, ONCRSCAT, MEDEVAL, METHOD, LOC, ND, NY)
and the CDISC RECIST 1.1 disease response supplement to the SDTMIG.
"""

from HCCResponseLib.response.types import LesionRole, LesionState, Response

EVALUATION = "INDEPENDENT ASSESSOR"
# Sponsor's terms of the extensible list: nobody has put a name under these, or not even looked at every row.
UNSIGNED, UNREVIEWED = "UNSIGNED READER", "UNREVIEWED PROPOSALS"
EVALUATIONS = frozenset({EVALUATION, UNSIGNED, UNREVIEWED})
METHOD = "CT SCAN"
NOT_DONE = "NOT DONE"
TOO_SMALL = "TOO SMALL TO MEASURE"
DISEASE_TESTS = {
    "LDIAM": "Longest Diameter",
    "LPERP": "Longest Perpendicular",
    "SUMDIAM": "Sum of Diameter",
    "TUMSTATE": "Tumor State",
    "LNSTATE": "Lymph Node State",
}
LENGTHS = ("LDIAM", "LPERP")
STATES = ("TUMSTATE", "LNSTATE")
IDENTIFICATION_TESTS = {
    "TUMIDENT": "Tumor Identification",
    "TUSPLIT": "Tumor Split",
    "TUMERGE": "Tumor Merged",
}
RESPONSE_TESTS = {
    "TRGRESP": "Target Response",
    "NTRGRESP": "Non-target Response",
    "NEWLIND": "New Lesion Indicator",
    "NEWLPROG": "New Lesion Progression",
    "OVRLRESP": "Overall Response",
    "BESTRESP": "Best Response",
}
ROLES = {LesionRole.TARGET: "TARGET", LesionRole.NON_TARGET: "NON-TARGET", LesionRole.NEW: "NEW"}
CRITERIA = {"RECIST 1.1": "RECIST 1.1", "mRECIST": "mRECIST", "iRECIST": "iRECIST"}
PRESENT, ABSENT, EQUIVOCAL, UNEQUIVOCAL = "PRESENT", "ABSENT", "EQUIVOCAL", "UNEQUIVOCAL"
PATHOLOGICAL, NON_PATHOLOGICAL = "PATHOLOGICAL", "NON-PATHOLOGICAL"
TUMOUR_STATES = (PRESENT, ABSENT, EQUIVOCAL, UNEQUIVOCAL)
NODE_STATES = (PATHOLOGICAL, NON_PATHOLOGICAL, *TUMOUR_STATES)
RESPONSES = tuple(r.value for r in Response if r not in (Response.NA, Response.MISSING))
RESULTS = {
    "TRGRESP": RESPONSES,
    "NTRGRESP": RESPONSES,
    "OVRLRESP": RESPONSES,
    "BESTRESP": RESPONSES,
    "NEWLIND": ("Y", "N"),
    "NEWLPROG": (EQUIVOCAL, UNEQUIVOCAL),
}
NOT_ASSESSED = {LesionState.NOT_EVALUABLE: "NOT EVALUABLE", LesionState.NOT_IMAGED: "SCAN NOT PERFORMED"}
NOT_WRITTEN = "NO MEASUREMENT WRITTEN"
NOTHING_EVALUABLE = "NO TARGET LESION EVALUABLE"
LEFT_BLANK = "LEFT BLANK BY THE READER"
READER_ASKED = "READER DECISION OPEN"
REASONS = frozenset({*NOT_ASSESSED.values(), NOT_WRITTEN, NOTHING_EVALUABLE, LEFT_BLANK, READER_ASKED})
NODE = " LYMPH NODE"


def location(organ: str, nodal: bool) -> str:
    """--LOC: the organ in capitals; a node station as ``... LYMPH NODE``."""
    name = organ.upper()
    if not nodal or name == NODE.strip():
        return name
    return name.removesuffix(NODE) + NODE


def organ_of(location_: str) -> tuple[str, bool]:
    """Organ and whether it is a node, back from :func:`location`."""
    nodal = f" {location_}".endswith(NODE)
    return location_.removesuffix(NODE).lower(), nodal
