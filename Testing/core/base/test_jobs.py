"""Jobs in child processes: progress, results, cancel, death."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from HCCResponseLib.base.errors import JobCancelledError, JobFailedError, ModelError
from HCCResponseLib.base.jobs import run_job

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


def written(pids: Path) -> bool:
    return pids.exists() and len(pids.read_text(encoding="utf-8").split()) == 2


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2] != "Z"


def test_cancel_ends_the_whole_tree(tmp_path):
    pids = tmp_path / "pids"
    started = time.monotonic()
    with pytest.raises(JobCancelledError):
        run_job("fake_worker", {"do": "sleep", "pids": str(pids)}, tmp_path, cancelled=lambda: written(pids))
    assert time.monotonic() - started < 60
    ids = [int(pid) for pid in pids.read_text(encoding="utf-8").split()]
    assert len(ids) == 2
    end = time.monotonic() + 2
    while any(alive(pid) for pid in ids) and time.monotonic() < end:
        time.sleep(0.02)  # a killed process needs a moment to be gone on a busy machine
    assert not any(alive(pid) for pid in ids)


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
