"""Committee figures: formulas against published examples, edges, and what is taken from a store."""

import json
import math
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

import numpy as np
import pytest
from typer.testing import CliRunner

from committees import FIRST, PD, PR, SECOND, THIRD, SmallCommittee, charter, password
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.main import app
from HCCResponseLib.cohort.committee.figures import committee_figures
from HCCResponseLib.cohort.committee.from_store import active_seconds, load_committee, load_reference_dates
from HCCResponseLib.cohort.committee.reads import Committee, CommitteeRead
from HCCResponseLib.cohort.committee.same_lesion import common_names
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.report.tables.files import read_csv
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.types import (
    LesionFinding,
    LesionRole,
    LesionState,
    NewLesionStatus,
    Response,
    TimePointFindings,
)
from HCCResponseLib.review.committee.adjudication import adjudicate
from HCCResponseLib.review.read.outcome import outcome
from HCCResponseLib.statistics.continuous import icc_2_1, limits_of_agreement
from HCCResponseLib.statistics.estimate import Estimate, Figure, as_csv, as_markdown, as_records
from HCCResponseLib.statistics.proportions import Share, clustered_mean, clustered_share, exact_share
from reads import BASELINE, FOLLOW_UP
from simulated_committee import DATES, POINTS, findings, planned_committee

# Six subjects rated by four judges: Shrout & Fleiss 1979, table 2.
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)

signed_read = partial(CommitteeRead, signed=True, reviewed=True)


def test_icc_of_the_published_example():
    """Their ICC(2,1) is 0.29; the interval is the one that textbooks give for it, 0.02 to 0.76."""
    found = icc_2_1(SHROUT_FLEISS)
    assert found.value == pytest.approx(0.2898, abs=5e-5)
    assert (found.low, found.high) == pytest.approx((0.0188, 0.7611), abs=5e-4)


def test_icc_of_readers_who_agree_and_of_too_few():
    same = np.array([[1.0, 1.0], [2.0, 2.0], [5.0, 5.0]])
    assert icc_2_1(same).value == pytest.approx(1)
    assert icc_2_1(same).low is None, "three subjects cannot make it certain"
    assert icc_2_1(same[:1]) == Estimate(why="n = 1")
    assert icc_2_1(np.ones((4, 2))) == Estimate(why="the subjects do not differ")
    assert icc_2_1(np.array([[1.0, 2.0], [1.0, 2.0]])) == Estimate(why="the subjects do not differ")
    shifted = np.column_stack([same[:, 0], same[:, 0] + 3])
    assert icc_2_1(shifted).value < 0.7


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    # Exact values: 0 of n gives 1 - (alpha/2)^(1/n); 4 of 20 is in most tables of exact limits.
    [(0, 10, 0, 100 * (1 - 0.025**0.1)), (10, 10, 100 * 0.025**0.1, 100), (4, 20, 5.7334, 43.6614)],
)
def test_exact_intervals(count, total, low, high):
    found = exact_share(count, total)
    assert found.percent.value == pytest.approx(100 * count / total)
    assert (found.percent.low, found.percent.high) == pytest.approx((low, high), abs=1e-3)


def test_no_share_of_nothing_or_of_one():
    assert exact_share(0, 0).percent == clustered_share([]).percent == Estimate(why="n = 0")
    assert clustered_share([(0, 0)]).percent == Estimate(why="n = 0")
    assert exact_share(1, 1).percent == Estimate(why="n = 1")
    assert clustered_share([(3, 3)]) == Share(3, 3, Estimate(why="n = 1 subject"))
    assert clustered_share([(3, 3)] * 5).percent == Estimate(100, why="all subjects are alike")


