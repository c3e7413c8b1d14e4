"""The whole way through an archive: stored there, fetched, opened, decided, written back, and known again elsewhere."""

import json
import tarfile

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from archives import HERE, PASSWORD, USER, running
from dicom_series import write_volume_series
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.main import app
from HCCResponseLib.dicom.reading import read_report
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.imaging.study import load_contour, load_image, load_study
from HCCResponseLib.imaging.volumes import LabelMap
from HCCResponseLib.imaging.write import write_label_map
from small import small_study, tiny_model

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not HERE, reason="Orthanc (Debian's orthanc and orthanc-dicomweb) is not installed"),
]
DAYS = ("20240115", "20240501")
SECRETS = {
    "PACS_PASSWORD": PASSWORD, "HCC_RESPONSE_PASSWORD": "quiet river stones",
    "HCC_RESPONSE_NEW_PASSWORD": "quiet river stones", "NO_PROXY": "127.0.0.1",
}  # fmt: skip


def command(*words, status=0):
    done = CliRunner().invoke(app, [str(word) for word in words], env=SECRETS)
    assert done.exit_code == status, f"{words}: {done.output}"
    return done


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """An empty archive, and the list of servers that names it."""
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HCC_RESPONSE_PEOPLE", str(tmp_path / "people.sqlite"))
    (tmp_path / "orthanc").mkdir()
    with running(tmp_path / "orthanc") as one:
        known = {"hospital": {"url": one.url, "user": USER, "password_env": "PACS_PASSWORD"}}
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "servers.yaml").write_text(yaml.safe_dump(known))
        yield one


def drawn_patient(folder):
    """Two visits of a drawn patient as DICOM, and the contour of the baseline's lesions."""
    drawn = load_study(small_study(folder / "drawn"))
    for number, (point, day) in enumerate(zip(drawn.timepoints, DAYS, strict=True), start=1):
        write_volume_series(folder / "patient" / day, load_image(drawn, point), day, number)
    return "P17", drawn.timepoints[0].contour.path


def real_patient(folder, data):
    """Two real visits as their archive exported them, and a ball in the liver for a contour."""
    with tarfile.open(data / "dicom_hcc007" / "hcc007_pre_dicom.tar.xz") as archive:
        # Debian's Python 3.11 is older than the argument.
        archive.extractall(
            folder / "patient", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {})
        )
    first = min(
        (read_volume(f) for f in {p.parent for p in folder.rglob("*.dcm")}), key=lambda v: v.study_date
    )
    grid = first.geometry
    middle = np.array([grid.size[0] / 2, grid.size[1] * 0.45, grid.size[2] * 0.35])
    index = np.stack(np.meshgrid(*map(np.arange, grid.size), indexing="ij"), axis=-1)
    ball = np.linalg.norm((index - middle) * grid.spacing, axis=-1) < 22
    write_label_map(LabelMap(ball.astype(np.uint8), grid), folder / "ball.nii.gz")
    return "HCC_007", folder / "ball.nii.gz"


def _decided(study, model):
    """Assess, accept lesions, dismiss candidates, sign."""
    words = ("assess", study / "study.yaml", "-o", study / "read", "--steps", "5", "--model", model)
    command(*words, status=1)  # it says what is not decided yet
    content = yaml.safe_load((study / "read" / "decisions.yaml").read_text())
    content["reader"] = "Dr A"
    for entry in content["decisions"]:
        dismissed = {"action": "dismiss", "reason": "vessel"}
        entry.update(dismissed if entry["name"].startswith("C") else {"action": "accept"})
    (study / "dr-a.yaml").write_text(yaml.safe_dump(content))
    command(*words, "--decisions", study / "dr-a.yaml")
    command("sign", study / "read", "--as", "dra", "--printed-name", "Dr A")


def test_from_the_archive_to_a_signed_category_and_back(archive, tmp_path):
    there_and_back(tmp_path, *drawn_patient(tmp_path))
    assert archive.count() > 7


