"""Jobs in child processes: progress, results, cancel, death."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from fake_worker import FakeRequest
from HCCResponseLib.base.errors import (
    InputError,
    JobCancelledError,
    JobFailedError,
    JobOutOfMemoryError,
    ModelError,
)
from HCCResponseLib.base.jobs import Ending, Job, Offer, ignore_progress, run_job

SUPPORT = str(Path(__file__).resolve().parents[2] / "support")


@pytest.fixture(autouse=True)
def _on_path(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", SUPPORT)


def ask(do, *words, **more):
    return run_job("fake_worker", FakeRequest(do=do, **more), *words)


def test_progress_and_result():
    seen = []
    result = ask("echo", seen.append, value=7)
    assert result == {"value": 7}
    assert [(p.stage, p.fraction) for p in seen] == [("started", 0.1), ("half", 0.5)]
    assert seen[-1].seconds_left is not None


def written(pids: Path, number: int) -> bool:
    return pids.exists() and len(pids.read_text(encoding="utf-8").split()) == number


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2] != "Z"


@pytest.mark.parametrize(("do", "number"), [("sleep", 2), ("nested", 3)])
def test_cancel_ends_the_whole_tree(tmp_path, do, number):
    """A job within a job leads a process group of its own; it is ended all the same."""
    pids = tmp_path / "pids"
    started = time.monotonic()
    with pytest.raises(JobCancelledError):
        ask(do, ignore_progress, lambda: written(pids, number), pids=str(pids))
    assert time.monotonic() - started < 60
    ids = [int(pid) for pid in pids.read_text(encoding="utf-8").split()]
    assert len(ids) == number
    end = time.monotonic() + 2
    while any(alive(pid) for pid in ids) and time.monotonic() < end:
        time.sleep(0.02)  # a killed process needs a moment to be gone on a busy machine
    assert not any(alive(pid) for pid in ids)


def test_a_job_that_dies_says_why():
    with pytest.raises(JobFailedError, match=r"exit status 3.*the reason of death"):
        ask("die")
    with pytest.raises(JobOutOfMemoryError, match="killed by signal 9"):
        ask("kill")


def test_errors_keep_their_kind():
    with pytest.raises(ModelError, match="weights are missing"):
        ask("model-error")
    with pytest.raises(InputError, match="another grid"):
        ask("geometry-error")
    with pytest.raises(JobOutOfMemoryError, match="Out of memory"):
        ask("memory")


@pytest.mark.parametrize("do", ["offers", "nested offers"])
def test_out_of_memory_brings_its_offers_through_every_process(do):
    with pytest.raises(JobOutOfMemoryError) as caught:
        ask(do)
    assert caught.value.message == "GPU memory ran out."
    assert caught.value.offers == (Offer("Smaller", "cpu", {"patch": 32}),)
    assert str(caught.value).endswith("Lighter settings: Smaller (--device cpu --set patch=32).")


def until_over(job, limit_s=60.0):
    """Poll as a timer does; returns the longest time that one look took."""
    longest, end = 0.0, time.monotonic() + limit_s
    while job.outcome is None:
        started = time.monotonic()
        job.poll()
        longest = max(longest, time.monotonic() - started)
        assert time.monotonic() < end
        time.sleep(0.01)
    return longest


@pytest.mark.parametrize(
    ("do", "ending"),
    [
        ("echo", Ending.DONE),
        ("model-error", Ending.FAILED),
        ("die", Ending.FAILED),
        ("memory", Ending.OUT_OF_MEMORY),
        ("kill", Ending.OUT_OF_MEMORY),
    ],
)
def test_polling_comes_to_the_same_ending(do, ending):
    job = Job("fake_worker", FakeRequest(do=do, value=3))
    assert until_over(job) < 2.0
    assert job.outcome.ending is ending
    assert job.outcome.result == ({"value": 3} if do == "echo" else None)
    assert bool(job.outcome.message) == (do != "echo")
    job.cancel()
    assert job.outcome.ending is ending, "what has ended stays as it ended"


def test_cancelling_does_not_wait_for_a_stubborn_job(tmp_path):
    pids = tmp_path / "pids"
    job = Job("fake_worker", FakeRequest(do="nested", pids=str(pids)))
    while not written(pids, 3):
        assert job.poll() is None
        time.sleep(0.02)
    started = time.monotonic()
    job.cancel()
    assert time.monotonic() - started < 1.0
    assert job.outcome.ending is Ending.CANCELLED


def test_a_job_leaves_no_file_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    note = tmp_path / "note"
    ask("scratch", pids=str(note))
    assert note.read_text(encoding="utf-8").startswith(str(tmp_path / "temporary"))
    assert list((tmp_path / "temporary").iterdir()) == []


class Unknown(FakeRequest):
    colour: str = "red"


def test_unknown_keys_are_refused_by_the_child_in_one_line():
    with pytest.raises(InputError) as caught:
        run_job("fake_worker", Unknown(do="echo"))
    assert str(caught.value) == (
        "The job cannot be started as asked: colour: Extra inputs are not permitted."
    )


def test_the_group_is_signalled_before_its_leader_is_collected(monkeypatch):
    """Afterwards its number may belong to another group."""
    collected = []
    killpg = os.killpg

    def watched(group, number):
        collected.append(not os.path.isdir(f"/proc/{group}"))
        killpg(group, number)

    monkeypatch.setattr(os, "killpg", watched)
    assert ask("echo", value=1) == {"value": 1}
    assert collected == [False]
