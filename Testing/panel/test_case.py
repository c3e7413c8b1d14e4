"""A reader's whole case in the panel: open, decide, edit, undo, category, sign, lock, reload."""

from pathlib import Path

import pytest

from committees import charter
from HCCResponseLib.review.read.state import RowStatus
from panel_case import (
    decide_everything,
    make_account,
    make_case,
    open_case,
    paint,
    press,
    select,
    sign,
    status,
)
from reads import BASELINE, FOLLOW_UP, GRID, drawn_disc, lesion
from waiting import wait_until


def test_a_whole_case_by_buttons(slicer_app, case):
    assert "Still missing" in case.ui.missingLabel.text
    decide_everything(case)
    assert case.ui.categoryLabel.text.startswith("<b>RECIST 1.1: PR</b>")
    assert not case.ui.missingLabel.isVisible()
    sums = {
        case.ui.sumTable.item(r, 0).text(): [case.ui.sumTable.item(r, c).text() for c in (1, 2)]
        for r in range(case.ui.sumTable.rowCount)
    }
    assert sums["Sum (mm)"] == ["66.0", "40.0"]
    assert sums["New lesion"] == ["", "no"]
    assert sums["Overall"] == ["baseline", "PR"]
    assert "RECIST 1.1" in case.ui.traceText.plainText
    [row] = [r for r in case.panel.presenter.state.rows[FOLLOW_UP].values() if r.is_candidate]
    assert row.decision.reason == "vessel"


def test_the_reason_in_the_box_goes_with_one_change(slicer_app, panel, tmp_path):
    asking = charter(tmp_path, reason_for_change="after-decision")
    make_case(tmp_path, profile=asking)
    open_case(panel, tmp_path, make=False)
    select(panel, "L1", BASELINE)
    panel.ui.acceptButton.click()
    select(panel, "L1", BASELINE)
    panel.ui.stateCombo.setCurrentText("gone")
    panel.ui.stateCombo.activated.emit(1)
    assert "needs a reason" in slicer_app.record.take_error_box()
    assert status(panel, BASELINE, "L1") is RowStatus.ACCEPTED
    panel.ui.changeReasonEdit.setText("looked again")
    panel.ui.stateCombo.setCurrentText("gone")
    panel.ui.stateCombo.activated.emit(1)
    row = panel.panel.presenter.row(BASELINE, "L1")
    assert (row.status, row.decision.reason) == (RowStatus.EDITED, "looked again")
    assert panel.ui.changeReasonEdit.text == ""


def test_keys_do_what_the_buttons_do(slicer_app, case):
    case.parent.show()
    case.parent.activateWindow()
    slicer_app.process()
    select(case, "L1", BASELINE)
    press(case.ui.lesionTable, "A")
    assert status(case, BASELINE, "L1") is RowStatus.ACCEPTED
    assert case.panel._context.selected == (BASELINE, "L2"), "the next lesion that waits is selected"
    press(case.ui.lesionTable, "R")
    assert status(case, BASELINE, "L2") is RowStatus.REJECTED
    press(case.ui.lesionTable, "U")
    assert status(case, BASELINE, "L2") is RowStatus.PROPOSED
    case.ui.candidateTable.selectRow(0)
    press(case.ui.candidateTable, "Q")
    assert case.panel.presenter.row(FOLLOW_UP, "C1").decision.action == "equivocal"


def test_a_painted_segment_makes_the_row_edited_and_keeps_the_proposal(slicer_app, case):
    select(case, "L1", FOLLOW_UP)
    case.ui.editButton.click()
    assert case.ui.segmentEditor.currentSegmentID() == "L1"
    drawn = drawn_disc(30)
    paint(case, FOLLOW_UP, "L1", drawn)
    case.ui.doneButton.click()
    row = case.panel.presenter.row(FOLLOW_UP, "L1")
    assert row.status is RowStatus.EDITED
    assert row.contour == drawn
    assert row.proposal.contour.count < drawn.count
    line = case.panel.scene_view.line_node(FOLLOW_UP, "L1")
    assert line.GetMeasurement("length").GetValue() == pytest.approx(float(row.long_mm), abs=0.06)
    assert "edited contour" in case.ui.cellLabel.text
    case.ui.undoButton.click()
    assert status(case, FOLLOW_UP, "L1") is RowStatus.PROPOSED


