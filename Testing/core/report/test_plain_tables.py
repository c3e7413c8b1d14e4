"""Plain tables: every rule can fail, what is written is what was read, a faulty file says what is wrong."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from findings import random_read
from HCCResponseLib.base.errors import ExportError, InputError
from HCCResponseLib.cohort.committee.reads import Adjudication, Committee, CommitteeRead
from HCCResponseLib.report.flat.tables import FLAT_RULES, export_flat, flat_tables
from HCCResponseLib.report.tables.files import read_csv, read_dataset_json, read_xpt, write_csv
from HCCResponseLib.report.tables.rules import Sheet, validate
from HCCResponseLib.report.tables.spec import FilledTable, Table, TextTable, Variable, as_text
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.read.outcome import outcome

SIGNED = {"signed": True, "reviewed": True}


@pytest.fixture
def profile():
    return load_profile("recist-1.1")


def sheets_of(given_committee):
    sheets = {}
    for filled in flat_tables(given_committee):
        columns = tuple(v.name for v in filled.table.variables)
        rows = tuple({c: as_text(row.get(c)) for c in columns} for row in filled.rows)
        sheets[filled.table.name] = Sheet.of(filled.table, TextTable(columns, rows))
    return sheets


def plain(profile):
    reads = tuple(
        CommitteeRead("S1", f"dr{n}", f"RADIOLOGIST {n}", outcome(random_read(n), profile), n == 1, **SIGNED)
        for n in (1, 2)
    )
    return Committee(profile, reads, (Adjudication("S1", "judge", "dr1", frozenset({"dr1"}), reason="=1+1"),))


@pytest.mark.parametrize(
    ("rule", "table", "change"),
    [
        ("C01", "timepoints", {"evaluator": "RADIOLOGIST 9"}),
        ("C02", "lesions", {"time_point": "follow-up 9"}),
        ("C03", "reads", {"accepted": "yes"}),
        ("C04", "reads", {"accepted": "yes", "signed": "no"}),
        ("C04", "reads", {"accepted": "yes", "reviewed": "no"}),
        ("T03", "reads", {"reader": ""}),
        ("T05", "timepoints", {"sum_mm": "many"}),
        ("T06", "timepoints", {"overall": "BETTER"}),
        ("T07", "timepoints", {"date": "2024-02-30"}),
    ],
)
def test_every_rule_can_fail(profile, rule, table, change):
    sheets = sheets_of(plain(profile))
    assert validate(sheets, FLAT_RULES) == []
    sheet = sheets[table]
    broken = Sheet(sheet.table, sheet.columns, (*sheet.rows[:-1], {**sheet.rows[-1], **change}))
    assert rule in {p.rule for p in validate({**sheets, table: broken}, FLAT_RULES)}


def test_tables_hold_what_was_read(profile, tmp_path):
    given_committee = plain(profile)
    export_flat(given_committee, tmp_path)
    lesions = read_csv(tmp_path / "lesions.csv").rows
    points = read_csv(tmp_path / "timepoints.csv").rows
    for read in given_committee.reads:
        for found, evaluated in zip(read.outcome.findings, read.outcome.evaluation.time_points, strict=True):
            own = [r for r in lesions if (r["evaluator"], r["time_point"]) == (read.evaluator, found.name)]
            assert [(r["lesion"], r["long_axis_mm"]) for r in own] == [
                (n.lesion_id, "" if n.long_mm is None else str(n.long_mm)) for n in found.lesions
            ]
            (row,) = [r for r in points if (r["evaluator"], r["time_point"]) == (read.evaluator, found.name)]
            assert row["overall"] == ("" if evaluated.overall is None else evaluated.overall.value)
            assert row["sum_mm"] == ("" if evaluated.target.sum is None else str(evaluated.target.sum))
    assert read_csv(tmp_path / "adjudications.csv").rows[0]["reason"] == "=1+1"
    assert "'=1+1" in (tmp_path / "adjudications.csv").read_text(encoding="utf-8")


def test_a_broken_export_leaves_nothing_behind(profile, tmp_path):
    good = plain(profile)
    twice = Committee(profile, (*good.reads, good.reads[0]))
    with pytest.raises(ExportError, match=r"T04 error: reads row 3"):
        export_flat(twice, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


_TEXTS = Table("texts", "Texts", (Variable("a", "a", core="Req"), Variable("b", "b", core="Exp")), ("a",))


@given(st.lists(st.tuples(st.text(min_size=1), st.text()), min_size=1))
def test_any_text_comes_back_from_csv(tmp_path_factory, pairs):
    path = tmp_path_factory.mktemp("csv") / "texts.csv"
    pairs = [tuple(t.encode("utf-8", "ignore").decode().replace("\x00", "") for t in p) for p in pairs]
    write_csv(path, FilledTable(_TEXTS, tuple({"a": a, "b": b} for a, b in pairs)))
    assert [(r["a"], r["b"]) for r in read_csv(path).rows] == pairs


@pytest.mark.parametrize(
    ("name", "text", "read", "message"),
    [
        ("a.csv", "x,y\n1\n", read_csv, "number of cells"),
        ("a.json", "{}", read_dataset_json, "not a Dataset-JSON"),
        ("a.json", "[", read_dataset_json, "not a Dataset-JSON"),
        ("a.xpt", "nothing", read_xpt, "not a SAS transport file"),
    ],
)
def test_a_damaged_file_says_what_is_wrong(tmp_path, name, text, read, message):
    path = tmp_path / name
    with pytest.raises(InputError, match=name):
        read(path)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read(path)


def test_transport_files_without_their_packages_say_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(InputError, match=r"pip install 'hcc-response\[xpt\]'"):
        read_xpt(tmp_path / "a.xpt")
