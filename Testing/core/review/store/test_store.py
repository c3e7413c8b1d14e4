"""The store: append-only, chained, several reads, one order; on SQLite and on PostgreSQL."""

import hashlib
import json
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DatabaseError
from typer.testing import CliRunner

from HCCResponseLib.base.errors import ConflictError, InputError, StorageError
from HCCResponseLib.cli.main import app
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.packed import pack_lesion, unpack_lesion
from HCCResponseLib.review.store import FIRST_HASH, STORE_LOG, ReadStore, blob_key, event_hash, open_store
from HCCResponseLib.review.store.schema import metadata
from stores import NASTY, around_the_guards, change

_COPY = (
    "INSERT INTO events SELECT position + {step}, read_id, sequence + 1, format, utc, actor, role, action, item, old, "
    "new, reason, payload, contours, software, profile, {previous}, hash, hash FROM events"
)
FORBIDDEN = [
    "UPDATE events SET actor = 'X'",
    "UPDATE events SET hash = hash",
    "DELETE FROM events",
    "UPDATE blobs SET sha256 = 'x'",
    "DELETE FROM blobs",
    _COPY.format(step=9, previous="hash"),
    _COPY.format(step=1, previous="previous"),
]
FORBIDDEN_IN_A_FILE = [
    "INSERT OR REPLACE INTO events SELECT * FROM events WHERE position = 1",
    "INSERT OR REPLACE INTO blobs SELECT * FROM blobs",
]
FORBIDDEN_ON_A_SERVER = ["TRUNCATE events", "TRUNCATE blobs CASCADE"]


@pytest.fixture
def store(where):
    opened = ReadStore(where)
    yield opened
    opened.close()


def raw(where):
    return create_engine(
        where.replace("postgresql:", "postgresql+psycopg:") if "://" in where else f"sqlite:///{where}"
    )


def test_events_come_back_in_order(store):
    for number in range(5):
        store.append("Dr A", "decision", {"n": number})
    events = store.events()
    assert [e.payload["n"] for e in events] == list(range(5))
    assert [e.sequence for e in events] == [1, 2, 3, 4, 5]
    assert events[0].previous == FIRST_HASH
    assert all(b.previous == a.hash for a, b in zip(events, events[1:], strict=False))
    assert store.events(after=3) == events[3:]
    assert store.events(after=5) == []
    assert store.head() == events[-1].hash
    assert store.verify() is None


def test_an_event_carries_who_what_why_and_under_which_rules(where):
    store = ReadStore(where, "read-2", role="reader 2", profile="p" * 64)
    details = {"item": "follow-up 1 / L2", "old": "proposed", "new": "rejected", "reason": "a vessel"}
    written = store.append("Dr A", "decision", {"k": [1.5, None]}, [b"contour"], **details)
    (event,) = store.events()
    assert event == written
    assert {name: getattr(event, name) for name in details} == details
    assert (event.actor, event.role, event.profile, event.read_id) == ("Dr A", "reader 2", "p" * 64, "read-2")
    assert event.utc.endswith("+00:00")
    assert event.software.startswith("hcc-response ")
    assert event.payload == {"k": [1.5, None]}
    assert event.contours == (blob_key(b"contour"),)
    acting = store.acting(role="adjudicator", profile="q").append("Dr B", "note", {})
    assert (acting.role, acting.profile, acting.sequence) == ("adjudicator", "q", 2)
    store.close()


def test_reads_have_chains_of_their_own_in_one_chain_of_the_store(store):
    other, log = store.other("read-2"), store.other(STORE_LOG)
    for number in range(3):
        store.append("Dr A", "decision", {"n": number})
        other.append("Dr B", "decision", {"n": 10 + number})
    log.append("admin", "user added", {})
    assert [e.payload["n"] for e in other.events()] == [10, 11, 12]
    assert [e.sequence for e in other.events()] == [1, 2, 3]
    assert [e.position for e in other.events()] == [2, 4, 6]
    assert store.store.reads() == ["read-1", "read-2", STORE_LOG]
    assert store.store.head() == log.head()
    assert (store.verify(), other.verify()) == (None, None)
    assert store.store.check().good
    assert store.store.check().events == 7


def test_nothing_can_be_changed_deleted_or_put_in_between(store, where):
    statements = [*FORBIDDEN, *(FORBIDDEN_ON_A_SERVER if "://" in where else FORBIDDEN_IN_A_FILE)]
    store.append("Dr A", "decision", {}, [b"contour"])
    before = store.events()
    engine = raw(where)
    for sql in statements:
        with pytest.raises(DatabaseError, match="append-only"), engine.begin() as connection:
            connection.execute(text(sql))
    engine.dispose()
    assert store.events() == before
    assert store.blob(blob_key(b"contour")) == b"contour"


