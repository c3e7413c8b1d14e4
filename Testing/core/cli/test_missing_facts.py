"""What images do not say and a study needs is asked for all at once, with the one command that says it."""

import shlex
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from commands import run
from dicom_series import write_series
from HCCResponseLib.cli.main import app
from small import small_study


@pytest.fixture
def scans(tmp_path):
    """Two files without headers, a contour, and a charter that counts from the first dose."""
    small_study(tmp_path)
    (tmp_path / "study.yaml").unlink()
    changed = {"sd_min_reference": {"value": "first-dose", "source": "charter"}}
    charter = {"name": "charter", "extends": "recist-1.1", "fields": changed}
    (tmp_path / "charter.yaml").write_text(yaml.safe_dump(charter))
    return [tmp_path / "baseline.nii.gz", tmp_path / "follow-up.nii.gz"]


@pytest.mark.parametrize("command", [("assess",), ("propose",), ("study", "new")], ids=lambda c: c[-1])
def test_everything_that_is_missing_is_said_in_one_message_with_the_one_command(scans, command):
    folder = scans[0].parent
    words = [*command, *scans, "--contour", folder / "baseline-contour.nii.gz"]
    words += ["--profile", folder / "charter.yaml", "-o", folder / "read"]
    done = run(*words)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    for fact in (
        "the day of every image, since the headers of 'baseline.nii.gz', 'follow-up.nii.gz' have none",
        "a name for the subject",
        "who has drawn 'baseline-contour.nii.gz'",
        "the day of the first dose, from which 'charter' counts",
    ):
        assert fact in done.stderr, done.stderr
    day = ["--date", "YYYY-MM-DD"]
    more = [*day, *day, "--subject", "NAME", "--drawn-by", "NAME", "--first-dose-date", "YYYY-MM-DD"]
    assert done.stderr.strip().endswith(shlex.join(["hcc-response", *map(str, words), *more]))
    assert not (folder / "read").exists()


def test_the_command_that_was_said_makes_the_study(scans):
    folder = scans[0].parent
    words = ["study", "new", *scans, "--contour", folder / "baseline-contour.nii.gz"]
    words += ["--profile", folder / "charter.yaml", "--date", "2024-01-31"]
    said = run(*words).stderr
    assert "(1 given for 2 images)" in said
    told = shlex.split(said.partition("All in one command: ")[2])
    assert told.count("--date") == 2
    assert told[told.index("--date") + 1] == "2024-01-31", "what was given stays"
    days = iter(["2024-04-02", "2024-01-30"])
    filled = [next(days) if word == "YYYY-MM-DD" else word.replace("NAME", "DrA") for word in told[1:]]
    done = run(*filled)
    assert done.returncode == 0, done.stderr
    study = yaml.safe_load((folder / "study.yaml").read_text())
    assert str(study["first_dose_date"]) == "2024-01-30"
    assert [str(p["date"]) for p in study["timepoints"]] == ["2024-01-31", "2024-04-02"]


def test_what_headers_say_is_not_asked_for(tmp_path):
    folders = [tmp_path / "A", tmp_path / "B"]
    for number, folder in enumerate(folders, start=1):
        uid = f"1.2.826.0.1.3680043.2.1125.{number}"
        write_series(folder, uid=uid, changed={"0008|0020": f"2024013{number - 1}"})
    done = CliRunner().invoke(app, ["study", "new", *map(str, folders), "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.stderr
    file = small_study(Path(tmp_path / "files")).parent / "follow-up.nii.gz"
    done = run("study", "new", folders[0], file, "-o", tmp_path / "mixed")
    assert done.stderr.strip().endswith("--date 2024-01-30 --date YYYY-MM-DD")
    assert "subject" not in done.stderr.partition("All in one command")[0]
