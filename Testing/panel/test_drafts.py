"""One session with the brush is one decision: strokes are a draft, kept beside the read, until the reader is done."""

import shutil

import pytest

from HCCResponseLib.panel.scene.contours import COLOURS, get_contour, set_contour
from HCCResponseLib.review.read.state import RowStatus
from panel_case import decide_everything, make_account, open_case, paint, press, select, sign, status
from reads import BASELINE, FOLLOW_UP, GRID, drawn_disc

STROKES = [drawn_disc(26), drawn_disc(28), drawn_disc(30)]


def events(case):
    """Actions that the read keeps of people."""
    found = case.panel.presenter.session.store.events()
    return [e.action for e in found if e.action not in ("study", "proposal", "proposed", "result")]


def edit(case, name=("L1", FOLLOW_UP), strokes=STROKES):
    """Open the editor on a lesion and paint."""
    select(case, *name)
    case.ui.editButton.click()
    for stroke in strokes:
        paint(case, name[1], name[0], stroke)


def cell(case, row, column):
    return case.ui.lesionTable.item(row, column).text()


def test_three_strokes_are_one_decision_and_one_step_of_undo(case):
    """Before, each stroke was a decision: three events, three presses of Undo."""
    edit(case)
    assert events(case) == []
    assert cell(case, 0, 4).startswith("draft 31.0")
    assert "unfinished contour, no decision yet" in case.ui.cellLabel.text
    assert not case.ui.draftFrame.isHidden()
    case.ui.doneButton.click()
    assert events(case) == ["decision"]
    row = case.panel.presenter.row(FOLLOW_UP, "L1")
    assert (row.status, row.contour) == (RowStatus.EDITED, STROKES[-1])
    assert case.ui.draftFrame.isHidden()
    last = case.panel.presenter.session.store.events()[-1]
    assert (last.item, last.old, last.new) == (
        "follow-up 1 / L1",
        "proposed, 25.0 mm",
        f"edited, {row.long_mm} mm",
    )
    case.ui.undoButton.click()
    assert status(case, FOLLOW_UP, "L1") is RowStatus.PROPOSED
    assert get_contour(case.panel.scene_view.contour_node(FOLLOW_UP), "L1", GRID) == row.proposal.contour


def leave_by_another_lesion(case):
    select(case, "L2", FOLLOW_UP)


def leave_by_the_effect(case):
    case.ui.segmentEditor.setActiveEffectByName("")


def leave_by_another_segment(case):
    case.ui.segmentEditor.setCurrentSegmentID("L2")


def leave_by_folding_the_editor(case):
    case.ui.editorSection.collapsed = True


def leave_by_the_module(case):
    case.exit()


def leave_by_saving_the_scene(case):
    import slicer

    slicer.mrmlScene.InvokeEvent(slicer.mrmlScene.StartSaveEvent)


def leave_by_accepting(case):
    case.ui.acceptButton.click()


def leave_by_the_report(case):
    from slicer_host.record import RECORD

    RECORD.answer("question", False)
    case.ui.exportButton.click()


@pytest.mark.parametrize(
    "leave",
    [
        leave_by_another_lesion,
        leave_by_the_effect,
        leave_by_another_segment,
        leave_by_folding_the_editor,
        leave_by_the_module,
        leave_by_saving_the_scene,
        leave_by_accepting,
        leave_by_the_report,
    ],
)
def test_whoever_leaves_a_contour_has_finished_it(slicer_app, case, leave):
    edit(case)
    leave(case)
    slicer_app.process()
    assert events(case) == ["decision"]
    assert case.panel.presenter.row(FOLLOW_UP, "L1").contour == STROKES[-1]


def test_another_effect_leaves_nothing(slicer_app, case):
    edit(case, strokes=STROKES[:2])
    case.ui.segmentEditor.setActiveEffectByName("Erase")
    slicer_app.process()
    paint(case, FOLLOW_UP, "L1", STROKES[2])
    assert events(case) == []


def test_the_tool_does_not_draw_on_in_a_lesion_that_was_left(case):
    edit(case)
    select(case, "L2", FOLLOW_UP)
    assert case.ui.segmentEditor.activeEffect() is None


def test_the_accept_key_takes_what_was_drawn_and_not_the_proposal(slicer_app, case):
    case.parent.show()
    case.parent.activateWindow()
    slicer_app.process()
    edit(case)
    press(case.ui.lesionTable, "A")
    assert status(case, FOLLOW_UP, "L1") is RowStatus.EDITED
    assert case.panel._context.selected == (FOLLOW_UP, "L2")


