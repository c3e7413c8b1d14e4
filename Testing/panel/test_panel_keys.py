"""Decisions by keyboard alone: each key has one action, which the help in the panel and the documents list."""

from pathlib import Path

import pytest

from HCCResponseLib.review.read.state import RowStatus
from panel_case import decide_everything, select, status
from reads import BASELINE, FOLLOW_UP

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def open_panel(slicer_app, case):
    case.parent.show()
    case.parent.activateWindow()
    slicer_app.process()
    return case


def press(panel, key, shift=False):
    """A key where the focus is, as a reader without a mouse."""
    import qt
    from PySide6 import QtTest, QtWidgets

    modifier = qt.Qt.KeyboardModifier.ShiftModifier if shift else qt.Qt.KeyboardModifier.NoModifier
    focus = QtWidgets.QApplication.focusWidget()
    QtTest.QTest.keyClick(focus, getattr(qt.Qt.Key, f"Key_{key}"), modifier)


def selected(panel):
    return panel.panel._context.selected


def test_a_whole_case_without_the_mouse(slicer_app, open_panel):
    panel = open_panel
    panel.ui.lesionTable.setFocus()
    for point in (BASELINE, FOLLOW_UP):
        assert selected(panel) == (point, "L1")
        press(panel, "A")
        assert selected(panel) == (point, "L2"), "Accept goes on within the time point"
        press(panel, "A")
        assert {status(panel, point, name) for name in ("L1", "L2")} == {RowStatus.ACCEPTED}
        press(panel, "Space")
    assert panel.ui.progressLabel.text == "4 of 5 decided"
    assert selected(panel) == (FOLLOW_UP, "C1")
    press(panel, "D")
    assert panel.ui.progressLabel.text == "5 of 5 decided"
    assert panel.ui.categoryLabel.text.startswith("<b>RECIST 1.1: PR</b>")


def test_space_and_shift_space_skip_what_is_decided_and_arrows_do_not(slicer_app, open_panel):
    panel = open_panel
    panel.ui.lesionTable.setFocus()
    select(panel, "L2", BASELINE)
    panel.ui.acceptButton.click()
    select(panel, "L1", BASELINE)
    press(panel, "Space")
    assert selected(panel) == (FOLLOW_UP, "L1")
    press(panel, "Space", shift=True)
    assert selected(panel) == (BASELINE, "L1")
    press(panel, "Down")
    assert selected(panel) == (BASELINE, "L2")


def test_a_press_with_the_mouse_leaves_the_keys_to_the_table(slicer_app, open_panel):
    """Else Space would press the button that was clicked last."""
    import qt
    from PySide6 import QtTest

    panel = open_panel
    panel.ui.lesionTable.setFocus()
    select(panel, "L1", BASELINE)
    QtTest.QTest.mouseClick(panel.ui.rejectButton, qt.Qt.MouseButton.LeftButton)
    assert status(panel, BASELINE, "L1") is RowStatus.REJECTED
    select(panel, "L2", BASELINE)
    press(panel, "Space")
    assert status(panel, BASELINE, "L2") is RowStatus.PROPOSED
    assert selected(panel) == (FOLLOW_UP, "L1")


@pytest.mark.parametrize(
    ("key", "place"),
    [
        *((key, (FOLLOW_UP, "L1")) for key in ("R", "E", "L", "M", "N")),
        *((key, (FOLLOW_UP, "C1")) for key in ("W", "Q", "E", "L")),
    ],
)
def test_a_key_presses_its_button_once_and_no_other(slicer_app, open_panel, key, place):
    from HCCResponseLib.panel.keys import KEYS

    panel, pressed = open_panel, []
    panel.panel._context.select(*place)
    panel.panel.decisions.focus()
    buttons = {k.does for k in KEYS if k.does.endswith("Button")}
    for name in buttons:
        getattr(panel.ui, name).connect("clicked()", lambda name=name: pressed.append(name))
    press(panel, key)
    assert pressed == [k.does for k in KEYS if k.key == key]


def test_return_brings_the_views_back_to_the_row(slicer_app, open_panel):
    import slicer

    panel = open_panel
    select(panel, "L1", BASELINE)
    node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    at = node.GetSliceOffset()
    node.SetSliceOffset(at + 5)
    panel.ui.lesionTable.setFocus()
    press(panel, "Return")
    assert node.GetSliceOffset() == pytest.approx(at)
    assert status(panel, BASELINE, "L1") is RowStatus.PROPOSED, "it decides nothing"


def test_each_key_of_a_table_has_one_action_and_stands_in_every_help(slicer_app, case):
    from HCCResponseLib.panel.keys import CANDIDATES, KEYS, LESIONS, help_words

    for table in (LESIONS, CANDIDATES):
        keys = [k.key for k in KEYS if table in k.tables]
        assert len(keys) == len(set(keys))
    case.ui.keysButton.click()
    assert slicer_app.record.dialogs[-1].text == help_words()
    import slicer

    pages = {
        "the module's help": slicer.modules.hccresponse.helpText,
        "the tutorial": (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"),
    }
    for key in KEYS:
        assert f"{key.key}: {key.words}" in help_words()
        for name, text in pages.items():
            marked = (f"<b>{key.key}</b>", f"| {key.key} |")
            assert any(mark in text for mark in marked), f"{key.key} is missing in {name}"


def test_what_is_missing_is_clicked_to_get_there(slicer_app, case):
    assert '<a href="2">follow-up 1: lesion L1 is not decided.</a>' in case.ui.missingLabel.text
    case.ui.missingLabel.linkActivated.emit("2")
    assert selected(case) == (FOLLOW_UP, "L1")
    case.ui.missingLabel.linkActivated.emit("4")
    assert selected(case) == (FOLLOW_UP, "C1")
    assert case.ui.tableTabs.currentIndex == 1
    assert case.ui.tableTabs.tabText(1) == "New-lesion candidates (1 to decide)"
    decide_everything(case)
    assert not case.ui.nextButton.isEnabled()
