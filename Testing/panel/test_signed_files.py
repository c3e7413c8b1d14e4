"""What leaves the panel: a signature is in the report at once, and nothing unsigned leaves it without a word."""

import json

from HCCResponseLib.review.decisions.decide import accept_all
from panel_case import decide_everything, make_account, sign, wait_for_the_job
from waiting import wait_until


def folder(panel):
    return panel.panel.presenter.session.folder


def result(panel):
    return json.loads((folder(panel) / "result.json").read_text(encoding="utf-8"))


def test_signing_writes_the_report_anew_as_the_command_does(slicer_app, case):
    decide_everything(case)
    make_account(case)
    sign(case)
    wait_for_the_job(slicer_app, case)
    assert "Dr Anna Example" in (folder(case) / "report.html").read_text(encoding="utf-8")
    assert len(result(case)["signatures"]) == 1
    assert "Written to" in case.ui.signatureLabel.text


def test_a_signature_while_a_job_runs_is_in_the_report_once_that_has_ended(slicer_app, case):
    decide_everything(case)
    make_account(case)
    sign(case)
    slicer_app.process()
    assert case.panel.jobs.busy, "the first report is being written"
    first = case.panel.jobs.job
    sign(case)
    wait_until(lambda: slicer_app.process() or case.panel.jobs.job is not first)
    wait_for_the_job(slicer_app, case)
    assert len(result(case)["signatures"]) == 2
    assert result(case)["signed"]


def test_no_stroke_becomes_a_decision_because_a_report_is_written(slicer_app, case):
    from HCCResponseLib.review.read.state import RowStatus
    from panel_case import paint, status
    from reads import BASELINE, FOLLOW_UP, drawn_disc

    decide_everything(case)
    make_account(case)
    sign(case)
    paint(case, FOLLOW_UP, "L1", drawn_disc(30))
    wait_for_the_job(slicer_app, case)
    assert status(case, FOLLOW_UP, "L1") is RowStatus.ACCEPTED
    assert (FOLLOW_UP, "L1") in case.panel.presenter.drafts.rows
    assert case.panel.presenter.state.locked == {BASELINE}


def test_an_unsigned_read_is_exported_only_on_demand(slicer_app, case):
    decide_everything(case)
    slicer_app.record.answer("question", False)
    case.ui.exportButton.click()
    assert "This read is not signed: sign it." in slicer_app.record.dialogs[-1].text
    slicer_app.process()
    assert not (folder(case) / "report.html").exists()
    slicer_app.record.answer("question", True)
    case.ui.exportButton.click()
    wait_for_the_job(slicer_app, case)
    assert result(case)["signed"] is False


def test_rows_that_nobody_looked_at_are_named_before_an_export(slicer_app, case):
    presenter = case.panel.presenter
    accept_all(presenter.session.store, presenter.state, "dr.a")
    presenter.tell()
    slicer_app.record.answer("question", False)
    case.ui.exportButton.click()
    said = slicer_app.record.dialogs[-1].text
    assert "not signed" in said and "accepted unseen (L1 at baseline" in said


def test_a_signed_read_is_exported_without_a_question(slicer_app, case):
    decide_everything(case)
    make_account(case)
    for _ in range(2):
        sign(case)
        wait_for_the_job(slicer_app, case)
    case.ui.exportButton.click()
    wait_for_the_job(slicer_app, case)
    assert result(case)["signed"] is True
