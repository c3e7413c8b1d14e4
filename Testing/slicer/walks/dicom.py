"""DICOM: a study from the application's database, what was decided into it, and the decided read back from it."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import slicer

from walks.walk import BASELINE, FOLLOW_UP, close_the_read, new_folder, require, select_the_module

VISITS = {
    BASELINE: ("2024-01-01", {"L1": 30.0, "L2": 20.0}),
    FOLLOW_UP: ("2024-03-01", {"L1": 20.0, "L2": 12.0}),
}
_before = []


def a_database_with_two_visits(walk):
    from DICOMLib import DICOMUtils

    from HCCResponseLib.panel.self_test import draw_series

    folder = new_folder()
    draw_series(folder / "series", VISITS)
    _before.append(DICOMUtils.openTemporaryDatabase(str(folder / "database")))
    require(DICOMUtils.importDicom(str(folder / "series")), "the series were not imported")
    require(len(slicer.dicomDatabase.patients()) == 1, f"patients: {slicer.dicomDatabase.patients()}")


def its_series_are_listed(walk):
    ui = walk.ui
    ui.stepTabs.setCurrentWidget(ui.studyTab)
    ui.dicomSection.collapsed = False
    walk.turn(5)
    require("SELFTEST" in ui.dicomPatientCombo.currentText, ui.dicomPatientCombo.currentText)
    ui.dicomListButton.click()
    walk.wait_for_job()
    require(ui.dicomSeriesTable.rowCount == 2, f"{ui.dicomSeriesTable.rowCount} series")
    require(ui.dicomSubjectEdit.text == "SELFTEST", ui.dicomSubjectEdit.text)
    walk.picture("listed")


def the_study_is_made_and_opened(walk):
    walk.ui.readerEdit.setText("tutorial")
    walk.ui.folderEdit.setText(str(new_folder() / "read"))
    walk.ui.dicomCreateButton.click()
    walk.wait_for_job()
    require("Subject SELFTEST" in walk.ui.statusLabel.text, walk.ui.statusLabel.text)
    require(walk.read.points() == [BASELINE, FOLLOW_UP], f"visits: {walk.read.points()}")


def everything_is_decided(walk):
    from HCCResponseLib.panel.self_test import write_proposals

    write_proposals(walk.read.session.store, VISITS)
    walk.read.reload()
    for point in VISITS:
        walk.accept_all(point)
    require("PR" in walk.ui.categoryLabel.text, walk.ui.categoryLabel.text)


def into_the_database(walk):
    ui = walk.ui
    ui.stepTabs.setCurrentWidget(ui.signTab)
    ui.dicomExportSection.collapsed = False
    with walk.answering(True) as asked:
        ui.dicomExportButton.click()
        walk.wait_for_job()
    require(len(asked) == 1, f"asked: {asked}")
    require("7 objects are in the DICOM database" in ui.dicomExportLabel.text, ui.dicomExportLabel.text)
    require(len(_series()) == 9, f"{len(_series())} series in the database")


def and_back_from_it(walk):
    loader = slicer.modules.dicomPlugins["DICOMHCCResponsePlugin"]()
    files = [list(slicer.dicomDatabase.filesForSeries(uid)) for uid in _series()]
    found = loader.examineForImport(files)
    require(len(found) == 1 and "PR" in found[0].name, f"to load: {[one.name for one in found]}")
    before = walk.read.session.folder
    with _home():
        require(loader.load(found[0]), "it was not loaded")
    walk.wait_for_job()
    require(walk.read.session.folder != before, "no other read is open")
    require("PR" in walk.ui.categoryLabel.text, walk.ui.categoryLabel.text)
    require(walk.lesions(FOLLOW_UP) == ["L1", "L2"], f"lesions: {walk.lesions(FOLLOW_UP)}")


def the_own_database_comes_back(walk):
    from DICOMLib import DICOMUtils

    DICOMUtils.closeTemporaryDatabase(_before.pop())


def _series():
    database = slicer.dicomDatabase
    studies = [study for patient in database.patients() for study in database.studiesForPatient(patient)]
    return [uid for study in studies for uid in database.seriesForStudy(study)]


@contextmanager
def _home():
    """What is loaded goes into a folder of its own, never into the user's."""
    before = os.environ.get("HCC_RESPONSE_HOME")
    os.environ["HCC_RESPONSE_HOME"] = str(Path(tempfile.mkdtemp(prefix="hcc-home-")))
    try:
        yield
    finally:
        del os.environ["HCC_RESPONSE_HOME"]
        if before is not None:
            os.environ["HCC_RESPONSE_HOME"] = before


STEPS = (
    select_the_module,
    a_database_with_two_visits,
    its_series_are_listed,
    the_study_is_made_and_opened,
    everything_is_decided,
    into_the_database,
    and_back_from_it,
    close_the_read,
    the_own_database_comes_back,
)
