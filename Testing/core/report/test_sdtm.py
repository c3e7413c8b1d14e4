"""The SDTM export: every rule can fail, what is written reads back to the same responses, in every form."""

import csv
import json
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from findings import START, random_read, split_and_merged
from HCCResponseLib.base.errors import ExportError, InputError, StorageError
from HCCResponseLib.cohort.committee.reads import Committee, CommitteeRead
from HCCResponseLib.report.flat.tables import ADJUDICATIONS, FLAT_RULES, LESIONS, READS, TIME_POINTS
from HCCResponseLib.report.sdtm import terms
from HCCResponseLib.report.sdtm.build import build
from HCCResponseLib.report.sdtm.domains import DOMAINS
from HCCResponseLib.report.sdtm.export import export_sdtm
from HCCResponseLib.report.sdtm.read_back import read_domains, read_sdtm
from HCCResponseLib.report.sdtm.rules import SDTM_RULES
from HCCResponseLib.report.tables.rules import Sheet, validate
from HCCResponseLib.report.tables.spec import TextTable, as_text
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.types import (
    LesionFinding,
    LesionRole,
    LesionState,
    Response,
    TimePointFindings,
)
from HCCResponseLib.review.read.outcome import outcome

ROOT = Path(__file__).resolve().parents[3]
PROFILES = ("recist-1.1", "mrecist", "irecist")


signed_read = partial(CommitteeRead, signed=True, reviewed=True)


def committee(profile_name="recist-1.1", subjects=40):
    """Two random reads of every subject; the second reader's is accepted in every third subject."""
    profile = load_profile(profile_name, {"markers_required_for_cr": ["AFP"]})
    reads = []
    for number in range(subjects):
        for place in (1, 2):
            accepted = (place == 2) == (number % 3 == 0)
            found = outcome(random_read(1000 * place + number), profile)
            reads.append(signed_read(f"S{number:03d}", f"dr{place}", f"RADIOLOGIST {place}", found, accepted))
    return Committee(profile, tuple(reads))


def written(reads):
    """Sheets of a committee as they would be read from its files."""
    sheets = {}
    for filled in build(reads, "HCC1"):
        columns = tuple(v.name for v in filled.table.used(filled.rows))
        rows = tuple({c: as_text(row.get(c)) for c in columns} for row in filled.rows)
        sheets[filled.table.name] = Sheet.of(filled.table, TextTable(columns, rows))
    return sheets


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("form", ["csv", "json", "xpt"])
def test_written_files_keep_the_rules_and_read_back_to_the_same_responses(tmp_path, profile, form):
    given = committee(profile)
    done = export_sdtm(given, tmp_path, "HCC1", (form,))
    assert {p.name for p in done.files} >= {f"tu.{form}", f"tr.{form}", f"rs.{form}", f"relrec.{form}"}
    again = read_sdtm(tmp_path, form)
    assert len(again) == 80
    states, responses = set(), set()
    for read in given.reads:
        written_read = again[f"HCC1-{read.subject}", read.evaluator]
        found, before = written_read.outcome(given.profile), read.outcome
        assert [p.overall for p in found.evaluation.time_points] == [
            p.overall for p in before.evaluation.time_points
        ]
        assert [p.target.sum for p in found.evaluation.time_points] == [
            p.target.sum for p in before.evaluation.time_points
        ]
        assert [p.non_target for p in found.evaluation.time_points] == [
            p.non_target for p in before.evaluation.time_points
        ]
        assert (found.best, found.progression_date) == (before.best, before.progression_date)
        states |= {lesion.state for p in written_read.findings for lesion in p.lesions}
        responses |= {p.overall for p in before.evaluation.time_points[1:]}
    assert states == set(LesionState) - {LesionState.SPLIT, LesionState.MERGED}
    assert len(responses) >= 5


