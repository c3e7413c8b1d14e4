"""Two lesions of an earlier visit are one now: said in the panel, with the words of a decisions file."""

import pytest

from panel_case import paint, press, select
from reads import BASELINE, FOLLOW_UP, drawn_disc


@pytest.fixture
def merged(case):
    """Both lesions accepted at baseline; at follow-up L2 is called merged into L1, which shows both."""
    for name in ("L1", "L2"):
        select(case, name, BASELINE)
        case.ui.acceptButton.click()
    select(case, "L1", FOLLOW_UP)
    paint(case, FOLLOW_UP, "L1", drawn_disc(50))
    case.ui.doneButton.click()
    select(case, "L2", FOLLOW_UP)
    case.ui.linkCombo.setCurrentText("L1")
    case.ui.mergeButton.click()
    return case


def test_the_panel_says_merged_with_the_words_of_the_file(merged):
    """Before, only a decisions file could say it."""
    decision = merged.panel.presenter.session.store.events()[-1]
    assert {k: decision.payload[k] for k in ("action", "state", "merged_into")} == {
        "action": "edit",
        "state": "merged",
        "merged_into": "L1",
    }
    assert (decision.old, decision.new) == ("proposed, 15.0 mm", "edited, merged into L1")
    assert merged.ui.lesionTable.item(1, 4).text() == "merged into L1"
    assert merged.panel._context.selected == (FOLLOW_UP, "L1"), "the whole is looked at where it is measured"


def test_one_diameter_counts_for_both_and_undo_takes_it_back(merged):
    merged.ui.candidateTable.selectRow(0)
    merged.ui.dismissButton.click()
    assert merged.ui.sumTable.item(0, 2).text() == "51.0"
    [point] = [p for p in merged.panel.response.responses.evaluation.time_points if p.name == FOLLOW_UP]
    assert any("merged into L1" in line for line in point.trace)
    merged.ui.undoButton.click()
    merged.ui.undoButton.click()
    assert merged.panel.presenter.row(FOLLOW_UP, "L2").decision is None


def test_nothing_merges_at_baseline_or_into_what_is_not_measured(slicer_app, case):
    select(case, "L2", BASELINE)
    assert not case.ui.mergeButton.isEnabled()
    select(case, "L1", FOLLOW_UP)
    case.ui.stateCombo.setCurrentText("too small")
    case.ui.stateCombo.activated.emit(2)
    case.parent.show()
    case.parent.activateWindow()
    slicer_app.process()
    select(case, "L2", FOLLOW_UP)
    case.ui.linkCombo.setCurrentText("L1")
    press(case.ui.lesionTable, "M")
    assert "not a lesion that is measured at follow-up 1" in slicer_app.record.take_error_box()