def test_a_dragged_line_wins_and_both_lengths_are_shown(case):
    node = case.panel.scene_view.line_node(FOLLOW_UP, "L1")
    node.SetNthControlPointPositionWorld(0, -30.0, -40.0, 10.0)
    node.SetNthControlPointPositionWorld(1, -52.0, -40.0, 10.0)
    node.InvokeEvent(node.PointEndInteractionEvent)
    row = case.panel.presenter.row(FOLLOW_UP, "L1")
    assert (row.status, str(row.long_mm)) == (RowStatus.EDITED, "22.0")
    assert "reader's line 22.0 mm, contour 25.0 mm (difference -3.0 mm)" in case.ui.cellLabel.text


def test_an_emptied_contour_is_refused_and_comes_back(slicer_app, case):
    from HCCResponseLib.panel.scene.contours import get_contour

    node = case.panel.scene_view.contour_node(BASELINE)
    before = get_contour(node, "L1", GRID)
    paint(case, BASELINE, "L1", None)
    case.ui.doneButton.click()
    assert status(case, BASELINE, "L1") is RowStatus.PROPOSED
    assert get_contour(node, "L1", GRID) == before
    assert "empty" in slicer_app.record.take_error_box()


def test_signing_locks_the_time_point(slicer_app, case):
    from HCCResponseLib.panel.scene.contours import get_contour

    decide_everything(case)
    make_account(case)
    sign(case)
    assert BASELINE in case.panel.presenter.state.locked
    assert "Dr Anna Example" in case.ui.signatureLabel.text
    select(case, "L1", BASELINE)
    assert not case.ui.acceptButton.isEnabled()
    assert not case.ui.editButton.isEnabled()
    node = case.panel.scene_view.contour_node(BASELINE)
    before = get_contour(node, "L1", GRID)
    paint(case, BASELINE, "L1", drawn_disc(10))
    assert get_contour(node, "L1", GRID) == before
    assert "locked" in slicer_app.record.take_error_box()
    sign(case)
    assert case.panel.presenter.state.locked == {BASELINE, FOLLOW_UP}
    assert not case.ui.signButton.isEnabled()


def test_a_wrong_password_signs_nothing(slicer_app, case):
    decide_everything(case)
    make_account(case)
    case.ui.passwordEdit.setText("wrong")
    case.ui.signButton.click()
    assert not case.panel.presenter.state.locked
    assert case.ui.passwordEdit.text == ""
    assert "password" in slicer_app.record.take_error_box()


def test_reload_of_the_module_goes_on_with_the_read(slicer_app, case):
    import slicer

    select(case, "L1", BASELINE)
    case.ui.acceptButton.click()
    case.onReload()
    again = slicer.util.getModuleWidget("HCCResponse")
    assert again is not case
    assert status(again, BASELINE, "L1") is RowStatus.ACCEPTED
    assert again.ui.lesionTable.rowCount == 2
    node = again.panel.scene_view.line_node(FOLLOW_UP, "L1")
    node.InvokeEvent(node.PointEndInteractionEvent)
    assert status(again, FOLLOW_UP, "L1") is RowStatus.EDITED


def test_closing_the_scene_loses_nothing(slicer_app, case):
    import slicer

    select(case, "L1", BASELINE)
    case.ui.acceptButton.click()
    slicer.mrmlScene.Clear(0)
    slicer_app.process()
    assert case.ui.statusLabel.text == "No study is open."
    case.ui.openButton.click()
    assert status(case, BASELINE, "L1") is RowStatus.ACCEPTED
    assert case.panel.scene_view.line_node(BASELINE, "L1") is not None


def test_a_deleted_node_comes_back(slicer_app, case):
    import slicer

    slicer.mrmlScene.RemoveNode(case.panel.scene_view.contour_node(FOLLOW_UP))
    slicer_app.process()
    assert case.panel.scene_view.contour_node(FOLLOW_UP).GetSegmentation().GetNumberOfSegments() == 3
    assert status(case, FOLLOW_UP, "L1") is RowStatus.PROPOSED