def test_the_bootstrap_draws_subjects():
    """Three time points of a subject that always go together widen the interval to that of single subjects."""
    together = clustered_share([(3, 3)] * 30 + [(0, 3)] * 70).percent
    alone = clustered_share([(1, 1)] * 30 + [(0, 1)] * 70).percent
    assert (together.value, alone.value) == (30, 30)
    assert (together.low, together.high) == pytest.approx((alone.low, alone.high), abs=0.5)
    half = 1.96 * math.sqrt(0.3 * 0.7 / 100) * 100
    assert together.high - together.low == pytest.approx(2 * half, rel=0.1)
    assert clustered_share([(3, 3), (0, 3)] * 9) == clustered_share([(3, 3), (0, 3)] * 9)


def test_the_mean_over_clusters_draws_subjects_too():
    assert clustered_mean([]) == clustered_mean([[], []]) == Estimate(why="n = 0")
    assert clustered_mean([[1.0, 3.0]], who="patient") == Estimate(2.0, why="n = 1 patient")
    assert clustered_mean([[0.9], [0.9], [0.9]], who="patient") == Estimate(
        pytest.approx(0.9), why="all patients are alike"
    )
    found = clustered_mean([[0.0, 0.0, 0.0], [4.0]])
    assert (found.value, found.low, found.high) == (1.0, 0.0, 4.0)
    together = clustered_mean([[1.0] * 3] * 30 + [[0.0] * 3] * 70)
    share = clustered_share([(3, 3)] * 30 + [(0, 3)] * 70).percent
    assert (together.low, together.high) == pytest.approx((share.low / 100, share.high / 100))
    assert clustered_share([(3, 3)], who="patient").percent == Estimate(why="n = 1 patient")


def test_bland_altman_limits():
    """Differences 2, 4, 6: mean 4, SD 2; limits 4 -+ 3.92; t with 2 degrees of freedom is 4.3027."""
    found = limits_of_agreement(np.array([2, 4, 6.0]))
    assert (found.bias.value, found.sd) == (4, 2)
    assert (found.lower.value, found.upper.value) == pytest.approx((0.08, 7.92))
    assert found.bias.high - 4 == pytest.approx(4.30265 * 2 / math.sqrt(3), abs=1e-4)
    assert found.upper.high - 7.92 == pytest.approx(4.30265 * 2 * math.sqrt(1 / 3 + 1.96**2 / 4), abs=1e-4)
    one, two = limits_of_agreement(np.array([1.0])), limits_of_agreement(np.array([1.0, 3.0]))
    assert one.bias == one.lower == one.upper == Estimate(why="n = 1")
    assert (two.bias.value, two.lower, two.upper) == (2, Estimate(why="n = 2"), Estimate(why="n = 2"))
    alike = limits_of_agreement(np.array([0.3, 0.3, 0.3]))
    assert alike.lower == alike.bias == Estimate(0.3, why="all values are the same")


def test_pauses_are_left_out_of_the_reading_time():
    start = datetime(2025, 3, 3, 8, tzinfo=UTC)
    moments = [start + timedelta(seconds=s) for s in (0, 60, 360, 661, 700)]
    assert active_seconds(moments) == 60 + 300 + 39
    assert active_seconds(moments[::-1]) == active_seconds(moments)
    assert active_seconds(moments, timedelta(minutes=6)) == 700
    assert active_seconds(moments[:1]) is None
    by_a_file = [start + timedelta(milliseconds=80 * n) for n in range(12)]
    assert active_seconds(by_a_file) is None
    assert active_seconds([*by_a_file, start + timedelta(seconds=60)]) == 60


def _disc(row, column, radius=4):
    y, x = np.ogrid[:40, :40]
    return Lesion.of(((y - row) ** 2 + (x - column) ** 2 <= radius**2)[None])


def test_targets_are_the_same_where_contours_meet_whatever_their_names():
    first = {"L1": _disc(10, 10), "L2": _disc(30, 30)}
    second = {"L1": _disc(30, 29), "L2": _disc(10, 12)}
    assert common_names([first, second]) == [{"L1", "L2"}, {"L1", "L2"}]
    third = {"L1": _disc(20, 20, 2), "L7": _disc(31, 31)}
    assert common_names([first, third]) == [{"L1", "L2"}, {"L1 (2)", "L2"}]
    assert common_names([first, {"L1": None}]) == [{"L1", "L2"}, {"L1"}]
    both = {"A": _disc(10, 9), "B": _disc(10, 11)}
    assert common_names([first, both]) == [{"L1", "L2"}, {"L1", "B"}]


