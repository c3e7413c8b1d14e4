"""Central review on a server through everybody's own login: all of it works, and shows what it may."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DatabaseError
from typer.testing import CliRunner

from committees import FIRST, FIRST_PASSWORD, PD, fill, password
from HCCResponseLib.base.errors import AccessError, SignInError, StorageError
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.cli.main import app
from HCCResponseLib.review.committee.adjudication import adjudicate, case_for
from HCCResponseLib.review.committee.worklist import work_list
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.read.access import Role
from HCCResponseLib.review.read.lifecycle import amend
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.state import read_life
from HCCResponseLib.review.signing.audit import export_log, verify
from HCCResponseLib.review.signing.bundle import export_bundle
from HCCResponseLib.review.signing.signing import sign_and_lock
from HCCResponseLib.review.store import STORE_LOG, ReadStore
from reads import BASELINE, FOLLOW_UP


def test_whoever_signs_in_under_another_name_is_refused_and_noted(trial):
    with pytest.raises(SignInError, match="opened as 'ann'; only the account of that name"):
        trial.as_("ann").people.authenticate("bob", password("bob"))
    last = trial.owner.store.events()[-1]
    assert (last.actor, last.action, last.payload) == ("nobody", "sign-in-failed", {"name": None})
    assert trial.owner.store.store.logins(STORE_LOG)[last.position] == "ann"
    with pytest.raises(SignInError):
        trial.as_("ann").people.authenticate("ann", "wrong words here")
    assert trial.owner.people.account("ann").failures == 1


def test_a_login_without_an_account_gets_nothing(trial):
    trial.server.let_in(trial.database, "stranger")
    with pytest.raises(AccessError, match="'stranger' of the database has no account"):
        ReadStore(trial.url("stranger"))
    assert trial.sql("stranger", "SELECT count(*) FROM events, blobs") == [(0,)]
    with pytest.raises(DatabaseError, match="it has no account"):
        trial.sql("stranger", "SELECT hcc_append('{}', '{}')")
    with pytest.raises(DatabaseError, match="may not see"):
        trial.sql("stranger", "SELECT hcc_ends(NULL)")


def test_what_a_manager_says_of_an_account_acts_in_the_database_at_once(trial):
    boss = trial.as_("boss")
    boss.people.disable(boss.person("boss"), "ann", "on leave")
    assert trial.reads_of("ann") == [STORE_LOG]
    with pytest.raises(SignInError, match="disabled"):
        trial.as_("ann").people.authenticate("ann", password("ann"))
    with pytest.raises(StorageError, match="the account is disabled"):
        trial.as_("ann").store.append("ann", "note", {})
    boss.people.enable(boss.person("boss"), "ann", "back")
    assert len(trial.reads_of("ann")) == 2
    boss.people.set_roles(boss.person("boss"), "eve", {Role.READER}, "changes sides")
    assert trial.reads_of("eve") == [STORE_LOG]


def test_passwords_are_changed_and_given_through_logins(trial):
    boss, ann = trial.as_("boss"), trial.as_("ann")
    ann.people.change_password("ann", password("ann"), "other quiet stones 1")
    boss.people.reset_password(boss.person("boss"), "ann", "given by the boss")
    ann.people.change_password("ann", "given by the boss", "third quiet stones 2")
    assert ann.people.authenticate("ann", "third quiet stones 2").name == "ann"
    assert not verify(trial.owner.store).problem


def test_a_reader_s_check_says_what_it_could_not_see(trial):
    found = verify(trial.as_("ann").store)
    assert not found.problem
    assert found.signatures == 2
    hidden = len(trial.owner.store.other("S1-2").events())
    assert (found.chain.unseen, found.chain.events) == (hidden, trial.owner.store.events()[0].position - 1
            + len(trial.owner.store.events()) + len(trial.owner.store.other("S1-1").events()))  # fmt: skip
    said = CliRunner().invoke(app, ["read", "verify", trial.url("ann")])
    assert said.exit_code == 0, said.stderr
    assert f"may not see them: {hidden} events of other reads" in said.stdout
    other = CliRunner().invoke(app, ["read", "verify", trial.url("ann"), "--read", "S1-2"])
    assert other.exit_code == 1
    assert 'may not see the read "S1-2"' in " ".join(other.stderr.split())
    head = trial.owner.store.other("S1-2").head()
    noted = CliRunner().invoke(app, ["read", "verify", trial.url("ann"), "--expect", head])
    assert noted.exit_code == 1
    assert "a manager or an auditor can look for it" in " ".join(noted.stderr.split())
    whole = verify(trial.as_("eve").store, expect=head)
    assert (whole.problem, whole.chain.unseen, whole.signatures) == ("", 0, 2)
    assert whole.chain.unseen_keys > 0


@pytest.mark.parametrize(("name", "finds"), [("ann", "S1-1"), ("eve", "S1-1")])
def test_a_changed_event_is_found_through_a_login_too(trial, name, finds):
    trial.server.query(
        trial.database,
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "UPDATE events SET new = 'changed' WHERE read_id = 'S1-1' AND sequence = 4",
        "ALTER TABLE events ENABLE TRIGGER ALL",
    )
    assert f"event 4 of read '{finds}': it was changed" in verify(trial.as_(name).store).problem


def test_an_adjudicator_sees_reads_when_they_are_signed(trial):
    judge = trial.as_("judge")
    person = judge.person("judge")
    assert trial.reads_of("judge") == ["S1-1", STORE_LOG]
    assert [i.assignment.read_id for i in work_list(judge.store, person)] == ["S1-1", "S1-2"]
    assert not case_for(judge.store, person, "S1")[0].finished
    bob = trial.as_("bob")
    store, state = bob.open("bob", "S1-2")
    boss = trial.as_("boss")
    boss.assign("bob", FIRST, "S2")
    sign_and_lock(store, state, bob.people, bob.credentials("bob"), BASELINE)
    bob.propose(store, state, FOLLOW_UP, PD[FOLLOW_UP])
    decide(store, state, Decision("bob", FOLLOW_UP, "L1", Action.ACCEPT))
    sign_and_lock(store, state, bob.people, bob.credentials("bob"), FOLLOW_UP)
    found, values = case_for(judge.store, person, "S1")
    assert (found.finished, found.needs_adjudication, sorted(values)) == (True, True, ["S1-1", "S1-2"])
    assert trial.sql("judge", "SELECT 1 FROM events WHERE read_id = 'S2-1'") == []
    done = adjudicate(judge.store, judge.people, judge.credentials("judge"), "S1", "S1-1", "clear enough")
    assert done.accepted == "S1-1"
    # bob is an adjudicator too, and has read this subject.
    assert trial.sql("bob", "SELECT 1 FROM events WHERE read_id = 'S1-1'") == []
    assert not verify(trial.owner.store).problem


def test_an_amended_read_is_hidden_from_the_adjudicator_again(trial):
    boss = trial.as_("boss")
    read = boss.store.other("S1-1")
    amend(read, read_life(read), boss.people, boss.credentials("boss"), BASELINE, "wrong lesion")
    assert trial.reads_of("judge") == [STORE_LOG]


def test_the_copy_of_the_log_shows_who_was_connected(trial, tmp_path):
    boss = trial.as_("boss")
    export_log(boss.person("boss"), boss.store, tmp_path / "log.csv")
    with (tmp_path / "log.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["login"] for row in rows if row["read_id"] == "S1-1"} == {"boss", "ann"}
    proposed = [row for row in rows if (row["read_id"], row["actor"]) == ("S1-2", "software")]
    assert {row["login"] for row in proposed} == {"bob"}
    assert rows[0]["login"] == "owner"


def test_the_bundle_is_complete_through_an_auditor_s_login(trial, tmp_path):
    eve = trial.as_("eve")
    count = export_bundle(eve.person("eve"), eve.store, eve.people, tmp_path / "bundle.sqlite")
    *copied, copy = trial.owner.store.store.rows()
    assert (count, copy["action"]) == (len(copied), "bundle-exported")
    script = [sys.executable, "-I", str(resource_path("Audit/verify_bundle.py"))]
    run = subprocess.run([*script, tmp_path / "bundle.sqlite"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_commands_work_through_logins(trial, monkeypatch):
    def said(name, *words):
        monkeypatch.setenv("HCC_RESPONSE_PASSWORD", password(name))
        command, *rest = words
        run = CliRunner().invoke(app, ["read", command, trial.url(name), *rest, "--as", name])
        assert run.exit_code == 0, run.output
        return run.stdout

    assert said("ann", "list").count("\n") == 1
    assert "S1-2: subject S1, RADIOLOGIST 2, read, not finished, not shown" in said("judge", "list")
    assert "baseline: locked" in said("ann", "show", "S1-1")
    assert "baseline" in said("bob", "sign", "S1-2", "baseline")
    assert "Not finished" in said("judge", "compare", "S1")


def blocks_of_the_manual(language):
    """Code that docs/store.md tells an administrator to run."""
    manual = (Path(__file__).resolve().parents[4] / "docs" / "store.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", manual, re.MULTILINE | re.DOTALL)
    return [block for word, block in blocks if word == language]


def test_the_manual_s_set_up_for_a_committee(postgres):
    """Run as written: members add and read through their accounts, and can do nothing else."""
    roles, grants = (re.sub(r"--.*", "", b).split(";")[:-1] for b in blocks_of_the_manual("sql"))
    postgres.query("postgres", *roles)
    (command,) = (b for b in blocks_of_the_manual("") if "prepare" in b)
    options = re.search(r"reads(\?options=[^\"]+)", command).group(1)
    run = CliRunner().invoke(
        app, ["read", "prepare", postgres.url("reads", "admin_ann", "choose one") + options]
    )
    assert run.exit_code == 0, run.output
    assert "choose" not in run.output
    postgres.query("reads", *grants)
    owner = ReadStore(postgres.url("reads", "admin_ann", "choose one") + options, STORE_LOG)
    people = People(owner)
    fill(people)
    boss = people.authenticate("boss", password("boss"))
    people.add("jdoe", "Jane Doe, MD", {Role.READER}, FIRST_PASSWORD, boss)
    owner.close()
    where = postgres.url("reads", "jdoe", "choose another")
    store = ReadStore(where, STORE_LOG)
    People(store).change_password("jdoe", FIRST_PASSWORD, "quiet river stones j")
    assert store.events()[-1].actor == "jdoe"
    assert store.store.check().good
    engine = create_engine(where.replace("postgresql", "postgresql+psycopg"))
    for sql in (
        "UPDATE events SET actor = 'X'",
        "DELETE FROM blobs",
        "TRUNCATE events",
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "DROP TRIGGER events_in_order ON events",
        "DROP TABLE events",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TABLE events_2 (x integer)",
        "INSERT INTO alembic_version VALUES ('9999')",
        "SET session_replication_role = 'replica'",
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied|must be owner"),
            engine.begin() as connection,
        ):
            connection.execute(text(sql))
    engine.dispose()
    store.close()
