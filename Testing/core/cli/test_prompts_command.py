"""From a list of scans to a pack, a network, a contour from one line, and its figures: every command once."""

import json

import numpy as np
import pytest
import torch
import yaml
from typer.testing import CliRunner

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.main import app
from HCCResponseLib.cli.shown import read_prompts
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.read import read_label_map, read_volume
from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.imaging.write import write_label_map, write_volume
from HCCResponseLib.lesions.prompt import Click, Line
from HCCResponseLib.nets.prompts.network import PromptNetwork, load_prompt_model, save_prompt_model
from HCCResponseLib.nets.prompts.pack import read_pack

GRID = Geometry((36, 110, 110), (3.0, 1.2, 1.2), (-60.0, -60.0, 0.0))
HEAD = "name,patient,image,liver,lesions,licence,source\n"


def run(*words):
    return CliRunner().invoke(app, [str(w) for w in words])


@pytest.fixture
def scans(tmp_path):
    """A list with two livers, one of them with a tumour."""
    z, y, x = np.ogrid[0:36, 0:110, 0:110]
    liver = ((z - 18) * 3.0) ** 2 + ((y - 55) * 1.2) ** 2 + ((x - 55) * 1.2) ** 2 < 48**2
    tumour = ((z - 18) * 3.0) ** 2 + ((y - 50) * 1.2) ** 2 + ((x - 50) * 1.2) ** 2 < 11**2
    hu = np.where(liver, 110, -100) - 60 * tumour + np.random.default_rng(0).normal(scale=8, size=liver.shape)
    write_volume(Volume(hu.astype(np.int16), GRID, "ct"), tmp_path / "ct.nii.gz")
    write_label_map(LabelMap((liver + 2 * tumour).astype(np.uint8), GRID), tmp_path / "labels.nii.gz")
    rows = [
        "a,P1,ct.nii.gz,labels.nii.gz,,CC BY 4.0,drawn",
        'b,P2,ct.nii.gz,"labels.nii.gz:1,3",labels.nii.gz:3,CC0,drawn',
    ]
    (tmp_path / "scans.csv").write_text(HEAD + "\n".join(rows) + "\n")
    return tmp_path


