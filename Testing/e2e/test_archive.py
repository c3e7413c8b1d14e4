"""The whole way through an archive: stored there, fetched, opened, decided, written back, and known again elsewhere."""

import json

import pytest
import yaml
from typer.testing import CliRunner

from archives import HERE, PASSWORD, USER, running
from dicom_series import write_volume_series
from HCCResponseLib.cli.main import app
from HCCResponseLib.dicom.reading import read_report
from HCCResponseLib.imaging.study import load_contour, load_image, load_study
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
    """An archive that holds two visits of a drawn patient, and the list of servers that names it."""
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HCC_RESPONSE_PEOPLE", str(tmp_path / "people.sqlite"))
    drawn = load_study(small_study(tmp_path / "drawn"))
    for number, (point, day) in enumerate(zip(drawn.timepoints, DAYS, strict=True), start=1):
        write_volume_series(tmp_path / "patient" / day, load_image(drawn, point), day, number)
    (tmp_path / "orthanc").mkdir()
    with running(tmp_path / "orthanc") as one:
        known = {"hospital": {"url": one.url, "user": USER, "password_env": "PACS_PASSWORD"}}
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "servers.yaml").write_text(yaml.safe_dump(known))
        command("pacs", "store", "hospital", tmp_path / "patient")
        yield drawn


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
    tiny_model(tmp_path / "tiny.pt")
    command("pacs", "get", "hospital", "--patient", "P17", "-o", tmp_path / "images")
    command("open-dicom", tmp_path / "images", "-o", tmp_path / "study")
    content = yaml.safe_load((tmp_path / "study" / "study.yaml").read_text())
    content["timepoints"][0]["contour"] = {
        "path": str(archive.timepoints[0].contour.path),
        "drawn_by": "Dr A",
    }
    (tmp_path / "study" / "study.yaml").write_text(yaml.safe_dump(content))
    _decided(tmp_path / "study", tmp_path / "tiny.pt")
    command("export", "dicom", tmp_path / "study" / "read", "-o", tmp_path / "objects")
    command("pacs", "store", "hospital", tmp_path / "objects")

    # Somebody else, with nothing but the archive.
    command("pacs", "get", "hospital", "--patient", "P17", "-o", tmp_path / "elsewhere")
    named = {p.stem: p for p in (tmp_path / "elsewhere").rglob("*.dcm")}
    found = {}
    for path in named.values():
        try:
            report = read_report(path)
        except Exception:
            continue
        found[report.time_point] = report
    result = json.loads((tmp_path / "study" / "read" / "result.json").read_text())
    assert sorted(found) == ["baseline", "follow-up 1"]
    assert found["follow-up 1"].final
    assert found["follow-up 1"].categories[0].response == result["category"]
    for point in result["time_points"]:
        rows = {r["lesion"]: r["long_axis_mm"] for r in point["rows"] if r["kind"] == "lesion"}
        entries = found[point["name"]].lesions
        assert {e.name: None if e.long_axis is None else str(e.long_axis.mm) for e in entries} == rows

    # The baseline's segmentation is a contour of a study of its own, with the same voxels.
    command("open-dicom", tmp_path / "elsewhere", "-o", tmp_path / "again")
    content = yaml.safe_load((tmp_path / "again" / "study.yaml").read_text())
    content["timepoints"][0]["contour"] = {
        "dicom_seg": str(tmp_path / "objects" / "baseline-seg.dcm"), "drawn_by": "Dr A",
    }  # fmt: skip
    (tmp_path / "again" / "study.yaml").write_text(yaml.safe_dump(content))
    study = load_study(tmp_path / "again")
    image = load_image(study, study.timepoints[0])
    labels, names = load_contour(study.timepoints[0], image)
    before, earlier = load_contour(load_study(tmp_path / "study").timepoints[0], image)
    assert sorted(names.values()) == sorted(earlier.values())
    for value, name in names.items():
        [other] = [v for v, n in earlier.items() if n == name]
        assert (labels.mask(value) == before.mask(other)).all()
