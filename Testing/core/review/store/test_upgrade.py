"""A file of the first version opens as today's store, with every byte that it had."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from HCCResponseLib.base.errors import StorageError
from HCCResponseLib.review.read.state import RowStatus, read_state
from HCCResponseLib.review.store import FIRST_HASH, ReadStore, event_hash, open_store
from HCCResponseLib.review.store.upgrade import backup_path
from stores import first_version

ROOT = Path(__file__).resolve().parents[4]
OLD_COLUMNS = "sequence, utc, actor, action, payload, software, previous, hash"


@pytest.fixture
def old(tmp_path):
    return first_version(tmp_path / "read.sqlite")


def content(path, columns=OLD_COLUMNS):
    with closing(sqlite3.connect(path)) as connection:
        events = connection.execute(f"SELECT {columns} FROM events ORDER BY sequence").fetchall()
        return events, dict(connection.execute("SELECT sha256, data FROM blobs").fetchall())


def test_events_contours_and_hashes_survive(old):
    before = content(old)
    assert (len(before[0]), len(before[1])) == (13, 5)
    store = ReadStore(old)
    assert content(old) == before
    previous = FIRST_HASH
    for row, event in zip(before[0], store.events(), strict=True):
        assert event.hash == event_hash(previous, *row[1:6]) == row[7]
        assert event.payload == json.loads(row[4])
        assert (event.read_id, event.format, event.position) == ("read-1", 1, row[0])
        previous = event.hash
    assert all(store.blob(key) == data for key, data in before[1].items())
    assert (store.verify(), store.store.check().good, store.store.check().events) == (None, True, 13)
    rows = read_state(store).rows["follow-up 1"]
    assert [rows[n].status for n in ("L1", "L2", "C1")] == [
        RowStatus.EDITED,
        RowStatus.REJECTED,
        RowStatus.PROPOSED,
    ]
    store.append("Dr B", "decision", {"after": True}, role="reader 1")
    assert store.events()[-1].previous == previous
    assert store.verify() is None
    store.close()


def test_a_backup_copy_lies_beside_it(old):
    before = content(old)
    ReadStore(old).close()
    copy = backup_path(old, "0001")
    assert content(copy) == before
    assert os.stat(copy).st_mode & 0o777 == 0o600
    stamp = copy.stat().st_mtime_ns
    ReadStore(old).close()
    assert copy.stat().st_mtime_ns == stamp, "made once"
    ReadStore(copy).close()
    assert content(copy) == before


def test_without_a_backup_copy_nothing_is_upgraded(old):
    before = content(old)
    backup_path(old, "0001").mkdir()
    with pytest.raises(StorageError, match="was not upgraded"):
        ReadStore(old)
    assert content(old) == before
    with closing(sqlite3.connect(old)) as connection:
        assert "read_id" not in {r[1] for r in connection.execute("PRAGMA table_info(events)")}


def test_changes_made_before_the_upgrade_are_still_found(old):
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute(
            "UPDATE events SET payload = replace(payload, 'reject', 'accept') WHERE sequence = 11"
        )
        connection.commit()
    store = open_store(old)
    assert store.check().sequence == 11
    store.close()


def test_nobody_can_give_an_old_event_a_new_field(old):
    ReadStore(old).close()
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute("UPDATE events SET read_id = 'read-9'")
        connection.commit()
    store = open_store(old)
    assert not store.check().good
    store.close()


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from sqlalchemy import event
    from HCCResponseLib.review.store import engine, store, upgrade
    stop_at, count = int(sys.argv[2]), 0

    def made(path):
        opened = engine.sqlite_engine(path)

        @event.listens_for(opened, "before_cursor_execute")
        @event.listens_for(opened, "after_cursor_execute")
        def step(*_):
            global count
            count += 1
            if count == stop_at:
                os.kill(os.getpid(), signal.SIGKILL)

        return opened

    store.sqlite_engine = made
    store.open_store(Path(sys.argv[1])).close()
    print("finished", count)
"""


@pytest.mark.slow
def test_a_kill_at_any_step_leaves_a_file_that_opens(tmp_path):
    """The process kills itself at a statement of the upgrade, before or after it, each time a little later."""
    template = first_version(tmp_path / "old.sqlite")
    before = content(template)
    finished, step, unchanged = False, 0, 0
    while not finished:
        step += 3
        path = tmp_path / f"killed-{step}.sqlite"
        shutil.copy(template, path)
        run = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(KILLED), str(path), str(step)],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        finished = run.stdout.startswith("finished")
        assert finished or run.returncode == -9, run.stderr
        assert content(path) == before
        with closing(sqlite3.connect(path)) as connection:
            unchanged += "read_id" not in {r[1] for r in connection.execute("PRAGMA table_info(events)")}
        store = ReadStore(path)
        assert content(path) == before
        assert (store.verify(), len(store.events())) == (None, 13)
        store.close()
    assert unchanged > 5


def test_two_processes_that_open_an_old_file_at_once(old):
    code = (
        "import sys; from HCCResponseLib.review.store import ReadStore; r = ReadStore(sys.argv[1]); "
        "r.append('Dr A', 'decision', {}); r.close()"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(old)]) for _ in range(3)]
    assert [p.wait() for p in both] == [0, 0, 0]
    store = ReadStore(old)
    assert len(store.events()) == 16
    assert store.verify() is None
    store.close()


@pytest.mark.parametrize("layout", ["wheel", "module of Slicer"])
def test_the_upgrade_works_where_the_package_is_installed(tmp_path, old, layout):
    """From what is really packed: the wheel's files, and the files that Slicer's build lists."""
    if layout == "wheel":
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
            wheel.extractall(tmp_path / "installed")
    else:
        for line in (ROOT / "SlicerHCCResponse" / "CMakeLists.txt").read_text(encoding="utf-8").splitlines():
            if line.strip().startswith("HCCResponseLib/") and line.strip().endswith(".py"):
                target = tmp_path / "installed" / line.strip()
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / "SlicerHCCResponse" / line.strip(), target)
    code = (
        "import sys, HCCResponseLib; from HCCResponseLib.review.store import ReadStore; "
        "r = ReadStore(sys.argv[1]); print(HCCResponseLib.__file__); assert len(r.events()) == 13; r.close()"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(old)],
        cwd=tmp_path / "installed",
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(str(tmp_path))