def test_a_real_patient_goes_the_same_way(archive, tmp_path, real_data):
    there_and_back(tmp_path, *real_patient(tmp_path, real_data))
    assert archive.count() >= 21 + 5  # a lesion that is gone has neither contour nor key image


def there_and_back(tmp_path, patient, contour):
    """Store, fetch, open, decide, sign, export, store; then everything again from the archive alone."""
    result = decided_and_stored(tmp_path, patient, contour)
    # Somebody else, with nothing but the archive.
    command("pacs", "get", "hospital", "--patient", patient, "-o", tmp_path / "elsewhere")
    the_reports_say(tmp_path / "elsewhere", result)
    the_segmentation_is_a_contour(tmp_path)
    the_whole_read_comes_back(tmp_path, result)


def decided_and_stored(tmp_path, patient, contour):
    command("pacs", "store", "hospital", tmp_path / "patient")
    tiny_model(tmp_path / "tiny.pt")
    command("pacs", "get", "hospital", "--patient", patient, "-o", tmp_path / "images")
    command("open-dicom", tmp_path / "images", "-o", tmp_path / "study")
    give_contour(tmp_path / "study", path=contour)
    _decided(tmp_path / "study", tmp_path / "tiny.pt")
    command("export", "dicom", tmp_path / "study" / "read", "-o", tmp_path / "objects")
    command("pacs", "store", "hospital", tmp_path / "objects")
    return json.loads((tmp_path / "study" / "read" / "result.json").read_text())


def give_contour(study, **kind):
    file = study / "study.yaml"
    content = yaml.safe_load(file.read_text())
    content["timepoints"][0]["contour"] = {name: str(path) for name, path in kind.items()} | {
        "drawn_by": "Dr A"
    }
    file.write_text(yaml.safe_dump(content))


def the_reports_say(folder, result):
    """What was decided, in the structured reports among the files."""
    found = {}
    for path in folder.rglob("*.dcm"):
        try:
            report = read_report(path)
        except InputError:  # an image, or another object
            continue
        found[report.time_point] = report
    assert sorted(found) == ["baseline", "follow-up 1"]
    assert found["follow-up 1"].final
    assert found["follow-up 1"].categories[0].response == result["category"]
    for point in result["time_points"]:
        rows = {r["lesion"]: r["long_axis_mm"] for r in point["rows"] if r["kind"] == "lesion"}
        entries = found[point["name"]].lesions
        assert {e.name: None if e.long_axis is None else str(e.long_axis.mm) for e in entries} == rows


def the_segmentation_is_a_contour(tmp_path):
    """The baseline's, of a study of its own, with the same voxels."""
    command("open-dicom", tmp_path / "elsewhere", "-o", tmp_path / "again")
    give_contour(tmp_path / "again", dicom_seg=tmp_path / "objects" / "baseline-seg.dcm")
    study = load_study(tmp_path / "again")
    image = load_image(study, study.timepoints[0])
    labels, names = load_contour(study.timepoints[0], image)
    before, earlier = load_contour(load_study(tmp_path / "study").timepoints[0], image)
    assert sorted(names.values()) == sorted(earlier.values())
    for value, name in names.items():
        [other] = [v for v, n in earlier.items() if n == name]
        assert (labels.mask(value) == before.mask(other)).all()


def the_whole_read_comes_back(tmp_path, result):
    """Lesions, diameters, category, from the archive's objects."""
    home, model = tmp_path / "anew", tmp_path / "tiny.pt"
    told = json.loads(command("restore", tmp_path / "elsewhere", "-o", home, "--json").stdout)
    assert told["notes"] == []
    command("assess", home / "study.yaml", "-o", home, "--model", model)
    anew = json.loads((home / "result.json").read_text())
    assert anew["category"] == result["category"]
    for here, there in zip(anew["time_points"], result["time_points"], strict=True):
        rows, others = (
            [(r["lesion"], r["long_axis_mm"], r["state"]) for r in p["rows"] if r["kind"] == "lesion"]
            for p in (here, there)
        )
        assert rows == others
