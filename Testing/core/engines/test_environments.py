"""Engines in environments of their own, on tiny weights that their own libraries make; and installing them."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from typer.testing import CliRunner

from commands import answer
from HCCResponseLib.base.errors import InputError, ModelError, StorageError
from HCCResponseLib.base.files import sha256_of
from HCCResponseLib.base.jobs import Ending
from HCCResponseLib.cli.main import app
from HCCResponseLib.engines.contract import EngineInfo, Gives, Request
from HCCResponseLib.engines.environments import engine_folder, missing, python_of
from HCCResponseLib.engines.install import install, plan, remove
from HCCResponseLib.engines.registry import engine_named
from HCCResponseLib.engines.run import check_engine, run_engine
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.read import read_label_map
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.imaging.write import write_volume

MAKE = Path(__file__).resolve().parents[2] / "support" / "make_nnunet.py"
GRID = Geometry((20, 36, 40), (2.5, 0.8, 0.9))


def python_or_skip(name: str) -> Path:
    info = engine_named(name)
    if missing(info):
        pytest.skip(
            f"{info.title} is not installed here ({engine_folder(name)}); run: hcc-response engines install {name}"
        )
    return python_of(info)


def make(python: Path, *words: object) -> None:
    done = subprocess.run([python, MAKE, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture
def ct(tmp_path) -> Path:
    rng = np.random.default_rng(0)
    hu = np.full(GRID.size, -1000, np.int16)
    hu[2:18, 4:32, 5:36] = rng.normal(60, 30, (16, 28, 31)).astype(np.int16)
    hu[6:12, 8:16, 10:20] += 120
    write_volume(Volume(hu, GRID), tmp_path / "ct_0000.nii.gz")
    return tmp_path / "ct_0000.nii.gz"


@pytest.fixture
def work(tmp_path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def failure(name: str, request: Request, work: Path) -> str:
    outcome = run_engine(name, request, work)
    assert outcome.ending is Ending.FAILED
    return outcome.message


# nnU-Net


def test_nnunet_gives_what_nnunet_itself_gives(ct, work, tmp_path):
    python = python_or_skip("nnunet")
    folder, given, made = tmp_path / "results", tmp_path / "in", tmp_path / "out"
    make(python, "results", folder)
    given.mkdir()
    (given / ct.name).write_bytes(ct.read_bytes())
    make(python, "predict", folder, given, made)
    theirs = sitk.GetArrayFromImage(sitk.ReadImage(str(made / "ct.nii.gz")))
    assert len(np.unique(theirs)) > 1
    seen: list = []
    outcome = run_engine("nnunet", Request(ct, weights=folder, device="cpu"), work, seen.append)
    result = outcome.require()
    ours = read_label_map(result.labels, empty=True).labels
    assert np.array_equal(ours, theirs)
    found = result.read_probabilities()
    assert np.array_equal(np.where(found.tumour > 0.5, 2, 0)[theirs == 0], np.zeros((theirs == 0).sum()))
    checkpoint = folder / "fold_0" / "checkpoint_final.pth"
    assert result.provenance["weights"] == {str(checkpoint): sha256_of(checkpoint)}
    assert "nnunetv2" in result.provenance["versions"]
    assert [p for p in seen if p.stage == "Segmenting"]
    assert check_engine("nnunet", folder)["labels"]["liver tumor"] == 2


def test_nnunet_folders_that_cannot_work_say_why(ct, work, tmp_path):
    python = python_or_skip("nnunet")
    folder = tmp_path / "results"
    make(python, "results", folder)
    asked = Request(ct, weights=folder, device="cpu")
    one_fold = Request(ct, weights=folder, device="cpu", parameters={"folds": "0,3"})
    assert "No weights 'fold_0, fold_3/checkpoint_final.pth'" in failure("nnunet", one_fold, work)
    checkpoint = folder / "fold_0" / "checkpoint_final.pth"
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[:1000])
    assert "cannot be loaded" in failure("nnunet", asked, work)
    checkpoint.write_bytes(whole)
    plans = json.loads((folder / "plans.json").read_text(encoding="utf-8"))
    kwargs = plans["configurations"]["3d_fullres"]["architecture"]["arch_kwargs"]
    kwargs["features_per_stage"] = [6, 8]
    (folder / "plans.json").write_text(json.dumps(plans), encoding="utf-8")
    assert "cannot be loaded" in failure("nnunet", asked, work)
    (folder / "plans.json").unlink()
    message = failure("nnunet", asked, work)
    assert "plans.json is missing" in message
    assert str(engine_folder("nnunet") / "weights") in message


# TotalSegmentator


def fake_weights(python: Path, home: Path, dataset: str, trainer: str, classes: int, value: int) -> None:
    configuration = "3d_fullres_high" if "591" in dataset else "3d_fullres"
    folder = home / "nnunet" / "results" / dataset / f"{trainer}__nnUNetPlans__{configuration}"
    make(python, "constant", folder, trainer, classes, value)


def test_totalsegmentator_from_a_local_folder(ct, work, tmp_path):
    python = python_or_skip("totalsegmentator")
    home = tmp_path / "home"
    asked = Request(ct, weights=home, device="cpu", parameters={"tasks": "total", "fast": True})
    home.mkdir()
    message = failure("totalsegmentator", asked, work)
    assert "Dataset297_TotalSegmentator_total_3mm" in message
    assert "nothing is downloaded unasked" in message
    name = message.partition("belong in '")[2].partition("'")[0].rpartition("/")[2]
    fake_weights(python, home, name, "nnUNetTrainer_4000epochs_NoMirroring", 117, 5)
    result = run_engine("totalsegmentator", asked, work).require()
    labels = read_label_map(result.labels, empty=True).labels
    assert (labels == 1).all()
    assert result.provenance["tasks"] == ["total"]
    assert len(result.provenance["weights"]) == 1
    assert json.loads((home / "config.json").read_text(encoding="utf-8"))["send_usage_stats"] is False
    with pytest.raises(ModelError, match="belong in"):
        check_engine("totalsegmentator", home)
    assert "tasks are total, liver_vessels, liver_lesions" in failure(
        "totalsegmentator", Request(ct, weights=home, parameters={"tasks": "spleen"}), work
    )


# Installing

TINY = EngineInfo(
    "tiny",
    "Tiny",
    frozenset({Gives.LIVER}),
    "MIT",
    "tests",
    "in {folder}",
    packages=("tinypackage",),
    module="tinypackage",
)


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path / "home"


@pytest.fixture
def wheels(tmp_path) -> Path:
    """A folder with one wheel, written by hand: a wheel is a zip file."""
    import zipfile

    folder = tmp_path / "wheels"
    folder.mkdir()
    info = "tinypackage-1.0.dist-info"
    with zipfile.ZipFile(folder / "tinypackage-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tinypackage.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinypackage\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return folder


def test_install_offline_and_remove(home, wheels):
    assert missing(TINY)
    assert any("without network" in line for line in plan(TINY, wheels))
    stages: list[str] = []
    facts = install(TINY, wheels, None, stages.append)
    assert facts["versions"]["tinypackage"] == "1.0"
    assert stages == ["Making the environment", "Installing tinypackage", "Checking"]
    assert not missing(TINY)
    ours = subprocess.run([python_of(TINY), "-I", "-c", "import torch"], capture_output=True, check=False)
    assert ours.returncode != 0
    (engine_folder("tiny") / "weights").mkdir()
    remove(TINY)
    assert missing(TINY)
    assert (engine_folder("tiny") / "weights").is_dir()


def test_a_failed_installation_leaves_nothing(home, wheels, tmp_path):
    (wheels / "tinypackage-1.0-py3-none-any.whl").write_bytes(b"junk")
    with pytest.raises(InputError, match="failed and was undone: ERROR"):
        install(TINY, wheels)
    assert missing(TINY)
    assert not (engine_folder("tiny") / "venv").exists()
    with pytest.raises(InputError, match="does not exist"):
        install(TINY, tmp_path / "none")
    with pytest.raises(InputError, match="own environment; nothing to install"):
        install(engine_named("fcd"))


def test_no_room_for_an_engine(home, wheels, monkeypatch):
    huge = EngineInfo(**{**TINY.__dict__, "download_mib": 10**9})
    with pytest.raises(StorageError, match="No room for engine 'tiny'"):
        install(huge, wheels)


def test_the_commands_list_and_ask_before_they_install(home):
    runner = CliRunner()
    rows = json.loads(runner.invoke(app, ["engines", "list", "--json"]).stdout)
    by_name = {row["name"]: row for row in rows}
    assert by_name["fcd"]["installed"] is True
    assert by_name["nnunet"]["install_with"] == "hcc-response engines install nnunet"
    assert str(home) in by_name["nnunet"]["weights"]
    assert "hcc-response engines install" in runner.invoke(app, ["engines", "list"]).stdout
    asked = runner.invoke(app, ["engines", "install", "nnunet"], input="n\n")
    assert asked.exit_code == 1
    assert "3.5 GB to download" in " ".join(asked.stderr.split())
    assert not home.exists()


def test_an_engine_that_is_not_installed_says_how(home, ct, work):
    message = failure("nnunet", Request(ct), work)
    assert message == "Engine 'nnunet' is not installed. Run: hcc-response engines install nnunet"


def test_checking_from_the_command_line():
    assert len(answer("engines", "check", "fcd")["sha256"]) == 64
