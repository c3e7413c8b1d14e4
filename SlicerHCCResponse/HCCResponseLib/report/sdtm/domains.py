"""The variables of TU, TR, RS, their supplemental qualifiers and RELREC, in the order of the SDTMIG (v3.4)."""

from HCCResponseLib.report.sdtm.terms import (
    CRITERIA,
    DISEASE_TESTS,
    EVALUATIONS,
    IDENTIFICATION_TESTS,
    METHOD,
    NOT_DONE,
    REASONS,
    RESPONSE_TESTS,
    ROLES,
)
from HCCResponseLib.report.tables.spec import Table, Variable


def _head(domain: str) -> tuple[Variable, ...]:
    return (
        Variable("STUDYID", "Study Identifier", "Req"),
        Variable("DOMAIN", "Domain Abbreviation", "Req", frozenset({domain})),
        Variable("USUBJID", "Unique Subject Identifier", "Req"),
        Variable(f"{domain}SEQ", "Sequence Number", "Req", numeric=True),
    )


def _evaluator(domain: str) -> tuple[Variable, ...]:
    streams = frozenset({"ADJUDICATOR", *(f"RADIOLOGIST {n}" for n in range(1, 10))})
    return (
        Variable(f"{domain}EVAL", "Evaluator", "Req", EVALUATIONS),
        Variable(f"{domain}EVALID", "Evaluator Identifier", "Req", streams),
        Variable(f"{domain}ACPTFL", "Accepted Record Flag", "Perm", frozenset({"Y"})),
    )


def _timing(domain: str, what: str) -> tuple[Variable, ...]:
    return (
        Variable("VISITNUM", "Visit Number", "Exp", numeric=True),
        Variable("VISIT", "Visit Name", "Exp"),
        Variable(f"{domain}DTC", f"Date/Time of {what}", "Exp"),
        Variable(f"{domain}DY", f"Study Day of {what}", numeric=True),
    )


def _not_done(domain: str) -> tuple[Variable, ...]:
    return (
        Variable(f"{domain}STAT", "Completion Status", "Perm", frozenset({NOT_DONE})),
        Variable(f"{domain}REASND", "Reason Not Done", "Perm", REASONS),
    )


_ROLE = frozenset(ROLES.values())
_DERIVED = frozenset({"Y"})

TU = Table(
    "TU",
    "Tumor/Lesion Identification",
    (
        *_head("TU"),
        Variable("TUSPID", "Sponsor-Defined Identifier"),
        Variable("TULNKID", "Link ID", "Req"),
        Variable("TUTESTCD", "Tumor/Lesion ID Short Name", "Req", frozenset(IDENTIFICATION_TESTS)),
        Variable("TUTEST", "Tumor/Lesion ID Test Name", "Req", frozenset(IDENTIFICATION_TESTS.values())),
        Variable("TUORRES", "Tumor/Lesion ID Result", "Req"),
        Variable("TUSTRESC", "Tumor/Lesion ID Result Std. Format", "Req", _ROLE),
        Variable("TULOC", "Location of the Tumor/Lesion", "Req", frozenset({"LIVER"}), extensible=True),
        Variable("TUMETHOD", "Method of Identification", "Exp", frozenset({METHOD})),
        *_evaluator("TU"),
        *_timing("TU", "Tumor/Lesion Identification"),
    ),
    ("STUDYID", "USUBJID", "TUEVALID", "TULNKID", "TUTESTCD"),
)
TR = Table(
    "TR",
    "Tumor/Lesion Results",
    (
        *_head("TR"),
        Variable("TRGRPID", "Group ID", "Req", _ROLE),
        Variable("TRLNKID", "Link ID", "Exp"),
        Variable("TRLNKGRP", "Link Group ID", "Exp"),
        Variable("TRTESTCD", "Tumor/Lesion Assessment Short Name", "Req", frozenset(DISEASE_TESTS)),
        Variable("TRTEST", "Tumor/Lesion Assessment Test Name", "Req", frozenset(DISEASE_TESTS.values())),
        Variable("TRORRES", "Result or Finding in Original Units", "Exp"),
        Variable("TRORRESU", "Original Units", "Exp", frozenset({"mm"})),
        Variable("TRSTRESC", "Character Result/Finding in Std Format", "Exp"),
        Variable("TRSTRESN", "Numeric Result/Finding in Standard Units", "Exp", numeric=True),
        Variable("TRSTRESU", "Standard Units", "Exp", frozenset({"mm"})),
        *_not_done("TR"),
        Variable("TRMETHOD", "Method Used to Identify the Tumor/Lesion", "Exp", frozenset({METHOD})),
        Variable("TRDRVFL", "Derived Flag", "Perm", _DERIVED),
        *_evaluator("TR"),
        *_timing("TR", "Tumor/Lesion Measurement"),
    ),
    ("STUDYID", "USUBJID", "TREVALID", "VISITNUM", "TRGRPID", "TRLNKID", "TRTESTCD"),
)
RS = Table(
    "RS",
    "Disease Response",
    (
        *_head("RS"),
        Variable("RSLNKGRP", "Link Group ID"),
        Variable("RSTESTCD", "Assessment Short Name", "Req", frozenset(RESPONSE_TESTS)),
        Variable("RSTEST", "Assessment Name", "Req", frozenset(RESPONSE_TESTS.values())),
        Variable("RSCAT", "Category for Assessment", "Req", frozenset(CRITERIA.values())),
        Variable("RSORRES", "Result or Finding in Original Units", "Exp"),
        Variable("RSSTRESC", "Character Result/Finding in Std Format", "Exp"),
        *_not_done("RS"),
        Variable("RSDRVFL", "Derived Flag", "Perm", _DERIVED),
        *_evaluator("RS"),
        *_timing("RS", "Assessment"),
    ),
    ("STUDYID", "USUBJID", "RSCAT", "RSEVALID", "VISITNUM", "RSTESTCD"),
)


