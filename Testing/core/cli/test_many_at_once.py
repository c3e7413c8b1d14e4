"""A manager's lists: accounts for many people and reads for many subjects, all of them or none."""

import json

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from committees import FIRST_PASSWORD, SmallCommittee, password
from HCCResponseLib.cli.main import app
from HCCResponseLib.cli.read import assignment_list
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.imaging.write import write_volume
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.read.access import Role


@pytest.fixture
def committee(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = SmallCommittee(tmp_path / "trial.sqlite")
    yield made
    made.store.close()


def boss(*words, name="boss", **more):
    environment = {"HCC_RESPONSE_USER": name, "HCC_RESPONSE_PASSWORD": password(name), **more}
    return CliRunner().invoke(app, ["read", *map(str, words)], env=environment)


def refused(*words, **more):
    done = boss(*words, **more)
    assert done.exit_code == 1, done.stdout
    *_, line = done.stderr.strip().splitlines()
    return line


def people_file(folder, *lines):
    path = folder / "people.csv"
    path.write_text("\n".join(("name,printed_name,roles", *lines)) + "\n", encoding="utf-8")
    return path


def subjects(folder, *names):
    """A study file for each subject, all with the same two small images."""
    grid = Geometry((4, 24, 24), (5.0, 2.0, 2.0))
    image = np.full(grid.size, -1000, np.int16)
    image[:, 4:20, 4:20] = 60
    for file in ("baseline.nii.gz", "follow-up.nii.gz"):
        write_volume(Volume(image, grid, file), folder / file)
    for name in names:
        points = [
            {"name": "baseline", "date": "2024-01-02", "image": "../baseline.nii.gz"},
            {"name": "follow-up 1", "date": "2024-03-02", "image": "../follow-up.nii.gz"},
        ]
        (folder / name).mkdir()
        content = {"subject": name, "profile": "recist-1.1", "timepoints": points}
        (folder / name / "study.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return [folder / name for name in names]


def test_everybody_in_a_list_gets_an_account_and_a_password_of_their_own(committee, tmp_path):
    people = people_file(tmp_path, 'kim,"Kim Ray, MD",reader', "lou,Lou Po,reader adjudicator")
    done = boss("users", "add-all", "trial.sqlite", people, "--json")
    assert done.exit_code == 0, done.stderr
    first, second = json.loads(done.stdout)
    assert (second["name"], second["roles"]) == ("lou", ["adjudicator", "reader"])
    assert first["temporary_password"] != second["temporary_password"]
    accounts = People(committee.store)
    assert accounts.account("kim").printed_name == "Kim Ray, MD"
    assert accounts.account("kim").temporary
    accounts.change_password("lou", second["temporary_password"], "seven green windows")
    assert accounts.authenticate("lou", "seven green windows").roles == {Role.READER, Role.ADJUDICATOR}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["kim,Kim,reader", "ann,Ann,reader"], "ann"),
        (["kim,Kim,reader", "kim,Kim,reader"], "line 3: 'kim' is listed twice"),
        (["kim,Kim,captain"], "line 2: 'captain' is no role; there are reader"),
        (["kim,Kim,"], "line 2: no role"),
        (["kim,Kim,reader auditor"], "auditor"),
        ([], "is empty"),
    ],
)
def test_a_list_with_a_fault_makes_no_account_at_all(committee, tmp_path, lines, said):
    before = {a.name for a in People(committee.store).accounts()}
    assert said in refused("users", "add-all", "trial.sqlite", people_file(tmp_path, *lines))
    assert {a.name for a in People(committee.store).accounts()} == before