def test_tables_are_those_that_queries_are_written_against(store, where):
    def asked_for(_, name, kind, *others):
        """What rights.sql makes on a server is asked for by nothing but its own functions and ``Store.logins``."""
        return not name.startswith("hcc_") and (kind, name) != ("column", "login")

    engine = raw(where)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": asked_for})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_an_append_can_ask_for_the_event_before_it(store):
    first = store.append("Dr A", "decision", {}, expected_previous=FIRST_HASH)
    with pytest.raises(ConflictError, match="somebody else"):
        store.append("Dr B", "decision", {}, expected_previous=FIRST_HASH)
    store.append("Dr B", "decision", {}, expected_previous=first.hash)
    assert [e.actor for e in store.events()] == ["Dr A", "Dr B"]


def test_a_transaction_is_all_or_nothing(store):
    with pytest.raises(InputError), store.transaction():
        store.append("Dr A", "decision", {}, [b"contour"])
        assert len(store.events()) == 1
        raise InputError("locked")
    assert store.events() == []
    with pytest.raises(StorageError, match="missing"):
        store.blob(blob_key(b"contour"))
    with store.transaction(), store.transaction():
        store.append("Dr A", "decision", {})
        store.other("read-2").append("Dr A", "decision", {})
    assert store.store.check().events == 2


def test_a_part_of_a_transaction_that_fails_is_taken_back_alone(store):
    with store.transaction():
        first = store.append("Dr A", "first", {})
        with pytest.raises(ConflictError):
            store.append("Dr A", "refused", {}, [b"contour"], expected_previous=FIRST_HASH)
        with pytest.raises(InputError), store.transaction():
            store.append("Dr A", "taken back", {}, [b"contour"])
            raise InputError("no")
        assert store.events() == [first]
        store.append("Dr A", "second", {})
    assert [e.action for e in store.events()] == ["first", "second"]
    assert store.store.blobs([blob_key(b"contour")]) == {}
    assert store.store.check().good


def test_what_a_transaction_reads_stays_the_last_word(store):
    """Ten threads each add an event only while there are fewer than five."""
    seen = []

    def work():
        with store.transaction():
            if len(store.events()) < 5:
                seen.append(store.append("Dr A", "decision", {}).sequence)

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [1, 2, 3, 4, 5]
    assert len(store.events()) == 5


def test_what_is_read_in_one_moment_fits_together_while_others_append(store, where):
    store.append("Dr A", "decision", {})
    beside = ReadStore(where)
    with store.store.one_moment():
        before = store.head()
        beside.append("Dr B", "decision", {})
        assert [e.actor for e in store.events()] == ["Dr A"]
        assert store.head() == before
        with pytest.raises(AssertionError, match="one moment"):
            store.append("Dr A", "decision", {})
    assert [e.actor for e in store.events()] == ["Dr A", "Dr B"]
    beside.close()


def test_no_text_is_ever_read_as_sql(store):
    names = ("item", "old", "new", "reason", "role", "profile")
    store.append("Dr A", "before", {})
    for nasty in NASTY:
        event = store.append(nasty, nasty, {nasty: nasty}, [nasty.encode()], **dict.fromkeys(names, nasty))
        store.other(nasty).append("Dr A", "decision", {})
        assert store.events(after=event.sequence - 1) == [event]
        assert {event.actor, event.action, *(getattr(event, f) for f in names)} == {nasty}
        assert event.payload == {nasty: nasty}
        assert store.blob(event.contours[0]) == nasty.encode()
        assert [e.read_id for e in store.other(nasty).events()] == [nasty]
        assert store.other(nasty).verify() is None
        with pytest.raises(ConflictError):
            store.append("Dr A", "decision", {}, expected_previous=nasty)
        with pytest.raises(StorageError, match="missing"):
            store.blob(nasty)
        assert not store.store.check(expected_head=nasty).good
    assert set(store.store.reads()) == {"read-1", *NASTY}
    assert store.store.check().events == 1 + 2 * len(NASTY)
    assert store.store.check().good


def test_text_that_no_database_keeps_is_refused(store):
    words = {"actor": "Dr A", "action": "decision", "payload": {}}
    for value in ("a\0b", "half \ud83d pair"):
        for field in ("actor", "action", "item", "old", "new", "reason", "role", "profile"):
            with pytest.raises(InputError, match="NUL|cannot be stored"):
                store.append(**words | {field: value})
        with pytest.raises(InputError, match="NUL|cannot be stored"):
            store.other(value).append(**words)
    store.append(**words | {"payload": {"a\0b": "half \ud83d pair"}})
    assert store.events()[0].payload == {"a\0b": "half \ud83d pair"}
    assert store.store.check().events == 1


def test_a_read_needs_an_id(store):
    for read_id in ("", "  ", "x" * 201):
        with pytest.raises(InputError, match="id of a read"):
            store.other(read_id).append("Dr A", "decision", {})


