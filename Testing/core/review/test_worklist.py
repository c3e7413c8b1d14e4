"""The work list: the same as the log says, whatever the table behind it holds, and checked against the log."""

import json
import os
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text

from committees import FIRST, PD, PR, SECOND, SmallCommittee
from forgery import forge
from HCCResponseLib.base.errors import StorageError
from HCCResponseLib.review.committee.adjudication import adjudicate, case
from HCCResponseLib.review.committee.assignments import open_any, reread
from HCCResponseLib.review.committee.worklist import assignments, work_list
from HCCResponseLib.review.read.lifecycle import amend, close, points, stage
from HCCResponseLib.review.read.state import read_life
from HCCResponseLib.review.signing.audit import verify
from HCCResponseLib.review.store import STORE_LOG, ReadStore, open_store
from large_committee import REAL, large_committee
from reads import BASELINE, FOLLOW_UP
from stores import around_the_guards


@pytest.fixture
def busy(where):
    """A committee in which reads are in every stage."""
    made = SmallCommittee(where)
    boss, manager = made.person("boss"), made.credentials("boss")
    for subject, sizes in (("S1", (PR, PD)), ("S2", (PR, PR)), ("S3", (PR, PR))):
        for (name, stream), size in zip((("ann", FIRST), ("bob", SECOND)), sizes, strict=True):
            made.read(name, made.assign(name, stream, subject).read_id, size)
    made.assign("ann", FIRST, "S4")
    made.draft("ann", "S4-1")
    adjudicate(made.store, made.people, made.credentials("judge"), "S1", "S1-2", "new lesion")
    amend(
        made.store.other("S2-1"), read_life(made.store.other("S2-1")), made.people, manager, BASELINE, "query"
    )
    amend(
        made.store.other("S3-1"),
        read_life(made.store.other("S3-1")),
        made.people,
        manager,
        FOLLOW_UP,
        "query",
    )
    close(
        made.store.other("S2-2"), read_life(made.store.other("S2-2")), made.people, manager, "data base lock"
    )
    reread(made.store, boss, "S3-2", "sample")
    yield made
    made.store.close()


def out_of_the_log(store):
    """Every assignment with its progress, read event by event."""
    found = []
    for one in assignments(store):
        life = read_life(store.other(one.read_id))
        found.append((one, stage(life), len(life.locked), len(points(life)), life.locks.version))
    return found


def listed(store, person):
    return [(i.assignment, *vars(i.progress).values()) for i in work_list(store, person)]


def test_the_list_says_what_the_log_says(busy):
    expected = out_of_the_log(busy.store)
    assert {row[1].value for row in expected} >= {"final", "reopened", "open", "locked"}
    boss = busy.person("boss")
    assert listed(busy.store, boss) == expected
    assert busy.store.store.check_standings() == ""
    assert [i.assignment.read_id for i in work_list(busy.store, busy.person("ann"))] == [
        "S1-1", "S2-1", "S3-1", "S4-1",
    ]  # fmt: skip
    assert verify(busy.store).problem == ""


def test_what_the_table_does_not_hold_is_taken_from_the_log_once(committee):
    where, boss = committee.store.path, committee.person("boss")
    committee.read("ann", committee.assign("ann", FIRST).read_id, PR)
    with around_the_guards(where) as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT * FROM standings"))
    committee.read("bob", committee.assign("bob", SECOND).read_id, PR)
    close(committee.store.other("S1-1"), read_life(committee.store.other("S1-1")), committee.people,
          committee.credentials("boss"), "data base lock")  # fmt: skip
    expected = out_of_the_log(committee.store)
    for kept in ("", "INSERT INTO standings SELECT * FROM kept"):
        with around_the_guards(where) as connection:
            connection.execute(text("DELETE FROM standings"))
            connection.execute(text(kept or "SELECT 1"))
        assert listed(committee.store, boss) == expected
        with around_the_guards(where) as connection:
            assert connection.scalar(text("SELECT count(*) FROM standings")) == 2
        assert committee.store.store.check_standings() == ""
        assert listed(committee.store, boss) == expected


def test_a_changed_table_is_named_and_made_anew_and_decides_nothing(busy, where):
    expected, boss = out_of_the_log(busy.store), busy.person("boss")
    work_list(busy.store, boss)
    with around_the_guards(where) as connection:
        connection.execute(text("UPDATE standings SET reader = 'judge', life = '' WHERE read_id = 'S3-1'"))
        connection.execute(text("DELETE FROM standings WHERE read_id = 'S3-2'"))
    found = verify(busy.store)
    assert "the log of read 'S3-1'" in found.problem
    assert "read prepare" in found.problem
    assert assignments(busy.store) == [row[0] for row in expected]
    assert case(busy.store, "S3").reads[0].reader == "ann"
    assert open_any(busy.store, busy.person("ann"), "S3-1")[1].locks.version == 2
    busy.store.store.rebuild_standings()
    assert verify(busy.store).problem == ""
    assert listed(busy.store, boss) == expected