def test_split_and_merged_lesions_keep_their_sum(tmp_path):
    profile = load_profile("recist-1.1")
    found = outcome(split_and_merged(), profile)
    assert [p.target.sum for p in found.evaluation.time_points] == [60, 39, 71]
    reads = Committee(profile, (signed_read("S1", "dr1", "RADIOLOGIST 1", found, True),))
    export_sdtm(reads, tmp_path, "HCC1")
    links = {row["TULNKID"]: row["TUTESTCD"] for row in read_domains(tmp_path)["TU"].rows}
    assert links == {
        "R1-T01": "TUMIDENT", "R1-T02": "TUMIDENT", "R1-T01.1": "TUSPLIT", "R1-T01.2": "TUSPLIT",
        "R1-T01/T02": "TUMERGE",
    }  # fmt: skip


def test_records_say_what_the_supplement_asks_for():
    rows = written(committee())["TR"].rows
    small = [r for r in rows if r["TRORRES"] == "TOO SMALL TO MEASURE"]
    assert small
    assert {(r["TRSTRESC"], r["TRSTRESN"], r["TRSTRESU"], r["TRORRESU"]) for r in small} == {
        ("5", "5", "mm", "")
    }
    missing = [r for r in rows if r["TRSTAT"]]
    assert {r["TRREASND"] for r in missing} >= {"NOT EVALUABLE", "SCAN NOT PERFORMED"}
    assert {(r["TRSTAT"], r["TRORRES"], r["TRSTRESN"]) for r in missing} == {("NOT DONE", "", "")}
    nodes = {r["TULNKID"] for r in written(committee())["TU"].rows if r["TULOC"].endswith("LYMPH NODE")}
    lengths = [r for r in rows if r["TRTESTCD"] in ("LDIAM", "LPERP")]
    assert all(
        (r["TRTESTCD"] == "LPERP") == (r["TRLNKID"] in nodes) for r in lengths if r["TRGRPID"] == "NEW"
    )
    responses = written(committee())["RS"].rows
    assert {r["RSEVAL"] for r in responses} == {"INDEPENDENT ASSESSOR"}
    assert Counter(r["RSEVALID"] for r in responses if r["RSTESTCD"] == "BESTRESP") == {
        "RADIOLOGIST 1": 40, "RADIOLOGIST 2": 40,
    }  # fmt: skip


def test_study_days_have_no_day_zero(tmp_path):
    given = committee(subjects=2)
    references = {"S000": START, "S001": START + timedelta(days=1)}
    export_sdtm(given, tmp_path, "HCC1", references=references)
    days = {(r["USUBJID"], r["TRDTC"]): int(r["TRDY"]) for r in read_domains(tmp_path)["TR"].rows}
    for (subject, when), day in days.items():
        apart = (date.fromisoformat(when) - references[subject.removeprefix("HCC1-")]).days
        assert day == (apart + 1 if apart >= 0 else apart)
        assert day != 0


def test_rounded_lengths_are_the_standard_result(tmp_path):
    profile = load_profile("recist-1.1", {"length_rounding_mm": 1})
    reads = [
        signed_read(f"S{n}", "dr1", "RADIOLOGIST 1", outcome(random_read(n), profile), True)
        for n in range(20)
    ]
    export_sdtm(Committee(profile, tuple(reads)), tmp_path, "HCC1")
    lengths = [r for r in read_domains(tmp_path)["TR"].rows if r["TRTESTCD"] == "LDIAM" and r["TRORRESU"]]
    assert any(Decimal(r["TRORRES"]) != Decimal(r["TRSTRESC"]) for r in lengths)
    assert all(Decimal(r["TRSTRESC"]) % 1 == 0 for r in lengths if r["TRGRPID"] == "TARGET")


def test_volume_criteria_are_refused(tmp_path):
    profile = load_profile("volume")
    with pytest.raises(InputError, match="has no diameters"):
        export_sdtm(Committee(profile, ()), tmp_path, "HCC1")
    assert not list(tmp_path.iterdir())


