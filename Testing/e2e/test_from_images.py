"""``assess`` on images instead of a study file: what is said on the command line becomes the study."""

import json

import pytest
import yaml

from commands import answer, run
from small import small_study, tiny_model
from terminal import typed


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("images")
    small_study(made)
    (made / "study.yaml").rename(made / "given.yaml")
    tiny_model(made / "tiny.pt")
    return made


def words(folder):
    given = yaml.safe_load((folder / "given.yaml").read_text())
    days = [str(point["date"]) for point in given["timepoints"]]
    said = [
        folder / "baseline.nii.gz",
        folder / "follow-up.nii.gz",
        "--subject",
        "S1",
        "--model",
        folder / "tiny.pt",
    ]
    return [*said, "--steps", 2, "--date", days[0], "--date", days[1]], days


def test_images_are_assessed_beside_themselves_and_go_on_as_a_study(folder):
    said, days = words(folder)
    contour = ("--contour", folder / "baseline-contour.nii.gz", "--drawn-by", "Dr A")
    done = run("assess", *said, *contour)
    assert done.returncode == 1
    assert "Still missing" in done.stderr
    output = folder / "hcc-response-output"
    study = yaml.safe_load((output / "study.yaml").read_text())
    assert [point["date"] for point in study["timepoints"]] == days
    assert study["timepoints"][0]["contour"]["drawn_by"] == "Dr A"
    assert json.loads((output / "result.json").read_text())["category"] is None
    again = answer("propose", output, "--model", folder / "tiny.pt", "--steps", 2)
    assert sorted(p.name for p in output.glob("**/read.sqlite")) == ["read.sqlite"]
    assert [point["name"] for point in again["time_points"]] == ["baseline", "follow-up 1"]


def test_three_commands_and_no_yaml_from_images_to_a_signed_category(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HCC_RESPONSE_PEOPLE", str(tmp_path / "people.sqlite"))
    for name in ("HCC_RESPONSE_PASSWORD", "HCC_RESPONSE_NEW_PASSWORD", "HCC_RESPONSE_USER"):
        monkeypatch.delenv(name, raising=False)
    said, days = words(folder)
    images = ("-i", said[0], "-i", said[1], "--date", days[0], "--date", days[1], "--subject", "S1")
    tiny = ("--model", folder / "tiny.pt", "--steps", 2)
    output = tmp_path / "read"
    contour = ("--contour", folder / "baseline-contour.nii.gz", "--drawn-by", "Dr A")
    first = run("assess", *images, *contour, *tiny, "-o", output)
    assert f"hcc-response review {output}" in first.stderr
    assert "follow-up 1: Registering" in first.stderr or "follow-up 1: Aligning" in first.stderr
    unedited = run("assess", output, "--decisions", output / "decisions.yaml")
    assert (unedited.returncode, "nothing is decided in it yet" in unedited.stderr) == (1, True)
    missing = run("sign", output)
    assert "Still missing: follow-up 1" in missing.stderr
    shown = [
        r["long_axis_mm"]
        for p in json.loads((output / "result.json").read_text())["time_points"][1:]
        for r in p["rows"]
    ]
    lengths = []
    for mm in shown:  # a length that is far off is asked about
        far = mm is not None and not 0.6 * float(mm) <= 20.1 <= 1.6 * float(mm)
        lengths += ["e", "20.1", *(["y"] if far else [])]
    status, screen = typed(["review", output, *tiny], ["Dr A", *lengths, ""])
    assert status == 0, screen
    assert "RECIST 1.1: PR (sum 20.1 mm)" in screen
    password = "a long enough secret"
    status, screen = typed(["sign", output, "follow-up 1"], ["", "", password, password])
    assert status == 0, screen
    assert "'follow-up 1' signed by Dr A, category PR." in screen
    assert f"Report: {output / 'report.html'}" in screen
    result = json.loads((output / "result.json").read_text())
    assert (result["category"], result["reviewed"], len(result["signatures"])) == ("PR", True, 2)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--contour", "c.nii.gz"), "--drawn-by"),
        (("--profile", "nothing"), "nothing"),
        (("--subject", "a/b"), "subject"),
    ],
)
def test_what_cannot_become_a_study_is_refused_and_nothing_written(folder, tmp_path, more, says):
    done = run("assess", *words(folder)[0], *more, "-o", tmp_path / "out")
    assert done.returncode == 1
    assert says in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_study_file_says_everything_itself(folder):
    done = run("assess", folder / "given.yaml", "--subject", "S2")
    assert done.returncode == 1
    assert "is a study file" in done.stderr
