"""The store: append-only, chained, durable; what was acknowledged is never lost."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from HCCResponseLib.errors import StorageError
from HCCResponseLib.review.masks import pack_mask, unpack_mask
from HCCResponseLib.review.store import FIRST_HASH, ReadStore, blob_key, event_hash


@pytest.fixture
def store(tmp_path):
    opened = ReadStore(tmp_path / "read.sqlite")
    yield opened
    opened.close()


def test_events_come_back_in_order(store):
    for number in range(5):
        store.append("Dr A", "decision", {"n": number})
    events = store.events()
    assert [e.payload["n"] for e in events] == list(range(5))
    assert [e.sequence for e in events] == [1, 2, 3, 4, 5]
    assert events[0].previous == FIRST_HASH
    assert all(b.previous == a.hash for a, b in zip(events, events[1:], strict=False))
    assert store.verify() is None


@pytest.mark.parametrize("sql", ["UPDATE events SET actor='X'", "DELETE FROM events", "DELETE FROM blobs"])
def test_nothing_can_be_changed_or_deleted(store, sql):
    store.append("Dr A", "decision", {}, [b"contour"])
    connection = sqlite3.connect(store.path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(sql)
    connection.close()


@pytest.mark.parametrize("column", ["actor", "payload", "utc", "action", "hash"])
def test_tampering_is_found(store, column):
    for number in range(3):
        store.append("Dr A", "decision", {"n": number})
    connection = sqlite3.connect(store.path)
    connection.execute("DROP TRIGGER events_no_update")
    connection.execute(f"UPDATE events SET {column} = {column} || 'x' WHERE sequence = 2")
    connection.commit()
    connection.close()
    assert store.verify() == 2


def test_hash_is_over_every_field():
    fields = ("p", "u", "a", "act", "{}", "s")
    base = event_hash(*fields)
    for i in range(len(fields)):
        changed = tuple(f + "!" if i == j else f for j, f in enumerate(fields))
        assert event_hash(*changed) != base


def test_contours_are_stored_once_and_checked(store):
    data = pack_mask(np.ones((2, 3, 4), bool))
    store.append("a", "proposal", {}, [data])
    store.append("a", "proposal", {}, [data])
    assert store.blob(blob_key(data)) == data
    with pytest.raises(StorageError, match="missing"):
        store.blob(hashlib.sha256(b"other").hexdigest())


def test_masks_pack_exactly():
    rng = np.random.default_rng(0)
    for shape in ((1, 1, 1), (5, 9, 13), (3, 64, 64)):
        mask = rng.random(shape) > 0.7
        mask.flat[0] = True
        assert np.array_equal(unpack_mask(pack_mask(mask)), mask)
    with pytest.raises(StorageError, match="damaged"):
        unpack_mask(b"HRM1" + b"\0" * 40)


def test_owner_only_rights(store):
    assert os.stat(store.path).st_mode & 0o077 == 0


def test_what_is_no_store_is_refused(tmp_path):
    (tmp_path / "x.sqlite").write_bytes(b"no database at all, but long enough to be read as one" * 40)
    with pytest.raises(StorageError, match="not a read of this software"):
        ReadStore(tmp_path / "x.sqlite")


def test_a_full_disk_loses_nothing(tmp_path):
    """A limit on the size of files stands for a full disk; the writer gets the same error from SQLite."""
    code = """
        import resource, sys
        from pathlib import Path
        from HCCResponseLib.errors import StorageError
        from HCCResponseLib.review.store import ReadStore
        store = ReadStore(Path(sys.argv[1]))
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        number = 0
        try:
            while True:
                store.append("Dr A", "decision", {"n": number, "text": "x" * 2000})
                number += 1
        except StorageError as problem:
            print(number, problem)
    """
    path = tmp_path / "read.sqlite"
    out = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(path)],
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    written = int(out.split()[0])
    assert "cannot be written" in out or "No room left" in out
    store = ReadStore(path)
    assert [e.payload["n"] for e in store.events()] == list(range(written))
    assert written > 10
    assert store.verify() is None
    store.append("Dr A", "decision", {"n": "after"})
    store.close()


def test_a_kill_at_any_moment_loses_nothing_acknowledged(tmp_path):
    code = """
        import sys
        from pathlib import Path
        from HCCResponseLib.review.store import ReadStore
        store = ReadStore(Path(sys.argv[1]))
        for number in range(10_000):
            store.append("Dr A", "decision", {"n": number})
            print(number, flush=True)
    """
    path = tmp_path / "read.sqlite"
    draw = random.Random(0)
    acknowledged = 0
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), str(path)], stdout=subprocess.PIPE, text=True
        )
        stop_after = draw.randint(1, 40)
        with process.stdout as lines:
            for line in lines:
                acknowledged += 1
                if int(line) + 1 >= stop_after:
                    process.send_signal(signal.SIGKILL)
                    break
        process.wait()
    store = ReadStore(path)
    assert len(store.events()) >= acknowledged > 4
    assert store.verify() is None
    store.close()


def test_two_writers_queue(tmp_path):
    code = """
        import sys
        from pathlib import Path
        from HCCResponseLib.review.store import ReadStore
        store = ReadStore(Path(sys.argv[1]))
        for number in range(25):
            store.append(sys.argv[2], "decision", {"n": number})
    """
    path = tmp_path / "read.sqlite"
    ReadStore(path).close()
    both = [
        subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), str(path), name])
        for name in ("Dr A", "Dr B")
    ]
    assert [p.wait() for p in both] == [0, 0]
    store = ReadStore(path)
    events = store.events()
    for name in ("Dr A", "Dr B"):
        assert [e.payload["n"] for e in events if e.actor == name] == list(range(25))
    assert store.verify() is None
    store.close()