def _supplement(domain: str, label: str) -> Table:
    return Table(
        f"SUPP{domain}",
        f"Supplemental Qualifiers for {label}",
        (
            Variable("STUDYID", "Study Identifier", "Req"),
            Variable("RDOMAIN", "Related Domain Abbreviation", "Req", frozenset({domain})),
            Variable("USUBJID", "Unique Subject Identifier", "Req"),
            Variable("IDVAR", "Identifying Variable", "Req", frozenset({f"{domain}SEQ"})),
            Variable("IDVARVAL", "Identifying Variable Value", "Req"),
            Variable("QNAM", "Qualifier Variable Name", "Req", frozenset(QUALIFIERS)),
            Variable("QLABEL", "Qualifier Variable Label", "Req", frozenset(QUALIFIERS.values())),
            Variable("QVAL", "Data Value", "Req"),
            Variable("QORIG", "Origin", "Req", frozenset({"Assigned"})),
            Variable("QEVAL", "Evaluator", "Exp", EVALUATIONS),
        ),
        ("STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM"),
    )


QUALIFIERS = {
    "VSLAST": "Compared with the Last Time Point",
    "NTVSLAST": "Non-target versus Last Time Point",
    "MARKNORM": "Tumor Markers Normal",
    "VIABLE": "Measured on the Viable Part",
    "PREVIR": "Previously Irradiated",
    "PREVIRP": "Irradiated then Subsequent Progression",
    "CRLESSER": "Reading of CR Followed by Less",
    "SIGNED": "Read Is Signed by Its Reader",
    "REVIEWED": "Reader Looked at Every Row",
}
SUPPTU = _supplement("TU", "TU")
SUPPTR = _supplement("TR", "TR")
SUPPRS = _supplement("RS", "RS")
RELREC = Table(
    "RELREC",
    "Related Records",
    (
        Variable("STUDYID", "Study Identifier", "Req"),
        Variable("RDOMAIN", "Related Domain Abbreviation", "Req", frozenset({"TU", "TR", "RS"})),
        Variable("USUBJID", "Unique Subject Identifier", "Exp"),
        Variable("IDVAR", "Identifying Variable", "Req"),
        Variable("IDVARVAL", "Identifying Variable Value", "Exp"),
        Variable("RELTYPE", "Relationship Type", "Exp", frozenset({"ONE", "MANY"})),
        Variable("RELID", "Relationship Identifier", "Req"),
    ),
    ("STUDYID", "RDOMAIN", "IDVAR", "RELID"),
)
DOMAINS = {table.name: table for table in (TU, TR, RS, SUPPTU, SUPPTR, SUPPRS, RELREC)}
