"""A new study from DICOM: from the application's database or a folder, with one series proposed for every visit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qt
import slicer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.dicom.catalogue.worker import WORKER, CatalogueRequest
from HCCResponseLib.imaging.study import Study, load_study
from HCCResponseLib.panel import dicom_database
from HCCResponseLib.panel.context import Context, fill, fit_height, guarded, offer, soon
from HCCResponseLib.presenter.dicom_study import DicomStudy, new_folder
from HCCResponseLib.report.dicom.restore_worker import WORKER as RESTORE
from HCCResponseLib.report.dicom.restore_worker import RestoreRequest

if TYPE_CHECKING:
    from HCCResponseLib.dicom.decided import DecidedRead

_MARK = "\N{BLACK CIRCLE}"
_MOST_ROWS = 9
_NOTHING = "Choose a patient of the DICOM database, or a folder of DICOM files."


class DicomStudySection:
    """Patients, their series, and the study that is made of them.

    Args:
        opened: opens a study whose read lies in a folder.
    """

    def __init__(self, context: Context, opened: Callable[[Study, Path], None]) -> None:
        self._context, self._ui, self._opened = context, context.ui, opened
        self._study = DicomStudy()
        self._patients: list[dicom_database.Patient] = []
        ui = self._ui
        ui.dicomSection.connect("contentsCollapsed(bool)", guarded(self._patients_shown))
        ui.dicomListButton.connect("clicked()", guarded(self.list_patient))
        ui.dicomFolderButton.connect("clicked()", guarded(self.list_folder))
        ui.dicomSeriesTable.connect("itemSelectionChanged()", guarded(self._why))
        ui.dicomMeasureButton.connect("clicked()", guarded(self.measure_on))
        ui.dicomLeaveButton.connect("clicked()", guarded(self.leave_out))
        ui.dicomCreateButton.connect("clicked()", guarded(self.create))
        self._patients_shown()
        self._fill()

    def show(self) -> None:
        """What can be done now. Who reads for a committee is shown no names of patients."""
        ui, busy = self._ui, self._context.jobs.busy
        ui.dicomSection.setVisible(self._context.presenter.assigned is None)
        ui.dicomListButton.setEnabled(not busy and bool(self._patients))
        ui.dicomFolderButton.setEnabled(not busy)
        listed = not busy and bool(self._study.rows())
        for button in (ui.dicomMeasureButton, ui.dicomLeaveButton, ui.dicomCreateButton):
            button.setEnabled(listed)

    def _patients_shown(self) -> None:
        """The database may have got others since."""
        if not self._ui.dicomSection.collapsed:
            self._patients = dicom_database.patients()
            offer(self._ui.dicomPatientCombo, [one.words for one in self._patients])
            self.show()

    def list_patient(self) -> None:
        """List the series of the chosen patient."""
        if not self._patients:
            raise InputError(
                "The DICOM database holds no patient; import files in the module DICOM, or take a folder."
            )
        patient = self._patients[self._ui.dicomPatientCombo.currentIndex]
        self._list(self._study.ask_files(dicom_database.files_of(patient.key)))

    def list_folder(self) -> None:
        """List the series of a folder of files."""
        found = qt.QFileDialog.getExistingDirectory(None, "Folder of DICOM files")
        if found:
            self._list(self._study.ask_folder(Path(found)))

    def _list(self, request: CatalogueRequest) -> None:
        self._study.clear()
        self._fill()
        self._context.jobs.start(WORKER, request, self._listed)
        self._context.refresh()

    def _listed(self, result: Mapping[str, Any]) -> None:
        if "patients" in result:
            soon(lambda: self._ask_patient(list(result["patients"])))
            return
        self._study.take(result)
        self._ui.dicomSubjectEdit.setText(self._study.patient)
        self._fill()
        self._context.refresh()
        # The list has grown below the end of the page.
        soon(lambda: self._ui.studyTab.ensureWidgetVisible(self._ui.dicomCreateButton))

    def _ask_patient(self, patients: list[str]) -> None:
        """A folder may hold several; which of them."""
        words = f"The files are of {len(patients)} patients. Whose are meant?"
        named = {one or "(no patient ID)": one for one in patients}
        chosen = str(qt.QInputDialog.getItem(None, "HCC Response", words, list(named), 0, False) or "")
        if chosen in named:
            self._list(self._study.ask_patient(named[chosen]))

    # -- which series ----------------------------------------------------------------------------------------

    def _fill(self) -> None:
        table, row = self._ui.dicomSeriesTable, self._ui.dicomSeriesTable.currentRow()
        rows = [(_MARK if r.measured else "", r.day, r.phase, r.words) for r in self._study.rows()]
        fill(table, rows)
        # One line more, for the bar below that brings the end of long descriptions into sight.
        fit_height(table, len(rows) + 1, _MOST_ROWS)
        if 0 <= row < len(rows):
            table.setCurrentCell(row, 0)
        self._why()

    def _why(self) -> None:
        """What speaks for the selected series, or what was met beside all of them."""
        rows, row = self._study.rows(), self._ui.dicomSeriesTable.currentRow()
        words = rows[row].why if 0 <= row < len(rows) else self._study.beside
        if not rows:
            words = _NOTHING
        self._ui.dicomWhyLabel.setText(words)

    def _selected(self) -> int:
        row = int(self._ui.dicomSeriesTable.currentRow())
        if not 0 <= row < len(self._study.rows()):
            raise InputError("Select a series in the list first.")
        return row

    def measure_on(self) -> None:
        """Measure the visit on the selected series."""
        self._study.measure_on(self._selected())
        self._fill()

    def leave_out(self) -> None:
        """Leave the visit of the selected day out."""
        self._study.leave_out(self._selected())
        self._fill()

    def create(self) -> None:
        """Write the study into the folder of the read, and open it."""
        ui, place = self._ui, self._study.place
        if place is not None and not ui.folderEdit.text.strip():
            ui.folderEdit.setText(str(place / "hcc-response-output"))
        text = ui.folderEdit.text.strip()
        if not text:
            raise InputError(
                "Choose the folder of the read first ('Read in'); the new study is written into it."
            )
        folder, subject = Path(text), ui.dicomSubjectEdit.text.strip()
        request = self._study.ask_study(folder, subject, ui.dicomProfileCombo.currentText)
        self._context.jobs.start(WORKER, request, lambda result: soon(lambda: self._created(result, folder)))
        self._context.refresh()

    # -- a read that was decided before -----------------------------------------------------------------------

    def restore(self, patient: str, read: DecidedRead) -> None:
        """Make a read anew from the objects of a patient of the database, and open it."""
        if self._context.presenter.assigned is not None:
            raise InputError("An assigned read is open; close it first.")
        folder = new_folder(read)
        request = RestoreRequest(files=dicom_database.files_of(patient), uid=read.uid, folder=folder)
        self._context.jobs.start(
            RESTORE, request, lambda result: soon(lambda: self._restored(result, folder))
        )
        self._context.refresh()

    def _restored(self, result: Mapping[str, Any], folder: Path) -> None:
        self._ui.folderEdit.setText(str(folder))
        self._ui.studyEdit.setText(str(result["study"]))
        self._opened(load_study(Path(str(result["study"]))), folder)
        if slicer.util.mainWindow() is not None:
            # The module DICOM may have gone elsewhere after loading.
            slicer.util.selectModule("HCCResponse")
        if result["notes"]:
            words = "The new read differs from its reports:\n" + "\n".join(result["notes"])
            slicer.util.warningDisplay(words, windowTitle="HCC Response")

    def _created(self, result: Mapping[str, Any], folder: Path) -> None:
        self._ui.studyEdit.setText(str(result["study"]))
        self._study.clear()
        self._fill()
        self._opened(load_study(Path(str(result["study"]))), folder)