def test_a_pending_adjudication_is_a_warning_not_an_error(tmp_path):
    given = committee(subjects=3)
    pending = [r for r in given.reads if r.subject != "S001"]
    pending += [
        signed_read(r.subject, r.reader, r.evaluator, r.outcome) for r in given.reads if r.subject == "S001"
    ]
    done = export_sdtm(Committee(given.profile, tuple(pending)), tmp_path, "HCC1")
    assert [w.message for w in done.warnings] == ["HCC1-S001 has no accepted read yet"]


def test_texts_that_start_a_formula_are_neutralised_and_come_back(tmp_path):
    given = committee(subjects=4)
    export_sdtm(given, tmp_path, "=HCC1")
    raw = (tmp_path / "tu.csv").read_text(encoding="utf-8")
    cells = [cell for row in csv.reader(raw.splitlines()) for cell in row]
    assert not [c for c in cells if c.startswith(("=", "+", "@"))]
    assert "'=HCC1" in cells
    assert {row["STUDYID"] for row in read_domains(tmp_path)["TU"].rows} == {"=HCC1"}


def test_dataset_json_has_what_version_1_1_requires(tmp_path):
    export_sdtm(committee(subjects=3), tmp_path, "HCC1", ("json",))
    for name in ("tu", "tr", "rs", "relrec"):
        content = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        assert set(content) >= {
            "datasetJSONCreationDateTime", "datasetJSONVersion", "itemGroupOID", "records", "name", "label",
            "columns", "rows",
        }  # fmt: skip
        assert content["datasetJSONVersion"] == "1.1.0"
        assert content["records"] == len(content["rows"]) > 0
        assert all(len(row) == len(content["columns"]) for row in content["rows"])
        for column in content["columns"]:
            assert set(column) >= {"itemOID", "name", "label", "dataType"}
            assert column["dataType"] in ("string", "integer", "float")


def _changed(sheets, table, change, which=lambda row: True, add=(), drop=()):
    """The sheets with the first matching row of a table changed, or columns added or dropped."""
    sheet = sheets[table]
    rows = [dict(row) for row in sheet.rows]
    next(r for r in rows if which(r)).update(change)
    columns = tuple(c for c in (*sheet.columns, *add) if c not in drop)
    return {**sheets, table: Sheet(sheet.table, columns, tuple(rows))}


def _sized(row):
    return row["TRSTRESN"] and row["TRTESTCD"] == "LDIAM" and row["TRGRPID"] == "TARGET"


