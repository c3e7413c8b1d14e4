"""Accounts: no weak or default password, lock-out, expiry, disabled accounts, text that tries to be something else."""

import os
import shutil
import stat
import sys
from datetime import UTC, datetime, timedelta

import pytest

from forgery import forge
from HCCResponseLib.base.errors import AccessError, InputError, SignInError
from HCCResponseLib.review.people.account_rules import load_rules, shipped_rules
from HCCResponseLib.review.people.accounts import replay
from HCCResponseLib.review.people.people import People, local_people, people_file
from HCCResponseLib.review.read.access import Role
from HCCResponseLib.review.store import STORE_LOG, ReadStore

PASSWORD, OTHER = "quiet river stones", "seven green windows"
CHEAP = {"argon2_time_cost": 1, "argon2_memory_kib": 8192}
NASTY = [
    "'; DROP TABLE events; --",
    'Robert "Bobby" O\'Hara',
    '=HYPERLINK("http://x")',
    "{{ 7*7 }} <script>alert(1)</script>",
    "Żółć 医師 د",
    "%s %n \\x00 ../../etc/passwd",
]


class Clock:
    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def people(tmp_path, clock, filled):
    path = tmp_path / "people.sqlite"
    shutil.copy(filled, path)
    people = People(ReadStore(path), clock)
    yield people
    people.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A manager and a reader, made once; hashing passwords takes its time."""
    path = tmp_path_factory.mktemp("people") / "people.sqlite"
    people = People(ReadStore(path))
    people.add("boss", "Ann Manager", {Role.MANAGER}, "very first password")
    first = people.authenticate("boss", "very first password")
    people.set_rules(first, shipped_rules().model_copy(update=CHEAP), "cheap hashes for tests")
    people.change_password("boss", "very first password", PASSWORD)
    people.add("reader.1", "Jane Doe, MD", {Role.READER}, "first temporary one", first)
    people.change_password("reader.1", "first temporary one", OTHER)
    people.close()
    return path


def boss(people):
    return people.authenticate("boss", PASSWORD)


def actions(people):
    return [e.action for e in people.log.events()]


def test_there_is_no_account_and_no_password_to_begin_with(tmp_path):
    store = ReadStore(tmp_path / "empty.sqlite")
    people = People(store)
    assert people.accounts() == []
    for name in ("admin", "root", "manager", ""):
        with pytest.raises(SignInError, match="not accepted"):
            people.authenticate(name, "admin")
    with pytest.raises(InputError, match="must be a manager"):
        people.add("jane", "Jane", {Role.READER}, PASSWORD)
    store.close()


def test_sign_in_and_what_is_stored(people):
    person = people.authenticate("reader.1", OTHER)
    assert (person.printed_name, person.roles) == ("Jane Doe, MD", frozenset({Role.READER}))
    events = people.log.events()
    kept = [people.log.blob(key).decode() for e in events for key in e.contours]
    assert len(kept) == 4
    assert all('"hash": "$argon2id$' in secret and "chacha20poly1305" in secret for secret in kept)
    assert OTHER not in repr(kept) + repr(events)
    assert "argon2id" not in repr([e.payload for e in events])
    assert "sign-in-failed" not in actions(people)


def test_only_a_manager_manages(people):
    reader = people.authenticate("reader.1", OTHER)
    for by in (reader, None):
        with pytest.raises(AccessError, match="Only a manager"):
            people.add("x", "X", {Role.READER}, PASSWORD, by)
    for act in (
        lambda: people.disable(reader, "boss", "revenge"),
        lambda: people.enable(reader, "boss", "mercy"),
        lambda: people.let_in(reader, "reader.1", "please"),
        lambda: people.set_roles(reader, "reader.1", {Role.MANAGER}, "promotion"),
        lambda: people.reset_password(reader, "boss", PASSWORD),
        lambda: people.set_rules(reader, shipped_rules(), "easier"),
    ):
        with pytest.raises(AccessError, match="Only a manager"):
            act()


def test_too_many_failures_lock_out_even_the_right_password(people, clock):
    for _ in range(4):
        with pytest.raises(SignInError, match=r"not accepted\.$"):
            people.authenticate("reader.1", "wrong")
    with pytest.raises(SignInError, match="now locked out"):
        people.authenticate("reader.1", "wrong")
    with pytest.raises(SignInError, match="is locked out"):
        people.authenticate("reader.1", OTHER)
    assert actions(people).count("sign-in-failed") == 5
    assert actions(people).count("locked-out") == 1
    clock.ahead = timedelta(minutes=29)
    with pytest.raises(SignInError, match="is locked out"):
        people.authenticate("reader.1", OTHER)
    clock.ahead = timedelta(minutes=31)
    assert people.authenticate("reader.1", OTHER).name == "reader.1"


def test_a_good_sign_in_starts_the_count_again_and_a_manager_ends_a_lock_out(people):
    for _ in range(4):
        with pytest.raises(SignInError):
            people.authenticate("reader.1", "wrong")
    people.authenticate("reader.1", OTHER)
    for _ in range(5):
        with pytest.raises(SignInError):
            people.authenticate("reader.1", "wrong")
    people.let_in(boss(people), "reader.1", "identity checked by telephone")
    assert people.authenticate("reader.1", OTHER)


def test_a_lock_out_is_not_forgotten_by_a_new_process(people):
    for _ in range(5):
        with pytest.raises(SignInError):
            people.authenticate("reader.1", "wrong")
    with pytest.raises(SignInError, match="is locked out"):
        People(people.log).authenticate("reader.1", OTHER)


def test_an_unknown_name_is_not_told_apart_nor_written_down(people):
    with pytest.raises(SignInError) as unknown:
        people.authenticate("my secret password", "x")
    with pytest.raises(SignInError) as wrong:
        people.authenticate("reader.1", "x")
    assert str(unknown.value) == str(wrong.value)
    assert "my secret password" not in repr(people.log.events())


def test_temporary_and_old_passwords_must_be_changed(people, clock):
    people.reset_password(boss(people), "reader.1", "given by the boss")
    with pytest.raises(SignInError, match="please change it"):
        people.authenticate("reader.1", "given by the boss")
    with pytest.raises(InputError, match="used before"):
        people.change_password("reader.1", "given by the boss", OTHER)
    people.change_password("reader.1", "given by the boss", "another one of mine")
    assert people.authenticate("reader.1", "another one of mine")
    clock.ahead = timedelta(days=365)
    with pytest.raises(SignInError, match="too old"):
        people.authenticate("reader.1", "another one of mine")


def test_a_disabled_account_stays_in_the_log_and_its_name_is_not_given_away(people):
    people.disable(boss(people), "reader.1", "left the company")
    with pytest.raises(SignInError, match="disabled"):
        people.authenticate("reader.1", OTHER)
    with pytest.raises(InputError, match="is taken"):
        people.add("reader.1", "Other Person", {Role.READER}, PASSWORD, boss(people))
    people.enable(boss(people), "reader.1", "came back")
    assert people.authenticate("reader.1", OTHER)


def test_roles_change_with_a_reason_and_one_manager_stays(people):
    people.set_roles(boss(people), "reader.1", {Role.READER, Role.ADJUDICATOR}, "charter 3.2")
    assert people.account("reader.1").roles == {Role.READER, Role.ADJUDICATOR}
    with pytest.raises(AccessError, match="only manager"):
        people.disable(boss(people), "boss", "tired")
    with pytest.raises(AccessError, match="only manager"):
        people.set_roles(boss(people), "boss", {Role.READER}, "tired")
    with pytest.raises(InputError, match="blinding would be lost"):
        people.set_roles(boss(people), "reader.1", {Role.READER, Role.AUDITOR}, "curious")
    with pytest.raises(InputError, match="at least one role"):
        people.set_roles(boss(people), "reader.1", set(), "none")
    with pytest.raises(InputError, match="the reason"):
        people.set_roles(boss(people), "reader.1", {Role.READER}, "  ")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "12 to 128"),
        ("x" * 129, "12 to 128"),
        ("aaaaaaaaaaaaaaaa", "different characters"),
        ("i am jane in a boat", "the person's name"),
        ("new.user is my name", "the person's name"),
    ],
)
def test_weak_passwords(people, password, why):
    with pytest.raises(InputError, match=why) as problem:
        people.add("new.user", "Jane Boat", {Role.READER}, password, boss(people))
    assert password not in str(problem.value)
    assert len(people.accounts()) == 2


def test_a_password_longer_than_possible_is_only_wrong(people):
    with pytest.raises(SignInError, match="not accepted"):
        people.authenticate("reader.1", "y" * 1_000_000)


@pytest.mark.parametrize("name", ["", "Jane", "a b", "x" * 41, "-rf", "jané", "a\nb", "a'b", "../x", "=1+1"])
def test_impossible_sign_in_names(people, name):
    with pytest.raises(InputError, match="A sign-in name has"):
        people.add(name, "Jane", {Role.READER}, PASSWORD, boss(people))


@pytest.mark.parametrize("text", NASTY)
def test_text_stays_text(people, text):
    before = len(people.log.events())
    people.add("nasty", text, {Role.READER}, PASSWORD, boss(people))
    people.disable(boss(people), "nasty", text)
    assert people.account("nasty").printed_name == text
    assert len(people.log.events()) == before + 4
    assert people.log.verify() is None
    with pytest.raises(SignInError):
        people.authenticate(text, text)


@pytest.mark.parametrize("text", ["", "two\nlines", "x" * 101, "eno\u202edoe", "bell\a", "nul\0"])
def test_printed_names_that_disguise_themselves(people, text):
    with pytest.raises(InputError, match="the printed name"):
        people.add("nasty", text, {Role.READER}, PASSWORD, boss(people))


def test_rules_are_data(people, tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text(
        "\n".join(
            f"{k}: {v}" for k, v in {**shipped_rules().model_dump(), **CHEAP, "min_length": 20}.items()
        ),
        encoding="utf-8",
    )
    people.set_rules(boss(people), load_rules(path), "site policy 7")
    with pytest.raises(InputError, match="20 to 128"):
        people.change_password("reader.1", OTHER, "nineteen characters")
    path.write_text("min_length: 3\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"rules.yaml', min_length"):
        load_rules(path)
    with pytest.raises(InputError, match="does not exist"):
        load_rules(tmp_path / "none.yaml")


def test_a_radiologist_alone_has_an_owner_only_file(tmp_path, monkeypatch):
    path = tmp_path / "data" / "people.sqlite"
    monkeypatch.setenv("HCC_RESPONSE_PEOPLE", str(path))
    people = local_people()
    people.add("me", "Me, MD", {Role.READER, Role.MANAGER}, PASSWORD)
    people.close()
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = local_people()
    assert again.authenticate("me", PASSWORD).printed_name == "Me, MD"
    again.close()
    monkeypatch.delenv("HCC_RESPONSE_PEOPLE")
    assert people_file().name == "people.sqlite"
    assert os.fspath(tmp_path) not in os.fspath(people_file())


def test_the_register_is_the_same_whether_every_event_is_read_or_few(people, clock):
    """Failures before and after a good sign-in, a reset, changed roles; then a fresh look beside the whole replay."""
    for _ in range(3):
        with pytest.raises(SignInError):
            people.authenticate("reader.1", "wrong")
    people.authenticate("reader.1", OTHER)
    for name in ("reader.1", "boss", "nobody.known"):
        with pytest.raises(SignInError):
            people.authenticate(name, "wrong")
    people.set_roles(boss(people), "reader.1", {Role.READER, Role.MANAGER}, "charter 3")
    again = ReadStore(people.log.path)
    quick = {a.name: a for a in People(again).accounts()}
    assert quick == replay(people.log.events()).accounts
    assert (quick["reader.1"].failures, quick["boss"].failures) == (1, 0)
    again.close()


def test_a_long_log_is_not_read_again_at_each_sign_in(people, monkeypatch):
    forge(people.log.path, STORE_LOG, "reader.1", "signed-in", {"name": "reader.1"}, 2000)
    read = []
    events = ReadStore.events
    monkeypatch.setattr(
        ReadStore, "events", lambda self, after=0: read.extend(got := events(self, after)) or got
    )
    fresh = People(ReadStore(people.log.path))
    for _ in range(3):
        assert fresh.authenticate("reader.1", OTHER)
    assert len(read) < 20
    assert people.account("reader.1").active
    fresh.close()