def test_a_committee_with_one_subject_prints_no_figure_that_one_subject_cannot_give(committee, tmp_path):
    for name, stream in (("ann", FIRST), ("bob", SECOND)):
        committee.read(name, committee.assign(name, stream).read_id, PR)
    found = committee_figures(load_committee([tmp_path / "reads.sqlite"]))
    assert {f.name for f in found if f.section.startswith("Agreement on")} >= {
        "kappa",
        "gwet_ac1",
        "agreement",
    }
    sums = {f.name for f in found if f.section == "Sums of diameters"}
    assert {"ICC(2,1) of log sums (baseline)", "lower limit of agreement (all time points)"} <= sums
    shown = [f for f in found if f.section != "Reading time"]
    assert {f.estimate.value for f in shown} == {None}
    reasons = {f.estimate.why for f in shown}
    assert reasons == {"n = 0", "n = 1", "n = 1 subject"}, reasons
    records = json.loads(json.dumps(as_records(found), allow_nan=False))
    assert all(r["not_defined"] for r in records if r["value"] is None)
    text = as_markdown(found)
    assert "| kappa | not defined (n = 1) | - | 1 |" in text
    assert not re.search(r"100\.0 %|0\.000|1\.000", text)


def _planned(profile, repeats=0):
    reads = []
    for pair in planned_committee(12):
        for place, plan in enumerate(pair, start=1):
            found = outcome(findings(plan), profile)
            stream = f"RADIOLOGIST {place}"
            reads.append(
                signed_read(plan.subject, plan.reader, stream, found, targets=frozenset(plan.targets))
            )
    reads += [signed_read(r.subject, r.reader, r.evaluator, r.outcome, repeat=True) for r in reads[:repeats]]
    return Committee(profile, tuple(reads))


def test_a_single_reader_has_no_agreement():
    profile = load_profile("recist-1.1")
    one = tuple(r for r in _planned(profile).reads if r.evaluator == "RADIOLOGIST 1")
    figures = committee_figures(Committee(profile, one))
    assert {f.section for f in figures} == {"Adjudication", "Readers"}
    assert all(f.estimate.value is None or f.section == "Readers" for f in figures)


def test_rereads_count_only_for_intra_reader_agreement():
    profile = load_profile("recist-1.1")
    without, with_them = (committee_figures(_planned(profile, n)) for n in (0, 6))
    key = {(f.section, f.name, f.who): f for f in with_them}
    assert all(key[f.section, f.name, f.who] == f for f in without)
    again = key["Discordance with the same reader's re-read", "best-response", ""]
    assert (again.count, again.total) == (0, 6)


def test_an_unknown_adjudication_variable_is_refused():
    profile = load_profile("recist-1.1", {"adjudication_variables": ["mood"]})
    with pytest.raises(InputError, match="'mood' must be one of best-response"):
        committee_figures(_planned(profile))


def test_tables_hold_every_figure_and_no_formula():
    figures = [
        Figure("A", "share", "=cmd()", Estimate(50.0, 10.0, 90.0), 1, 2, "%", "exact"),
        Figure("A", "kappa", method="a | b"),
    ]
    lines = as_csv(figures).splitlines()
    assert lines[1].startswith("A,share,'=cmd(),50.0,10.0,90.0,1,2,%,exact,")
    text = as_markdown(figures)
    assert "| share, =cmd() | 50.0 % | 10.0 to 90.0 | 1 of 2 | exact |" in text
    assert "| kappa | not defined | - | - | a / b |" in text


