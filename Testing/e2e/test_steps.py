"""The single steps as commands: file in, file out, JSON on request, one line for an error."""

import pytest

from commands import answer, run
from HCCResponseLib.imaging.read import read_label_map, read_volume
from HCCResponseLib.imaging.volumes import require_same_grid
from HCCResponseLib.imaging.write import write_label_map
from HCCResponseLib.nets.model import load_model
from small import card_of, small_study, small_subject, tiny_model

COMMANDS = ("demo", "propose", "assess", "segment", "adapt", "track", "measure", "rules", "train", "engines")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    small_study(folder)
    tiny_model(folder / "tiny.pt")
    return folder


def test_every_command_has_help():
    listing = run("--help").stdout
    assert all(name in listing for name in COMMANDS)
    assert "not cleared for clinical use" in " ".join(listing.split())
    assert run("--version").stdout.strip() == "0.1.0"


def test_segment(study, tmp_path):
    image, out = study / "follow-up.nii.gz", tmp_path / "seg.nrrd"
    result = answer("segment", image, "--output", out, "--model", study / "tiny.pt")
    require_same_grid(read_label_map(out), read_volume(image))
    assert result["liver_ml"] >= result["tumour_ml"] >= 0


def test_adapt_keeps_only_what_changed(study, tmp_path):
    out = tmp_path / "adapted.pt"
    words = (study / "baseline.nii.gz", study / "baseline-contour.nii.gz", "--output", out)
    result = answer("adapt", *words, "--model", study / "tiny.pt", "--steps", 2, "--seed", 4)
    assert result["seed"] == 4
    assert load_model(out, study / "tiny.pt").sha256 == result["sha256"]
    assert result["visits"] == 1
    again = ("--also-image", words[0], "--also-contour", words[1])
    both = answer("adapt", *words, *again, "--model", study / "tiny.pt", "--steps", 2, "--device", "cpu")
    assert both["visits"] == 2
    done = run("adapt", *words, *again[:2])
    assert done.returncode == 1
    assert "every visit needs both" in done.stderr


def test_track(study, tmp_path):
    out = tmp_path / "carried.nii.gz"
    words = (study / "baseline.nii.gz", study / "baseline-contour.nii.gz", study / "follow-up.nii.gz")
    follow_up = small_subject().timepoints[1].lesions
    write_label_map(follow_up, tmp_path / "tumours.nii.gz")
    more = ("--follow-up-contour", tmp_path / "tumours.nii.gz", "--report", tmp_path / "pictures.html")
    result = answer("track", *words, "--output", out, *more)
    assert result["trustworthy"] is True
    require_same_grid(read_label_map(out), read_volume(study / "follow-up.nii.gz"))
    assert [(one["name"], one["outcome"]) for one in result["links"]] == [("L1", "matched"), (None, "new")]
    page = (tmp_path / "pictures.html").read_text(encoding="utf-8")
    assert page.count("data:image/png") == 2
    assert "not for measuring" in page


def test_measure(study):
    result = answer("measure", study / "baseline-contour.nii.gz")
    (found,) = result.values()
    true_mm = small_subject().lesions[0].diameters_mm[0]
    assert abs(float(found["long_axis"]["length_mm"]) - true_mm) < 5
    assert run("measure", study / "baseline-contour.nii.gz", "--convention", "ruler").returncode == 1


@pytest.mark.slow
def test_train_writes_model_and_card(tmp_path):
    out = tmp_path / "new" / "model.pt"
    words = ("--subjects", 1, "--validation-subjects", 1, "--steps", 1, "--output", out)
    done = run("train", *words)
    assert done.returncode == 0, done.stderr
    facts = card_of(out)
    assert facts["plan"]["steps"] == 1
    assert "--subjects 1 --steps 1" in out.with_suffix(".md").read_text(encoding="utf-8")
    again = tmp_path / "again.pt"
    assert run("train", *words[:-1], again).returncode == 0
    first, second = load_model(out).network.state_dict(), load_model(again).network.state_dict()
    assert all(first[k].equal(second[k]) for k in first)


def test_a_model_that_is_not_there(study, tmp_path):
    done = run("segment", study / "follow-up.nii.gz", "--output", tmp_path / "o.nrrd", "--model", "none.pt")
    assert done.returncode == 1
    assert "Weights 'none.pt' of engine 'fcd' do not exist" in done.stderr
    assert "Traceback" not in done.stderr
