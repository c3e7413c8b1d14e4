"""The variables of TU, TR, RS, their supplemental qualifiers and RELREC, in the order of the SDTMIG (v3.4)."""

from HCCResponseLib.report.sdtm.terms import (
    CRITERIA,
    DISEASE_TESTS,
    EVALUATION,
    IDENTIFICATION_TESTS,
    METHOD,
    NOT_DONE,
    REASONS,
    RESPONSE_TESTS,
    ROLES,
)
from HCCResponseLib.report.tables.spec import Core, Table, Variable


def _text(name: str, label: str, core: Core = "Perm", terms: frozenset[str] | None = None) -> Variable:
    return Variable(name, label, False, core, terms)


def _number(name: str, label: str, core: Core = "Perm") -> Variable:
    return Variable(name, label, True, core)


def _head(domain: str) -> tuple[Variable, ...]:
    return (
        _text("STUDYID", "Study Identifier", "Req"),
        _text("DOMAIN", "Domain Abbreviation", "Req", frozenset({domain})),
        _text("USUBJID", "Unique Subject Identifier", "Req"),
        _number(f"{domain}SEQ", "Sequence Number", "Req"),
    )


def _evaluator(domain: str) -> tuple[Variable, ...]:
    streams = frozenset({"ADJUDICATOR", *(f"RADIOLOGIST {n}" for n in range(1, 10))})
    return (
        _text(f"{domain}EVAL", "Evaluator", "Req", frozenset({EVALUATION})),
        _text(f"{domain}EVALID", "Evaluator Identifier", "Req", streams),
        _text(f"{domain}ACPTFL", "Accepted Record Flag", "Perm", frozenset({"Y"})),
    )


def _timing(domain: str, what: str) -> tuple[Variable, ...]:
    return (
        _number("VISITNUM", "Visit Number", "Exp"),
        _text("VISIT", "Visit Name", "Exp"),
        _text(f"{domain}DTC", f"Date/Time of {what}", "Exp"),
        _number(f"{domain}DY", f"Study Day of {what}"),
    )


def _not_done(domain: str) -> tuple[Variable, ...]:
    return (
        _text(f"{domain}STAT", "Completion Status", "Perm", frozenset({NOT_DONE})),
        _text(f"{domain}REASND", "Reason Not Done", "Perm", REASONS),
    )


_ROLE = frozenset(ROLES.values())
_DERIVED = frozenset({"Y"})

TU = Table(
    "TU",
    "Tumor/Lesion Identification",
    (
        *_head("TU"),
        _text("TUSPID", "Sponsor-Defined Identifier"),
        _text("TULNKID", "Link ID", "Req"),
        _text("TUTESTCD", "Tumor/Lesion ID Short Name", "Req", frozenset(IDENTIFICATION_TESTS)),
        _text("TUTEST", "Tumor/Lesion ID Test Name", "Req", frozenset(IDENTIFICATION_TESTS.values())),
        _text("TUORRES", "Tumor/Lesion ID Result", "Req"),
        _text("TUSTRESC", "Tumor/Lesion ID Result Std. Format", "Req", _ROLE),
        Variable("TULOC", "Location of the Tumor/Lesion", False, "Req", frozenset({"LIVER"}), True),
        _text("TUMETHOD", "Method of Identification", "Exp", frozenset({METHOD})),
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
        _text("TRGRPID", "Group ID", "Req", _ROLE),
        _text("TRLNKID", "Link ID", "Exp"),
        _text("TRLNKGRP", "Link Group ID", "Exp"),
        _text("TRTESTCD", "Tumor/Lesion Assessment Short Name", "Req", frozenset(DISEASE_TESTS)),
        _text("TRTEST", "Tumor/Lesion Assessment Test Name", "Req", frozenset(DISEASE_TESTS.values())),
        _text("TRORRES", "Result or Finding in Original Units", "Exp"),
        _text("TRORRESU", "Original Units", "Exp", frozenset({"mm"})),
        _text("TRSTRESC", "Character Result/Finding in Std Format", "Exp"),
        _number("TRSTRESN", "Numeric Result/Finding in Standard Units", "Exp"),
        _text("TRSTRESU", "Standard Units", "Exp", frozenset({"mm"})),
        *_not_done("TR"),
        _text("TRMETHOD", "Method Used to Identify the Tumor/Lesion", "Exp", frozenset({METHOD})),
        _text("TRDRVFL", "Derived Flag", "Perm", _DERIVED),
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
        _text("RSLNKGRP", "Link Group ID"),
        _text("RSTESTCD", "Assessment Short Name", "Req", frozenset(RESPONSE_TESTS)),
        _text("RSTEST", "Assessment Name", "Req", frozenset(RESPONSE_TESTS.values())),
        _text("RSCAT", "Category for Assessment", "Req", frozenset(CRITERIA.values())),
        _text("RSORRES", "Result or Finding in Original Units", "Exp"),
        _text("RSSTRESC", "Character Result/Finding in Std Format", "Exp"),
        *_not_done("RS"),
        _text("RSDRVFL", "Derived Flag", "Perm", _DERIVED),
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
            _text("STUDYID", "Study Identifier", "Req"),
            _text("RDOMAIN", "Related Domain Abbreviation", "Req", frozenset({domain})),
            _text("USUBJID", "Unique Subject Identifier", "Req"),
            _text("IDVAR", "Identifying Variable", "Req", frozenset({f"{domain}SEQ"})),
            _text("IDVARVAL", "Identifying Variable Value", "Req"),
            _text("QNAM", "Qualifier Variable Name", "Req", frozenset(QUALIFIERS)),
            _text("QLABEL", "Qualifier Variable Label", "Req", frozenset(QUALIFIERS.values())),
            _text("QVAL", "Data Value", "Req"),
            _text("QORIG", "Origin", "Req", frozenset({"Assigned"})),
            _text("QEVAL", "Evaluator", "Exp", frozenset({EVALUATION})),
        ),
        ("STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM"),
    )


QUALIFIERS = {
    "VSLAST": "Compared with the Last Time Point",
    "NTVSLAST": "Non-target versus Last Time Point",
    "MARKNORM": "Tumor Markers Normal",
    "CRLESSER": "Reading of CR Followed by Less",
}
SUPPTR = _supplement("TR", "TR")
SUPPRS = _supplement("RS", "RS")
RELREC = Table(
    "RELREC",
    "Related Records",
    (
        _text("STUDYID", "Study Identifier", "Req"),
        _text("RDOMAIN", "Related Domain Abbreviation", "Req", frozenset({"TU", "TR", "RS"})),
        _text("USUBJID", "Unique Subject Identifier", "Exp"),
        _text("IDVAR", "Identifying Variable", "Req"),
        _text("IDVARVAL", "Identifying Variable Value", "Exp"),
        _text("RELTYPE", "Relationship Type", "Exp", frozenset({"ONE", "MANY"})),
        _text("RELID", "Relationship Identifier", "Req"),
    ),
    ("STUDYID", "RDOMAIN", "IDVAR", "RELID"),
)
DOMAINS = {table.name: table for table in (TU, TR, RS, SUPPTR, SUPPRS, RELREC)}