BROKEN = {
    "T01": ("TR", {}, None, (), ("TRLNKID",)),
    "T03": ("RS", {"RSTESTCD": ""}, None),
    "T04": ("TU", None, None),
    "T05": ("TR", {"TRSTRESN": "ten"}, _sized),
    "T06": ("TU", {"TUSTRESC": "FAVOURITE"}, None),
    "T07": ("TR", {"TRDTC": "2024-13-01"}, None),
    "S01": ("TR", {}, None, ("TRLONGNAME",)),
    "S02": ("TU", {"TUSPID": "x" * 201}, None),
    "S03": ("TU", {"TUSPID": "Lésion"}, None),
    "S04": ("TU", {"USUBJID": "S000"}, None),
    "S05": ("TU", {"STUDYID": "OTHER"}, None),
    "S06": ("TR", {"TRSEQ": "2"}, None),
    "S07": ("RS", {"RSTEST": "Target Response"}, lambda r: r["RSTESTCD"] == "OVRLRESP"),
    "S08": ("TR", {"TRSTRESN": ""}, _sized),
    "S09": ("TR", {"TRSTRESU": ""}, _sized),
    "S10": ("TR", {"TRREASND": ""}, lambda r: r["TRSTAT"]),
    "S11": ("TR", {"TRLNKID": "R1-T99"}, _sized),
    "S12": ("TU", {"TULNKID": "R1-T77"}, None),
    "S13": ("TR", {"TRGRPID": "NON-TARGET"}, _sized),
    "S14": ("RS", {"RSLNKGRP": "R1-A9"}, lambda r: r["RSTESTCD"] == "OVRLRESP"),
    "S15": ("TR", {"TRORRES": "GONE", "TRSTRESC": "GONE"}, lambda r: r["TRTESTCD"] == "TUMSTATE" and r["TRORRES"]),
    "S16": ("RS", {"RSORRES": "GOOD", "RSSTRESC": "GOOD"}, lambda r: r["RSTESTCD"] == "BESTRESP" and r["RSORRES"]),
    "S17": ("TR", {"TRSTRESN": "999", "TRSTRESC": "999"}, lambda r: r["TRTESTCD"] == "SUMDIAM" and r["TRSTRESN"]),
    "S18": ("RS", {"RSACPTFL": "Y"}, lambda r: not r["RSACPTFL"]),
    "S19": ("RS", {"RSACPTFL": ""}, lambda r: r["RSACPTFL"]),
    "S21": ("RS", {"RSTESTCD": "OVRLRESP"}, lambda r: r["RSTESTCD"] == "BESTRESP"),
    "S22": ("RS", {"RSORRES": "N", "RSSTRESC": "N"}, lambda r: r["RSTESTCD"] == "NEWLIND" and r["RSORRES"] == "Y"),
    "S23": ("TR", {"TRDTC": "2020-02-02"}, None),
    "S24": ("TR", {"TRDY": "0"}, None),
    "S25": ("SUPPTR", {"IDVARVAL": "9999"}, None),
    "S26": ("RS", {"RSEVAL": "UNSIGNED READER"}, lambda r: r["RSACPTFL"]),
}  # fmt: skip


@pytest.mark.parametrize("rule", [r.id for r in SDTM_RULES if r.severity == "error"])
def test_every_rule_can_fail(rule):
    sheets = written(committee())
    assert [p for p in validate(sheets, SDTM_RULES) if p.severity == "error"] == []
    if rule == "T02":
        tu = sheets["TU"]
        broken = {**sheets, "TU": Sheet(tu.table, tu.columns[::-1], tu.rows)}
    elif rule == "T04":
        tu = sheets["TU"]
        broken = {**sheets, "TU": Sheet(tu.table, tu.columns, (*tu.rows, tu.rows[0]))}
    else:
        table, change, which, *columns = BROKEN[rule]
        broken = _changed(sheets, table, change, which or (lambda row: True), *columns)
    assert rule in {p.rule for p in validate(broken, SDTM_RULES)}


def test_a_broken_export_fails_with_the_list(tmp_path, monkeypatch):
    given = committee(subjects=2)
    import HCCResponseLib.report.sdtm.export as module

    def spoiled(reads, study, references=None):
        filled = build(reads, study, references)
        rs = next(f for f in filled if f.table.name == "RS")
        rows = [{**r, "RSSTRESC": "GOOD"} if r["RSTESTCD"] == "BESTRESP" else r for r in rs.rows]
        return [type(f)(f.table, tuple(rows)) if f is rs else f for f in filled]

    monkeypatch.setattr(module, "build", spoiled)
    out = tmp_path / "out"
    with pytest.raises(ExportError) as caught:
        export_sdtm(given, out, "HCC1")
    assert list(tmp_path.iterdir()) == []
    assert len(caught.value.problems) == 4
    assert "is not a result of BESTRESP" in str(caught.value)


def test_a_changed_measurement_is_noticed_when_read_back(tmp_path):
    """The read-back check does not only compare numbers with themselves: a changed length changes the response."""
    given = committee(subjects=1)
    export_sdtm(given, tmp_path, "HCC1")
    before = read_sdtm(tmp_path)
    path = tmp_path / "tr.csv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    for row in rows:
        if row["TRTESTCD"] == "LDIAM" and row["VISITNUM"] == "2" and row["TRORRESU"]:
            row["TRORRES"] = "300"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    after = read_sdtm(tmp_path)
    changed = [
        key
        for key, read in after.items()
        if read.outcome(given.profile).evaluation.time_points[1].overall is Response.PD
    ]
    assert changed
    assert before != after


