"""What was decided, from the panel into the application's DICOM database and archives, and loaded back from there."""

from collections import Counter
from pathlib import Path

import pytest
import yaml
from pydicom import dcmread

from archives import HERE, PASSWORD, USER, running
from dicom_corpus import Series, put_into_database, write
from dicom_series import write_volume_series
from HCCResponseLib.dicom.reading import read_report
from HCCResponseLib.report.dicom.worker import FOLDER
from HCCResponseLib.review.read.category import category as evaluate
from HCCResponseLib.review.read.profile import profile_of
from panel_case import (
    decide_everything,
    default_proposals,
    draw,
    make_account,
    open_case,
    sign,
    store_proposals,
    wait_for_the_job,
)
from reads import BASELINE, FOLLOW_UP

WRITTEN = {"SEG": 2, "SR": 2, "KO": 2, "DOC": 1}


@pytest.fixture
def decided(slicer_app, panel, tmp_path, monkeypatch):
    """A read of DICOM series in which everything is decided, and nothing signed."""
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(tmp_path / "home"))
    folder, proposals = tmp_path / "case", default_proposals()
    points = []
    for number, (point, day) in enumerate(((BASELINE, "20240115"), (FOLLOW_UP, "20240501"))):
        write_volume_series(folder / str(number), draw(proposals, point, number), day, number + 1)
        date = f"{day[:4]}-{day[4:6]}-{day[6:]}"
        points.append({"name": point, "date": date, "image": str(number), "phase": "portal venous"})
    content = {"subject": "P17", "profile": "recist-1.1", "timepoints": points}
    (folder / "study.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    store_proposals(folder / "study.yaml", folder / "read", proposals)
    open_case(panel, folder, make=False)
    decide_everything(panel)
    panel.ui.dicomExportSection.collapsed = False
    return panel


def overall(panel):
    """The category of the read that is open."""
    session = panel.panel.presenter.session
    return evaluate(session.state, profile_of(session.store, session.state)).latest.overall


def sign_all(panel):
    make_account(panel)
    for _ in range(2):
        sign(panel)


def test_what_was_decided_goes_into_the_database(slicer_app, decided):
    import slicer

    sign_all(decided)
    wait_for_the_job(slicer_app, decided)
    decided.ui.dicomExportButton.click()
    wait_for_the_job(slicer_app, decided)
    database = slicer.dicomDatabase
    (patient,) = database.patients()
    files = [f for study in database.studiesForPatient(patient) for uid in database.seriesForStudy(study)
             for f in database.filesForSeries(uid)]  # fmt: skip
    headers = [dcmread(f, stop_before_pixels=True) for f in files]
    assert Counter(h.Modality for h in headers) == WRITTEN
    assert {h.PatientID for h in headers} == {"P17"} and len(database.studiesForPatient(patient)) == 2
    assert "7 objects are in the DICOM database" in decided.ui.dicomExportLabel.text
    (last,) = [
        f for f, h in zip(files, headers, strict=True) if h.Modality == "SR" and h.StudyDate == "20240501"
    ]
    report = read_report(Path(last))
    assert {one.name for one in report.lesions} == {"L1", "L2"} and report.final
    assert report.categories[0].response == overall(decided).value


def test_an_unsigned_read_is_written_only_on_demand_and_says_so(slicer_app, decided):
    folder = decided.panel.presenter.session.folder / FOLDER
    slicer_app.record.answer("question", False)
    decided.ui.dicomExportButton.click()
    assert not decided.panel.jobs.busy and not folder.exists()
    slicer_app.record.answer("question", True)
    decided.ui.dicomExportButton.click()
    wait_for_the_job(slicer_app, decided)
    (report,) = folder.glob("follow-up*-sr.dcm")
    assert not read_report(report).final


def test_images_that_are_no_dicom_are_refused_with_a_sentence(slicer_app, case):
    import slicer

    case.ui.dicomExportSection.collapsed = False
    decide_everything(case)
    slicer_app.record.answer("question", True)
    case.ui.dicomExportButton.click()
    wait_for_the_job(slicer_app, case)
    assert "DICOM" in slicer_app.record.take_error_box()
    assert slicer.dicomDatabase.patients() == ()
    slicer.dicomDatabase.closeDatabase()
    case.ui.dicomExportButton.click()
    assert "no DICOM database open" in slicer_app.record.take_error_box()


def test_without_archives_the_button_waits_and_says_how_to_name_one(slicer_app, decided):
    assert not decided.ui.storeButton.isEnabled()
    assert "servers.yaml" in decided.ui.dicomExportLabel.text


@pytest.mark.slow
@pytest.mark.skipif(not HERE, reason="Orthanc (Debian's orthanc and orthanc-dicomweb) is not installed")
def test_what_was_decided_goes_into_an_archive(slicer_app, decided, tmp_path, monkeypatch):
    monkeypatch.setenv("PACS_PASSWORD", PASSWORD)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "orthanc").mkdir()
    (tmp_path / "home").mkdir(exist_ok=True)
    sign_all(decided)
    wait_for_the_job(slicer_app, decided)
    with running(tmp_path / "orthanc") as archive:
        known = {"hospital": {"url": archive.url, "user": USER, "password_env": "PACS_PASSWORD"}}
        (tmp_path / "home" / "servers.yaml").write_text(yaml.safe_dump(known))
        decided.ui.dicomExportSection.collapsed = True
        decided.ui.dicomExportSection.collapsed = False
        assert decided.ui.serverCombo.currentText == "hospital"
        decided.ui.storeButton.click()
        wait_for_the_job(slicer_app, decided)
        assert archive.count() == sum(WRITTEN.values())
        assert "7 objects stored in 'hospital'" in decided.ui.dicomExportLabel.text
        monkeypatch.setenv("PACS_PASSWORD", "wrong")
        decided.ui.storeButton.click()
        wait_for_the_job(slicer_app, decided)
        assert "hospital" in slicer_app.record.take_error_box()