@pytest.mark.parametrize("button", ["discardButton", "undoButton"])
def test_a_discarded_draft_brings_the_stored_contour_back(case, button):
    before = case.panel.presenter.row(FOLLOW_UP, "L1").contour
    edit(case)
    getattr(case.ui, button).click()
    assert events(case) == []
    assert get_contour(case.panel.scene_view.contour_node(FOLLOW_UP), "L1", GRID) == before
    assert cell(case, 0, 4).startswith("25.0")
    assert case.ui.draftFrame.isHidden()


def test_the_moment_in_which_an_effect_has_cleared_a_segment_is_no_edit(slicer_app, case):
    select(case, "L1", FOLLOW_UP)
    node = case.panel.scene_view.contour_node(FOLLOW_UP)
    set_contour(node, "L1", None, GRID, COLOURS[0])
    set_contour(node, "L1", STROKES[0], GRID, COLOURS[0])
    assert cell(case, 0, 4).startswith("25.0"), "nothing happens inside the observer"
    slicer_app.process()
    assert cell(case, 0, 4).startswith("draft 27.0")
    assert not slicer_app.record.dialogs


def test_a_lesion_can_be_erased_and_drawn_anew(slicer_app, case):
    edit(case, strokes=[None])
    assert cell(case, 0, 4) == "draft no contour"
    paint(case, FOLLOW_UP, "L1", STROKES[0])
    case.ui.doneButton.click()
    assert case.panel.presenter.row(FOLLOW_UP, "L1").contour == STROKES[0]
    assert not slicer_app.record.dialogs


def test_what_was_erased_can_be_called_gone(case):
    edit(case, strokes=[None])
    case.ui.stateCombo.setCurrentText("gone")
    case.ui.stateCombo.activated.emit(1)
    assert events(case) == ["decision"]
    assert case.panel.presenter.row(FOLLOW_UP, "L1").state == "disappeared"


def test_after_a_crash_the_next_opening_restores_the_draft_and_waits_for_a_word(slicer_app, case, tmp_path):
    """Before, strokes were decisions; a draft must be as safe as they were."""
    edit(case)
    crashed = tmp_path / "after-the-crash"
    shutil.copytree(tmp_path, crashed, ignore=shutil.ignore_patterns("after-the-crash"))
    case.ui.discardButton.click()
    case.ui.closeButton.click()
    open_case(case, crashed, make=False)
    assert events(case) == []
    assert "unfinished contour of L1 at follow-up 1 is restored" in case.ui.remarksLabel.text
    assert "earlier session" in case.ui.draftLabel.text
    assert case.panel._context.selected == (FOLLOW_UP, "L1")
    assert cell(case, 0, 4).startswith("draft 31.0")
    assert get_contour(case.panel.scene_view.contour_node(FOLLOW_UP), "L1", GRID) == STROKES[-1]
    select(case, "L2", FOLLOW_UP)
    assert events(case) == [], "a click elsewhere decides nothing about yesterday's drawing"
    case.ui.doneButton.click()
    assert events(case) == ["decision"]
    assert not list((crashed / "read").glob("draft-*"))


@pytest.mark.parametrize("how", ["case", "scene", "reload"])
def test_closing_keeps_the_draft(slicer_app, case, tmp_path, how):
    import slicer

    edit(case)
    if how == "case":
        case.ui.closeButton.click()
    elif how == "scene":
        slicer.mrmlScene.Clear(0)
        slicer_app.process()
    if how == "reload":
        case.panel.shut_down()
    open_case(case, tmp_path, make=False)
    assert events(case) == []
    assert cell(case, 0, 4).startswith("draft 31.0")
    case.ui.discardButton.click()


def test_there_is_no_category_while_a_contour_is_unfinished(case):
    decide_everything(case)
    assert case.ui.categoryLabel.text.startswith("<b>RECIST 1.1: PR</b>")
    edit(case)
    assert "the contour of L1 is unfinished" in case.ui.missingLabel.text
    assert case.ui.categoryLabel.isHidden()
    assert case.ui.timePointTable.item(1, 3).text() == "1 of 3 to decide"
    case.ui.doneButton.click()
    assert not case.ui.categoryLabel.isHidden()


def test_nobody_signs_a_category_that_was_not_on_the_screen(slicer_app, case):
    decide_everything(case)
    make_account(case)
    edit(case, ("L1", BASELINE), [drawn_disc(44)])
    sign(case)
    assert not case.panel.presenter.state.locked
    box = slicer_app.record.take_error_box()
    assert "Not signed yet" in box and "L1 at baseline" in box
    assert case.panel.presenter.row(BASELINE, "L1").contour == drawn_disc(44)
    sign(case)
    assert case.panel.presenter.state.locked == {BASELINE}
