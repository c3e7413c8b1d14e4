"""A base network from packs: made, trained, gone on from, used; what cannot be trained is refused in words."""

import json
import zipfile

import numpy as np
import pytest
from typer.testing import CliRunner

from HCCResponseLib.cli.main import app
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.imaging.write import write_label_map, write_volume
from HCCResponseLib.nets.inputs import WITH_OVERVIEW
from HCCResponseLib.nets.model import load_model
from HCCResponseLib.nets.prompts.pack import read_pack, write_pack
from HCCResponseLib.nets.unet import UNetConfig
from small import card_of

GRID = Geometry((40, 90, 90), (3.0, 2.0, 2.0))
HEAD = "name,patient,image,liver,lesions,licence,source\n"
ONCE = ("--steps", 1, "--batch", 1, "--workers", 0, "--device", "cpu")


def run(*words):
    return CliRunner().invoke(app, [str(w) for w in words])


@pytest.fixture(scope="module")
def packs(tmp_path_factory):
    """The same liver as a whole scan and cropped, of two patients."""
    folder = tmp_path_factory.mktemp("packs")
    z, y, x = np.ogrid[0:40, 0:90, 0:90]
    body = ((y - 45) / 42) ** 2 + ((x - 45) / 42) ** 2 < 1
    liver = ((z - 20) * 3.0) ** 2 + ((y - 45) * 2.0) ** 2 + ((x - 35) * 2.0) ** 2 < 48**2
    hu = np.where(liver, 110, np.where(body, 30, -1000)) + np.random.default_rng(0).normal(
        scale=8, size=liver.shape
    )
    write_volume(Volume(hu.astype(np.int16), GRID, "ct"), folder / "ct.nii.gz")
    write_label_map(LabelMap(liver.astype(np.uint8), GRID), folder / "liver.nii.gz")
    rows = [f"{n},{p},ct.nii.gz,liver.nii.gz,,CC BY 4.0,drawn" for n, p in (("a", "P1"), ("b", "P2"))]
    (folder / "scans.csv").write_text(HEAD + "\n".join(rows) + "\n")
    for name, words in (("whole", ["--whole"]), ("crops", [])):
        done = run("prompts", "pack", folder / "scans.csv", "-o", folder / f"{name}.pack", *words)
        assert done.exit_code == 0, done.output
    return folder


def test_a_whole_pack_holds_the_body_at_two_millimetres(packs):
    [scan, _] = read_pack(packs / "whole.pack")
    [crop, _] = read_pack(packs / "crops.pack")
    assert scan.facts.whole
    assert not crop.facts.whole
    assert scan.facts.spacing == (3.0, 2.0, 2.0)
    assert scan.hu.shape[2] > crop.hu.shape[2]
    assert scan.liver.sum() == crop.liver.sum()


def test_a_network_is_trained_and_gone_on_from(packs, tmp_path):
    given = ("--pack", packs / "whole.pack", "--pack", packs / "crops.pack", "--without", "P2")
    done = run("train", "--output", tmp_path / "m.safetensors", *given, *ONCE)
    assert done.exit_code == 0, done.output
    model = load_model(tmp_path / "m.safetensors")
    assert model.grid == WITH_OVERVIEW
    assert isinstance(model.network.config, UNetConfig)
    assert model.notes["patients"] == ["P1"]
    card = card_of(tmp_path / "m.safetensors")
    assert card["sha256"] == model.sha256
    assert card["training_data_licence"] == "CC BY 4.0"
    text = (tmp_path / "m.md").read_text(encoding="utf-8")
    assert "| a | P1 | CC BY 4.0 | drawn | mask |" in text
    assert "| P2 |" not in text
    assert card["left_out"] == ["P2"]
    assert len(json.loads((tmp_path / "m.losses.json").read_text())) == 1
    start = ("--start", tmp_path / "m.safetensors")
    done = run("train", "--output", tmp_path / "n.safetensors", *given, *ONCE, *start)
    assert done.exit_code == 0, done.output
    assert load_model(tmp_path / "n.safetensors").notes["started_from"]["sha256"] == model.sha256


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--pack", "crops.pack"), "make another pack with --whole"),
        (("--pack", "whole.pack", "--network", "vnet"), "There is no network 'vnet'; known are unet, fcd."),
        (("--pack", "whole.pack", "--without", "P9"), "The pack holds no patient 'P9'"),
        (("--pack", "none.pack"), "does not exist"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_words(packs, tmp_path, words, said):
    paths = [packs / w if str(w).endswith(".pack") else w for w in words]
    done = run("train", "--output", tmp_path / "m.safetensors", *paths, *ONCE)
    assert done.exit_code == 1
    assert said in " ".join(done.output.split())
    assert list(tmp_path.iterdir()) == []


def test_earlier_packs_were_kept_in_finer_steps(packs, tmp_path):
    scans = read_pack(packs / "crops.pack")
    write_pack(tmp_path / "x.pack", scans)
    with zipfile.ZipFile(tmp_path / "x.pack") as archive:
        contents = {n: archive.read(n) for n in archive.namelist()}
    table = json.loads(contents["pack.json"])
    assert table.pop("step_hu") == 4
    contents["pack.json"] = json.dumps(table).encode()
    with zipfile.ZipFile(tmp_path / "old.pack", "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    assert (read_pack(tmp_path / "old.pack")[0].hu == scans[0].hu // 2).all()
