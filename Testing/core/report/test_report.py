"""The report: one self-contained file that says what a reader must know, and nothing that was not decided."""

import base64
import hashlib
import io
import json
import re
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from matplotlib.image import imread

from HCCResponseLib.imaging.read import read_label_map
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import Proposal, ProposalKind
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.report.subject.content import report_content
from HCCResponseLib.report.subject.figures import KeySlice, draw_key_slices, draw_sums
from HCCResponseLib.report.subject.html import write_html
from HCCResponseLib.report.subject.output import file_stems, write_contours, write_outputs, write_result
from HCCResponseLib.response.numbers import tenths
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.decisions.decide import accept_all, as_length, decide
from HCCResponseLib.review.decisions.reader_rows import set_site
from HCCResponseLib.review.read.category import category
from HCCResponseLib.review.read.facts import Site
from HCCResponseLib.review.read.lifecycle import is_signed
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.session import Session
from HCCResponseLib.review.store import STORE_LOG
from reads import (
    BASELINE,
    FOLLOW_UP,
    GRID,
    accept_with_a_look,
    candidate,
    disc,
    drawn_disc,
    lesion,
    make_read,
)

PROFILE = load_profile("recist-1.1")


def image(_: str) -> Volume:
    hu = np.full(GRID.size, 100, np.int16)
    hu[disc(30)] = 40
    return Volume(hu, GRID, "ct")


@pytest.fixture
def decided(tmp_path):
    proposals = [lesion(BASELINE, "L1", 40), lesion(BASELINE, "L2", 20)]
    proposals += [lesion(FOLLOW_UP, "L1", 24), lesion(FOLLOW_UP, "L2", None), candidate()]
    store, state = make_read(tmp_path / "read.sqlite", proposals)
    yield store, state
    store.close()


def accept_and_look(store, state):
    """Everything accepted unseen, but for the lesion that has disappeared: there the reader looks."""
    accept_with_a_look(store, state, "Dr A")
    decide(store, state, Decision("Dr A", FOLLOW_UP, "L2", Action.ACCEPT))


def written(tmp_path, state, evaluation):
    path = tmp_path / "report.html"
    write_html(path, report_content(state, PROFILE, evaluation, image))
    return path.read_text(encoding="utf-8")


def test_an_undecided_read_shows_no_category(tmp_path, decided):
    _, state = decided
    html = written(tmp_path, state, None)
    assert "No response category." in html
    assert "candidate C1 is not decided" in html
    assert "Why: the trace" not in html
    assert not re.search(r"<b>(CR|PR|SD|PD)</b>", html)


def test_a_figure_between_two_tenths_is_rounded_as_measured_and_typed_lengths_are(tmp_path, decided):
    """27.25 is 27.3 mm wherever a length is measured or typed; the report printed 27.2."""
    store, state = decided
    accept_with_a_look(store, state, "Dr A")
    evaluation = category(state, PROFILE)
    points = [
        replace(p, target=replace(p.target, sum=Decimal("27.25"), percent_from_nadir=Decimal("-12.25")))
        for p in evaluation.time_points
    ]
    html = written(tmp_path, state, replace(evaluation, time_points=tuple(points)))
    assert "27.3 mm" in html
    assert "-12.3 %" in html
    assert tenths(27.25) == as_length("27.25") == Decimal("27.3")


def test_a_decided_read_shows_everything(tmp_path, decided):
    store, state = decided
    for point, name in ((BASELINE, "L1"), (BASELINE, "L2"), (FOLLOW_UP, "L1"), (FOLLOW_UP, "L2")):
        decide(store, state, Decision("Dr <A>", point, name, Action.ACCEPT))
    decide(store, state, Decision("Dr <A>", FOLLOW_UP, "C1", Action.DISMISS, reason="a <b>vessel</b>"))
    evaluation = category(state, PROFILE)
    html = written(tmp_path, state, evaluation)
    assert "<b>PR</b>" in html
    assert "Not reviewed" not in html
    assert "Dr &lt;A&gt;" in html
    assert "a &lt;b&gt;vessel&lt;/b&gt;" in html
    assert "disappeared (0 mm)" in html
    for line in evaluation.time_points[-1].trace:
        assert line.split("<")[0] in html.replace("&#39;", "'").replace("&gt;", ">").replace("&lt;", "<")
    assert html.count("For research use; not cleared for clinical use.") >= 2
    assert "<script" not in html
    assert not re.search(r"""(src|href)=["'](?!data:)""", html)


def test_a_contour_of_a_second_look_asks_for_a_look_until_its_reader_has_seen_it(tmp_path, decided):
    store, state = decided
    row = state.rows[FOLLOW_UP]["L1"]
    remark = "The adapted network drew nothing here: look."
    proposal = replace(row.proposal, evidence={"second_look": True, "remark": remark})
    state.rows[FOLLOW_UP]["L1"] = replace(row, proposal=proposal)
    asked = f"follow-up 1, L1: its reader has to see it. {remark}"
    assert asked in written(tmp_path, state, None)
    assert accept_all(store, state, "Dr A")
    assert state.rows[FOLLOW_UP]["L1"].decision is None, "nothing takes it over unseen"
    decide(store, state, Decision("Dr A", FOLLOW_UP, "L1", Action.ACCEPT))
    assert asked not in written(tmp_path, state, None)


