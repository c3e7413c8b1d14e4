"""A committee of two readers and an adjudicator, all of it by command, on a tiny study with a tiny network."""

import csv
import json
import os
import subprocess

import pytest
import yaml
from typer.testing import CliRunner

from commands import run
from committees import FIRST_PASSWORD, SmallCommittee, password
from HCCResponseLib.cli.main import app
from small import small_study, small_subject, tiny_model

pytestmark = pytest.mark.slow


class Desk:
    """Runs ``hcc-response read`` on one database, as different people."""

    def __init__(self, folder):
        self.folder, self.store = folder, folder / "reads.sqlite"

    def run(self, name, *words, new=None, password_of=None):
        environment = {**os.environ, "HCC_RESPONSE_USER": name}
        environment["HCC_RESPONSE_PASSWORD"] = password_of or password(name)
        environment["HCC_RESPONSE_PEOPLE"] = str(self.folder / "nobody.sqlite")
        if new:
            environment["HCC_RESPONSE_NEW_PASSWORD"] = new
        return CliRunner().invoke(app, ["read", *map(str, words)], env=environment)

    def does(self, name, *words, **more):
        done = self.run(name, *words, "--json", **more)
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)

    def fails(self, name, *words, **more):
        done = self.run(name, *words, **more)
        assert done.exit_code == 1, done.stdout
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        return done.stderr

    def decisions(self, name, point, **entry):
        path = self.folder / f"{name} {point}.yaml"
        content = {"reader": name, "decisions": [{"time_point": point, "name": "L1", **entry}]}
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    def read(self, name, read_id, follow_up_mm):
        """Baseline drawn and signed, follow-up proposed by the adapted network, corrected and signed."""
        study, out = self.folder / "study", self.folder / f"out {name}"
        opened = (
            "open",
            self.store,
            read_id,
            study,
            "-o",
            out,
            "--model",
            self.folder / "tiny.pt",
            "--steps",
            1,
        )
        assert [p["rows"] for p in self.does(name, *opened)["time_points"]] == [[], []]
        contour = str(study / "baseline-contour.nii.gz")
        drawn = self.decisions(name, "baseline", action="edit", contour=contour, added=True)
        self.does(name, "decide", self.store, read_id, drawn, "--study", study)
        again = [r for p in self.does(name, *opened)["time_points"] for r in p["rows"]]
        assert [r["lesion"] for r in again] == ["L1"]
        assert self.does(name, "sign", self.store, read_id, "baseline")["category"] is None
        rows = self.does(name, *opened)["time_points"][1]["rows"]
        path = self.decisions(name, "follow-up 1", action="edit", long_axis_mm=follow_up_mm)
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content["decisions"] += [
            {"time_point": "follow-up 1", "name": r["lesion"], "action": "dismiss", "reason": "vessel"}
            for r in rows
            if r["kind"] == "candidate"
        ]
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        assert self.does(name, "decide", self.store, read_id, path)["missing"] == []
        return self.does(name, "sign", self.store, read_id, "follow-up 1")["category"]


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("committee")
    small_study(folder / "study")
    tiny_model(folder / "tiny.pt")
    signed = Desk(folder)
    SmallCommittee(signed.store).store.close()
    return signed