def test_back_dated_progression_counts_from_the_equivocal_scan():
    profile = load_profile("recist-1.1")
    lesion = LesionFinding("L1", "liver", False, LesionRole.TARGET, LesionState.MEASURED, Decimal(40))
    calm = [TimePointFindings(name, day, (lesion,)) for name, day in zip(POINTS, DATES, strict=True)]
    calm[2:] = [replace(point, new_lesion=NewLesionStatus.UNEQUIVOCAL) for point in calm[2:]]
    assert outcome(calm, profile).progression_date == calm[2].date
    calm[1] = replace(calm[1], new_lesion=NewLesionStatus.EQUIVOCAL)
    assert outcome(calm, profile).progression_date == calm[1].date
    late = load_profile("recist-1.1", {"equivocal_back_dating": False})
    assert outcome(calm, late).progression_date == calm[2].date
    assert outcome(calm, profile).best is Response.SD


def test_reference_dates(tmp_path):
    path = tmp_path / "dates.csv"
    path.write_text("subject,date\nS1,2024-01-02\n", encoding="utf-8")
    assert load_reference_dates(path) == {"S1": date(2024, 1, 2)}
    for text, message in (
        ("subject,date\nS1,12.03.2026\n", "line 2: '12.03.2026' cannot be read; write dates as 2026-03-12"),
        ("name,date\nS1,2024-01-02\n", "need the columns"),
        ("subject,date\nS1,2024-01-02\nS1,2024-01-03\n", "line 3: 'S1' appears twice"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=message):
            load_reference_dates(path)
    with pytest.raises(InputError, match="none.csv' does not exist"):
        load_reference_dates(tmp_path / "none.csv")


BOSS = {"HCC_RESPONSE_USER": "boss", "HCC_RESPONSE_PASSWORD": password("boss")}


def test_a_store_says_what_is_left_out_and_which_read_counts(committee, tmp_path):
    for subject, sizes in (("S1", PR), ("S2", PD)):
        committee.read("ann", committee.assign("ann", FIRST, subject).read_id, PR)
        committee.read("bob", committee.assign("bob", SECOND, subject).read_id, sizes)
    committee.assign("ann", FIRST, "S3")
    found = load_committee([tmp_path / "reads.sqlite"])
    assert [(r.subject, r.evaluator, r.accepted) for r in found.reads] == [
        ("S1", FIRST, True), ("S1", SECOND, False), ("S2", FIRST, False), ("S2", SECOND, False),
    ]  # fmt: skip
    assert found.left_out == (
        "subject 'S2' waits for adjudication; none of its reads counts yet",
        "read 'S3-1' is not signed to its end",
    )
    adjudicate(committee.store, committee.people, committee.credentials("judge"), "S2", "S2-2", "new nodule")
    again = load_committee([tmp_path / "reads.sqlite"])
    assert [r.evaluator for r in again.reads if r.accepted] == [FIRST, SECOND]
    (choice,) = again.adjudications
    assert (choice.chosen, choice.agreed, choice.adjudicator) == ("bob", {"bob"}, "judge")
    assert (choice.variables, choice.reason) == (("best-response", "progression-date"), "new nodule")
    figures = {(f.name, f.who): f for f in committee_figures(again)}
    assert figures["reader disagreement index", "ann"].estimate.value == 50
    rate = figures["adjudicator agreement rate", "bob"]
    assert (rate.count, rate.total, rate.estimate) == (1, 1, Estimate(why="n = 1"))


def test_a_read_of_the_adjudicator_s_own_agrees_with_whom_it_agrees(tmp_path):
    committee = SmallCommittee(tmp_path / "reads.sqlite", charter(tmp_path, adjudication_mode="new-read"))
    for name, stream, sizes in (("ann", FIRST, PR), ("bob", SECOND, PD)):
        committee.read(name, committee.assign(name, stream).read_id, sizes)
    committee.read("judge", committee.assign("judge", THIRD).read_id, {BASELINE: 40, FOLLOW_UP: 22})
    adjudicate(committee.store, committee.people, committee.credentials("judge"), "S1", "S1-3", "own read")
    committee.store.close()
    found = load_committee([tmp_path / "reads.sqlite"])
    assert [(r.evaluator, r.accepted) for r in found.reads] == [
        (FIRST, False),
        (SECOND, False),
        (THIRD, True),
    ]
    (choice,) = found.adjudications
    assert (choice.chosen, choice.agreed) == (None, {"ann"})
    assert len(found.pairs()) == 1
    done = CliRunner(env=BOSS).invoke(
        app, ["export", "sdtm", str(tmp_path / "reads.sqlite"), "-o", str(tmp_path / "out"), "--json"]
    )
    assert done.exit_code == 0, done.output
    rows = read_csv(tmp_path / "out" / "rs.csv").rows
    assert {r["RSEVALID"] for r in rows if r["RSACPTFL"] == "Y"} == {"ADJUDICATOR"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "committee", "{store}", "-o", "figures.doc"], "must end in .md, .csv or .json"),
        (["evaluate", "committee", "{folder}/none.sqlite"], "none.sqlite' does not exist."),
        (["export", "sdtm", "{store}", "-o", "{folder}/out", "--format", "sas"], "'sas' is not a format"),
        (["export", "sdtm", "{store}", "-o", "{folder}/out"], "There is no finished read"),
    ],
)
def test_commands_fail_with_one_clear_line(committee, tmp_path, arguments, message):
    committee.assign("ann", FIRST)
    filled = [a.format(store=tmp_path / "reads.sqlite", folder=tmp_path) for a in arguments]
    done = CliRunner(env=BOSS).invoke(app, filled)
    assert done.exit_code == 1
    assert message in done.output
    assert not (tmp_path / "out").exists()


