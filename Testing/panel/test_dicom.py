"""A study from the application's DICOM database, or from a folder, in the panel."""

import pytest

from dicom_corpus import Series, put_into_database, two_visits, write
from HCCResponseLib.imaging.study import load_image, load_study
from panel_case import (
    wait_for_the_job,
)
from waiting import wait_until


@pytest.fixture
def patient(tmp_path):
    """Two visits, the first with two portal venous series and an arterial one."""
    return two_visits(tmp_path / "patient")


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
