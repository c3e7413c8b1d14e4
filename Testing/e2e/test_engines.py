"""Any engine in the whole pipeline: segment, propose and assess with a program of one's own; cancel at work."""

import json
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import yaml

import shapes
from commands import answer, run
from HCCResponseLib.base.errors import InputError, JobCancelledError
from HCCResponseLib.base.jobs import Ending
from HCCResponseLib.engines.contract import Request
from HCCResponseLib.engines.run import run_engine
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.read import read_label_map
from HCCResponseLib.imaging.study import load_study
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.imaging.write import write_volume
from HCCResponseLib.pipeline.propose import propose
from HCCResponseLib.pipeline.request import Options
from HCCResponseLib.review.read.session import open_session
from small import tiny_model

GRID = Geometry((30, 60, 70), (5.0, 4.0, 4.0))
PROGRAM = """
import sys
import numpy as np, SimpleITK as sitk
image = sitk.ReadImage(sys.argv[1])
hu = sitk.GetArrayFromImage(image)
label = sitk.GetImageFromArray(np.where(hu >= 150, 2, np.where(hu >= 50, 1, 0)).astype(np.uint8))
label.CopyInformation(image)
sitk.WriteImage(label, sys.argv[2])
"""


def ball(centre, radius_mm) -> np.ndarray:
    return shapes.ball(GRID.size, centre, radius_mm, GRID.spacing)


def scan(*lesions) -> Volume:
    hu = np.full(GRID.size, -1000, np.int16)
    hu[:, 5:55, 5:65] = np.random.default_rng(0).normal(0, 5, (30, 50, 60)).astype(np.int16)
    hu[5:25, 10:45, 10:45] = 90
    for centre, radius in lesions:
        hu[ball(centre, radius)] = 200
    return Volume(hu, GRID)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("engines")
    write_volume(scan(((14, 25, 25), 20)), folder / "before.nrrd")
    write_volume(scan(((14, 25, 25), 20), ((18, 38, 36), 14)), folder / "after.nrrd")
    points = [
        {"name": "baseline", "date": "2024-01-01", "image": "before.nrrd"},
        {"name": "follow-up 1", "date": "2024-03-01", "image": "after.nrrd"},
    ]
    study = {"subject": "S1", "profile": "recist-1.1", "timepoints": points}
    (folder / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    tiny_model(folder / "tiny.pt")
    return folder


def command(folder: Path) -> str:
    return f"'{sys.executable}' '{folder / 'program.py'}' {{input}} {{output}}"


def test_segment_with_a_program(folder, tmp_path):
    out = tmp_path / "labels.nii.gz"
    words = ("--engine", "command", "--set", f"command={command(folder)}", "--device", "cpu")
    result = answer("segment", folder / "before.nrrd", "--output", out, *words)
    lesion = ball((14, 25, 25), 20)
    assert np.array_equal(read_label_map(out).labels == 2, lesion)
    assert result["tumour_ml"] == pytest.approx(lesion.sum() * GRID.voxel_volume_mm3 / 1000, abs=0.1)
    stored = json.loads((tmp_path / "labels.nii.gz.json").read_text(encoding="utf-8"))
    assert stored["engine"] == result["engine"] == "command"
    assert stored["parameters"]["tumour"] == "2"


def test_segment_says_nothing_of_a_liver_that_nobody_marked(folder, tmp_path):
    """The program marks tumour alone; in text, what was not asked for and not found is left out."""
    words = (
        "--engine",
        "command",
        "--set",
        f"command={command(folder)}",
        "--set",
        "liver=9",
        "--device",
        "cpu",
    )
    done = run("segment", folder / "before.nrrd", "--output", tmp_path / "labels.nii.gz", *words)
    assert done.returncode == 0, done.stderr
    names = [line.partition(":")[0] for line in done.stdout.splitlines()]
    assert {"output", "tumour ml", "engine", "image"} <= set(names)
    assert not {"liver ml", "prior", "prompts", "image remarks"} & set(names)
    assert "None" not in done.stdout and "[]" not in done.stdout


@pytest.mark.slow
def test_a_whole_read_with_a_program(folder, tmp_path):
    words = ("--engine", "command", "--set", f"command={command(folder)}")
    words += ("--model", folder / "tiny.pt", "--steps", 1, "--output", tmp_path / "read")
    first = answer("propose", folder, *words)
    (row,) = first["time_points"][0]["rows"]
    assert row["lesion"] == "L1"
    assert abs(float(row["long_axis_mm"]) - 40) < 5
    events = open_session(load_study(folder), tmp_path / "read").state.provenance
    assert events["baseline"]["survey"]["engine"] == "command"
    looked = [
        {"time_point": point, "name": "L1", "action": "accept"} for point in ("baseline", "follow-up 1")
    ]
    file = tmp_path / "looked.json"
    file.write_text(json.dumps({"reader": "R", "decisions": looked}), encoding="utf-8")
    done = answer("assess", folder, *words, "--decisions", file, "--accept-proposals-as", "R")
    candidates = [r for r in done["time_points"][1]["rows"] if r["kind"] == "candidate"]
    places = [np.rint(GRID.lps_to_index(r["evidence"]["place_lps"])) for r in candidates]
    assert any(np.abs(p - (18, 38, 36)).max() <= 1 for p in places)


def test_cancel_while_the_engine_looks(folder, tmp_path):
    session = open_session(load_study(folder), tmp_path / "read")
    stages: list[str] = []
    with pytest.raises(JobCancelledError):
        propose(session, Options(), lambda p: stages.append(p.stage), lambda: len(stages) > 1)
    assert stages[0] == "baseline: Reading the image"
    assert session.state.provenance == {}


def test_cancel_during_inference_ends_it(folder, tmp_path):
    """How fast, bench_cancel says: less than two seconds on a quiet machine."""
    looking = threading.Event()

    def watch(progress) -> None:
        if progress.stage in ("Finding the liver", "Segmenting"):
            looking.set()

    asked = Request(
        folder / "before.nrrd", device="cpu", parameters={"flips": True, "region": "whole", "overlap": 0.9}
    )
    outcome = run_engine("fcd", asked, tmp_path, watch, looking.is_set)
    assert outcome.ending is Ending.CANCELLED
    assert not list(tmp_path.glob("labels*")), "the engine was not ended, it came to its end"


def test_an_unknown_engine_is_refused_before_anything_is_done(folder, tmp_path):
    session = open_session(load_study(folder), tmp_path / "read")
    with pytest.raises(InputError, match="no engine 'magic'"):
        propose(session, Options(engine="magic"))
    with pytest.raises(InputError, match="no parameter 'speed'"):
        propose(session, Options(parameters={"speed": 1}))
    assert session.state.provenance == {}
