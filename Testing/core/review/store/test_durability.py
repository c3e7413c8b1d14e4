"""What was acknowledged is never lost: kills, full disks, files that cannot be written, several writers at once."""

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import pytest

from HCCResponseLib.base.errors import StorageError
from HCCResponseLib.review.store import ReadStore
from waiting import wait_until

SUPPORT = Path(__file__).resolve().parents[3] / "support"


def python(code: str, *arguments: object, **more: object) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, **more)


@pytest.mark.slow
def test_two_hundred_kills_lose_nothing_acknowledged(where):
    """Each of 200 writers is killed at a random moment: while it opens, writes, or between two decisions.

    On a server, whose memory a killed client cannot touch, forty are enough.
    """
    sequences = "40" if "://" in where else "200"
    run = subprocess.run(
        [sys.executable, SUPPORT / "killed_writer.py", where, sequences, "7"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    assert result["acknowledged"] >= int(sequences) / 2
    assert result["idle"] <= int(sequences) / 2, "at least every other writer must get as far as writing"
    assert result["events"] == result["acknowledged"] + result["stored_unacknowledged"]


def test_a_crash_of_the_server_loses_nothing_acknowledged(postgres):
    url = postgres.new_database()
    done: list[int] = []
    draw = random.Random(3)

    def write() -> None:
        store = ReadStore(url)
        try:
            while True:
                number = len(done)
                store.append("Dr A", "decision", {"n": number}, [f"{number}".encode() * 900])
                done.append(number)
        except StorageError:
            store.close()

    for _ in range(4):
        writer = threading.Thread(target=write)
        before = len(done)
        writer.start()
        wait_until(lambda before=before: len(done) > before)
        time.sleep(draw.uniform(0.0, 0.2))  # any moment will do; nothing depends on how long it is
        postgres.stop(signal.SIGQUIT)
        writer.join()
        postgres.start()
        store = ReadStore(url)
        numbers = [e.payload["n"] for e in store.events()]
        # What was stored but not acknowledged is written once more by the next writer.
        assert list(dict.fromkeys(numbers))[: len(done)] == list(range(len(done)))
        assert store.store.check().good
        store.close()


FILL = """
    import resource, sys
    from HCCResponseLib.base.errors import StorageError
    from HCCResponseLib.review.store import ReadStore
    store = ReadStore(sys.argv[1])
    if sys.argv[2] == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    number = 0
    try:
        while True:
            store.append("Dr A", "decision", {"n": number, "text": "x" * 2000}, [b"%d" % number * 500])
            number += 1
    except StorageError as problem:
        print(number, problem)
"""


def check_after_filling(run, where):
    """The store after the disk was full: all acknowledged, whole, and it goes on when there is room."""
    assert run.returncode == 0, run.stderr
    written = int(run.stdout.split()[0])
    assert written > 10
    store = ReadStore(where)
    assert [e.payload["n"] for e in store.events()] == list(range(written))
    assert store.store.check().good
    return store


def test_a_full_disk_loses_nothing(tmp_path):
    """A limit on the size of files stands for a full disk; the writer gets the same error from SQLite."""
    path = tmp_path / "read.sqlite"
    run = python(FILL, path, "limit")
    assert "cannot be written" in run.stdout or "No room left" in run.stdout
    store = check_after_filling(run, path)
    store.append("Dr A", "decision", {"n": "after"})
    store.close()


@pytest.fixture
def small_disk():
    """A disk of 12 MB in memory; tests that need it say so where mounting is not permitted."""
    folder = tempfile.mkdtemp(prefix="hcc-small-disk-")
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m,mode=777", "tmpfs", folder]
    done = subprocess.run(mount, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        Path(folder).rmdir()
        pytest.skip(f"mounting a small disk is not permitted here: {done.stderr.strip()}")
    yield Path(folder)
    subprocess.run(["umount", "-l", folder], check=True)
    Path(folder).rmdir()


def test_a_disk_that_is_really_full_loses_nothing(small_disk):
    filler = small_disk / "other files"
    filler.write_bytes(b"x" * 10_000_000)
    run = python(FILL, small_disk / "read.sqlite", "disk")
    assert "No room left on the disk" in run.stdout
    assert "\n" not in run.stdout.strip()
    store = check_after_filling(run, small_disk / "read.sqlite")
    with pytest.raises(StorageError):
        store.append("Dr A", "decision", {"text": "x" * 10_000_000})
    filler.unlink()
    store.append("Dr A", "decision", {"n": "after"})
    assert store.store.check().good
    store.close()


def test_a_full_disk_of_the_server_loses_nothing(postgres, small_disk):
    place = small_disk / "tablespace"
    place.mkdir()
    postgres.own(place)
    postgres.query("postgres", f"CREATE TABLESPACE small LOCATION '{place}'")
    url = postgres.new_database("TABLESPACE small")
    filler = small_disk / "other files"
    filler.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 1_500_000))
    run = python(FILL, url, "disk")
    assert "No room left on the disk" in run.stdout
    store = check_after_filling(run, url)
    filler.unlink()
    store.append("Dr A", "decision", {"n": "after"})
    assert store.store.check().good
    store.close()
    postgres.query("postgres", f"DROP DATABASE {url.rpartition('/')[2]}", "DROP TABLESPACE small")


READ_ONLY = """
    import os, sys
    from HCCResponseLib.base.errors import StorageError
    from HCCResponseLib.review.store import ReadStore
    import psycopg, alembic.command
    if os.geteuid() == 0:
        os.setuid(65534)
    store = ReadStore(sys.argv[1])
    print(len(store.events()), store.verify())
    try:
        store.append("Dr A", "decision", {})
    except StorageError as problem:
        print(problem)
    print(len(store.events()), store.verify())
"""


@pytest.mark.parametrize("folder_mode", [0o777, 0o555])
def test_a_file_that_cannot_be_written_can_be_read(folder_mode):
    """As a user without rights on it; also where the folder takes no new files."""
    with tempfile.TemporaryDirectory(prefix="hcc-read-only-") as name:
        path = Path(name) / "read.sqlite"
        store = ReadStore(path)
        store.append("Dr A", "decision", {})
        store.close()
        path.chmod(0o444)
        Path(name).chmod(folder_mode)
        run = python(READ_ONLY, path)
        Path(name).chmod(0o777)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert (lines[0], lines[2]) == ("1 None", "1 None")
    assert "cannot be written" in lines[1]


def test_a_database_that_may_only_be_read(postgres):
    url = postgres.new_database()
    store = ReadStore(url)
    store.append("Dr A", "decision", {})
    database = url.rpartition("/")[2]
    # Whoever makes backup copies reads everything, by an administrator's word, and adds nothing.
    postgres.query(
        database,
        "CREATE ROLE copyist LOGIN BYPASSRLS PASSWORD 'x'",
        "GRANT SELECT ON events, blobs, alembic_version TO copyist",
    )
    copyist = ReadStore(postgres.url(database, "copyist", "x"))
    assert copyist.store.check().good
    with pytest.raises(StorageError, match="cannot be written: permission denied"):
        copyist.append("Dr A", "decision", {})
    assert len(copyist.events()) == 1
    copyist.close()
    store.close()


WRITE = """
    import sys
    from HCCResponseLib.review.store import ReadStore
    store = ReadStore(sys.argv[1])
    for number in range(25):
        store.append(sys.argv[2], "decision", {"n": number})
"""
COUNT = """
    import sys
    from HCCResponseLib.base.errors import ConflictError
    from HCCResponseLib.review.store import FIRST_HASH, ReadStore
    store, done = ReadStore(sys.argv[1]), 0
    while done < 25:
        events = store.events()
        previous = events[-1].hash if events else FIRST_HASH
        try:
            store.append(sys.argv[2], "decision", {"n": len(events)}, expected_previous=previous)
            done += 1
        except ConflictError:
            pass
"""


@pytest.mark.parametrize("code", [WRITE, COUNT], ids=["as they come", "only after what was seen"])
def test_two_writers_end_in_one_order(where, code):
    """Both start on a store that is not there yet."""
    names = ("Dr A", "Dr B")
    both = [subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), where, name]) for name in names]
    assert [p.wait() for p in both] == [0, 0]
    store = ReadStore(where)
    events = store.events()
    assert len(events) == 50
    assert store.store.check().good
    if code == COUNT:
        assert [e.payload["n"] for e in events] == list(range(50))
    else:
        for name in names:
            assert [e.payload["n"] for e in events if e.actor == name] == list(range(25))
    assert sum(e.actor == "Dr A" for e in events) == 25
    store.close()


def test_a_writer_that_stands_still_does_not_hold_the_others_for_ever(where, monkeypatch):
    engine = "HCCResponseLib.review.store.engine"
    monkeypatch.setattr(f"{engine}.PATIENCE", 1)
    monkeypatch.setattr(f"{engine}._SERVER_SETTINGS", "SET lock_timeout = '1s'")
    slow, other = ReadStore(where), ReadStore(where)
    with slow.transaction():
        slow.append("Dr A", "decision", {})
        with pytest.raises(StorageError, match="cannot be written"):
            other.append("Dr B", "decision", {})
        assert other.events() == []
    other.append("Dr B", "decision", {})
    assert [e.actor for e in other.events()] == ["Dr A", "Dr B"]
    slow.close()
    other.close()