def test_accounts_by_command(tmp_path):
    signed = Desk(tmp_path)
    signed.does("boss", "users", "add", signed.store, "boss", "--printed-name", "Bo", "--role", "manager",
              new=FIRST_PASSWORD)  # fmt: skip
    assert signed.store.stat().st_mode & 0o077 == 0 or os.name != "posix"
    signed.does("boss", "users", "add", signed.store, "ann", "--printed-name", "Dr Ann", "--role", "reader",
              password_of=FIRST_PASSWORD, new=FIRST_PASSWORD)  # fmt: skip
    assert "please change it" in signed.fails("ann", "list", signed.store, password_of=FIRST_PASSWORD)
    signed.does("ann", "users", "password", signed.store, password_of=FIRST_PASSWORD, new=password("ann"))
    assert signed.does("ann", "list", signed.store) == []
    secret = tmp_path / "secret"
    secret.write_text(password("ann") + "\n", encoding="utf-8")
    secret.chmod(0o644)
    words = ("list", signed.store, "--password-file", secret)
    if os.name == "posix":
        assert "Others can read the password file" in signed.fails("ann", *words, password_of="wrong")
    secret.chmod(0o600)
    assert signed.does("ann", *words, password_of="wrong") == []
    for _ in range(5):
        refused = signed.fails("ann", "list", signed.store, password_of="wrong")
    assert "now locked out" in refused
    signed.does(
        "boss", "users", "unlock", signed.store, "ann", "--reason", "called back", password_of=FIRST_PASSWORD
    )
    signed.does("boss", "users", "roles", signed.store, "ann", "--role", "reader", "--role", "adjudicator",
              "--reason", "charter 3", password_of=FIRST_PASSWORD)  # fmt: skip
    signed.does(
        "boss", "users", "disable", signed.store, "ann", "--reason", "left", password_of=FIRST_PASSWORD
    )
    assert "disabled" in signed.fails("ann", "list", signed.store)
    rows = signed.does("boss", "users", "list", signed.store, password_of=FIRST_PASSWORD)
    assert [(r["name"], r["active"], r["roles"]) for r in rows] == [
        ("ann", False, ["adjudicator", "reader"]),
        ("boss", True, ["manager"]),
    ]


def test_a_committee_from_assignment_to_the_accepted_read(signed):
    s, subject = signed.store, small_subject().subject_id
    both = ("--to", "ann=RADIOLOGIST 1", "--to", "bob=RADIOLOGIST 2")
    assert len(signed.does("boss", "assign", s, signed.folder / "study", *both)) == 2
    first, second = f"{subject}-1", f"{subject}-2"
    assert [r["read"] for r in signed.does("ann", "list", s)] == [first]
    assert "may not see" in signed.fails("boss", "show", s, first)
    assert signed.read("ann", first, "20.0") == "PR"
    assert "cannot be shown to Dr Bob" in signed.fails("bob", "show", s, first)
    assert signed.read("bob", second, "90.0") == "PD"
    found = signed.does("judge", "compare", s, subject)
    assert (found["needs_adjudication"], found["accepted"]) == (True, None)
    assert found["values"][second]["best-response"] == "PD"
    chosen = ("adjudicate", s, subject, "--accept", first, "--reason", "shrinks on all slices")
    assert "reads subject" in signed.fails("bob", *chosen)
    reports = [signed.folder / f"out {name}" / "report.html" for name in ("ann", "bob")]
    assert not any("follow-up 1: final" in r.read_text(encoding="utf-8") for r in reports)
    done = signed.does("judge", *chosen)
    assert (done["accepted"], done["reports_renewed"]) == (first, [first, second])
    assert all("follow-up 1: final" in r.read_text(encoding="utf-8") for r in reports)
    assert "closed for good" in signed.fails("boss", "amend", s, first, "baseline", "--reason", "late")
    shown = signed.does("ann", "show", s, first)
    assert [p["stage"] for p in shown["time_points"]] == ["final", "final"]
    assert [x["printed_name"] for x in shown["signatures"]] == ["Dr Ann", "Dr Ann"]
    report = (signed.folder / "out ann" / "report.html").read_text(encoding="utf-8")
    assert "Dr Ann" in report
    assert "authorship" in report


def test_log_and_verification(signed):
    checked = signed.run("eve", "verify", signed.store, "--json")
    good = json.loads(checked.stdout)
    assert good["good"], checked.stderr
    assert signed.run("eve", "verify", signed.store, "--expect", good["head"]).exit_code == 0
    assert "not in the chain" in signed.fails("eve", "verify", signed.store, "--expect", "f" * 64)
    path = signed.folder / "log.csv"
    assert signed.does("eve", "log", signed.store, path)["events"] == good["events"] + 1  # her own sign-in
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {r["action"] for r in rows} >= {"account-added", "assigned", "decision", "signed", "adjudicated"}
    assert "Only a manager or an auditor" in signed.fails("ann", "log", signed.store, path)


def test_no_password_no_answer_and_no_argument_takes_one(signed):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HCC_RESPONSE")}
    words = ("read", "list", signed.store, "--as", "ann")
    done = run(*words, env=environment, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert "No password: name a file" in done.stderr
    for command in ("list", "sign", "amend", "adjudicate", "open"):
        listing = CliRunner().invoke(app, ["read", command, "--help"]).stdout
        assert "--password-file" in listing
        assert "--password " not in listing