def test_a_disappearance_says_what_the_checks_of_the_registration_do_not_see(tmp_path, decided):
    _, state = decided
    html = written(tmp_path, state, None)
    assert "follow-up 1, L2: proposed as disappeared, which its reader has to see." in html
    assert "of 500 places that were off by more than 10 mm" in html
    assert "follow-up 1, L1: proposed as disappeared" not in html
    state.provenance[FOLLOW_UP]["registration"] = {"trustworthy": True}
    html = written(tmp_path, state, None)
    assert "checks for gross faults passed" in html
    assert "trustworthy" not in html


def test_a_blanket_acceptance_is_said(tmp_path, decided):
    store, state = decided
    accept_and_look(store, state)
    assert "Not reviewed." in written(tmp_path, state, category(state, PROFILE))


def pixels(data: str) -> np.ndarray:
    return imread(io.BytesIO(base64.b64decode(data.split(",")[1])))


def test_the_key_slice_shows_contour_and_axes():
    drawn = drawn_disc(30)
    row = lesion(BASELINE, "L1", 30)
    bare = KeySlice(image(""), (4, 40, 40), "30.0 mm")
    both = (replace(bare, contour=drawn, measurement=row.measurement), bare)
    drawn, plain = (pixels(draw_key_slices([one], 30.0)) for one in both)
    assert drawn.shape == plain.shape
    amber = (drawn[..., 0] > 0.8) & (drawn[..., 2] < 0.3)
    assert amber.sum() > 200
    assert not ((plain[..., 0] > 0.8) & (plain[..., 2] < 0.3)).any()


def test_pictures_are_the_same_every_time(decided):
    store, state = decided
    accept_and_look(store, state)
    baseline, follow_up = category(state, PROFILE).time_points
    unknown = replace(follow_up, target=replace(follow_up.target, sum=None, complete=False))
    assert draw_sums((baseline, follow_up), PROFILE) == draw_sums((baseline, follow_up), PROFILE)
    assert draw_sums((baseline, unknown), PROFILE) != draw_sums((baseline, follow_up), PROFILE)


def test_result_and_contours(tmp_path, decided):
    store, state = decided
    accept_and_look(store, state)
    result = write_result(tmp_path, state, PROFILE, category(state, PROFILE))
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(result)
    )
    assert result["category"] == "PD"
    assert result["reviewed"] is False
    rows = {r["lesion"]: r for r in result["time_points"][1]["rows"]}
    assert rows["L2"]["state"] == "disappeared"
    assert rows["C1"]["decision"] == "new"
    write_contours(tmp_path, state, image)
    assert json.loads((tmp_path / "contours" / "follow-up_1.json").read_text(encoding="utf-8")) == {
        "L1": 1,
        "C1": 2,
    }
    assert (tmp_path / "contours" / "baseline.nii.gz").exists()


def test_without_an_evaluation_the_result_has_no_category(tmp_path, decided):
    _, state = decided
    assert write_result(tmp_path, state, PROFILE, None)["category"] is None


def test_cautions_are_shown(tmp_path):
    ring = disc(40) & ~disc(34)
    ring[:, :, 40:] = False
    ring = Lesion.of(ring)
    measured = measure_lesion(ring, GRID)
    assert measured.warnings
    row = Proposal(BASELINE, "L1", ProposalKind.LESION, LesionState.MEASURED, ring, measured, "test")
    store, state = make_read(tmp_path / "read.sqlite", [row, lesion(FOLLOW_UP, "L1", 24)])
    state.provenance[FOLLOW_UP]["registration"] = {"trustworthy": False}
    html = written(tmp_path, state, None)
    store.close()
    assert "registration to baseline is not trustworthy here" in html
    assert measured.warnings[0].message.split("%")[0][:30] in html


def test_contours_that_lie_in_each_other_lose_no_voxel(tmp_path, decided):
    store, state = decided
    accept_with_a_look(store, state, "Dr A")
    write_contours(tmp_path, state, image)
    folder = tmp_path / "contours"
    found = {}
    for listed in sorted(folder.glob("baseline*.json")):
        drawn = read_label_map(listed.with_name(listed.name.replace(".json", ".nii.gz")))
        for name, value in json.loads(listed.read_text()).items():
            found[name] = Lesion.of(drawn.mask(value))
    assert found == {name: row.contour for name, row in state.rows[BASELINE].items()}
    assert (folder / "baseline.overlap-2.nii.gz").exists()
    apart = drawn_disc(10, 12, 12)
    row = state.rows[BASELINE]["L2"]
    state.rows[BASELINE]["L2"] = replace(row, proposal=replace(row.proposal, contour=apart))
    write_contours(tmp_path, state, image)
    assert not list(folder.glob("baseline.overlap*"))


