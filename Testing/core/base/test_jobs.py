"""Jobs in child processes: progress, results, cancel, death."""

from __future__ import annotations

from pathlib import Path

import pytest

from HCCResponseLib.base.errors import JobCancelledError, JobFailedError, ModelError
from HCCResponseLib.base.jobs import run_job
from waiting import pids_in, wait_until_gone

SUPPORT = str(Path(__file__).resolve().parents[2] / "support")


@pytest.fixture(autouse=True)
def _on_path(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", SUPPORT)


def ask(folder, **request):
    return run_job("fake_worker", request, folder)


def test_progress_and_result(tmp_path):
    seen = []
    result = run_job("fake_worker", {"do": "echo", "value": 7}, tmp_path, seen.append)
    assert result == {"value": 7}
    assert [(p.stage, p.fraction) for p in seen] == [("started", 0.1), ("half", 0.5)]
    assert seen[-1].seconds_left is not None


def test_cancel_ends_the_whole_tree(tmp_path):
    pids = tmp_path / "pids"
    with pytest.raises(JobCancelledError):
        run_job(
            "fake_worker",
            {"do": "sleep", "pids": str(pids)},
            tmp_path,
            cancelled=lambda: len(pids_in(pids)) == 2,
        )
    wait_until_gone(pids_in(pids))
    assert not (tmp_path / "pids.over").exists(), "the job was not ended, it came to its end"


def test_a_job_that_dies_says_why(tmp_path):
    with pytest.raises(JobFailedError, match=r"exit status 3.*the reason of death"):
        ask(tmp_path, do="die")
    with pytest.raises(JobFailedError, match="killed by signal 9"):
        ask(tmp_path, do="kill")


def test_errors_keep_their_kind(tmp_path):
    with pytest.raises(ModelError, match="weights are missing"):
        ask(tmp_path, do="model-error")
    with pytest.raises(JobFailedError, match="Out of memory"):
        ask(tmp_path, do="memory")