def test_a_saved_scene_brings_the_read_back(slicer_app, case, tmp_path):
    import slicer

    select(case, "L1", BASELINE)
    case.ui.acceptButton.click()
    saved = str(tmp_path / "case.mrb")
    assert slicer.mrmlScene.WriteToMRB(saved)
    slicer.mrmlScene.Clear(0)
    slicer_app.process()
    assert slicer.mrmlScene.ReadFromMRB(saved)
    slicer_app.process()
    assert status(case, BASELINE, "L1") is RowStatus.ACCEPTED
    nodes = slicer.mrmlScene.GetNodesByClass("vtkMRMLSegmentationNode")
    nodes.UnRegister(None)
    assert nodes.GetNumberOfItems() == 2, "contours of a saved scene are found, not made a second time"
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    place = tree.GetItemParent(tree.GetItemByDataNode(case.panel.scene_view.contour_node(BASELINE)))
    assert (tree.GetItemName(place), tree.GetItemName(tree.GetItemParent(place))) == (
        BASELINE,
        "HCC Response S1",
    )


def test_two_subjects_in_one_scene(slicer_app, case, tmp_path):
    select(case, "L1", BASELINE)
    case.ui.acceptButton.click()
    open_case(case, tmp_path / "second", subject="S2")
    assert "S2" in case.ui.statusLabel.text
    assert status(case, BASELINE, "L1") is RowStatus.PROPOSED
    open_case(case, tmp_path, make=False)
    assert status(case, BASELINE, "L1") is RowStatus.ACCEPTED


def test_a_bad_study_leaves_the_open_read_alone(slicer_app, case):
    case.ui.studyEdit.setText("/nowhere/study.yaml")
    case.ui.openButton.click()
    assert "does not exist" in slicer_app.record.take_error_box()
    assert "S1" in case.ui.statusLabel.text
    select(case, "L1", BASELINE)
    case.ui.acceptButton.click()
    assert status(case, BASELINE, "L1") is RowStatus.ACCEPTED


def test_without_a_reader_no_decision_is_stored(slicer_app, case):
    case.ui.readerEdit.setText("")
    select(case, "L1", BASELINE)
    case.ui.acceptButton.click()
    assert "who reads" in slicer_app.record.take_error_box()
    assert status(case, BASELINE, "L1") is RowStatus.PROPOSED


def test_a_candidate_can_be_linked_to_a_lesion(case):
    case.ui.candidateTable.selectRow(0)
    case.ui.linkCombo.setCurrentText("L2")
    case.ui.relinkButton.click()
    assert status(case, FOLLOW_UP, "C1") is RowStatus.REJECTED
    row = case.panel.presenter.row(FOLLOW_UP, "L2")
    candidate = case.panel.presenter.row(FOLLOW_UP, "C1").proposal.contour
    assert row.status is RowStatus.EDITED
    assert row.contour == candidate | row.proposal.contour, "parts of one lesion"


def test_a_new_lesion_is_drawn_and_called_new(case):
    select(case, "L1", FOLLOW_UP)
    case.ui.newLesionButton.click()
    case.ui.newLesionButton.click()  # by hand, not by a line
    point, name = case.panel._context.selected
    assert (point, case.ui.segmentEditor.currentSegmentID()) == (FOLLOW_UP, name)
    paint(case, FOLLOW_UP, name, drawn_disc(16, 60, 60))
    assert case.ui.candidateTable.item(1, 4).text() == "draft"
    case.ui.candidateTable.selectRow(1)
    case.ui.newCandidateButton.click()
    row = case.panel.presenter.row(FOLLOW_UP, name)
    assert row.decision.action == "new"
    assert row.contour == drawn_disc(16, 60, 60), "the contour drawn before is kept"


def test_role_state_and_site(case):
    select(case, "L2", BASELINE)
    case.ui.acceptButton.click()
    select(case, "L2", BASELINE)
    case.ui.roleCombo.setCurrentText("non-target")
    case.ui.roleCombo.activated.emit(1)
    assert case.ui.lesionTable.item(1, 1).text() == "NT"
    case.ui.segmentNameEdit.setText("VIII")
    case.ui.siteButton.click()
    assert case.ui.lesionTable.item(1, 2).text() == "liver VIII"
    select(case, "L2", FOLLOW_UP)
    case.ui.stateCombo.setCurrentText("gone")
    case.ui.stateCombo.activated.emit(1)
    assert case.panel.presenter.row(FOLLOW_UP, "L2").state == "disappeared"