def test_a_list_without_its_columns_is_no_list(committee, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("name,role\nkim,reader\n", encoding="utf-8")
    assert "needs the columns name, printed_name, roles; it has name, role" in refused(
        "users", "add-all", "trial.sqlite", path
    )


def test_only_a_manager_adds_a_list(committee, tmp_path):
    people = people_file(tmp_path, "kim,Kim,reader")
    assert "manager" in refused("users", "add-all", "trial.sqlite", people, name="ann")


def test_subjects_are_given_to_readers_in_one_command(committee, tmp_path):
    studies = subjects(tmp_path, "S1", "S2")
    to = ("--to", "ann=RADIOLOGIST 1", "--to", "bob=RADIOLOGIST 2")
    done = boss("assign", "trial.sqlite", *studies, *to, "--json")
    assert done.exit_code == 0, done.stderr
    rows = [(r["read"], r["subject"], r["reader"], r["stream"]) for r in json.loads(done.stdout)]
    assert rows == [
        (f"{s}-{n}", s, reader, f"RADIOLOGIST {n}")
        for s in ("S1", "S2")
        for n, reader in ((1, "ann"), (2, "bob"))
    ]


def test_a_list_of_assignments_starts_from_its_own_folder(committee, tmp_path, monkeypatch):
    subjects(tmp_path, "S1", "S2")
    listed = tmp_path / "assignments.csv"
    listed.write_text("study,reader,stream\nS1,ann,RADIOLOGIST 1\nS2,bob,RADIOLOGIST 1\n", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    done = boss("assign", tmp_path / "trial.sqlite", "--list", listed)
    assert done.exit_code == 0, done.stderr
    assert "'S2-1' of subject 'S2' assigned to 'bob' as RADIOLOGIST 1" in done.stdout


def test_either_all_is_assigned_or_nothing(committee, tmp_path):
    studies = subjects(tmp_path, "S1", "S2")
    listed = tmp_path / "assignments.csv"
    listed.write_text("study,reader,stream\nS1,ann,RADIOLOGIST 1\nS2,eve,RADIOLOGIST 1\n", encoding="utf-8")
    assert "'eve'" in refused("assign", "trial.sqlite", "--list", listed)
    assert json.loads(boss("list", "trial.sqlite", "--json").stdout) == []
    assert "no stream 'RADIOLOGIST 9'" in refused(
        "assign", "trial.sqlite", *studies, "--to", "ann=RADIOLOGIST 1", "--to", "bob=RADIOLOGIST 9"
    )
    assert json.loads(boss("list", "trial.sqlite", "--json").stdout) == []


@pytest.mark.parametrize(
    ("to", "said"),
    [
        (("ann=RADIOLOGIST 1", "nobody=RADIOLOGIST 2"), "There is no account 'nobody'"),
        (("ann=RADIOLOGIST 1", "judge=RADIOLOGIST 2"), "'judge' is not a reader"),
        (("ann=RADIOLOGIST 1", "bob=RADIOLOGIST 9"), "no stream 'RADIOLOGIST 9'"),
        (("ann=RADIOLOGIST 1", "bob=RADIOLOGIST 1"), "RADIOLOGIST 1 of subject 'S1' is 'ann' already"),
        (("ann=RADIOLOGIST 1", "ann=RADIOLOGIST 2"), "'ann' reads subject 'S1' already"),
    ],
)
def test_who_reads_what_is_checked_before_any_image_is_read(committee, tmp_path, monkeypatch, to, said):
    read = []
    monkeypatch.setattr(assignment_list, "load_images", lambda study: read.append(study) or ({}, {}))
    studies = subjects(tmp_path, "S1", "S2")
    asked = [word for one in to for word in ("--to", one)]
    assert said in refused("assign", "trial.sqlite", *studies, *asked)
    assert "Only a manager" in refused("assign", "trial.sqlite", *studies, "--to", to[0], name="ann")
    assert read == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["S1"], "Name studies and --to"),
        (["--to", "ann=RADIOLOGIST 1"], "Name studies and --to"),
        (["S1", "--to", "ann=RADIOLOGIST 1", "--list", "a.csv"], "or a list"),
        (["S1", "--to", "ann"], "takes NAME=STREAM"),
        (["--list", "a.csv"], "'a.csv' does not exist"),
    ],
)
def test_what_is_to_be_assigned_must_be_said_once(committee, tmp_path, words, said):
    subjects(tmp_path, "S1")
    assert said in refused("assign", "trial.sqlite", *words)
    assert FIRST_PASSWORD not in said
