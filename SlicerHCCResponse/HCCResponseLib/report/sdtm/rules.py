"""What must hold in an SDTM export, as data.

Sources in short: *SDTMIG* is the CDISC SDTM implementation guide 3.4 (domains TU, TR, RS, assumptions and variable
tables), *supplement* the CDISC RECIST 1.1 disease response supplement, *CT* the CDISC controlled terminology,
*XPT* the SAS transport format version 5.
"""

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from HCCResponseLib.report.sdtm import terms
from HCCResponseLib.report.tables.rules import ANY_TABLE, Hit, Rule, Sheet, Sheets, cells, is_number

FINDINGS = ("TR", "RS")
OBSERVATIONS = ("TU", "TR", "RS")


def _names(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    for name in sheet.columns:
        if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,7}", name):
            yield None, f"the name {name} is longer than 8 characters or has others than letters and digits"
    for variable in sheet.table.variables:
        if len(variable.label) > 40:
            yield None, f"the label of {variable.name} is longer than 40 characters"


def _lengths(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    for number, column, text in cells(sheet, lambda v: not v.numeric):
        if len(text.encode()) > 200:
            yield number, f"{column.name} is longer than 200 characters"


def _ascii(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    for number, column, text in cells(sheet, lambda v: not v.numeric):
        if not (text.isascii() and text.isprintable()):
            yield number, f"{column.name} has characters beyond printable ASCII"


def _subject(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    for number, row in enumerate(sheet.rows, start=1):
        if not row["USUBJID"].startswith(f"{row['STUDYID']}-"):
            yield number, f"USUBJID '{row['USUBJID']}' does not start with the study '{row['STUDYID']}'"


def _one_study(sheet: Sheet, sheets: Sheets) -> Iterator[Hit]:
    studies = {row["STUDYID"] for other in sheets.values() for row in other.rows}
    if len(studies) > 1 and sheet.rows:
        yield 1, f"STUDYID '{sheet.rows[0]['STUDYID']}': there are {len(studies)} studies in one export"


def _sequence(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    seen: Counter[tuple[str, str]] = Counter()
    name = f"{sheet.name}SEQ"
    for number, row in enumerate(sheet.rows, start=1):
        seen[row["USUBJID"], row[name]] += 1
        if seen[row["USUBJID"], row[name]] > 1:
            yield number, f"{name} = {row[name]} appears twice for {row['USUBJID']}"
        if not row[name].isdigit() or int(row[name]) < 1:
            yield number, f"{name} = '{row[name]}' is not a positive whole number"


def _numbers(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    for number, row in enumerate(sheet.rows, start=1):
        text, value = row["TRSTRESC"], row["TRSTRESN"]
        if is_number(text) != bool(value):
            yield number, f"TRSTRESC is '{text}' and TRSTRESN '{value}'; both or neither are numbers"
        elif value and is_number(value) and Decimal(text) != Decimal(value):
            yield number, f"TRSTRESC {text} and TRSTRESN {value} differ"


def _units(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    for number, row in enumerate(sheet.rows, start=1):
        if bool(row["TRSTRESN"]) != bool(row["TRSTRESU"]):
            yield number, "a number needs a standard unit, and nothing else has one"
        if bool(row["TRORRESU"]) != is_number(row["TRORRES"]):
            yield number, "a measured number needs an original unit, and nothing else has one"


def _not_done(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    d = sheet.name
    for number, row in enumerate(sheet.rows, start=1):
        empty, status, reason = not row[f"{d}ORRES"], row[f"{d}STAT"], row[f"{d}REASND"]
        if empty != (status == terms.NOT_DONE):
            yield number, f"{d}ORRES is '{row[f'{d}ORRES']}' and {d}STAT '{status}'"
        if bool(reason) != bool(status):
            yield number, f"{d}STAT and {d}REASND stand together or not at all"
        if empty and row[f"{d}STRESC"]:
            yield number, f"{d}STRESC has a value and {d}ORRES has none"
        if not empty and not row[f"{d}STRESC"]:
            yield number, f"{d}ORRES has a value and {d}STRESC has none"


def _known_links(sheet: Sheet, sheets: Sheets) -> Iterator[Hit]:
    known = {(r["USUBJID"], r["TUEVALID"], r["TULNKID"]) for r in sheets["TU"].rows}
    for number, row in enumerate(sheet.rows, start=1):
        if row["TRLNKID"] and (row["USUBJID"], row["TREVALID"], row["TRLNKID"]) not in known:
            yield number, f"TRLNKID '{row['TRLNKID']}' has no TULNKID for {row['USUBJID']}"
        if not row["TRLNKID"] and row["TRTESTCD"] != "SUMDIAM":
            yield number, f"{row['TRTESTCD']} belongs to no lesion (TRLNKID is empty)"


def _used_links(sheet: Sheet, sheets: Sheets) -> Iterator[Hit]:
    used = {(r["USUBJID"], r["TRLNKID"]) for r in sheets["TR"].rows}
    for number, row in enumerate(sheet.rows, start=1):
        if (row["USUBJID"], row["TULNKID"]) not in used:
            yield number, f"TULNKID '{row['TULNKID']}' has no result in TR"


def _groups(sheet: Sheet, sheets: Sheets) -> Iterator[Hit]:
    roles = {(r["USUBJID"], r["TULNKID"]): r["TUSTRESC"] for r in sheets["TU"].rows}
    for number, row in enumerate(sheet.rows, start=1):
        role = roles.get((row["USUBJID"], row["TRLNKID"]))
        if role is not None and role != row["TRGRPID"]:
            yield number, f"TRGRPID '{row['TRGRPID']}' is not the lesion's TUSTRESC '{role}'"


def _link_groups(sheet: Sheet, sheets: Sheets) -> Iterator[Hit]:
    known = {(r["USUBJID"], r["TREVALID"], r["VISITNUM"]): r["TRLNKGRP"] for r in sheets["TR"].rows}
    for number, row in enumerate(sheet.rows, start=1):
        group = known.get((row["USUBJID"], row["RSEVALID"], row["VISITNUM"]), "")
        if row["RSTESTCD"] == "OVRLRESP" and row["RSLNKGRP"] != group:
            yield (
                number,
                f"RSLNKGRP is '{row['RSLNKGRP']}' and the results of that visit have TRLNKGRP '{group}'",
            )


def _pairs(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    names = {"TU": terms.IDENTIFICATION_TESTS, "TR": terms.DISEASE_TESTS, "RS": terms.RESPONSE_TESTS}[
        sheet.name
    ]
    code, name = f"{sheet.name}TESTCD", f"{sheet.name}TEST"
    for number, row in enumerate(sheet.rows, start=1):
        if names.get(row[code]) != row[name]:
            yield number, f"{name} '{row[name]}' does not belong to {code} '{row[code]}'"


def _tumour_results(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    states = {"TUMSTATE": terms.TUMOUR_STATES, "LNSTATE": terms.NODE_STATES}
    for number, row in enumerate(sheet.rows, start=1):
        test, result = row["TRTESTCD"], row["TRSTRESC"]
        if test in states and result and result not in states[test]:
            yield number, f"'{result}' is not a result of {test}"
        if test not in states and result and (not is_number(result) or Decimal(result) < 0):
            yield number, f"'{result}' is not a length"
        if row["TRORRES"] == terms.TOO_SMALL and not row["TRSTRESN"]:
            yield number, "a lesion too small to measure has no standard value"


def _response_results(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    for number, row in enumerate(sheet.rows, start=1):
        if row["RSSTRESC"] and row["RSSTRESC"] not in terms.RESULTS.get(row["RSTESTCD"], ()):
            yield number, f"'{row['RSSTRESC']}' is not a result of {row['RSTESTCD']}"


def _sums(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    """Each sum is the sum of the lengths of its targets at that visit by that evaluator."""
    added: dict[tuple[str, str, str], Decimal] = {}
    for row in sheet.rows:
        if row["TRGRPID"] == "TARGET" and row["TRTESTCD"] in terms.LENGTHS and is_number(row["TRSTRESN"]):
            key = row["USUBJID"], row["TREVALID"], row["VISITNUM"]
            added[key] = added.get(key, Decimal(0)) + Decimal(row["TRSTRESN"])
    for number, row in enumerate(sheet.rows, start=1):
        if row["TRTESTCD"] != "SUMDIAM":
            continue
        total = added.get((row["USUBJID"], row["TREVALID"], row["VISITNUM"]))
        written = Decimal(row["TRSTRESN"]) if is_number(row["TRSTRESN"]) else None
        if total != written:
            yield number, f"SUMDIAM is {written} and its lengths add up to {total}"


def _accepted(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    flag, evaluator, test = f"{sheet.name}ACPTFL", f"{sheet.name}EVALID", f"{sheet.name}TESTCD"
    seen: Counter[tuple[str, ...]] = Counter()
    who: dict[str, str] = {}
    for number, row in enumerate(sheet.rows, start=1):
        if row[flag] != "Y":
            continue
        first = who.setdefault(row["USUBJID"], row[evaluator])
        if first != row[evaluator]:
            yield number, f"{row['USUBJID']} has accepted records of {first} and of {row[evaluator]}"
        if sheet.name == "RS":
            key = row["USUBJID"], row["RSCAT"], row["VISITNUM"], row[test]
            seen[key] += 1
            if seen[key] > 1:
                yield number, f"{row[test]} of {row['USUBJID']} is accepted twice at one visit"


def _accepted_by_an_assessor(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    for number, row in enumerate(sheet.rows, start=1):
        evaluator = row[f"{sheet.name}EVAL"]
        if row[f"{sheet.name}ACPTFL"] == "Y" and evaluator != terms.EVALUATION:
            yield number, f"a record of {evaluator} is accepted"


def _whole_read_accepted(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    flag, evaluator = f"{sheet.name}ACPTFL", f"{sheet.name}EVALID"
    first: dict[tuple[str, str], str] = {}
    for number, row in enumerate(sheet.rows, start=1):
        key = row["USUBJID"], row[evaluator]
        if first.setdefault(key, row[flag]) != row[flag]:
            yield number, f"only a part of the read of {key[1]} on {key[0]} is accepted"


def _someone_accepted(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    accepted = {row["USUBJID"] for row in sheet.rows if row["RSACPTFL"] == "Y"}
    for subject in dict.fromkeys(row["USUBJID"] for row in sheet.rows):
        if subject not in accepted:
            yield None, f"{subject} has no accepted read yet"


def _one_best(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    best = Counter((r["USUBJID"], r["RSEVALID"]) for r in sheet.rows if r["RSTESTCD"] == "BESTRESP")
    for key in dict.fromkeys((r["USUBJID"], r["RSEVALID"]) for r in sheet.rows):
        if best[key] != 1:
            yield None, f"{key[1]} has {best[key]} BESTRESP records for {key[0]}"


def _new_lesions(sheet: Sheet, sheets: Sheets) -> Iterator[Hit]:
    rows = {(r["USUBJID"], r["RSEVALID"], r["VISITNUM"], r["RSTESTCD"]): r["RSORRES"] for r in sheet.rows}
    for number, row in enumerate(sheet.rows, start=1):
        if row["RSTESTCD"] == "NEWLIND":
            progress = rows.get((row["USUBJID"], row["RSEVALID"], row["VISITNUM"], "NEWLPROG"))
            if (row["RSORRES"] == "Y") != (progress is not None):
                yield number, f"NEWLIND is '{row['RSORRES']}' and NEWLPROG '{progress or ''}'"
    visits = {(r["USUBJID"], r["RSEVALID"], r["VISITNUM"]) for r in sheet.rows if r["RSORRES"] == "Y"}
    for row in sheets["TR"].rows:
        place = row["USUBJID"], row["TREVALID"], row["VISITNUM"]
        if row["TRGRPID"] == "NEW" and row["TRORRES"] not in ("", terms.ABSENT) and place not in visits:
            yield (
                None,
                f"{row['USUBJID']}: TR lists {row['TRLNKID']} at visit {place[2]} and RS no new lesion",
            )


def _visits(sheet: Sheet, sheets: Sheets) -> Iterator[Hit]:
    names: dict[tuple[str, str], tuple[str, str]] = {}
    for other in (sheets[d] for d in OBSERVATIONS):
        for row in other.rows:
            names.setdefault((row["USUBJID"], row["VISITNUM"]), (row["VISIT"], row[f"{other.name}DTC"]))
    for number, row in enumerate(sheet.rows, start=1):
        if row.get("RSTESTCD") == "BESTRESP":
            continue
        if not row["VISITNUM"]:
            yield number, "VISITNUM is empty"
        elif names[row["USUBJID"], row["VISITNUM"]] != (row["VISIT"], row[f"{sheet.name}DTC"]):
            yield number, f"visit {row['VISITNUM']} of {row['USUBJID']} has another name or date elsewhere"


def _days(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    for number, row in enumerate(sheet.rows, start=1):
        if row[f"{sheet.name}DY"] == "0":
            yield number, "there is no study day 0"


def _qualified(sheet: Sheet, sheets: Sheets) -> Iterator[Hit]:
    domain = sheet.name.removeprefix("SUPP")
    known = {(r["USUBJID"], r[f"{domain}SEQ"]) for r in sheets[domain].rows}
    for number, row in enumerate(sheet.rows, start=1):
        if (row["USUBJID"], row["IDVARVAL"]) not in known:
            yield number, f"{row['IDVAR']} {row['IDVARVAL']} of {row['USUBJID']} is not in {domain}"


SDTM_RULES = (
    *ANY_TABLE,
    Rule("S01", "Names have at most 8 characters, labels at most 40", "SDTMIG 4.2; XPT", _names),
    Rule("S02", "Texts have at most 200 characters", "SDTMIG 4.2; XPT", _lengths),
    Rule("S03", "Texts are printable ASCII", "XPT", _ascii),
    Rule("S04", "USUBJID starts with STUDYID", "this software's USUBJID", _subject, OBSERVATIONS),
    Rule("S05", "All records belong to one study", "SDTMIG 4.1", _one_study, ("TU",)),
    Rule("S06", "--SEQ is a whole number and unique within a subject", "SDTMIG 4.1", _sequence, OBSERVATIONS),
    Rule("S07", "--TESTCD and --TEST belong together", "CT", _pairs, OBSERVATIONS),
    Rule("S08", "TRSTRESN is there exactly where TRSTRESC is a number, and equal", "SDTMIG 4.5", _numbers, ("TR",)),
    Rule("S09", "Numbers have units, nothing else has", "SDTMIG 4.5", _units, ("TR",)),
    Rule("S10", "--STAT is NOT DONE, with a reason, exactly where --ORRES is empty", "SDTMIG 4.5", _not_done, FINDINGS),
    Rule("S11", "Every TRLNKID is a TULNKID; only SUMDIAM has none", "SDTMIG TU/TR; supplement", _known_links, ("TR",)),
    Rule("S12", "Every lesion of TU has a result", "SDTMIG TU/TR", _used_links, ("TU",)),
    Rule("S13", "TRGRPID is the role of the lesion", "supplement", _groups, ("TR",)),
    Rule("S14", "Overall responses name the group of results that they rest on", "supplement", _link_groups, ("RS",)),
    Rule("S15", "Results of TR belong to their test", "CT; supplement", _tumour_results, ("TR",)),
    Rule("S16", "Results of RS belong to their test", "CT (ONCRSR)", _response_results, ("RS",)),
    Rule("S17", "SUMDIAM is the sum of its LDIAM and LPERP", "RECIST 1.1, 4.3.1; supplement", _sums, ("TR",)),
    Rule("S18", "At most one accepted record for each test at a visit, all of one evaluator", "SDTMIG RS",
         _accepted, OBSERVATIONS),
    Rule("S19", "A read is accepted as a whole", "SDTMIG RS", _whole_read_accepted, OBSERVATIONS),
    Rule("S20", "Every subject has an accepted read", "SDTMIG RS", _someone_accepted, ("RS",), "warning"),
    Rule("S21", "Every read has one best response", "supplement", _one_best, ("RS",)),
    Rule("S22", "NEWLPROG stands where NEWLIND is Y; new lesions of TR are in RS", "supplement", _new_lesions, ("RS",)),
    Rule("S23", "A visit of a subject has one number, one name, one date", "SDTMIG 4.4", _visits, OBSERVATIONS),
    Rule("S24", "There is no study day 0", "SDTMIG 4.4", _days, OBSERVATIONS),
    Rule("S25", "Supplemental qualifiers belong to a record", "SDTMIG 8.4", _qualified, ("SUPPTU", "SUPPTR", "SUPPRS")),
    Rule("S26", "An accepted record is of a read that is signed and reviewed", "this software",
         _accepted_by_an_assessor, OBSERVATIONS),
)  # fmt: skip
