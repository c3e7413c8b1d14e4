"""A list of people makes the database that they belong to; a name without --as is told before any password is asked."""

import json

import pytest
from typer.testing import CliRunner

from committees import CHEAP
from HCCResponseLib.cli.main import app
from HCCResponseLib.review.people.account_rules import shipped_rules
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.store import STORE_LOG, ReadStore

OWN = "quiet river stones"
LIST = ("ann,Dr Ann,reader", "boss,Bo Manager,manager", "judge,Dr Jo,adjudicator")


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch):
    """An empty folder, and passwords that are hashed quickly."""
    monkeypatch.chdir(tmp_path)
    for name in ("HCC_RESPONSE_USER", "HCC_RESPONSE_PASSWORD", "HCC_RESPONSE_NEW_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    cheap = shipped_rules().model_copy(update=CHEAP)
    monkeypatch.setattr("HCCResponseLib.review.people.accounts.shipped_rules", lambda: cheap)
    return tmp_path


def users(*words, new=OWN, own=OWN):
    environment = {"HCC_RESPONSE_PASSWORD": own} | ({"HCC_RESPONSE_NEW_PASSWORD": new} if new else {})
    return CliRunner().invoke(app, ["read", "users", *words], env=environment)


def people_file(folder, *lines):
    (folder / "people.csv").write_text(
        "\n".join(("name,printed_name,roles", *lines)) + "\n", encoding="utf-8"
    )


def said(done):
    return " ".join(done.stderr.split())


def test_a_list_makes_the_database_with_its_manager_first(desk):
    people_file(desk, *LIST)
    done = users("add-all", "new.sqlite", "people.csv", "--json")
    assert done.exit_code == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [r["name"] for r in rows] == ["boss", "ann", "judge"]
    assert [bool(r["temporary_password"]) for r in rows] == [False, True, True]
    store = ReadStore(desk / "new.sqlite", STORE_LOG)
    accounts = People(store)
    assert accounts.authenticate("boss", OWN).printed_name == "Bo Manager"
    assert [(a.name, a.temporary) for a in accounts.accounts()] == [
        ("ann", True),
        ("boss", False),
        ("judge", True),
    ]
    store.close()
    assert CliRunner().invoke(app, ["read", "verify", "new.sqlite"]).exit_code == 0
    assert users("list", "new.sqlite", "--as", "boss").exit_code == 0


def test_the_manager_s_password_can_come_from_a_file(desk):
    people_file(desk, *LIST)
    (desk / "secret").write_text(OWN + "\n", encoding="utf-8")
    (desk / "secret").chmod(0o600)
    done = users("add-all", "new.sqlite", "people.csv", "--new-password-file", "secret", new=None)
    assert done.exit_code == 0, done.stderr
    assert "boss (manager): the password that you gave" in done.stdout.splitlines()
    assert users("list", "new.sqlite", "--as", "boss").exit_code == 0


@pytest.mark.parametrize(
    ("lines", "words", "why"),
    [
        (LIST[:1], (), "the list has to name a manager"),
        (LIST, ("--as", "ann"), "the list has to name the manager 'ann'"),
        ((*LIST, "bea,Bea,manager"), (), "several managers (boss, bea): say with --as which of them you are"),
        (("boss,Bo,manager", "ann,Ann,captain"), (), "'captain' is no role"),
    ],
)
def test_a_list_that_cannot_found_a_database_leaves_none_behind(desk, lines, words, why):
    people_file(desk, *lines)
    done = users("add-all", "new.sqlite", "people.csv", *words)
    assert done.exit_code == 1
    assert why in said(done)
    assert not (desk / "new.sqlite").exists()


def test_a_weak_password_of_the_manager_makes_nothing(desk):
    people_file(desk, *LIST)
    assert "cannot be used" in said(users("add-all", "new.sqlite", "people.csv", new="short"))
    assert not (desk / "new.sqlite").exists()


def test_somebody_who_cannot_get_an_account_makes_nobody_get_one(desk):
    people_file(desk, *LIST, "Not A Name,Nn,reader")
    assert "A sign-in name has" in said(users("add-all", "new.sqlite", "people.csv"))
    people_file(desk, *LIST)
    done = users("add-all", "new.sqlite", "people.csv", "--as", "boss")
    assert done.exit_code == 0, "the first try left no account: " + said(done)


@pytest.mark.parametrize(
    "words", [("add", "boss", "--printed-name", "Bo", "--role", "manager"), ("add-all",)]
)
def test_where_there_are_accounts_the_missing_name_is_told_before_a_password_is_asked_for(desk, words):
    people_file(desk, *LIST)
    assert users("add-all", "new.sqlite", "people.csv").exit_code == 0
    command, *rest = words
    # Nothing can be typed here, so that a question for a password would be the error.
    done = users(command, "new.sqlite", *(rest or ["people.csv"]), new=None)
    assert "'new.sqlite' has accounts already" in said(done)
    assert "--as" in said(done)
