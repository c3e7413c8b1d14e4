"""When a report is written anew: by every command that changes its read."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from committees import password
from HCCResponseLib.cli.main import app
from HCCResponseLib.imaging.study import Study
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.imaging.write import write_volume
from HCCResponseLib.report.subject.output import write_outputs
from HCCResponseLib.report.subject.rewriting import report_folder, rewrite_report, stored_images
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.committee.assignments import assign
from HCCResponseLib.review.read.records import write_proposal
from HCCResponseLib.review.read.session import Session, load_images
from reads import BASELINE, FOLLOW_UP, GRID, disc, lesion, make_read

PROFILE = load_profile("recist-1.1")


def image(_: str = "") -> Volume:
    hu = np.full(GRID.size, -1000, np.int16)
    hu[:, 5:-5, 5:-5] = 100
    hu[disc(30)] = 40
    return Volume(hu, GRID, "ct")


@pytest.fixture
def desk(committee, tmp_path):
    """Ann's read of two images on disk, with its report in a folder of hers."""
    for name in ("0", "1"):
        write_volume(image(), tmp_path / f"{name}.nrrd")
    points = [
        {"name": name, "date": f"2024-0{n + 1}-01", "image": str(tmp_path / f"{n}.nrrd")}
        for n, name in enumerate((BASELINE, FOLLOW_UP))
    ]
    study = Study.model_validate({"subject": "S1", "profile": "recist-1.1", "timepoints": points})
    images, prints = load_images(study)
    assign(committee.store, committee.person("boss"), committee.people, study, prints, "ann", "RADIOLOGIST 1")
    own, _ = committee.open("ann", "S1-1")
    write_proposal(own, lesion(BASELINE, "L1", 40))
    own, state = committee.open("ann", "S1-1")
    write_outputs(Session(study, tmp_path / "out", own, state, images), with_category=False)
    return committee


def command(desk, *words, name="ann"):
    environment = {"HCC_RESPONSE_PASSWORD": password(name)}
    return CliRunner(env=environment).invoke(app, ["read", *map(str, words), "--as", name])


def decisions(tmp_path, point):
    path = tmp_path / f"{point}.json"
    entry = {"time_point": point, "name": "L1", "action": "accept"}
    path.write_text(json.dumps({"reader": "ann", "decisions": [entry]}), encoding="utf-8")
    return path


def test_every_command_that_changes_a_read_writes_its_report_anew_also_of_a_signed_one(desk, tmp_path):
    store, report = str(tmp_path / "reads.sqlite"), tmp_path / "out" / "report.html"
    assert "not decided</span>" in report.read_text(encoding="utf-8")
    done = command(desk, "decide", store, "S1-1", decisions(tmp_path, BASELINE))
    assert done.exit_code == 0, done.output
    assert f"Report: {report}" in done.stdout
    assert "accepted</span>" in report.read_text(encoding="utf-8")
    assert f"Report: {report}" in command(desk, "sign", store, "S1-1", BASELINE).stdout
    assert "Not signed yet, only baseline" in report.read_text(encoding="utf-8")
    write_proposal(desk.store.other("S1-1"), lesion(FOLLOW_UP, "L1", 20))
    assert command(desk, "decide", store, "S1-1", decisions(tmp_path, FOLLOW_UP)).exit_code == 0
    signed = command(desk, "sign", store, "S1-1", FOLLOW_UP, "--json")
    assert json.loads(signed.stdout)["report"] == str(report)
    assert "<b>Signed by Dr Ann</b>" in report.read_text(encoding="utf-8")
    before, head = report.read_bytes(), desk.store.other("S1-1").head()
    printed = command(desk, "report", store, "--pdf")
    assert printed.exit_code == 0, printed.output
    assert printed.stdout.splitlines() == [f"Report: {report}", f"PDF: {report.with_suffix('.pdf')}"]
    assert desk.store.other("S1-1").head() == head, "a signed read is not written to"
    assert command(desk, "verify", store).exit_code == 2, "verify takes no name"
    assert CliRunner().invoke(app, ["read", "verify", store]).exit_code == 0
    other = command(desk, "report", store, name="judge")
    assert "No report of 'S1-1' is yours; name a folder for it with --output." in " ".join(
        other.stderr.split()
    )
    assert command(desk, "report", store, "-o", tmp_path / "judged", name="judge").exit_code == 0
    assert "Dr Ann" not in (tmp_path / "judged" / "report.html").read_text(encoding="utf-8")
    old = report.with_suffix(".pdf").read_bytes()
    reason = ("--reason", "wrong lesion")
    amended = command(desk, "amend", store, "S1-1", FOLLOW_UP, *reason, name="boss")
    assert f"Report: {report}" in amended.stdout, amended.output
    assert "Dr Ann" not in (tmp_path / "judged" / "report.html").read_text(encoding="utf-8")
    assert b"Signed by Dr Ann</b>" in before and "Not signed yet" in report.read_text(encoding="utf-8")
    assert report.with_suffix(".pdf").read_bytes() != old, "no PDF of an earlier state stays beside it"


def test_a_report_that_cannot_be_written_anew_is_said_and_the_decision_stands(desk, tmp_path):
    store = str(tmp_path / "reads.sqlite")
    (tmp_path / "0.nrrd").unlink()
    done = command(desk, "decide", store, "S1-1", decisions(tmp_path, BASELINE), "--json")
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert said["time_points"] == [BASELINE] and said["report"] is None
    assert "0.nrrd" in said["report_problem"]


def test_a_report_of_another_read_in_the_same_folder_is_left_alone(desk, tmp_path):
    own, state = desk.open("ann", "S1-1")
    assert report_folder(own, state) == tmp_path / "out"
    (tmp_path / "out" / "report.html").write_text("of another read", encoding="utf-8")
    assert report_folder(own, state) is None
    said = command(desk, "report", str(tmp_path / "reads.sqlite")).stderr
    assert "No report of 'S1-1' lies on this computer; name a folder for it with --output." in " ".join(
        said.split()
    )


def test_another_image_under_the_same_name_makes_no_report(desk, tmp_path):
    own, state = desk.open("ann", "S1-1")
    write_volume(replace(image(), hu=image().hu + np.int16(1)), tmp_path / "0.nrrd")
    with pytest.raises(Exception, match="is not the image that was read at 'baseline'"):
        rewrite_report(own, state, tmp_path / "new")
    assert stored_images(state)(FOLLOW_UP).hu.shape == GRID.size


def test_a_radiologist_s_own_read_needs_no_name_and_no_place_for_its_report(tmp_path):
    folder = tmp_path / "own"
    for name in ("0", "1"):
        write_volume(image(), tmp_path / f"{name}.nrrd")
    store, _ = make_read(folder / "read.sqlite", [])
    points = [
        {"name": name, "date": f"2024-0{n + 1}-01", "image": str(tmp_path / f"{n}.nrrd")}
        for n, name in enumerate((BASELINE, FOLLOW_UP))
    ]
    study = Study.model_validate({"subject": "S1", "timepoints": points}).model_dump(mode="json")
    store.append("software", "study", {"study": study, "fingerprints": {}})
    write_proposal(store, lesion(BASELINE, "L1", 40))
    store.close()
    done = CliRunner().invoke(app, ["read", "report", str(folder), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["report"] == str(folder / "report.html")
    assert json.loads(done.stdout)["report_pdf"] is None
    none = CliRunner().invoke(app, ["read", "report", str(folder), "no-such-read"])
    assert "There is no read 'no-such-read'" in none.stderr