def test_from_a_list_of_scans_to_a_contour_from_one_line(scans):
    done = run("prompts", "pack", scans / "scans.csv", "-o", scans / "x.pack", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["scans"] == 2
    model = scans / "m.safetensors"
    words = ("--steps", 3, "--batch", 1, "--side", 32, "--workers", 0, "--without", "P1", "--device", "cpu")
    done = run("prompts", "train", scans / "x.pack", "-o", model, *words)
    assert done.exit_code == 0, done.output
    assert load_prompt_model(model).notes["patients"] == ["P2"]
    card = model.with_suffix(".md").read_text(encoding="utf-8")
    assert "| b | P2 | CC0 | drawn | mask |" in card
    assert "| a | P1 |" not in card
    assert len(json.loads(model.with_suffix(".losses.json").read_text())) == 3
    found = run(
        "evaluate", "prompts", scans / "x.pack", "--model", model, "--per-size", 1, "--lines", 1,
        "-o", scans / "cases.jsonl",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    assert "The network has learned from P2; figures of these patients prove nothing." in " ".join(
        found.output.split()
    )
    rows = [json.loads(line) for line in (scans / "cases.jsonl").read_text().splitlines()]
    assert {r["kind"] for r in rows} == {"grown", "real"}
    assert all(0 <= r["dice"] <= 1 for r in rows)


def test_a_liver_may_come_from_written_corrections(scans):
    image = read_volume(scans / "ct.nii.gz")
    given = {
        "source": "drawn", "image_sha256": image.sha256, "hu": [85, 135], "seed": [18, 75, 55],
        "box": [[0, 36], [0, 110], [0, 110]],
    }  # fmt: skip
    (scans / "c.yaml").write_text(yaml.safe_dump(given), encoding="utf-8")
    (scans / "scans.csv").write_text(HEAD + "a,P1,ct.nii.gz,c.yaml,,CC BY 4.0,drawn\n")
    done = run("prompts", "pack", scans / "scans.csv", "-o", scans / "x.pack")
    assert done.exit_code == 0, done.output
    [scan] = read_pack(scans / "x.pack")
    assert scan.facts.liver_from == "attenuation, corrected"
    drawn = read_label_map(scans / "labels.nii.gz").labels > 0
    assert scan.liver.sum() == pytest.approx(drawn.sum(), rel=0.1)


def test_a_lesion_is_contoured_by_the_line_that_shows_it(scans, monkeypatch):
    out = scans / "lesion.nrrd"
    asked = {}

    def run_engine(name, request, work, report, kept=None):
        asked.update(name=name, request=request)
        raise InputError("enough")

    from HCCResponseLib.pipeline import engines

    monkeypatch.setattr(engines, "run_engine", run_engine)
    shown = ("--line", "-15,0,54,15,0,54", "--point", "1,2,54", "--not-point", "40,0,54")
    run("segment", scans / "ct.nii.gz", "-o", out, *shown)
    assert asked["name"] == "prompt"
    assert asked["request"].line == Line((-15.0, 0.0, 54.0), (15.0, 0.0, 54.0))
    assert asked["request"].clicks == (Click((1.0, 2.0, 54.0)), Click((40.0, 0.0, 54.0), False))
    run("segment", scans / "ct.nii.gz", "-o", out)
    assert (asked["name"], asked["request"].line) == ("fcd", None)


def test_the_engine_writes_a_lesion_about_the_line_and_says_what_was_shown(scans):
    """Weights that call everything lesion: what is written is the part of the scan that the line makes it look at."""
    shape = PromptNetwork((4, 8, 8), 32)
    network = shape.build()
    network.head.bias.data = torch.tensor([-50.0, 50.0]).repeat_interleave(8)
    save_prompt_model(scans / "m.safetensors", network, shape, {"patients": []})
    out = scans / "lesion.nrrd"
    words = ("--line", "-13.2,0,54,13.2,0,54", "--weights", scans / "m.safetensors")
    done = run("segment", scans / "ct.nii.gz", "-o", out, *words, "--json")
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert facts["line"] == {"start": [-13.2, 0.0, 54.0], "end": [13.2, 0.0, 54.0]}
    assert facts["engine"] == "prompt"
    labels = read_label_map(out)
    assert labels.values() == (2,)
    places = np.argwhere(labels.labels > 0)
    middle = GRID.index_to_lps((places.min(0) + places.max(0)) / 2)
    assert np.abs(middle - (0.0, 0.0, 54.0)).max() < 3.0
    sides = (np.ptp(places, axis=0) + 1) * GRID.spacing
    assert np.abs(sides - 2.2 * 26.4).max() < 2 * 3.0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("1,2,3", [], [], None), "X,Y,Z,X,Y,Z in mm"),
        ((None, ["1,2,three"], [], None), "'--point 1,2,three' is not X,Y,Z in mm"),
        (("0,0,0,9,0,0", [], [], "0,0,0,9,9,9"), "not by both"),
        ((None, [], ["1,2,3"], None), "at least one click"),
    ],
)
def test_prompts_that_cannot_be_used_are_refused_in_words(given, words):
    with pytest.raises(InputError, match=words):
        read_prompts(*given)


def test_a_box_becomes_a_line_and_nothing_shown_is_nothing():
    assert read_prompts(None, [], [], "0,0,0,10,20,30").line == Line((5.0, 0.0, 15.0), (5.0, 20.0, 15.0))
    assert read_prompts(None, [], [], None) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,patient\na,P1\n", "needs the columns name, patient, image"),
        (HEAD + "a,P1,ct.nii.gz,,,CC BY-NC 4.0,x\n", "under CC BY-NC 4.0; weights that are free"),
        (HEAD + "a,,ct.nii.gz,,,CC0,x\n", "'patient' of scan 'a' is empty"),
        (
            HEAD + "a,P1,ct.nii.gz,labels.nii.gz:one,,CC0,x\n",
            "'one' in 'labels.nii.gz:one' are no label values",
        ),
        (HEAD + "a,P1,none.nii.gz,labels.nii.gz,,CC0,x\n", "none.nii.gz"),
    ],
)
def test_lists_that_cannot_be_used_are_refused_and_leave_no_pack(scans, text, words):
    (scans / "scans.csv").write_text(text)
    done = run("prompts", "pack", scans / "scans.csv", "-o", scans / "x.pack")
    assert done.exit_code == 1
    assert words in " ".join(done.stderr.split())
    assert not (scans / "x.pack").exists()
