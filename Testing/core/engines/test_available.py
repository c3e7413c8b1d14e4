"""The engines that run in our own environment: fcd, adapted, a program of one's own, a MONAI bundle."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import bundles
from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.base.files import sha256_of
from HCCResponseLib.base.jobs import Ending, ignore_progress
from HCCResponseLib.engines.contract import Request
from HCCResponseLib.engines.run import check_engine, run_engine
from HCCResponseLib.engines.worker import work as work_on
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.read import read_label_map, read_volume
from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.imaging.write import write_label_map, write_volume
from HCCResponseLib.lesions.prompt import Click
from HCCResponseLib.nets.model import load_model, save_adapted, save_model
from HCCResponseLib.nets.network import FCD
from small import TINY, WORKING, tiny_model

# An image without symmetry, oblique to nothing but stored right to left, so that a lost flip is seen.
GRID = Geometry((12, 20, 26), (2.5, 0.8, 0.9), (-20.0, 12.5, 30.0))


@pytest.fixture
def ct(tmp_path) -> Path:
    hu = np.full(GRID.size, -1000, np.int16)
    hu[2:10, 3:17, 4:22] = 30
    hu[3:9, 4:14, 6:20] = 100
    hu[4:7, 5:9, 7:12] = 200
    write_volume(Volume(hu, GRID), tmp_path / "ct.nii.gz")
    return tmp_path / "ct.nii.gz"


@pytest.fixture
def work(tmp_path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.fixture
def _in_this_process(monkeypatch) -> None:
    """For the many ways to be refused: the engines say the same, and their libraries are loaded once."""
    monkeypatch.setattr(
        "HCCResponseLib.engines.run.run_job", lambda _, job, *__, **___: work_on(job, ignore_progress)
    )


def expected(ct: Path) -> np.ndarray:
    hu = read_volume(ct).hu
    return np.where(hu >= 150, 2, np.where(hu >= 50, 1, 0)).astype(np.uint8)


def labels_of(outcome) -> np.ndarray:
    return read_label_map(outcome.require().labels, empty=True).labels


def failure(name: str, request: Request, work: Path) -> str:
    outcome = run_engine(name, request, work)
    assert outcome.ending is Ending.FAILED
    return outcome.message


# fcd


def test_fcd_gives_probabilities_and_says_what_made_them(ct, work, tmp_path):
    model = tiny_model(tmp_path / "tiny.pt")
    asked = Request(ct, weights=tmp_path / "tiny.pt", device="cpu", parameters={"precision": "float32"})
    result = run_engine("fcd", asked, work).require()
    found = result.read_probabilities()
    assert found.grid.spacing == WORKING.spacing
    assert (found.liver >= found.tumour - 1e-6).all()
    assert result.provenance["weights"] == {str(tmp_path / "tiny.pt"): model.sha256}
    assert result.provenance["computed_in"] == "float32"
    assert result.provenance["parameters"]["overlap"] == 0.5


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_fcd_with_the_same_seed_gives_the_same_result(ct, work, tmp_path, precision):
    tiny_model(tmp_path / "tiny.pt")
    asked = Request(
        ct, weights=tmp_path / "tiny.pt", device="cpu", seed=3, parameters={"precision": precision}
    )
    first = run_engine("fcd", asked, work).require().read_probabilities()
    again = run_engine("fcd", asked, work).require().read_probabilities()
    assert np.array_equal(first.liver, again.liver)
    assert np.array_equal(first.tumour, again.tumour)


@pytest.mark.slow
@pytest.mark.usefixtures("_in_this_process")
def test_fcd_refuses_what_it_cannot_compute_with(ct, work, tmp_path):
    tiny_model(tmp_path / "tiny.pt")

    def message(**parameters):
        return failure(
            "fcd", Request(ct, weights=tmp_path / "tiny.pt", device="cpu", parameters=parameters), work
        )

    assert "multiple of 2 voxels, not 33" in message(patch=33)
    assert "Unknown precision 'int8'" in message(precision="int8")
    assert "overlap must be at least 0 and below 1" in message(overlap=1.0)
    (tmp_path / "junk.pt").write_bytes(b"junk")
    assert "junk.pt' cannot be read" in failure("fcd", Request(ct, weights=tmp_path / "junk.pt"), work)
    if not torch.cuda.is_available():
        assert "no CUDA GPU 'cuda:3'" in failure("fcd", Request(ct, device="cuda:3"), work)


# adapted


def test_adapted_looks_only_near_the_earlier_contours(ct, work, tmp_path):
    save_model(tmp_path / "base.pt", FCD(TINY), WORKING, {})
    base = load_model(tmp_path / "base.pt")
    with torch.no_grad():
        base.network.head.bias += torch.tensor([0.0, 0.0, 9.0])
    save_adapted(tmp_path / "adapted.pt", base.network, load_model(tmp_path / "base.pt"), {})
    prior = np.zeros(GRID.size, np.uint8)
    prior[4:7, 5:9, 7:12] = 1
    write_label_map(LabelMap(prior, GRID), tmp_path / "prior.nrrd")
    asked = Request(
        ct,
        tmp_path / "prior.nrrd",
        weights=tmp_path / "adapted.pt",
        device="cpu",
        parameters={"base": str(tmp_path / "base.pt")},
    )
    result = run_engine("adapted", asked, work).require()
    found = result.read_probabilities()
    assert found.grid == read_volume(ct).geometry
    assert found.tumour[5, 7, 9] > 0.9
    assert result.provenance["base_sha256"] == sha256_of(tmp_path / "base.pt")
    assert "made from another base model" in failure(
        "adapted", Request(ct, asked.prior, weights=asked.weights), work
    )


# command

PROGRAM = """
import sys
import numpy as np, SimpleITK as sitk
image = sitk.ReadImage(sys.argv[1])
hu = sitk.GetArrayFromImage(image)
label = sitk.GetImageFromArray(np.where(hu >= 150, 7, np.where(hu >= 50, 5, 0)).astype(np.uint8))
label.CopyInformation(image)
sitk.WriteImage(label, sys.argv[2])
"""


def program(folder: Path, text: str = PROGRAM) -> str:
    (folder / "my program.py").write_text(text, encoding="utf-8")
    return f"'{sys.executable}' '{folder / 'my program.py'}' {{input}} {{output}}"


def test_a_program_of_one_s_own(ct, work, tmp_path):
    parameters = {"command": program(tmp_path), "liver": 5, "tumour": "7"}
    outcome = run_engine("command", Request(ct, parameters=parameters), work)
    assert np.array_equal(labels_of(outcome), expected(ct))
    assert outcome.result.provenance["command"][1].endswith("my program.py")
    hashes = outcome.result.provenance["files_sha256"]
    assert set(hashes) == {sys.executable, str(tmp_path / "my program.py")}
    assert hashes[str(tmp_path / "my program.py")] == sha256_of(tmp_path / "my program.py")
    found = outcome.result.read_probabilities()
    assert np.array_equal(found.liver > 0, expected(ct) > 0)


def test_the_script_and_the_files_that_a_command_names_are_in_its_provenance(ct, work, tmp_path):
    """An interpreter's hash says nothing of what it ran; an option's file counts, the image and the result do not."""
    (tmp_path / "settings.json").write_text("{}", encoding="utf-8")
    words = f"{program(tmp_path)} --settings={tmp_path / 'settings.json'} no-file"
    first = run_engine("command", Request(ct, parameters={"command": words}), work).require().provenance
    named = {sys.executable, str(tmp_path / "my program.py"), str(tmp_path / "settings.json")}
    assert set(first["files_sha256"]) == named
    program(tmp_path, PROGRAM + "# another version")
    again = run_engine("command", Request(ct, parameters={"command": words}), work).require().provenance
    changed = {name for name in named if again["files_sha256"][name] != first["files_sha256"][name]}
    assert changed == {str(tmp_path / "my program.py")}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import sys; sys.exit('no licence')", "ended with status 1. no licence"),
        ("pass", "ended without writing {output}"),
        ("import sys; open(sys.argv[2], 'w').write('junk')", "the file is damaged"),
        (PROGRAM.replace("CopyInformation(image)", "SetSpacing((1, 1, 1))"), "does not lie on image"),
    ],
)
def test_programs_that_fail_say_why(ct, work, tmp_path, text, why):
    assert why in failure("command", Request(ct, parameters={"command": program(tmp_path, text)}), work)


def test_a_command_without_places_or_program_is_refused(ct, work):
    assert "with {input} and {output} in it" in failure("command", Request(ct), work)
    parameters = {"command": "no-such-program {input} {output}"}
    assert "'no-such-program' does not exist" in failure("command", Request(ct, parameters=parameters), work)


def test_a_program_that_is_killed_is_out_of_memory(ct, work, tmp_path):
    parameters = {"command": program(tmp_path, "import os; os.kill(os.getpid(), 9)")}
    outcome = run_engine("command", Request(ct, parameters=parameters), work)
    assert outcome.ending is Ending.OUT_OF_MEMORY


# monai-bundle


@pytest.mark.slow
def test_a_bundle_by_the_names_of_its_classes(ct, work, tmp_path):
    root = bundles.make_bundle(tmp_path / "bundle")
    seen: list = []
    outcome = run_engine("monai-bundle", Request(ct, weights=root, device="cpu"), work, seen.append)
    assert np.array_equal(labels_of(outcome), expected(ct))
    weights = root / "models" / "model.pt"
    assert outcome.result.provenance["weights"] == {str(weights): sha256_of(weights)}
    assert outcome.result.read_probabilities().tumour[5, 7, 9] > 0.99
    windows = [p.fraction for p in seen if p.stage == "Segmenting"]
    assert windows == sorted(windows)
    assert len(windows) > 1
    assert check_engine("monai-bundle", root)["sha256"] == sha256_of(weights)


@pytest.mark.slow
def test_a_bundle_that_is_asked_for_classes_and_takes_clicks(ct, work, tmp_path):
    root = bundles.make_bundle(tmp_path / "bundle", asked=True)
    asked = Request(ct, weights=root, device="cpu", parameters={"liver": 1, "tumour": 26})
    assert np.array_equal(labels_of(run_engine("monai-bundle", asked, work)), expected(ct))
    x, y, z = read_volume(ct).geometry.index_to_lps((5, 7, 9))
    click = Click((float(x), float(y), float(z)), inside=False)
    clicked = Request(ct, None, (click,), root, "cpu", parameters=asked.parameters)
    less = labels_of(run_engine("monai-bundle", clicked, work))
    assert less[5, 7, 9] != 2
    assert less[4, 5, 7] != less[5, 7, 9] or (less == 2).sum() < (expected(ct) == 2).sum()
    assert "give the parameters liver and tumour" in failure("monai-bundle", Request(ct, weights=root), work)


@pytest.mark.slow
@pytest.mark.usefixtures("_in_this_process")
def test_bundles_that_cannot_work_say_why(ct, work, tmp_path):
    root = bundles.make_bundle(tmp_path / "bundle")
    asked = Request(ct, weights=root, device="cpu")

    def message(**parameters):
        return failure("monai-bundle", Request(ct, weights=root, parameters=parameters), work)

    assert "has no class 9; it has 3" in message(tumour="9")
    assert "is a list of whole numbers" in message(tumour="big")
    click = Request(ct, None, (Click((0.0, 0.0, 0.0)),), root)
    assert "does not use clicks" in failure("monai-bundle", click, work)
    config = root / "configs" / "inference.json"
    content = json.loads(config.read_text(encoding="utf-8"))
    wrong = {**content, "network_def": {**content["network_def"], "out_channels": 4}}
    config.write_text(json.dumps(wrong), encoding="utf-8")
    assert "not those of the bundle's network" in failure("monai-bundle", asked, work)
    alien = {**content, "network_def": {"_target_": "no.such.Network"}}
    config.write_text(json.dumps(alien), encoding="utf-8")
    assert "cannot build its 'network_def'" in failure("monai-bundle", asked, work)
    config.write_text(json.dumps(content), encoding="utf-8")
    (root / "models" / "model.pt").write_bytes(b"junk")
    assert "model.pt' are damaged" in failure("monai-bundle", asked, work)
    (root / "models" / "model.pt").unlink()
    assert f"belong in '{root / 'models' / 'model.pt'}'" in failure("monai-bundle", asked, work)
    config.unlink()
    assert "is not a MONAI bundle" in failure("monai-bundle", asked, work)
    with pytest.raises(ModelError, match="is not a MONAI bundle"):
        check_engine("monai-bundle", root)
