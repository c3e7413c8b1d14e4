"""What a login of the database may do when somebody uses it without this software."""

import hashlib
import json

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DatabaseError

from committees import FIRST, ROLES, SmallCommittee
from HCCResponseLib.base.errors import AccessError, StorageError
from HCCResponseLib.review.signing.audit import verify
from HCCResponseLib.review.store import STORE_LOG, ReadStore, blob_key
from HCCResponseLib.review.store import rights as shipped
from HCCResponseLib.review.store.chain import row_hash
from reads import BASELINE
from stores import NASTY


@pytest.mark.parametrize("name", ["ann", "boss", "eve"])
def test_a_login_cannot_write_into_the_tables(trial, name):
    before = trial.owner.store.store.head()
    for statement in (
        "INSERT INTO events SELECT * FROM events LIMIT 1",
        "INSERT INTO blobs VALUES ('00', 'x')",
        "UPDATE events SET actor = 'X'",
        "DELETE FROM blobs",
        "TRUNCATE events",
        "UPDATE hcc_accounts SET roles = ARRAY['manager', 'auditor']",
        "INSERT INTO hcc_reads VALUES ('S1-2', 'S1', 'ann', 'read', true)",
        "SELECT * FROM hcc_reads",
        "ALTER TABLE events DISABLE ROW LEVEL SECURITY",
        "DROP POLICY hcc_seen ON blobs",
        "CREATE TABLE accounts (x integer)",
        "CREATE OR REPLACE FUNCTION hcc_may_see(wanted text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "SET ROLE owner",
        "SET SESSION AUTHORIZATION bob",
    ):
        with pytest.raises(DatabaseError, match="permission denied|must be owner"):
            trial.sql(name, statement)
    assert trial.owner.store.store.head() == before


@pytest.mark.parametrize(
    ("name", "read", "actor", "action", "why"),
    [
        ("ann", "S1-1", "bob", "note", "not to \"bob\""),
        ("ann", "S1-2", "ann", "decision", "may not see the read"),
        ("ann", "S1-2", "software", "proposal", "may not see the read"),
        ("ann", "S1-1", "software", "decision", "have a person's name"),
        ("ann", "S1-1", "nobody", "note", "have a person's name"),
        ("ann", "S1-1", "ann", "assigned", "for managers"),
        ("ann", "S1-1", "ann", "closed", "for managers"),
        ("ann", "S1-1", "ann", "adjudicated", "for adjudicators"),
        ("ann", "S1-1", "ann", "decision", "signed and locked"),
        ("ann", "S9-1", "ann", "study", "may not see the read"),
        ("ann", STORE_LOG, "ann", "account-roles", "for managers"),
        ("ann", STORE_LOG, "ann", "account-password", "comes with a signed key"),
        ("ann", STORE_LOG, "software", "account-enabled", "software's name"),
        ("ann", STORE_LOG, "nobody", "account-added", "failed sign-ins alone"),
        ("boss", STORE_LOG, "ann", "signed-in", "not to \"ann\""),
        ("boss", "S1-2", "boss", "decision", "not this account's"),
        ("boss", "S1-2", "boss", "signed", "for the reader"),
        ("eve", "S1-2", "eve", "note", "not this account's"),
    ],
)  # fmt: skip
def test_nobody_adds_an_event_that_is_not_theirs(trial, name, read, actor, action, why):
    store = ReadStore(trial.as_(name).store.store, read)
    before = trial.owner.store.store.head()
    payload = {"name": name, "time_point": BASELINE}
    with pytest.raises(StorageError, match=why):
        store.append(actor, action, payload)
    assert trial.owner.store.store.head() == before


def made(trial, **changes):
    """A note of ann's as it would be stored next, with other values and the hash that belongs to them."""
    last = trial.owner.store.store
    own = trial.owner.store.other("S1-1").events()[-1]
    row = {**vars(own), "payload": "{}", "contours": "", "action": "note", "actor": "ann"}
    row |= {"position": len(list(last.rows())) + 1, "previous_in_store": last.head()}
    row |= {"sequence": own.sequence + 1, "previous": own.hash} | changes
    return {**row, "hash": changes.get("hash") or row_hash(row)}


def add(trial, row, contours=()):
    return trial.sql(
        "ann",
        "SELECT hcc_append(CAST(:row AS jsonb), CAST(:contours AS bytea[]))",
        row=json.dumps(row),
        contours=list(contours),
    )