def test_more_than_255_contours_keep_their_values(tmp_path, decided):
    _, state = decided
    first = state.rows[BASELINE]["L1"]
    for number in range(300):
        voxel = np.zeros(GRID.size, bool)
        voxel[0, number // 60, number % 60] = True
        one = replace(first.proposal, name=f"P{number}", contour=Lesion.of(voxel))
        state.rows[BASELINE][f"P{number}"] = replace(first, proposal=one)
    write_contours(tmp_path, state, image)
    folder = tmp_path / "contours"
    values = json.loads((folder / "baseline.json").read_text())
    drawn = read_label_map(folder / "baseline.nii.gz")
    assert Lesion.of(drawn.mask(values["P299"])) == state.rows[BASELINE]["P299"].contour


@pytest.mark.parametrize(
    "names",
    [
        ("follow-up 1", "follow-up_1"),
        ("follow-up_1", "follow-up 1"),
        ("Week 8", "week 8"),
        ("a b", "a_b", "a_b-2", "A b"),
    ],
)
def test_file_names_never_collide(names):
    stems = file_stems(names)
    assert len({stem.casefold() for stem in stems.values()}) == len(names)


def test_one_name_gives_the_file_name_that_it_always_had():
    assert file_stems(["baseline", "follow-up 1"]) == {"baseline": "baseline", "follow-up 1": "follow-up_1"}


@pytest.mark.parametrize(
    ("profile", "unit", "title"),
    [("recist-1.1", "mm", "diameters"), ("who", "mm²", "products"), ("volume", "mm³", "volumes")],
)
def test_sums_carry_the_unit_of_the_criterion(tmp_path, decided, profile, unit, title):
    store, state = decided
    accept_with_a_look(store, state, "Dr A")
    chosen = load_profile(profile)
    evaluation = category(state, chosen)
    write_html(tmp_path / "r.html", report_content(state, chosen, evaluation, image))
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    total = f"{evaluation.time_points[0].target.sum:.1f}"
    assert f"{total} {unit}<" in html
    assert f"Sum of {title}" in html
    assert write_result(tmp_path, state, chosen, evaluation)["unit"] == unit


def test_the_bold_figure_of_a_node_is_the_short_axis_that_the_sum_takes(tmp_path, decided):
    store, state = decided
    set_site(store, state, "Dr A", "L1", Site("abdomen", lymph_node=True))
    html = written(tmp_path, state, None)
    row = state.row(BASELINE, "L1")
    assert f"<b>{row.short_mm} mm</b>" in html
    assert f"long axis {row.long_mm} mm" in html


def test_the_report_lists_what_was_changed_after_a_decision(tmp_path, decided):
    store, state = decided
    accept_with_a_look(store, state, "Dr A")
    session = Session(
        state.study, tmp_path / "out", store, state, {p: image(p) for p in (BASELINE, FOLLOW_UP)}
    )
    write_outputs(session)
    assert "Changes after a decision" not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    before = state.row(BASELINE, "L1").words
    decide(store, state, Decision("Dr A", BASELINE, "L1", Action.REJECT, reason="a vessel <seen late>"))
    after = state.row(BASELINE, "L1").words
    write_outputs(session)
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    section = html[html.index("Changes after a decision") : html.index("<h2>How the proposals")]
    cells = (f"<b>{BASELINE} / L1</b>", before, after, "Dr A", " UTC", "a vessel &lt;seen late&gt;")
    assert all(f"{cell}" in section for cell in cells)


def test_a_report_of_a_signed_read_is_an_event_of_the_store_alone(tmp_path, decided):
    store, state = decided
    accept_with_a_look(store, state, "Dr A")
    state.locks.locked |= {BASELINE, FOLLOW_UP}
    session = Session(
        state.study, tmp_path / "out", store, state, {p: image(p) for p in (BASELINE, FOLLOW_UP)}
    )
    head = store.head()
    write_outputs(session, by="Dr B")
    assert store.head() == head
    (event,) = store.other(STORE_LOG).events()
    written = (tmp_path / "out" / "report.html").read_bytes()
    assert (event.actor, event.action, event.item) == ("Dr B", "report-written", "read read-1")
    assert event.payload["sha256"] == hashlib.sha256(written).hexdigest()


def test_a_signed_read_is_not_written_to_by_a_report(tmp_path, decided, monkeypatch):
    store, state = decided
    accept_with_a_look(store, state, "Dr A")
    session = Session(
        state.study, tmp_path / "out", store, state, {p: image(p) for p in (BASELINE, FOLLOW_UP)}
    )
    write_outputs(session)
    assert [e.action for e in store.events()].count("result") == 1
    before = [e.hash for e in store.events()]
    state.locks.locked |= {BASELINE, FOLLOW_UP}
    assert is_signed(state)
    write_outputs(session)
    assert [e.hash for e in store.events()] == before