def test_report_and_export(slicer_app, case, monkeypatch):
    import qt

    opened = []
    monkeypatch.setattr(
        qt.QDesktopServices, "openUrl", staticmethod(lambda url: opened.append(url.toLocalFile()))
    )
    decide_everything(case)
    case.ui.reportButton.click()
    assert not case.ui.reportButton.isEnabled(), "it is written in a process of its own; nothing waits for it"
    assert not opened

    def ended():
        slicer_app.process()
        return not case.panel.jobs.busy

    wait_until(ended)
    assert "RECIST 1.1" in Path(opened[0]).read_text(encoding="utf-8")
    assert "Written to" in case.ui.signatureLabel.text
    assert case.panel.presenter.session.store.events()[-1].action == "result"


def test_a_question_that_blocks_the_category_is_answered(slicer_app, panel, tmp_path):
    later = "follow-up 2"
    proposals = [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", None), lesion(later, "L1", 3)]
    make_case(tmp_path, proposals)
    open_case(panel, tmp_path, make=False)
    for point in (BASELINE, FOLLOW_UP, later):
        select(panel, "L1", point)
        panel.ui.acceptButton.click()
    assert later in panel.ui.questionLabel.text
    assert not panel.ui.questionButton.isHidden()
    choices = [panel.ui.questionCombo.itemText(i) for i in range(panel.ui.questionCombo.count)]
    assert len(choices) > 1
    panel.ui.questionButton.click()
    assert panel.panel.presenter.state.answers[later] == choices[0]
    assert panel.ui.questionButton.isHidden()
    assert panel.ui.sumTable.item(6, 3).text() not in ("", "open")


def test_a_place_in_doubt_is_said_beside_the_lesion(slicer_app, panel, tmp_path):
    from dataclasses import replace

    doubtful = replace(
        lesion(FOLLOW_UP, "L1", 24),
        evidence={"registration_trustworthy": False, "registration_remark": "The livers overlap by 41 %."},
    )
    make_case(tmp_path, [lesion(BASELINE, "L1", 40), doubtful])
    open_case(panel, tmp_path, make=False)
    select(panel, "L1", FOLLOW_UP)
    assert "not trustworthy here" in panel.ui.cellLabel.text
    assert "overlap by 41 %" in panel.ui.cellLabel.text


def test_choosing_measured_again_keeps_the_reader_s_line(case):
    node = case.panel.scene_view.line_node(FOLLOW_UP, "L1")
    node.SetNthControlPointPositionWorld(0, -30.0, -40.0, 10.0)
    node.SetNthControlPointPositionWorld(1, -52.0, -40.0, 10.0)
    node.InvokeEvent(node.PointEndInteractionEvent)
    case.ui.stateCombo.setCurrentText("measured")
    case.ui.stateCombo.activated.emit(0)
    assert str(case.panel.presenter.row(FOLLOW_UP, "L1").long_mm) == "22.0"


def test_no_page_shows_a_question_that_is_not_asked(slicer_app, case):
    case.parent.show()
    for page in (case.ui.responseTab, case.ui.proposeTab, case.ui.lesionTab):
        case.ui.stepTabs.setCurrentWidget(page)
    assert all(w.isHidden() for w in (case.ui.questionButton, case.ui.traceText, case.ui.weightsEdit))


def test_remarks_of_an_image_stand_at_its_time_point(case):
    assert case.ui.remarksLabel.text == ""
    known = case.panel.presenter.state.provenance[FOLLOW_UP]
    known["image"] = {"remarks": ["Acquired with a tilt of 20 degrees."]}
    case.panel.refresh()
    assert case.ui.remarksLabel.text == "follow-up 1: Acquired with a tilt of 20 degrees."


def test_criteria_read_in_parallel_stand_below_the_category(case):
    decide_everything(case)
    assert case.ui.parallelLabel.isHidden()
    presenter = case.panel.presenter
    presenter._profile = presenter.profile.with_overrides({"parallel_criteria": ["iRECIST"]}, "charter")
    case.panel.refresh()
    assert case.ui.parallelLabel.text.splitlines() == [
        "Read in parallel, as the profile asks. Not the category of this read:",
        "iRECIST: iPR at follow-up 1",
    ]
    assert case.ui.categoryLabel.text.startswith("<b>RECIST 1.1: PR</b>")
