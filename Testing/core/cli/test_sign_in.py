"""Signing in by command: a temporary or expired password is changed where it is met, and by its owner alone."""

from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from committees import SmallCommittee, password
from HCCResponseLib.base.errors import SignInError
from HCCResponseLib.cli import sign_in
from HCCResponseLib.cli.main import app
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.store import STORE_LOG, ReadStore

GIVEN, NEW = "lent for a first day", "green apples in autumn"


@pytest.fixture
def store(tmp_path):
    """A committee in which ann's password is one that the manager gave her."""
    small = SmallCommittee(tmp_path / "reads.sqlite")
    small.people.reset_password(small.person("boss"), "ann", GIVEN)
    small.store.close()
    return tmp_path / "reads.sqlite"


def run(name, *words, own=GIVEN, **more):
    environment = {"HCC_RESPONSE_USER": name, "HCC_RESPONSE_PASSWORD": own, **more}
    return CliRunner().invoke(app, ["read", *map(str, words)], env=environment)


@contextmanager
def people_in(store):
    log = ReadStore(store, STORE_LOG)
    try:
        yield People(log)
    finally:
        log.close()


def opens(store, name, secret):
    """Whether somebody gets in with this password."""
    with people_in(store) as people:
        try:
            people.authenticate(name, secret)
        except SignInError:
            return False
        return True


def test_a_temporary_password_is_changed_by_the_command_that_meets_it(store):
    done = run("ann", "list", store, HCC_RESPONSE_NEW_PASSWORD=NEW)
    assert done.exit_code == 0, done.stderr
    assert "The password of 'ann' is changed." in done.stderr
    assert opens(store, "ann", NEW)
    assert not opens(store, "ann", GIVEN)


def test_the_new_password_may_come_from_a_file(store, tmp_path):
    secret = tmp_path / "new"
    secret.write_text(NEW + "\n", encoding="utf-8")
    secret.chmod(0o600)
    assert run("ann", "list", store, "--new-password-file", secret).exit_code == 0
    assert opens(store, "ann", NEW)


def test_without_a_terminal_and_a_new_password_it_is_refused_as_before(store):
    done = run("ann", "list", store)
    assert done.exit_code == 1
    assert "This password was chosen by a manager; please change it before you go on." in done.stderr


def test_a_weak_new_password_is_refused_and_the_temporary_one_stays(store):
    done = run("ann", "list", store, HCC_RESPONSE_NEW_PASSWORD="short")
    assert done.exit_code == 1
    assert "characters" in done.stderr
    assert not opens(store, "ann", "short")


def test_a_good_password_is_not_replaced(store):
    assert run("bob", "list", store, own=password("bob"), HCC_RESPONSE_NEW_PASSWORD=NEW).exit_code == 0
    assert opens(store, "bob", password("bob"))


def test_somebody_elses_new_password_never_becomes_the_managers(store):
    with people_in(store) as people:
        people.reset_password(people.authenticate("boss", password("boss")), "boss", GIVEN)
    made = ("users", "add", store, "new", "--printed-name", "N", "--role", "reader")
    for words in (("users", "reset", store, "bob"), made):
        done = run("boss", *words, HCC_RESPONSE_NEW_PASSWORD=NEW)
        assert done.exit_code == 1
        assert "please change it" in done.stderr
    assert not opens(store, "boss", NEW)


def test_in_a_terminal_the_new_password_is_asked_for(store, monkeypatch):
    asked, answers = [], iter(["short", NEW])

    def typed(prompt, twice):
        asked.append((prompt, twice))
        return next(answers)

    monkeypatch.setattr(sign_in, "_typed", typed)
    monkeypatch.setattr(sign_in, "_at_a_terminal", lambda: True)
    done = run("ann", "list", store)
    assert done.exit_code == 0, done.stderr
    assert asked == [("New password", True)] * 2, "a weak one is asked for again"
    assert "This password cannot be used" in done.stderr
    assert opens(store, "ann", NEW)


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        (("list",), "none of the last 5 passwords."),
        (("users", "password"), "none of the last 5 passwords."),
        (("users", "add", "zoe", "--printed-name", "Z", "--role", "reader"), "no part of the person's name."),
        (("users", "reset", "bob"), "none of the last 5 passwords."),
    ],
    ids=lambda given: given[-1] if isinstance(given, tuple) else "",
)
def test_what_a_password_must_be_like_is_said_before_it_is_asked_for(store, monkeypatch, words, ends):
    said = []

    def typed(prompt, twice):
        said.append(prompt)
        return NEW

    monkeypatch.setattr(sign_in, "_typed", typed)
    monkeypatch.setattr(sign_in, "_tell", said.append)
    monkeypatch.setattr(sign_in, "_at_a_terminal", lambda: True)
    name = "ann" if words[0] == "list" or words[-1] == "password" else "boss"
    at = 2 if words[0] == "users" else 1
    done = run(name, *words[:at], store, *words[at:], own=GIVEN if name == "ann" else password("boss"))
    assert done.exit_code == 0, done.stderr
    rule, prompt = said
    assert prompt == "New password"
    assert rule.startswith("A new password: 12 to 128 characters, at least 6 different ones, no part of")
    assert rule.endswith(ends)
