"""One program at a time in a folder: the second is told who is there, and a dead one stands in nobody's way."""

import json
import os
import re
import signal
import subprocess
import sys

import filelock
import pytest

from HCCResponseLib.base.errors import InUseError, StorageError
from HCCResponseLib.base.in_use import in_use

HOLD = """
import sys, time
from pathlib import Path
from HCCResponseLib.base.in_use import in_use
with in_use(Path(sys.argv[1]), "'hcc-response assess'"):
    print("there", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def held(tmp_path):
    """A process that works in the folder."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "there\n"
        yield child
        child.kill()


def test_a_second_process_is_told_who_works_there_since_when_and_what_to_do(held, tmp_path):
    with pytest.raises(InUseError) as refused, in_use(tmp_path, "'hcc-response review'"):
        pass
    words = (
        rf"Another 'hcc-response assess' has been working in '{re.escape(str(tmp_path))}' since \d\d:\d\d "
    )
    assert re.fullmatch(
        rf"{words}\(process {held.pid}\)\. Wait until it has ended, or end it\.", str(refused.value)
    )


@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
def test_a_killed_process_does_not_stand_in_the_way(held, tmp_path):
    held.send_signal(signal.SIGKILL)
    held.wait()
    with in_use(tmp_path, "'hcc-response assess'"):
        assert json.loads((tmp_path / ".in-use.json").read_text())["process"] == os.getpid()


def test_who_began_on_another_day_or_computer_is_told_with_it(tmp_path):
    with in_use(tmp_path, "'hcc-response assess'"):
        note = tmp_path / ".in-use.json"
        other = {"since": "2024-01-02T03:04+00:00", "computer": "ward-7"}
        note.write_text(json.dumps({**json.loads(note.read_text()), **other}))
        with pytest.raises(InUseError, match=r"since 2024-01-0\d \d\d:\d\d \(process \d+ on ward-7\)"):
            in_use(tmp_path, "x").__enter__()
        note.write_text("{")
        with pytest.raises(InUseError, match="Another program is working in"):
            in_use(tmp_path, "x").__enter__()


def test_an_error_or_ctrl_c_ends_it_and_a_folder_made_for_it_goes(tmp_path):
    folder = tmp_path / "new" / "read"
    for problem in (StorageError("no"), KeyboardInterrupt()):
        with pytest.raises(type(problem)), in_use(folder, "'hcc-response assess'"):
            raise problem
        assert not (tmp_path / "new").exists()
    with in_use(folder, "'hcc-response assess'"):
        (folder / "read.sqlite").touch()
    assert sorted(p.name for p in folder.iterdir()) == [".in-use.lock", "read.sqlite"]


def test_a_disk_without_locks_is_worked_on_all_the_same(tmp_path, monkeypatch):
    def refused(self, timeout):
        raise NotImplementedError("no flock here")

    monkeypatch.setattr(filelock.FileLock, "acquire", refused)
    with in_use(tmp_path, "'hcc-response assess'"):
        assert (tmp_path / ".in-use.json").exists()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="Check that the folder exists and is writable"):
        in_use(tmp_path / "file" / "read", "x").__enter__()