def test_labels_and_names_fit_the_transport_format():
    for table in DOMAINS.values():
        assert all(len(v.name) <= 8 and len(v.label) <= 40 for v in table.variables)
        assert len(table.label) <= 40


def test_no_table_of_an_earlier_export_stays_beside_the_new_one(tmp_path):
    export_sdtm(committee("irecist", 10), tmp_path, "HCC1")
    assert (tmp_path / "supptr.csv").exists()
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    profile = load_profile("recist-1.1")
    plain = signed_read("S1", "dr1", "RADIOLOGIST 1", outcome(split_and_merged(), profile), True)
    export_sdtm(Committee(profile, (plain,)), tmp_path, "HCC1")
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "notes.txt",
        "relrec.csv",
        "rs.csv",
        "tr.csv",
        "tu.csv",
    ]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot be written"):
        export_sdtm(committee(subjects=1), tmp_path / "file" / "out", "HCC1")


def test_every_rule_and_column_is_documented():
    text = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
    for rule in (*SDTM_RULES, *FLAT_RULES):
        assert f"| {rule.id} | {rule.text}" in text, rule.id
    for table in DOMAINS.values():
        section = text[text.index(f"* **{table.name}**") :]
        assert all(variable.name in section for variable in table.variables)
    for table in (READS, TIME_POINTS, LESIONS, ADJUDICATIONS):
        line = next(row for row in text.splitlines() if row.startswith(f"| `{table.name}.csv`"))
        assert line.count("`") == 2 * (1 + len(table.variables))
        assert all(f"`{variable.name}`" in line for variable in table.variables)


def test_a_reader_s_answer_about_an_earlier_cr_is_kept(tmp_path):
    profile = load_profile("recist-1.1")
    gone = LesionFinding("L1", "liver", False, LesionRole.TARGET, LesionState.DISAPPEARED)
    sizes = (Decimal(40), None, Decimal(4))
    course = [
        TimePointFindings(
            f"point {n}",
            START + timedelta(days=56 * n),
            (replace(gone, state=LesionState.MEASURED, long_mm=size) if size else gone,),
        )
        for n, size in enumerate(sizes)
    ]
    reads = []
    for place, answer in enumerate(("recurrence-is-pd", "cr-was-pr", "ask"), start=1):
        used = profile.with_overrides({"cr_then_lesser": answer})
        reads.append(
            signed_read("S1", f"dr{place}", f"RADIOLOGIST {place}", outcome(course, used), place == 1)
        )
    assert [r.outcome.evaluation.latest.overall for r in reads] == [Response.PD, Response.PR, None]
    export_sdtm(Committee(profile, tuple(reads)), tmp_path, "HCC1")
    again = read_sdtm(tmp_path)
    for read in reads:
        found = again["HCC1-S1", read.evaluator].outcome(profile)
        assert found.evaluation.latest.overall == read.outcome.evaluation.latest.overall
        assert (found.best, found.progression_date) == (read.outcome.best, read.outcome.progression_date)
    rows = [r for r in read_domains(tmp_path)["RS"].rows if r["RSREASND"] == "READER DECISION OPEN"]
    assert {(r["RSEVALID"], r["RSTESTCD"]) for r in rows} == {
        ("RADIOLOGIST 3", "OVRLRESP"), ("RADIOLOGIST 3", "BESTRESP"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("organ", "nodal", "location"),
    [
        ("liver", False, "LIVER"),
        ("hepatic", True, "HEPATIC LYMPH NODE"),
        ("lymph node", True, "LYMPH NODE"),
    ],
)
def test_places_come_back(organ, nodal, location):
    assert terms.location(organ, nodal) == location
    assert terms.organ_of(location) == (organ, nodal)
