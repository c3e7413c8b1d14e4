"""Whatever is changed in a store, the check names the first event that is not as it was written."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from HCCResponseLib.base.errors import StorageError
from HCCResponseLib.review.store import ReadStore, open_store
from HCCResponseLib.review.store.schema import blobs, events
from stores import around_the_guards, change, first_version

COLUMNS = [c.name for c in events.columns]
DETAILS = {"item": "follow-up 1 / L2", "old": "proposed", "new": "rejected", "reason": "a vessel"}


def fill(where: str) -> list[dict]:
    """Two reads whose events alternate, after those of the first version on SQLite; their rows in order."""
    if "://" not in where:
        first_version(Path(where))
    store = ReadStore(where, role="reader 1", profile="p" * 64)
    for number in range(5):
        store.append("Dr Zoë", "decision", {"n": number}, [f"contour {number}".encode()], **DETAILS)
        store.other("read-2").append("Dr B", "decision", {"n": number}, [b"shared", b"more"], **DETAILS)
    store.close()
    with around_the_guards(where) as connection:
        return [dict(r) for r in connection.execute(events.select().order_by(events.c.position)).mappings()]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request, tmp_path_factory):
    """A connection past the guards of a filled store, its rows, and the store opened."""
    if request.param == "sqlite":
        where = str(tmp_path_factory.mktemp("tampering") / "read.sqlite")
    else:
        where = request.getfixturevalue("postgres").new_database()
    rows = fill(where)
    store = open_store(where)
    assert store.check().good
    with around_the_guards(where) as connection:
        yield connection, rows, store
    assert store.check().good, "a test did not put back what it changed"
    store.close()


def other_value(value: object, draw: st.DataObject) -> object:
    """Another value of the same type: for a text another character at one place, one more or one less."""
    if isinstance(value, int):
        return draw.draw(st.integers(-3, 40).filter(lambda n: n != value))
    if isinstance(value, bytes):
        place = draw.draw(st.integers(0, len(value) - 1))
        return value[:place] + bytes([value[place] ^ draw.draw(st.integers(1, 255))]) + value[place + 1 :]
    place = draw.draw(st.integers(0, len(value)))
    letter = draw.draw(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
    length = draw.draw(st.integers(0, 1))
    changed = value[:place] + letter * draw.draw(st.integers(0, 1)) + value[place + length :]
    return changed if changed != value else value + letter


@given(draw=st.data())
@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_change_to_any_column_of_any_event_is_found(filled, draw):
    connection, rows, store = filled
    row = draw.draw(st.sampled_from(rows))
    column = draw.draw(st.sampled_from(COLUMNS))
    value = other_value(row[column], draw)
    taken = {r["position"] for r in rows} if column == "position" else set()
    pairs = {(r["read_id"], r["sequence"]) for r in rows}
    if value in taken or (column in ("sequence", "read_id") and _pair(row, column, value) in pairs):
        return  # the database refuses two rows in one place
    key = ("position", row["position"])
    change(connection, "events", column, value, key)
    found = store.check()
    back = ("position", value) if column == "position" else key
    change(connection, "events", column, row[column], back)
    assert not found.good
    if column == "position":
        assert found.events <= row["position"] - 1
    else:
        assert found.events == row["position"] - 1
        expected = value if column == "sequence" else row["sequence"]
        assert found.sequence == expected


def _pair(row, column, value):
    return (value, row["sequence"]) if column == "read_id" else (row["read_id"], value)


def test_every_column_of_every_event_is_covered(filled):
    """Without chance: one change to each value, each named by the event that was changed."""
    connection, rows, store = filled
    for row in rows:
        for column in COLUMNS:
            value = row[column] + 1000 if isinstance(row[column], int) else row[column] + "x"
            key, back = ("position", row["position"]), ("position", row["position"])
            change(connection, "events", column, value, key)
            found = store.check()
            if column == "position":
                back = ("position", value)
            change(connection, "events", column, row[column], back)
            last = row is rows[-1]
            assert not found.good
            if column != "position" or last:
                assert found.events == row["position"] - 1, column
                assert found.reason


@given(draw=st.data())
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_change_to_any_contour_is_found(filled, draw):
    connection, rows, store = filled
    stored = {r.sha256: r.data for r in connection.execute(blobs.select())}
    key = draw.draw(st.sampled_from(sorted(stored)))
    column = draw.draw(st.sampled_from(["sha256", "data"]))
    place = draw.draw(st.integers(0, 63))
    value = key[:place] + "x" + key[place + 1 :] if column == "sha256" else other_value(stored[key], draw)
    change(connection, "blobs", column, value, ("sha256", key))
    found = store.check()
    change(connection, "blobs", column, key if column == "sha256" else stored[key],
           ("sha256", value if column == "sha256" else key))  # fmt: skip
    user = next(r for r in rows if key in r["contours"] or (r["format"] == 1 and key in r["payload"]))
    assert (found.read_id, found.sequence) == (user["read_id"], user["sequence"])
    assert "contour" in found.reason


def put_back(connection, rows):
    for row in rows:
        connection.execute(events.insert(), row)


def test_events_taken_out_or_swapped_are_found(filled):
    connection, rows, store = filled
    for row in rows[:-1]:
        connection.execute(text("DELETE FROM events WHERE position = :p"), {"p": row["position"]})
        found = store.check()
        put_back(connection, [row])
        assert found.events == row["position"] - 1
    connection.execute(text("DELETE FROM events WHERE read_id = 'read-2'"))
    assert not store.check().good, "a whole read is gone"
    assert store.check("read-1").good, "the chain of the other read cannot know"
    put_back(connection, [r for r in rows if r["read_id"] == "read-2"])
    one, two = rows[-3], rows[-1]
    for column in ("actor", "payload", "contours", "utc", "hash"):
        for row, other in ((one, two), (two, one)):
            change(connection, "events", column, other[column], ("position", row["position"]))
    found = store.check()
    for column in ("actor", "payload", "contours", "utc", "hash"):
        for row in (one, two):
            change(connection, "events", column, row[column], ("position", row["position"]))
    assert found.events == one["position"] - 1


def test_only_a_noted_hash_shows_a_cut_at_the_end(filled):
    connection, rows, store = filled
    noted, earlier = store.head(), rows[4]["hash"]
    assert noted == rows[-1]["hash"] == store.check().head
    connection.execute(text("DELETE FROM events WHERE position = :p"), {"p": rows[-1]["position"]})
    assert store.check().good, "what is left is a chain that fits"
    cut = store.check(expected_head=noted)
    assert store.check(expected_head=earlier).good
    put_back(connection, rows[-1:])
    assert not cut.good
    assert noted in cut.reason
    assert store.check(expected_head=noted).good
    assert store.check("read-2", expected_head=rows[-1]["hash"]).good


def test_a_read_is_not_built_from_changed_events(filled):
    connection, rows, store = filled
    row = rows[-4]
    change(connection, "events", "payload", row["payload"].replace("n", "m"), ("position", row["position"]))
    with pytest.raises(StorageError, match=f"Event {row['sequence']} of read '{row['read_id']}'.*changed"):
        store.events(row["read_id"])
    found = store.check(row["read_id"])
    change(connection, "events", "payload", row["payload"], ("position", row["position"]))
    assert (found.read_id, found.sequence) == (row["read_id"], row["sequence"])


@pytest.mark.parametrize("value", [b"Dr Zo\xeb", None, 5, 1.5])
def test_what_is_no_text_any_more_is_found(tmp_path, value):
    """SQLite keeps values of any type in any column."""
    path = tmp_path / "read.sqlite"
    rows = fill(str(path))
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA writable_schema = ON; DROP TABLE IF EXISTS alien")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name = 'events'"
        )
        connection.commit()
    with closing(sqlite3.connect(path)) as connection:
        sql = "CAST(? AS TEXT)" if isinstance(value, bytes) else "?"
        connection.execute(f"UPDATE events SET reason = {sql} WHERE position = 15", (value,))
        connection.execute("UPDATE events SET actor = CAST(actor AS BLOB) WHERE position = 16")
        connection.commit()
    store = open_store(path)
    found = store.check()
    assert (found.events, found.sequence) == (14, rows[14]["sequence"])
    store.close()


def test_a_damaged_file_gives_a_clear_error_or_a_finding(tmp_path):
    """Noise over any page: never another exception, never other events than were written."""
    whole = tmp_path / "whole.sqlite"
    rows = fill(str(whole))
    size = whole.stat().st_size
    heads, errors = 0, 0
    for number, place in enumerate(range(0, size, 1024)):
        path = tmp_path / f"{number}.sqlite"
        shutil.copy(whole, path)
        with path.open("r+b") as file:
            file.seek(place)
            file.write(bytes((place + i * 37) % 256 for i in range(300)))
        try:
            store = open_store(path)
            found = store.check(expected_head=rows[-1]["hash"])
            heads += not found.good
            if found.good:
                assert [e.hash for e in store.events("read-2")] == [
                    r["hash"] for r in rows if r["read_id"] == "read-2"
                ]
            store.close()
        except StorageError as problem:
            errors += 1
            assert str(path) in str(problem) or "contour" in str(problem)
    assert heads > 0
    assert errors > 0