def test_the_database_looks_at_hash_place_and_contours_itself(trial):
    secret = trial.owner.people.account("bob").box
    for row, contours, why in (
        (made(trial, hash="0" * 64), [], "hash of what it says"),
        (made(trial, format=1), [], "hash of what it says"),
        (made(trial, previous="0" * 64), [], "does not continue the chain"),
        (made(trial, position=2), [], "does not continue the chain"),
        (made(trial, sequence=99), [], "does not continue the chain"),
        (made(trial, contours=secret), [], "hash of what it says"),
        (made(trial, contours=secret), [b"something else"], "hash of what it says"),
        (made(trial, payload="[1]"), [], "no object"),
    ):
        with pytest.raises(DatabaseError, match=why):
            add(trial, row, contours)
    add(trial, made(trial, contours=blob_key(b"own"), login="boss"), [b"own"])
    assert list(trial.owner.store.store.logins("S1-1").values())[-1] == "ann"
    assert trial.owner.store.store.check().good


def test_the_database_hashes_every_text_as_the_software_does(trial):
    read = trial.as_("ann").store.other("S1-1")
    for words in (*NASTY, "\x7f \x01 \x1f \ud7ff \uffff \U0010ffff \\u0041 / \b\f"):
        event = read.append("ann", "note", {"text": words}, item=words, reason=words, new=words)
        assert event.reason == words
    assert trial.owner.store.store.check().good


def test_a_reader_s_login_sees_the_log_and_the_own_reads(trial):
    assert trial.reads_of("ann") == ["S1-1", STORE_LOG]
    assert trial.reads_of("bob") == ["S1-2", STORE_LOG]
    own = trial.owner.store.other("S1-1").events()
    other = trial.owner.store.other("S1-2").events()
    mine = {key for event in own for key in event.contours}
    foreign = {key for event in other for key in event.contours} - mine
    seen = {key for (key,) in trial.sql("ann", "SELECT sha256 FROM blobs")}
    assert seen == mine | {trial.owner.people.account("ann").box, *trial.owner.people.account("ann").hashes}
    assert mine and not foreign & seen


@pytest.mark.parametrize("name", list(ROLES))
def test_no_login_sees_the_locked_key_of_somebody_else(trial, name):
    accounts = trial.owner.people.accounts()
    secrets = {a.name: {*a.hashes, a.box} for a in accounts}
    seen = {key for (key,) in trial.sql(name, "SELECT sha256 FROM blobs")}
    assert secrets[name] <= seen
    assert not seen & set().union(*(keys for other, keys in secrets.items() if other != name))


def test_rights_are_put_into_a_database_of_an_earlier_version_once(postgres):
    """With the grants that the manual gave then, and reads that were there before."""
    url = postgres.new_database()
    committee = SmallCommittee(url)
    committee.assign("ann", FIRST)
    committee.read("ann", "S1-1")
    database = url.rpartition("/")[2]
    committee.store.close()
    functions = "hcc_take_in(events), hcc_note_blobs(events), hcc_append(jsonb, bytea[])"
    postgres.let_in(database, *ROLES)
    postgres.query(
        database,
        "ALTER TABLE events DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE blobs DISABLE ROW LEVEL SECURITY",
        "DROP TRIGGER hcc_stamp ON events",
        "DROP TRIGGER hcc_noted ON events",
        f"DROP FUNCTION {functions}",
        "DROP TABLE hcc_accounts, hcc_reads, hcc_blobs CASCADE",
        "DROP POLICY hcc_seen ON events",
        "DROP POLICY hcc_seen ON blobs",
        "ALTER TABLE events DROP COLUMN login",
        "GRANT INSERT ON events, blobs TO ann, PUBLIC",
    )
    before = ReadStore(postgres.url(database, "ann"), "S1-1")
    assert before.store.login is None
    assert before.store.check().good
    before.close()
    for _ in range(2):
        owner = ReadStore(url)
        assert verify(owner).problem == ""
        owner.close()
    after = ReadStore(postgres.url(database, "ann"), "S1-1")
    assert after.store.login.name == "ann"
    assert after.events()[-1].action == "signed"
    after.close()
    judge = ReadStore(postgres.url(database, "judge"), "S1-1")
    assert judge.events()[-1].action == "signed"
    judge.close()
    engine = create_engine(postgres.url(database, "ann").replace("postgresql", "postgresql+psycopg"))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT has_table_privilege('events', 'INSERT')")) is False
        assert connection.scalar(text("SELECT has_table_privilege('blobs', 'INSERT')")) is False
    engine.dispose()


def test_other_statements_are_another_version():
    """Databases get what is changed here only when the number goes up with it: then put the new digest beside it."""
    digest = hashlib.sha256(shipped.statements("public").encode()).hexdigest()[:16]
    assert (shipped.VERSION, digest) == (1, "2c0ead24eca8da82")


def test_accounts_cannot_be_begun_through_a_login(postgres):
    url = postgres.new_database()
    ReadStore(url).close()
    database = url.rpartition("/")[2]
    postgres.let_in(database, "ann")
    with pytest.raises(AccessError, match="has no account"):
        ReadStore(postgres.url(database, "ann"))
