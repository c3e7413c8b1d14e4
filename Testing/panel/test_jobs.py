"""Jobs of the panel: the window answers while they run, cancel works, a job that dies says why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from panel_case import open_case
from waiting import alive, wait_until

HEARTBEAT_MS = 10


@pytest.fixture
def case(slicer_app, panel, tmp_path, monkeypatch):
    support = Path(__file__).resolve().parents[1] / "support"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(support), os.environ.get("PYTHONPATH", "")]))
    open_case(panel, tmp_path)
    return panel


def run_until(slicer_app, condition):
    """Work off events until a condition holds; returns how often a timer of 10 ms was heard meanwhile."""
    import qt

    beats = []
    timer = qt.QTimer()
    timer.connect("timeout()", lambda: beats.append(1))
    timer.start(HEARTBEAT_MS)

    def holds():
        slicer_app.process()
        return condition()

    wait_until(holds, pause_s=0.001)
    timer.stop()
    return len(beats)


def start(case, **request):
    case.panel.jobs.start("panel_worker", request)


def test_progress_is_shown_and_the_window_stays_alive(slicer_app, case, monkeypatch):
    seen = []
    case.panel.jobs._on_change = lambda job, show=case.panel._job_changed: (
        seen.append(job.progress.stage),
        show(job),
    )
    start(case, steps=20, pause=0.05)
    assert not case.ui.jobFrame.isHidden()
    beats = run_until(slicer_app, lambda: not case.panel.jobs.busy)
    assert beats > 20, "other timers were heard all the while; how late they were is in bench_panel"
    assert case.panel.jobs.job.result == {"steps": 20}
    assert case.ui.jobFrame.isHidden()
    assert len(set(seen)) > 3, "several stages were shown"


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs /proc to look for processes")
def test_cancel_ends_the_whole_tree(slicer_app, case, tmp_path):
    over = tmp_path / "over"
    start(case, steps=10_000, pause=0.05, child=True, over=str(over))
    run_until(slicer_app, lambda: "child" in case.panel.jobs.job.progress.stage)
    child = int(case.panel.jobs.job.progress.stage.split()[-1])
    case.ui.cancelButton.click()
    assert case.panel.jobs.job.state == "cancelled"
    assert not over.exists(), "the job was not ended, it came to its end"
    run_until(slicer_app, lambda: not alive(child))
    assert case.ui.jobFrame.isHidden()


def test_a_job_that_dies_says_why(slicer_app, case):
    start(case, die="the disk of the moon is full")
    run_until(slicer_app, lambda: not case.panel.jobs.busy)
    assert case.panel.jobs.job.state == "failed"
    [dialog] = slicer_app.record.dialogs
    assert "the disk of the moon is full" in dialog.text


def test_a_killed_job_hints_at_memory(slicer_app, case):
    start(case, kill=True)
    run_until(slicer_app, lambda: not case.panel.jobs.busy)
    assert "memory" in slicer_app.record.dialogs[-1].text


def test_closing_the_panel_ends_the_job(slicer_app, case):
    start(case, steps=1000, pause=0.05)
    job = case.panel.jobs.job
    case.cleanup()
    assert job.state == "cancelled"


def test_an_error_of_the_worker_reaches_the_reader(slicer_app, case):
    start(case, refuse="Image 'x.nrrd' is empty.")
    run_until(slicer_app, lambda: not case.panel.jobs.busy)
    assert slicer_app.record.dialogs[-1].text == "Image 'x.nrrd' is empty."
