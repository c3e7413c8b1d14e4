"""The adjudicator's command: without a choice it shows the reads side by side and asks."""

import json
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from committees import SmallCommittee, password
from HCCResponseLib.cli.main import app
from HCCResponseLib.cli.read import comparison
from reads import BASELINE, FOLLOW_UP


@pytest.fixture
def store(tmp_path):
    """Two signed reads of one subject: PR and PD."""
    small = SmallCommittee(tmp_path / "reads.sqlite")
    for name, stream, later in (("ann", "RADIOLOGIST 1", 20), ("bob", "RADIOLOGIST 2", 60)):
        assigned = small.assign(name, stream)
        small.read(name, assigned.read_id, {BASELINE: 40, FOLLOW_UP: later})
    small.store.close()
    return tmp_path / "reads.sqlite"


def run(store, *words, typed=""):
    environment = {"HCC_RESPONSE_USER": "judge", "HCC_RESPONSE_PASSWORD": password("judge")}
    words = ("read", "adjudicate", str(store), "S1", *words)
    return CliRunner().invoke(app, words, env=environment, input=typed)


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(comparison, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))


@pytest.mark.usefixtures("terminal")
def test_the_reads_are_shown_before_the_choice_is_asked_for(store):
    done = run(store, typed="S1-2\ngrows on all slices\n")
    assert done.exit_code == 0, done.output
    said = " ".join(done.stderr.split())
    assert "best overall response PR PD differs" in said
    assert said.index("differs") < said.index("The read that is to count (S1-1, S1-2)")
    assert "'S1-2' counts for subject 'S1'." in done.stdout + done.stderr


def test_without_a_terminal_both_have_to_be_named(store):
    assert "Name the read that is to count with --accept" in run(store).stderr
    assert "why with --reason" in run(store, "--accept", "S1-1").stderr


@pytest.mark.usefixtures("terminal")
def test_where_one_counts_already_there_is_nothing_to_choose(store):
    assert run(store, "--accept", "S1-1", "--reason", "shrinks").exit_code == 0
    assert "There is nothing to choose for subject 'S1'." in run(store).stderr


def shown(store, name, read_id, *words):
    environment = {"HCC_RESPONSE_USER": name, "HCC_RESPONSE_PASSWORD": password(name)}
    done = CliRunner().invoke(app, ["read", "show", str(store), read_id, *words], env=environment)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_show_names_who_chose_which_read_when_and_why(store):
    assert "Adjudicated" not in shown(store, "ann", "S1-1")
    assert json.loads(shown(store, "ann", "S1-1", "--json"))["adjudication"] is None
    assert run(store, "--accept", "S1-1", "--reason", "shrinks on all slices").exit_code == 0
    mine, other = (shown(store, *who).splitlines()[-1] for who in (("ann", "S1-1"), ("bob", "S1-2")))
    assert mine.startswith("Adjudicated by the adjudicator, 20")
    assert mine.endswith(": this read (S1-1, RADIOLOGIST 1) counts. Reason: shrinks on all slices.")
    assert "read S1-1 (RADIOLOGIST 1) counts for this subject, not this read." in other
    assert "Adjudicated by the adjudicator Dr Judge, 20" in shown(store, "eve", "S1-2")
    values = json.loads(shown(store, "bob", "S1-2", "--json"))["adjudication"]
    assert (values["chosen"], values["this_read"], values["reason"]) == (
        "S1-1",
        False,
        "shrinks on all slices",
    )