def test_an_event_beyond_the_table_is_believed_only_as_it_was_written(tmp_path):
    path = tmp_path / "reads.sqlite"
    made = SmallCommittee(path)
    made.assign("ann", FIRST)
    boss = made.person("boss")
    work_list(made.store, boss)
    forge(path, "S1-1", "ann", "signed", {"time_point": BASELINE, "meaning": "authorship"})
    # As today's rules say: a signature that nobody checks counts as signed until `verify` names it.
    assert work_list(made.store, boss)[0].progress.signed == 1
    assert "no signature" in verify(made.store).problem
    forge(path, "S1-1", "ann", "amended", {"time_point": BASELINE})
    with pytest.raises(StorageError, match="not as this software writes it"):
        work_list(made.store, boss)
    made.assign("bob", SECOND)
    made.store.close()


def test_a_changed_event_beyond_the_table_stops_the_list(tmp_path):
    path = tmp_path / "reads.sqlite"
    made = SmallCommittee(path)
    made.assign("ann", FIRST)
    boss = made.person("boss")
    with around_the_guards(path) as connection:
        connection.execute(text("DELETE FROM standings"))
        connection.execute(
            text("UPDATE events SET payload = replace(payload, 'ann', 'bob') WHERE action = 'assigned'")
        )
    with pytest.raises(StorageError, match="it was changed"):
        work_list(made.store, boss)
    made.store.close()


def test_a_login_that_sees_a_part_of_the_log_lists_its_own_reads_and_writes_no_table(postgres):
    """Row-level rights: what one login cannot see must never be missing for the others."""
    made = SmallCommittee(postgres.new_database())
    for subject in ("S1", "S2"):
        made.assign("ann", FIRST, subject)
        made.assign("bob", SECOND, subject)
    made.read("ann", "S1-1", PR)
    database = made.store.store.name.rpartition("/")[2]
    postgres.query(database, "DELETE FROM standings")
    postgres.let_in(database, "ann", "boss")
    ann = made.person("ann")
    limited = ReadStore(postgres.url(database, "ann"), STORE_LOG)
    for _ in range(2):
        found = work_list(limited, ann)
        assert [(i.assignment.read_id, i.progress.signed) for i in found] == [("S1-1", 2), ("S2-1", 0)]
        with around_the_guards(postgres.url(database)) as connection:
            assert connection.scalar(text("SELECT count(*) FROM standings")) == 0
    limited.close()
    postgres.query(database, "REVOKE ALL ON standings FROM ann")
    limited = ReadStore(postgres.url(database, "ann"), STORE_LOG)
    assert [i.assignment.read_id for i in work_list(limited, ann)] == ["S1-1", "S2-1"]
    limited.close()
    every = ReadStore(postgres.url(database, "boss"), STORE_LOG)
    assert len(work_list(every, made.person("boss"))) == 4
    every.close()
    with around_the_guards(postgres.url(database)) as connection:
        assert connection.scalar(text("SELECT count(*) FROM standings")) == 4
    assert len(work_list(made.store, made.person("boss"))) == 4
    assert made.store.store.check_standings() == ""
    made.store.close()


def test_a_store_without_the_table_gets_it_and_a_closed_one_opens_without(tmp_path, monkeypatch):
    path = tmp_path / "reads.sqlite"
    made = SmallCommittee(path)
    made.read("ann", made.assign("ann", FIRST).read_id, PR)
    expected, boss = out_of_the_log(made.store), made.person("boss")
    made.store.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE standings")
        connection.execute("DROP INDEX ix_events_action")
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
    before = path.read_bytes()
    with monkeypatch.context() as disc:
        disc.setattr(os, "access", lambda *_: False)
        closed = ReadStore(path, STORE_LOG)
        assert listed(closed, boss) == expected
        assert verify(closed).problem == ""
        closed.close()
    assert path.read_bytes() == before
    store = ReadStore(path, STORE_LOG)
    assert listed(store, boss) == expected
    assert verify(store).problem == ""
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT read_id, life FROM standings").fetchall()
    assert [row[0] for row in rows] == ["S1-1"]
    assert [json.loads(line)[0] for line in rows[0][1].splitlines()] == [
        "assigned",
        "study",
        "signed",
        "signed",
    ]


def test_neither_list_nor_read_goes_through_the_log(tmp_path):
    """The work of the database, in its own steps, for one read hardly grows with the number of the others."""
    steps = {}
    for subjects in (5, 40):
        path = tmp_path / f"{subjects}.sqlite"
        made = large_committee(path, subjects, visits=3, readers=2)
        made.store.close()
        store = ReadStore(open_store(path), STORE_LOG)
        person, boss = made.person("r1"), made.person("boss")
        work_list(store, person)
        counted = [0]

        def tick(counted=counted):
            counted[0] += 1

        with store.store._engine.connect() as connection:
            connection.connection.driver_connection.set_progress_handler(tick, 10)
        for name, work in (
            ("open", lambda store=store, person=person: open_any(store, person, f"{REAL}-1")),
            ("case", lambda store=store: case(store, REAL)),
            ("list", lambda store=store, boss=boss: work_list(store, boss)),
        ):
            counted[0] = 0
            work()
            steps[name, subjects] = counted[0]
        store.close()
    assert steps["open", 5] > 10
    assert steps["open", 40] < 1.3 * steps["open", 5]
    assert steps["list", 40] < 4 * 2 * (40 + 1), "tens of steps of the database for a read, whatever it holds"
    assert steps["case", 40] < 1.3 * steps["case", 5]
