"""DICOM in the panel: a study from the application's database or a folder, and what was decided back into it."""

from collections import Counter
from pathlib import Path

import pytest
import yaml
from pydicom import dcmread

from archives import HERE, PASSWORD, USER, running
from dicom_corpus import Series, write
from dicom_series import write_volume_series
from HCCResponseLib.dicom.reading import read_report
from HCCResponseLib.imaging.study import load_image, load_study
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
)
from reads import BASELINE, FOLLOW_UP
from waiting import wait_until


def wait_for_the_job(slicer_app, panel):
    def ended():
        slicer_app.process()
        return not panel.panel.jobs.busy

    wait_until(ended)
    for _ in range(3):
        slicer_app.process()


@pytest.fixture
def patient(tmp_path):
    """Two visits, the first with two portal venous series and an arterial one."""
    home = tmp_path / "patient"
    write(home / "1" / "a", Series(name="ARTERIAL", number=2, count=70))
    write(home / "1" / "b", Series(name="PORTAL", number=3, count=70))
    write(home / "1" / "c", Series(name="PORTAL thick", number=4, count=70, step=5.0))
    write(home / "2", Series(name="PORTAL", day="20240501", count=70))
    return home


def put_into_database(*folders):
    import slicer

    for folder in folders:
        for file in sorted(folder.rglob("*.dcm")):
            slicer.dicomDatabase.insert_for_tests(file)


def listed(panel):
    table = panel.ui.dicomSeriesTable
    return [
        tuple(table.item(row, column).text() for column in range(table.columnCount))
        for row in range(table.rowCount)
    ]


def marked(panel):
    return [row[3] for row in listed(panel) if row[0]]


@pytest.fixture
def database(slicer_app, patient, tmp_path, request):
    """The panel with the patient in the application's database, and its series listed."""
    put_into_database(patient, write(tmp_path / "other", Series(patient="P-2", count=5)))
    panel = slicer_app.load_module(request.config.rootpath / "SlicerHCCResponse" / "HCCResponse.py")
    panel.ui.dicomSection.collapsed = False
    combo = panel.ui.dicomPatientCombo
    assert [combo.itemText(i) for i in range(combo.count)] == [
        "without a name, P-1 (2 studies)", "without a name, P-2 (1 study)",
    ]  # fmt: skip
    combo.setCurrentIndex(0)
    panel.ui.dicomListButton.click()
    wait_for_the_job(slicer_app, panel)
    return panel


def test_a_study_from_the_database_is_proposed_and_opened(slicer_app, database, tmp_path):
    ui = database.ui
    assert [row[1:] for row in listed(database)] == [
        ("2024-01-31", "arterial", "series 2 'ARTERIAL', 70 slices of 2.5 mm"),
        ("2024-01-31", "portal venous", "series 3 'PORTAL', 70 slices of 2.5 mm"),
        ("2024-01-31", "portal venous", "series 4 'PORTAL thick', 70 slices of 5 mm"),
        ("2024-05-01", "portal venous", "series 1 'PORTAL', 70 slices of 2.5 mm"),
    ]
    assert marked(database) == [
        "series 3 'PORTAL', 70 slices of 2.5 mm",
        "series 1 'PORTAL', 70 slices of 2.5 mm",
    ]
    assert ui.dicomSubjectEdit.text == "P-1"
    ui.dicomSeriesTable.setCurrentCell(1, 0)
    assert "portal venous" in ui.dicomWhyLabel.text and "kernel B30f" in ui.dicomWhyLabel.text
    ui.folderEdit.setText(str(tmp_path / "read"))
    ui.dicomCreateButton.click()
    wait_for_the_job(slicer_app, database)
    study = load_study(tmp_path / "read")
    assert [(p.name, str(p.date)) for p in study.timepoints] == [
        ("baseline", "2024-01-31"), ("follow-up 1", "2024-05-01"),
    ]  # fmt: skip
    assert "Subject P-1" in ui.statusLabel.text
    assert database.panel.presenter.session.study.subject == "P-1"
    assert load_image(study, study.timepoints[0]).hu.shape == (70, 40, 40)
    assert ui.studyEdit.text == str(tmp_path / "read" / "study.yaml")


def test_another_series_and_a_visit_left_out(slicer_app, database, tmp_path):
    ui = database.ui
    ui.dicomSeriesTable.setCurrentCell(2, 0)
    ui.dicomMeasureButton.click()
    assert marked(database)[0] == "series 4 'PORTAL thick', 70 slices of 5 mm"
    ui.dicomSeriesTable.setCurrentCell(3, 0)
    ui.dicomLeaveButton.click()
    assert marked(database) == ["series 4 'PORTAL thick', 70 slices of 5 mm"]
    ui.folderEdit.setText(str(tmp_path / "read"))
    ui.dicomSubjectEdit.setText("S-7")
    ui.dicomCreateButton.click()
    wait_for_the_job(slicer_app, database)
    study = load_study(tmp_path / "read")
    assert [p.name for p in study.timepoints] == ["baseline"] and study.subject == "S-7"
    assert load_image(study, study.timepoints[0]).geometry.spacing[0] == 5.0


