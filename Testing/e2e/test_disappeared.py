"""``--accept-proposals-as`` never accepts that a lesion has disappeared: only a reader who looked says so."""

import json

import numpy as np
import pytest

from commands import run
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.imaging.write import write_label_map, write_volume
from shapes import ball

GRID = Geometry((24, 48, 48), (5.0, 3.0, 3.0))
POINTS = ("baseline", "follow-up 1")


def body():
    return ball(GRID.size, (12, 24, 24), 20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two visits with contours of the reader's own; the second one leaves L2 out."""
    made = tmp_path_factory.mktemp("study")
    first, second = ball(GRID.size, (12, 16, 16), 4), ball(GRID.size, (12, 32, 32), 4)
    entries = []
    for number, (name, labels) in enumerate(zip(POINTS, (first + 2 * second, first), strict=True)):
        hu = np.where(body(), 60, -1000).astype(np.int16)
        write_volume(Volume(hu, GRID, "ct"), made / f"{number}.nii.gz")
        write_label_map(LabelMap(labels.astype(np.uint8), GRID), made / f"{number}-drawn.nii.gz")
        lesions = {1: "L1", 2: "L2"} if number == 0 else {1: "L1"}
        contour = {"path": f"{number}-drawn.nii.gz", "drawn_by": "Dr A", "lesions": lesions}
        entry = {"name": name, "date": f"2026-0{number + 1}-01", "image": f"{number}.nii.gz"}
        entries.append({**entry, "contour": contour})
    study = {"subject": "S1", "profile": "recist-1.1", "timepoints": entries}
    (made / "study.yaml").write_text(json.dumps(study), encoding="utf-8")
    return made


def test_blanket_acceptance_lists_what_has_disappeared_and_a_decisions_file_decides_it(folder, tmp_path):
    words = ("assess", folder, "--output", tmp_path / "read", "--accept-proposals-as", "R")
    done = run(*words)
    assert done.returncode == 1
    said = " ".join(done.stderr.split())
    assert "follow-up 1: lesion L2 is proposed as disappeared" in said
    assert "decisions file" in said
    assert json.loads((tmp_path / "read" / "result.json").read_text(encoding="utf-8"))["category"] is None
    looked = {"time_point": "follow-up 1", "name": "L2", "action": "accept"}
    file = tmp_path / "looked.yaml"
    file.write_text(json.dumps({"reader": "Dr A", "decisions": [looked]}), encoding="utf-8")
    done = run(*words, "--decisions", file)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "read" / "result.json").read_text(encoding="utf-8"))["category"] == "PR"
