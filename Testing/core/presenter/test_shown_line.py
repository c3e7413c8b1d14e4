"""Contours from a reader's line or clicks, without a panel: what is kept with them, who undoes them, who names them."""

import numpy as np
import pytest

from committees import charter
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.study import load_study
from HCCResponseLib.lesions.prompt import Click, prompt_words
from HCCResponseLib.presenter.evidence import evidence_words
from HCCResponseLib.presenter.presenter import Presenter
from HCCResponseLib.presenter.prompts import correction, first_line
from HCCResponseLib.report.subject.content import _new_lesions
from HCCResponseLib.report.subject.lesion_rows import lesion_groups
from HCCResponseLib.review.read.category import category
from HCCResponseLib.review.read.records import Action
from HCCResponseLib.review.read.state import RowStatus, read_state
from panel_case import make_case
from reads import BASELINE, FOLLOW_UP, GRID, drawn_disc

DRAWN = drawn_disc(16, 20, 52)
FACTS = {
    "engine": "prompt",
    "weights": {"prompt-compact.safetensors": "ab" * 32},
    "line": {"start": [44.5, 20.0, 10.0], "end": [59.5, 20.0, 10.0]},
    "clicks": [],
}


@pytest.fixture
def presenter(tmp_path):
    made = opened(tmp_path)
    yield made
    made.close()


def opened(folder, reader="dr.a"):
    if not (folder / "study.yaml").exists():
        make_case(folder)
    made = Presenter()
    made.reader = reader
    made.open(load_study(folder / "study.yaml"), folder / "read")
    return made


def test_the_line_is_stored_with_its_contour_and_found_again(presenter):
    name = presenter.add_contoured(BASELINE, DRAWN, FACTS)
    row = read_state(presenter.session.store).row(BASELINE, name)
    assert (row.status, row.contour, row.prompt) == (RowStatus.PROPOSED, DRAWN, FACTS)
    assert (row.proposal.origin, row.prompt_words) == ("added by dr.a", "contoured from the reader's line")
    assert presenter.session.store.events()[-1].new.endswith("mm, contoured from the reader's line")


def test_a_row_without_a_line_is_stored_as_ever(presenter):
    """A key that nobody needs would make every store of today unreadable for the version of yesterday."""
    presenter.accept(BASELINE, "L1")
    for event in presenter.session.store.events():
        assert "prompt" not in event.payload


def test_undo_takes_a_line_back_in_its_turn_and_only_for_its_reader(presenter, tmp_path):
    presenter.accept(BASELINE, "L1")
    name = presenter.add_contoured(BASELINE, DRAWN, FACTS)
    presenter.accept(BASELINE, name)
    presenter.reader = "dr.b"
    with pytest.raises(InputError, match="not made by you"):
        presenter.undo()
    presenter.reader = "dr.a"
    assert presenter.undo() == (BASELINE, name)
    assert presenter.row(BASELINE, name).status is RowStatus.PROPOSED
    presenter.reader = "dr.b"
    with pytest.raises(InputError, match="not made by you"):
        presenter.undo()
    presenter.reader = "dr.a"
    assert presenter.undo() == (BASELINE, name)
    assert presenter.state.row(BASELINE, name) is None
    assert presenter.undo() == (BASELINE, "L1"), "what was decided before is next"
    assert presenter.add_contoured(BASELINE, DRAWN, FACTS) == name, "its name is free again"
    assert read_state(presenter.session.store).row(BASELINE, name).contour == DRAWN


def test_to_take_back_what_nobody_has_decided_needs_no_reason(tmp_path):
    make_case(tmp_path, profile=str(charter(tmp_path, reason_for_change="after-decision")))
    presenter = opened(tmp_path)
    name = presenter.add_contoured(BASELINE, DRAWN, FACTS)
    presenter.undo()
    assert presenter.state.row(BASELINE, name) is None
    presenter.accept(BASELINE, "L1")
    with pytest.raises(InputError, match="needs a reason"):
        presenter.undo()
    presenter.close()


def test_report_and_trace_name_what_was_contoured_from_a_line(presenter):
    name = presenter.add_contoured(BASELINE, DRAWN, FACTS)
    for point, rows in presenter.state.rows.items():
        for known, row in list(rows.items()):
            if row.is_candidate:
                presenter.candidate(point, known, Action.DISMISS, "vessel")
            else:
                presenter.accept(point, known)
    presenter.session.state.rows[FOLLOW_UP][name] = presenter.row(FOLLOW_UP, "L2")
    found = category(presenter.state, presenter.profile)
    assert f"{name}: contoured from the reader's line" in found.time_points[0].trace
    assert not any("reader's line" in line for line in found.time_points[1].trace)
    groups = lesion_groups(presenter.state, presenter.profile, found, "SoD")
    notes = {line.name: line.cells[0].note for group in groups for line in group.lines}
    assert notes[name].endswith("contoured from the reader's line")
    assert "reader's line" not in notes["L1"]