def test_figures_are_written_in_every_form(committee, tmp_path):
    for name, stream in (("ann", FIRST), ("bob", SECOND)):
        committee.read(name, committee.assign(name, stream).read_id, PR)
    store = str(tmp_path / "reads.sqlite")
    for suffix in ("md", "csv", "json"):
        path = tmp_path / f"figures.{suffix}"
        assert (
            CliRunner(env=BOSS).invoke(app, ["evaluate", "committee", store, "-o", str(path)]).exit_code == 0
        )
        assert "best-response" in path.read_text(encoding="utf-8")
    printed = CliRunner(env=BOSS).invoke(app, ["evaluate", "committee", store, "--json"])
    assert json.loads(printed.stdout) == json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "command", [["evaluate", "committee"], ["export", "csv", "-o", "out"], ["export", "sdtm", "-o", "out"]]
)
def test_only_managers_and_auditors_see_all_reads_beside_each_other(
    committee, tmp_path, monkeypatch, command
):
    monkeypatch.chdir(tmp_path)
    for name, stream in (("ann", FIRST), ("bob", SECOND)):
        committee.read(name, committee.assign(name, stream).read_id, PR)
    arguments = [*command, str(tmp_path / "reads.sqlite")]
    refusals = {
        "": "sign in as a manager or an auditor",
        "ann": "Dr Ann may not see all reads beside each other",
        "judge": "Dr Judge may not see all reads beside each other",
    }
    for name, message in refusals.items():
        env = {"HCC_RESPONSE_PASSWORD": password(name)} if name else {}
        options = ["--as", name] if name else []
        done = CliRunner(env=env).invoke(app, [*arguments, *options])
        assert done.exit_code == 1
        assert message in done.output
        assert not (tmp_path / "out").exists()
    wrong = CliRunner(env={"HCC_RESPONSE_PASSWORD": "not the password"}).invoke(
        app, [*arguments, "--as", "eve"]
    )
    assert wrong.exit_code == 1
    assert "not accepted" in wrong.output
    done = CliRunner(env={"HCC_RESPONSE_PASSWORD": password("eve")}).invoke(app, [*arguments, "--as", "eve"])
    assert done.exit_code == 0, done.output