def test_a_study_without_any_visit_or_folder_is_refused(slicer_app, database, tmp_path):
    ui = database.ui
    ui.dicomCreateButton.click()
    assert "folder of the read" in slicer_app.record.take_error_box()
    ui.folderEdit.setText(str(tmp_path / "read"))
    for row in (0, 3):
        ui.dicomSeriesTable.setCurrentCell(row, 0)
        ui.dicomLeaveButton.click()
    ui.dicomCreateButton.click()
    assert "at least one visit" in slicer_app.record.take_error_box()
    assert not (tmp_path / "read").exists()


def test_a_series_that_cannot_be_measured_on_is_refused_with_the_reason(slicer_app, panel, patient, tmp_path):
    write(
        patient / "1" / "m",
        Series(name="Liver MIP", number=9, count=70, tags={"ImageType": ["DERIVED", "PRIMARY", "MIP"]}),
    )
    slicer_app.record.answer("folder", str(patient))
    panel.ui.dicomSection.collapsed = False
    panel.ui.dicomFolderButton.click()
    wait_for_the_job(slicer_app, panel)
    (row,) = [i for i, r in enumerate(listed(panel)) if "MIP" in r[3]]
    panel.ui.dicomSeriesTable.setCurrentCell(row, 0)
    assert "maximum intensity projection" in panel.ui.dicomWhyLabel.text
    panel.ui.dicomMeasureButton.click()
    assert "maximum intensity projection" in slicer_app.record.take_error_box()


def test_a_folder_of_several_patients_asks_whose(slicer_app, panel, patient):
    write(patient / "other", Series(patient="P-2", count=70))
    slicer_app.record.answer("folder", str(patient))
    slicer_app.record.answer("choice", "P-2")
    panel.ui.dicomSection.collapsed = False
    panel.ui.dicomFolderButton.click()
    wait_until(lambda: slicer_app.process() or panel.ui.dicomSeriesTable.rowCount == 1)
    wait_for_the_job(slicer_app, panel)
    assert panel.ui.dicomSubjectEdit.text == "P-2"


def test_files_that_the_database_knows_and_that_are_gone_are_said(slicer_app, patient, request):
    put_into_database(patient)
    (patient / "1" / "b" / "069.dcm").unlink()
    panel = slicer_app.load_module(request.config.rootpath / "SlicerHCCResponse" / "HCCResponse.py")
    panel.ui.dicomSection.collapsed = False
    panel.ui.dicomListButton.click()
    wait_for_the_job(slicer_app, panel)
    assert marked(panel)[0] == "series 4 'PORTAL thick', 70 slices of 5 mm", "the whole one"
    panel.ui.dicomSeriesTable.setCurrentCell(1, 0)
    assert "cannot be read" in panel.ui.dicomWhyLabel.text and "069.dcm" in panel.ui.dicomWhyLabel.text


@pytest.mark.parametrize("gone", ["1/b/030.dcm", "1/b/069.dcm"])
def test_a_series_that_changed_since_it_was_listed_is_not_measured_on(
    slicer_app, database, patient, tmp_path, gone
):
    """Before, the study was made on another series, or on fewer slices, without a word."""
    (patient / gone).unlink()
    database.ui.folderEdit.setText(str(tmp_path / "read"))
    database.ui.dicomCreateButton.click()
    wait_for_the_job(slicer_app, database)
    assert "has changed since it was listed" in slicer_app.record.take_error_box()
    assert not (tmp_path / "read" / "study.yaml").exists()


def test_nobody_is_taken_where_the_question_whose_is_cancelled(slicer_app, panel, patient):
    write(patient / "other", Series(patient="", count=70))
    slicer_app.record.answer("folder", str(patient))
    slicer_app.record.answer("choice", "")
    panel.ui.dicomSection.collapsed = False
    panel.ui.dicomFolderButton.click()
    wait_for_the_job(slicer_app, panel)
    assert panel.ui.dicomSeriesTable.rowCount == 0
    slicer_app.record.answer("folder", str(patient))
    slicer_app.record.answer("choice", "(no patient ID)")
    panel.ui.dicomFolderButton.click()
    wait_until(lambda: slicer_app.process() or panel.ui.dicomSeriesTable.rowCount == 1)


def test_a_closed_database_and_an_empty_one(slicer_app, panel):
    import slicer

    panel.ui.dicomSection.collapsed = False
    assert panel.ui.dicomPatientCombo.count == 0 and not panel.ui.dicomListButton.isEnabled()
    slicer.dicomDatabase.closeDatabase()
    panel.ui.dicomSection.collapsed = True
    panel.ui.dicomSection.collapsed = False
    assert panel.ui.dicomPatientCombo.count == 0


# -- what was decided ----------------------------------------------------------------------------------------------

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


# -- and back ------------------------------------------------------------------------------------------------------


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


def test_other_objects_are_no_read(slicer_app, plugin, patient):
    import slicer

    slicer.app.startupCompleted.emit()
    files = tuple(str(f) for f in sorted((patient / "2").rglob("*.dcm")))
    assert plugin().examine([files]) == []