def test_a_candidate_from_a_line_says_so_with_both_lengths_in_panel_and_report(presenter):
    name = presenter.add_contoured(FOLLOW_UP, DRAWN, FACTS)
    row = presenter.row(FOLLOW_UP, name)
    words = evidence_words(row)
    assert words.startswith(
        f"Contoured from the reader's line; contour {row.long_mm} mm, your line 15.0 mm ("
    )
    (new,) = [one for one in _new_lesions(presenter.state, {}) if one.name == name]
    assert new.evidence == "contoured from the reader's line"


def test_a_draft_keeps_its_clicks_over_a_crash_and_into_the_decision(presenter, tmp_path):
    clicks = {
        **FACTS,
        "line": None,
        "corrected": True,
        "clicks": [{"lps": [40.0, 61.0, 10.0], "inside": True}],
    }
    grown = drawn_disc(44)
    presenter.draw(BASELINE, "L1", grown, clicks)
    other = opened(tmp_path)
    other.finish((BASELINE, "L1"))
    row = read_state(other.session.store).row(BASELINE, "L1")
    assert (row.decision.prompt, row.contour) == (clicks, grown)
    assert row.prompt_words == "corrected by 1 click of the reader"
    other.draw(BASELINE, "L1", drawn_disc(42))
    assert (
        other.shown().row(BASELINE, "L1").prompt_words == "corrected by 1 click of the reader, then by hand"
    )
    other.close()


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"clicks": [1]}, "contoured from 1 click of the reader"),
        ({"line": [1], "clicks": [1, 2]}, "contoured from the reader's line and 2 clicks"),
        ({"corrected": True, "clicks": [1, 2]}, "corrected by 2 clicks of the reader"),
    ],
)
def test_how_a_contour_was_made_in_words(facts, words):
    assert prompt_words(facts) == words


def test_the_line_of_the_visit_before_is_carried_to_one_slice_of_this_scan(presenter):
    state = presenter.state
    state.row(FOLLOW_UP, "L1").proposal.evidence["place_lps"] = [46.0, 37.0, 13.4]
    before = state.row(BASELINE, "L1").measurement.long_axis
    found = first_line(state, FOLLOW_UP, "L1", GRID)
    assert found.carried
    ends = np.array([found.line.start_lps, found.line.end_lps])
    assert ends.mean(0) == pytest.approx((46.0, 37.0, 12.5)), "on the nearest slice"
    assert ends[0] - ends[1] == pytest.approx(np.subtract(before.start_lps, before.end_lps))
    tilted = Geometry(GRID.size, GRID.spacing, GRID.origin, (1, 0, 0, 0, 0.8, -0.6, 0, 0.6, 0.8))
    turned = first_line(state, FOLLOW_UP, "L1", tilted).line
    levels = tilted.lps_to_index([turned.start_lps, turned.end_lps])[:, 0]
    assert levels == pytest.approx([round(levels[0])] * 2)


def test_without_a_carried_place_the_row_s_own_axis_is_the_line_to_begin_with(presenter):
    axis = presenter.row(FOLLOW_UP, "L1").measurement.long_axis
    found = first_line(presenter.state, FOLLOW_UP, "L1", GRID)
    assert (found.line.start_lps, found.carried) == (axis.start_lps, False)
    name = presenter.add_lesion(BASELINE)
    assert first_line(presenter.state, BASELINE, name, GRID) is None


def test_a_click_outside_goes_with_the_deepest_place_of_the_contour(presenter):
    row = presenter.row(BASELINE, "L1")
    click = Click((22.0, 40.0, 10.0), inside=False)
    prompts = correction(row, click, GRID)
    assert prompts.clicks[0] == click and prompts.line is None
    anchor = prompts.clicks[1]
    assert anchor.inside
    assert anchor.lps[:2] == pytest.approx((40.0, 40.0), abs=3.5)


def test_a_contour_from_a_line_is_corrected_with_that_line(presenter):
    name = presenter.add_contoured(BASELINE, DRAWN, FACTS)
    click = Click((52.0, 29.0, 10.0))
    prompts = correction(presenter.row(BASELINE, name), click, GRID)
    assert prompts.line.start == (44.5, 20.0, 10.0) and prompts.clicks == (click,)