def test_hash_is_over_every_field():
    fields = ("p", "u", "a", "act", "{}", "s")
    base = event_hash(*fields)
    for i in range(len(fields)):
        changed = tuple(f + "!" if i == j else f for j, f in enumerate(fields))
        assert event_hash(*changed) != base


def test_contours_are_stored_once_and_checked(store, where):
    data = pack_lesion(Lesion.of(np.ones((2, 3, 4), bool)))
    store.append("a", "proposal", {}, [data])
    store.append("a", "proposal", {}, [data])
    assert store.blob(blob_key(data)) == data
    with pytest.raises(StorageError, match="missing"):
        store.blob(hashlib.sha256(b"other").hexdigest())
    with around_the_guards(where) as connection:
        assert connection.scalar(text("SELECT count(*) FROM blobs")) == 1


def test_masks_pack_exactly():
    rng = np.random.default_rng(0)
    for shape in ((1, 1, 1), (5, 9, 13), (3, 64, 64)):
        mask = rng.random(shape) > 0.7
        mask.flat[0] = True
        assert np.array_equal(unpack_lesion(pack_lesion(Lesion.of(mask))).to_mask(), mask)
    with pytest.raises(StorageError, match="damaged"):
        unpack_lesion(b"HRM1" + b"\0" * 40)


def test_many_contours_on_large_grids_take_little_memory():
    """Three hundred masks of 31 MB are 9 GB; a lesion is its bounding box alone."""
    code = """
import resource
import numpy as np
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.packed import pack_lesion, unpack_lesion
mask = np.zeros((120, 512, 512), bool)
mask[50:60, 200:240, 200:240] = True
data = pack_lesion(Lesion.of(mask))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
lesions = [unpack_lesion(data) for _ in range(300)]
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert all(one.shape == mask.shape and one.start == (50, 200, 200) for one in lesions)
assert np.array_equal(lesions[2].to_mask(), mask)
print((after - before) // 1024)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert int(run.stdout) < 100, "MB"


def test_owner_only_rights(tmp_path):
    path = tmp_path / "read.sqlite"
    store = ReadStore(path)
    store.append("Dr A", "decision", {})
    names = ("read.sqlite", "read.sqlite-wal", "read.sqlite-shm")
    assert [os.stat(tmp_path / n).st_mode & 0o777 for n in names] == [0o600] * 3
    store.close()
    path.chmod(0o644)
    ReadStore(path).close()
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_what_is_no_store_is_refused(tmp_path, where):
    (tmp_path / "x.sqlite").write_bytes(b"no database at all, but long enough to be read as one" * 40)
    with pytest.raises(StorageError, match="not a read of this software"):
        ReadStore(tmp_path / "x.sqlite")
    with pytest.raises(StorageError, match="no read|does not exist"):
        open_store(where, create=False)
    engine = raw(where)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE patients (id INTEGER)"))
    with pytest.raises(StorageError, match="holds other tables"):
        ReadStore(where)
    engine.dispose()


def test_a_store_of_a_later_version_is_left_alone(store, where):
    store.append("Dr A", "decision", {})
    with around_the_guards(where) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match="later version"):
        open_store(where)


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("mysql://u:hidden@host/x", "SQLite or PostgreSQL"),
        ("nonsense://u:hidden@host/x", "SQLite or PostgreSQL|not the URL"),
        ("postgresql://u:hidden@host:port/x", "not the URL"),
        ("postgresql://u:hidden@127.0.0.1:1/x", "cannot be opened"),
    ],
)
def test_a_url_that_leads_nowhere_is_told_without_its_password(url, match):
    with pytest.raises((InputError, StorageError), match=match) as caught:
        open_store(url)
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_names_the_first_bad_event(where):
    store = ReadStore(where)
    for number in range(3):
        store.append("Dr A", "decision", {"n": number})
    noted = store.events()[1].hash
    head = store.head()
    store.close()
    verify = ["read", "verify", where]
    good = CliRunner().invoke(app, [*verify, "--expect", noted])
    assert (good.exit_code, head in good.stdout) == (0, True)
    assert json.loads(CliRunner().invoke(app, [*verify, "--json"]).stdout)["head"] == head
    assert CliRunner().invoke(app, [*verify, "--read", "read-1"]).exit_code == 0
    with around_the_guards(where) as connection:
        connection.execute(text("DELETE FROM events WHERE position = 3"))
        cut = CliRunner().invoke(app, [*verify, "--expect", head])
        change(connection, "events", "actor", "Dr X", ("position", 2))
        bad = CliRunner().invoke(app, verify)
    assert (cut.exit_code, bad.exit_code) == (1, 1)
    assert head in cut.stderr.replace("\n", "")
    assert "event 2 of read 'read-1': it was changed" in bad.stderr
    assert CliRunner().invoke(app, ["read", "verify", where + "-not-there"]).exit_code == 1
