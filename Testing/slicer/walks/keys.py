"""Every key that the tutorial lists, but those of its own walk, and the buttons that no other walk presses."""

import qt

from walks.walk import BASELINE, FOLLOW_UP, close_the_read, require, select_the_module, slice_node

VISITS = {
    BASELINE: ("2024-01-01", {"L1": 30.0, "L2": 16.0, "L3": 12.0}),
    FOLLOW_UP: ("2024-03-01", {"L1": 24.0, "L2": 14.0, "L3": 12.0, "C1": 10.0, "C2": 8.0, "C3": 8.0}),
}


def open_a_drawn_case(walk):
    walk.open_drawn(VISITS)
    require(walk.lesions(BASELINE) == ["L1", "L2", "L3"], f"lesions: {walk.lesions(BASELINE)}")


def space_goes_to_what_waits(walk):
    table = walk.ui.lesionTable
    walk.select("L1", BASELINE)
    walk.press(table, "Space")
    require(walk.selected == (BASELINE, "L2"), f"Space went to {walk.selected}")
    walk.press(table, "Shift+Space")
    require(walk.selected == (BASELINE, "L1"), f"Shift+Space went to {walk.selected}")


def return_brings_the_views_back(walk):
    node = slice_node("Red")
    walk.select("L1", BASELINE)
    before = node.GetSliceOffset()
    node.SetSliceOffset(before + 5.0)
    walk.turn(5)
    walk.press(walk.ui.lesionTable, "Return")
    require(abs(node.GetSliceOffset() - before) < 0.01, f"at {node.GetSliceOffset()} instead of {before}")


def reject_with_R_and_undo_with_ctrl_Z(walk):
    walk.select("L2", BASELINE)
    walk.ui.rejectReasonCombo.setCurrentIndex(1)
    reason = walk.ui.rejectReasonCombo.currentText
    walk.press(walk.ui.lesionTable, "R")
    row = walk.read.row(BASELINE, "L2")
    require((row.status.value, row.decision.reason) == ("rejected", reason), f"{row.status}: {row.decision}")
    walk.press(walk.ui.lesionTable, "Ctrl+Z")
    require(walk.status(BASELINE, "L2") == "proposed", "the rejection was not undone")


def edit_with_E(walk):
    walk.select("L2", BASELINE)
    walk.press(walk.ui.lesionTable, "E")
    editor = walk.ui.segmentEditor
    require(editor.currentSegmentID() == "L2", f"the editor is on {editor.currentSegmentID()}")
    require(editor.activeEffect() is not None, "no tool is active")
    walk.margin(BASELINE, "L2")
    walk.ui.doneButton.click()
    walk.turn(5)
    require(walk.status(BASELINE, "L2") == "edited", f"L2 is {walk.status(BASELINE, 'L2')}")


def link_with_L(walk):
    walk.accept_all(BASELINE)
    walk.select("L3", FOLLOW_UP)
    walk.ui.linkCombo.setCurrentText("L2")
    walk.press(walk.ui.lesionTable, "L")
    split = walk.read.row(FOLLOW_UP, "L2")
    require(len(split.parts) == 2, f"L2 has {len(split.parts)} parts")
    require(walk.status(FOLLOW_UP, "L3") == "rejected", f"L3 is {walk.status(FOLLOW_UP, 'L3')}")
    for _ in range(2):
        walk.press(walk.ui.lesionTable, "U")
    require(walk.status(FOLLOW_UP, "L3") == "proposed", "the link was not undone")


def merge_with_M(walk):
    walk.select("L3", FOLLOW_UP)
    walk.ui.linkCombo.setCurrentText("L1")
    walk.press(walk.ui.lesionTable, "M")
    require(walk.read.row(FOLLOW_UP, "L3").merged_into == "L1", "L3 is not merged with L1")
    walk.press(walk.ui.lesionTable, "U")


def add_with_N_and_draw(walk):
    from HCCResponseLib.panel.scene.contours import COLOURS, set_contour

    walk.accept_all(FOLLOW_UP)
    known = walk.lesions(FOLLOW_UP)
    walk.select("L1", FOLLOW_UP)
    walk.press(walk.ui.lesionTable, "N")
    if walk.widget.panel.shown.there:  # asks for a line first; a second time it is drawn by hand
        walk.press(walk.ui.lesionTable, "N")
    rows = walk.read.state.rows[FOLLOW_UP]
    [name] = [n for n in rows if n not in known and not n.startswith("C")]
    require(walk.ui.segmentEditor.currentSegmentID() == name, f"the editor is not on {name}")
    node, contour = walk.widget.panel.scene_view.contour_node(FOLLOW_UP), rows["C3"].contour
    set_contour(node, name, contour, walk.read.image(FOLLOW_UP).geometry, COLOURS[0])
    walk.turn(5)
    require(walk.ui.draftLabel.text.startswith("Unfinished"), "what was drawn is not named")
    walk.ui.doneButton.click()
    walk.turn(5)
    require(walk.read.row(FOLLOW_UP, name).long_mm is not None, f"{name} has no length")
    walk.require_equal(FOLLOW_UP)
    while walk.read.row(FOLLOW_UP, name).is_sized:
        walk.press(walk.ui.lesionTable, "U")


def keys_of_the_network_for_lines(walk):
    """Without its weights they do nothing; with them B shows a line or asks for one, I and O ask for a click."""
    walk.select("L1", BASELINE)
    there = walk.widget.panel.shown.there
    for key in ("B", "I", "O"):
        walk.press(walk.ui.lesionTable, key)
        walk.turn(2)
        require(walk.ui.shownFrame.isHidden() != there, f"{key}: {walk.ui.shownLabel.text}")
        walk.ui.shownStopButton.click()
        walk.turn(2)
    walk.press(walk.ui.lesionTable, "K")
    require(walk.status(BASELINE, "L1") == "accepted", "K has changed a lesion without a line")


def candidates_by_keys_and_buttons(walk):
    walk.answer_candidates("Q", "D", "W")
    said = [walk.read.row(FOLLOW_UP, n).decision.action.value for n in ("C1", "C2", "C3")]
    require(said == ["equivocal", "dismiss", "new"], f"stored: {said}")
    for row, button in enumerate(
        (walk.ui.dismissButton, walk.ui.newCandidateButton, walk.ui.equivocalButton)
    ):
        walk.ui.candidateTable.selectRow(row)
        walk.turn(2)
        button.click()
        walk.turn(2)
    said = [walk.read.row(FOLLOW_UP, n).decision.action.value for n in ("C1", "C2", "C3")]
    require(said == ["dismiss", "new", "equivocal"], f"stored: {said}")


def every_key_is_there(walk):
    from HCCResponseLib.panel.keys import KEYS

    for key in KEYS:
        for table in key.tables:
            shortcuts = getattr(walk.ui, table).findChildren(qt.QShortcut)
            found = [s for s in shortcuts if s.key.toString() == key.key]
            require(len(found) == 1, f"{len(found)} shortcuts for {key.key} in {table}")
            require(found[0].isEnabled(), f"{key.key} is switched off in {table}")


STEPS = (
    select_the_module,
    open_a_drawn_case,
    every_key_is_there,
    space_goes_to_what_waits,
    return_brings_the_views_back,
    reject_with_R_and_undo_with_ctrl_Z,
    edit_with_E,
    link_with_L,
    merge_with_M,
    add_with_N_and_draw,
    keys_of_the_network_for_lines,
    candidates_by_keys_and_buttons,
    close_the_read,
)