@pytest.fixture
def plugin(slicer_app):
    """As the application registers it at its start."""
    import slicer

    yield lambda: slicer.modules.dicomPlugins["DICOMHCCResponsePlugin"]()
    slicer.modules.dicomPlugins.clear()


def test_a_decided_read_is_loaded_from_the_database(slicer_app, plugin, decided, tmp_path):
    import slicer

    slicer.app.startupCompleted.emit()
    sign_all(decided)
    wait_for_the_job(slicer_app, decided)
    put_into_database(tmp_path / "case" / "0", tmp_path / "case" / "1")
    decided.ui.dicomExportButton.click()
    wait_for_the_job(slicer_app, decided)
    was = {p: dict(rows) for p, rows in decided.panel.presenter.state.rows.items()}
    category = overall(decided)
    decided.ui.closeButton.click()

    database, loader = slicer.dicomDatabase, plugin()
    (patient,) = database.patients()
    series = [uid for study in database.studiesForPatient(patient) for uid in database.seriesForStudy(study)]
    (found,) = loader.examineForImport([database.filesForSeries(uid) for uid in series])
    assert "RECIST 1.1 by dr.a, follow-up 1" in found.name and found.selected and found.confidence > 0.9
    assert len(found.files) == 2
    assert loader.load(found)
    wait_for_the_job(slicer_app, decided)
    presenter = decided.panel.presenter
    assert set(slicer_app.record.selected_modules) == {"HCCResponse"}
    assert presenter.session.folder.parent == tmp_path / "home" / "restored"
    assert overall(decided) == category
    assert {n: r.long_mm for n, r in presenter.state.rows[FOLLOW_UP].items()} == {
        n: r.long_mm for n, r in was[FOLLOW_UP].items() if n.startswith("L")
    }
    assert "Subject P17" in decided.ui.statusLabel.text
    # Once more is another read beside it.
    assert loader.load(found)
    wait_for_the_job(slicer_app, decided)
    assert len(list((tmp_path / "home" / "restored").iterdir())) == 2


def test_without_the_images_of_a_read_it_says_what_is_missing(slicer_app, plugin, decided):
    import slicer

    slicer.app.startupCompleted.emit()
    slicer_app.record.answer("question", True)
    decided.ui.dicomExportButton.click()
    wait_for_the_job(slicer_app, decided)
    before = decided.panel.presenter.session
    database, loader = slicer.dicomDatabase, plugin()
    series = [u for s in database.studiesForPatient("1") for u in database.seriesForStudy(s)]
    (found,) = loader.examineForImport([database.filesForSeries(uid) for uid in series])
    assert "preliminary" in found.name
    loader.load(found)
    wait_for_the_job(slicer_app, decided)
    assert "Fetch the images" in slicer_app.record.take_error_box()
    assert decided.panel.presenter.session is before


def test_other_objects_are_no_read(slicer_app, plugin, tmp_path):
    import slicer

    slicer.app.startupCompleted.emit()
    files = tuple(str(f) for f in sorted(write(tmp_path / "ct", Series(count=5)).iterdir()))
    assert plugin().examine([files]) == []
