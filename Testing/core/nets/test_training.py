"""Training: a killed run goes on with the same losses; real data layouts; the card tells where the data came from."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml
from typer.testing import CliRunner

from HCCResponseLib.base.errors import InputError, ModelError, StorageError
from HCCResponseLib.cli.main import app
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.imaging.write import write_label_map, write_volume
from HCCResponseLib.nets.labelled import find_scans, read_scan
from HCCResponseLib.nets.patches import TrainingCase
from HCCResponseLib.nets.training import CheckpointPolicy, TrainingPlan, learning_rate_share, train
from small import TINY

PLAN = replace(TrainingPlan(), network=TINY, steps=9, patch=16)


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(0)
    z, y, x = np.indices((24, 24, 24))
    structure = np.where((z - 12) ** 2 + (y - 12) ** 2 + (x - 12) ** 2 < 100, 1, 0)
    structure[(z - 12) ** 2 + (y - 12) ** 2 + (x - 12) ** 2 < 25] = 2
    hu = (structure * 60 - 50 + rng.normal(scale=10, size=structure.shape)).astype(np.int16)
    liver, tumour = structure > 0, (structure == 2).astype(np.uint8)
    return TrainingCase((hu, hu), (liver, liver), (tumour, tumour), np.zeros(3), (2.0, 2.0, 2.0))


class KilledError(Exception):
    """Stands in for a kill between two steps."""


def until(step):
    def report(done, loss):
        if done == step:
            raise KilledError

    return report


def test_a_killed_training_goes_on_with_the_same_losses(case, tmp_path):
    whole = train(PLAN, [case], lambda *_: None, policy=CheckpointPolicy(None, 1, [case], 3))
    policy = CheckpointPolicy(tmp_path / "c.pt", 2, [case], 3)
    with pytest.raises(KilledError):
        train(PLAN, [case], until(5), policy=policy)
    steps = []
    again = train(PLAN, [case], lambda s, _: steps.append(s), policy=policy)
    assert steps == [5, 6, 7, 8, 9]
    assert (whole.resumed_at, again.resumed_at) == (0, 4)
    assert again.losses == whole.losses
    assert again.scores == whole.scores
    assert set(whole.scores) == {3, 6, 9}
    for a, b in zip(again.network.parameters(), whole.network.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_checkpoint_of_another_plan_or_a_damaged_one_is_refused(case, tmp_path):
    policy = CheckpointPolicy(tmp_path / "c.pt", 3)
    train(PLAN, [case], lambda *_: None, policy=policy)
    with pytest.raises(ModelError, match="another learning_rate, seed"):
        train(replace(PLAN, seed=1, learning_rate=1e-4), [case], lambda *_: None, policy=policy)
    policy.checkpoint.write_bytes(policy.checkpoint.read_bytes()[:100])
    with pytest.raises(ModelError, match="damaged"):
        train(PLAN, [case], lambda *_: None, policy=policy)
    torch.save({"format": "other"}, policy.checkpoint)
    with pytest.raises(ModelError, match="not a checkpoint"):
        train(PLAN, [case], lambda *_: None, policy=policy)


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(case, tmp_path, monkeypatch):
    policy = CheckpointPolicy(tmp_path / "c.pt", 3)
    with pytest.raises(KilledError):
        train(PLAN, [case], until(4), policy=policy)
    before = policy.checkpoint.read_bytes()

    def full(content, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(StorageError, match="No room left"):
        train(PLAN, [case], lambda *_: None, policy=policy)
    assert policy.checkpoint.read_bytes() == before
    assert [f.name for f in tmp_path.iterdir()] == ["c.pt"]


def test_schedules():
    flat = replace(PLAN, steps=100)
    assert learning_rate_share(flat, 0) == 1
    assert learning_rate_share(flat, 50) == pytest.approx(0.5**0.9)
    assert learning_rate_share(flat, 100) == 0
    cosine = replace(flat, schedule="cosine", warm_up=10)
    assert learning_rate_share(cosine, 0) == pytest.approx(0.01)
    assert learning_rate_share(cosine, 10) == pytest.approx(1)
    assert learning_rate_share(cosine, 55) == pytest.approx(0.5)
    assert learning_rate_share(cosine, 100) == pytest.approx(0)
    with pytest.raises(InputError, match="no schedule 'steps'"):
        replace(flat, schedule="steps")
    with pytest.raises(InputError, match="no precision 'float8'"):
        replace(flat, precision="float8")


def test_learning_happens_in_reduced_precision_too(case):
    done = train(replace(PLAN, steps=60, learning_rate=1e-2, precision="bfloat16"), [case], lambda *_: None)
    assert np.mean(done.losses[-10:]) < 0.8 * np.mean(done.losses[:10])
    assert all(math.isfinite(loss) for loss in done.losses)
    assert all(p.dtype == torch.float32 for p in done.network.parameters())


def write_pair(image, label, values=(1, 2)):
    grid = Geometry((10, 12, 12), (4.0, 3.0, 3.0))
    hu = np.full(grid.size, -900, np.int16)
    hu[2:8, 2:10, 2:10] = 60
    labels = np.zeros(grid.size, np.uint8)
    labels[3:7, 3:9, 3:9] = values[0]
    labels[4:6, 4:6, 4:6] = values[1]
    write_volume(Volume(hu, grid), image)
    write_label_map(LabelMap(labels, grid), label)


def decathlon(folder):
    write_pair(folder / "imagesTr" / "liver_1.nii.gz", folder / "labelsTr" / "liver_1.nii.gz")
    rows = [{"image": "./imagesTr/liver_1.nii.gz", "label": "./labelsTr/liver_1.nii.gz"}]
    (folder / "dataset.json").write_text(json.dumps({"training": rows}), encoding="utf-8")


def plain(folder):
    write_pair(folder / "images" / "a.nii.gz", folder / "labels" / "a.nii.gz")


def lits(folder):
    write_pair(folder / "batch1" / "volume-7.nii", folder / "batch1" / "segmentation-7.nii")


@pytest.mark.parametrize("layout", [decathlon, plain, lits])
def test_known_layouts_are_recognised(tmp_path, layout):
    layout(tmp_path)
    (scan,) = find_scans(tmp_path)
    case = read_scan(scan)
    assert case.spacing == (4.0, 3.0, 3.0)
    assert case.liver[0].sum() == 4 * 6 * 6
    assert set(np.unique(case.lesions[0])) == {0, 1}
    assert case.lesions[0].sum() == 2 * 2 * 2
    assert case.liver[0][case.lesions[0] > 0].all()


def test_data_that_cannot_be_used_are_refused_by_name(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        find_scans(tmp_path / "none")
    with pytest.raises(InputError, match="no training data that is recognised"):
        find_scans(tmp_path)
    write_pair(tmp_path / "images" / "a.nii.gz", tmp_path / "labels" / "b.nii.gz")
    with pytest.raises(InputError, match=r"a\.nii\.gz' is missing"):
        find_scans(tmp_path)
    write_pair(tmp_path / "images" / "a.nii.gz", tmp_path / "labels" / "a.nii.gz", values=(1, 7))
    with pytest.raises(InputError, match="has the value 7"):
        read_scan(find_scans(tmp_path)[0])
    (tmp_path / "dataset.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="no list 'training'"):
        find_scans(tmp_path)


def test_the_command_refuses_data_without_a_licence(tmp_path):
    found = CliRunner().invoke(app, ["train", "--output", str(tmp_path / "m.pt"), "--data", str(tmp_path)])
    assert found.exit_code == 1
    assert "Name the licence" in found.output


def test_the_command_trains_on_a_folder_and_writes_a_card(tmp_path, monkeypatch):
    for n in (1, 2):
        write_pair(tmp_path / "d" / f"volume-{n}.nii.gz", tmp_path / "d" / f"segmentation-{n}.nii.gz")
    monkeypatch.setattr("HCCResponseLib.nets.training.TrainingPlan", lambda **own: replace(PLAN, **own))
    words = [
        "--subjects",
        "0",
        "--validation-subjects",
        "1",
        "--steps",
        "3",
        "--data-licence",
        "CC BY-SA 4.0",
    ]
    words += ["--output", str(tmp_path / "m.pt"), "--data", str(tmp_path / "d")]
    found = CliRunner().invoke(app, ["train", *words])
    assert found.exit_code == 0, found.output
    facts = yaml.safe_load((tmp_path / "m.md").read_text(encoding="utf-8").split("---")[1])
    assert facts["training_data_licence"] == "CC BY-SA 4.0"
    assert "patients in folder 'd'" in facts["training_data"]
    assert "never seen a patient" not in (tmp_path / "m.md").read_text(encoding="utf-8")
    assert not (tmp_path / "m.checkpoint.pt").exists()
