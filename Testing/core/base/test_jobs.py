"""Jobs in child processes: progress, results, cancel, death."""

import os
import tempfile
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
from waiting import pids_in, wait_until, wait_until_gone

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


def was_ended(pids: Path) -> bool:
    """Whether a job that sleeps was ended, with all its processes; it leaves a word where it comes to its own end."""
    wait_until_gone(pids_in(pids))
    return not Path(f"{pids}.over").exists()


@pytest.mark.parametrize(("do", "number"), [("sleep", 2), ("nested", 3)])
def test_cancel_ends_the_whole_tree(tmp_path, do, number):
    """A job within a job leads a process group of its own; it is ended all the same."""
    pids = tmp_path / "pids"
    with pytest.raises(JobCancelledError):
        ask(do, ignore_progress, lambda: len(pids_in(pids)) == number, pids=str(pids))
    assert was_ended(pids)


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
    wait_until(job.poll)
    assert job.outcome.ending is ending
    assert job.outcome.result == ({"value": 3} if do == "echo" else None)
    assert bool(job.outcome.message) == (do != "echo")
    job.cancel()
    assert job.outcome.ending is ending, "what has ended stays as it ended"


def test_neither_looking_nor_cancelling_waits_for_the_end(tmp_path):
    """A look that waited would come back with an outcome, a cancel that waited after the job's last word."""
    pids = tmp_path / "pids"
    job = Job("fake_worker", FakeRequest(do="nested", pids=str(pids)))

    def at_work():
        assert job.poll() is None
        return len(pids_in(pids)) == 3

    wait_until(at_work)
    job.cancel()
    assert job.outcome.ending is Ending.CANCELLED
    assert was_ended(pids)


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
    assert str(caught.value) == ("The job cannot be started as asked: colour: is not known here (misspelt?).")


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
