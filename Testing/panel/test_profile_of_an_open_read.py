"""A profile that changes under an open read: the panel shows what differs and asks, as the command does."""

from pathlib import Path

import pytest

from committees import charter
from HCCResponseLib.review.read.profile_change import PROFILE_TAKEN
from panel_case import decide_everything, make_account, make_case, open_case, sign


@pytest.fixture
def changed(slicer_app, panel, tmp_path):
    """A read of -38 % that was begun when PR was at -30 %, closed, and its profile changed to -50 %."""
    path = charter(tmp_path, pr_percent="30")
    make_case(tmp_path, profile=path)
    open_case(panel, tmp_path, make=False)
    decide_everything(panel)
    assert ": PR</b>" in panel.ui.categoryLabel.text
    change(path)
    return panel


def change(path):
    text = Path(path).read_text(encoding="utf-8")
    Path(path).write_text(text.replace("pr_percent: {value: 30", "pr_percent: {value: 50"), encoding="utf-8")


def taken(panel):
    session = panel.panel.presenter.session
    return [e for e in session.store.events() if e.action == PROFILE_TAKEN]


def test_yes_with_a_reason_goes_on_under_the_new_one(slicer_app, changed):
    slicer_app.record.answer("question", True)
    slicer_app.record.answer("text", "amendment 2")
    changed.ui.openButton.click()
    assert "pr_percent 30 -> 50" in slicer_app.record.dialogs[0].text
    assert ": SD</b>" in changed.ui.categoryLabel.text
    [event] = taken(changed)
    assert (event.actor, event.reason) == ("dr.a", "amendment 2")
    changed.ui.openButton.click()
    assert len(slicer_app.record.dialogs) == 2, "it is asked once"


@pytest.mark.parametrize("answers", [(False, None), (True, "")], ids=["no", "yes without a reason"])
def test_no_keeps_the_copy_of_the_read_and_says_so(slicer_app, changed, answers):
    question, reason = answers
    slicer_app.record.answer("question", question)
    if reason is not None:
        slicer_app.record.answer("text", reason)
    changed.ui.openButton.click()
    assert ": PR</b>" in changed.ui.categoryLabel.text
    assert taken(changed) == []
    words = "The profile has changed since this read was begun: pr_percent 30 -> 50. The read keeps the one"
    assert words in changed.ui.remarksLabel.text


def test_a_signed_read_keeps_its_profile_without_a_question(slicer_app, changed):
    make_account(changed)
    sign(changed)
    changed.ui.openButton.click()
    assert taken(changed) == []
    assert "keeps the one it was begun under" in changed.ui.remarksLabel.text


def test_a_reload_of_the_module_asks_nothing(slicer_app, changed):
    import slicer

    changed.onReload()
    again = slicer.util.getModuleWidget("HCCResponse")
    assert ": PR</b>" in again.ui.categoryLabel.text
    assert "keeps the one it was begun under" in again.ui.remarksLabel.text


def test_another_profile_by_name_is_refused_without_a_reason(slicer_app, changed, tmp_path):
    study = tmp_path / "study.yaml"
    study.write_text(
        study.read_text(encoding="utf-8").replace(str(tmp_path / "charter.yaml"), "recist-1.1"),
        encoding="utf-8",
    )
    slicer_app.record.answer("question", False)
    changed.ui.openButton.click()
    assert "charter -> recist-1.1" in slicer_app.record.take_error_box()
    assert ": PR</b>" in changed.ui.categoryLabel.text, "the read that was open stays open"
    slicer_app.record.answer("question", True)
    slicer_app.record.answer("text", "the charter was withdrawn")
    changed.ui.openButton.click()
    assert len(taken(changed)) == 1
