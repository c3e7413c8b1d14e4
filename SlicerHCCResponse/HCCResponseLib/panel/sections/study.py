"""Section 1: open a study from a folder or a study file, or make one from volumes in the scene."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import qt
import slicer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.new_study import visit_names
from HCCResponseLib.imaging.study import Study, load_study
from HCCResponseLib.panel.context import Context, choose_folder, fill, guarded
from HCCResponseLib.panel.scene.nodes import volume_from_node
from HCCResponseLib.presenter.open_read import Why
from HCCResponseLib.presenter.study_files import NewPoint, write_study
from HCCResponseLib.presenter.view import PanelView

DEFAULT_FOLDER = "hcc-response-read"


class StudySection:
    """Reader, study, time points."""

    def __init__(
        self,
        context: Context,
        opened: Callable[[Study, Path, Why], None],
        shown: Callable[[], None],
        closed: Callable[[], None],
    ) -> None:
        self._context, self._ui = context, context.ui
        self._opened, self._shown = opened, shown
        self._new: list[NewPoint] = []
        ui = self._ui
        ui.openButton.connect("clicked()", guarded(self.open))
        ui.closeButton.connect("clicked()", guarded(closed))
        ui.studyBrowseButton.connect("clicked()", guarded(self._browse_study))
        ui.folderBrowseButton.connect("clicked()", guarded(self._browse_folder))
        ui.addPointButton.connect("clicked()", guarded(self.add_point))
        ui.removePointButton.connect("clicked()", guarded(self.remove_point))
        ui.createStudyButton.connect("clicked()", guarded(self.create))
        ui.openAssignedButton.connect("clicked()", guarded(self.open_assigned))
        ui.readerEdit.connect("textChanged(QString)", guarded(self._reader))
        self._reader()

    def show(self, view: PanelView | None) -> None:
        """Show the time points of the open study, or that none is open."""
        ui = self._ui
        ui.closeButton.setEnabled(view is not None)
        if view is None:
            ui.statusLabel.setText("No study is open.")
            fill(ui.timePointTable, [])
            ui.remarksLabel.setText("")
            ui.waitsLabel.setVisible(False)
            return
        ui.statusLabel.setText(
            f"Subject {view.subject}, criterion {self._context.presenter.profile.criterion}"
        )
        fill(ui.timePointTable, [(p.name, p.date, p.phase, p.state) for p in view.time_points])
        waits = [f"{p.name}: {p.waits}." for p in view.time_points if p.waits]
        ui.waitsLabel.setText("\n".join(waits))
        ui.waitsLabel.setVisible(bool(waits))
        remarks = [f"{p.name}: {remark}" for p in view.time_points for remark in p.remarks]
        ui.remarksLabel.setText("\n".join([*self._context.presenter.remarks, *remarks]))

    def _reader(self) -> None:
        self._context.presenter.reader = str(self._ui.readerEdit.text)

    def _browse_study(self) -> None:
        found = qt.QFileDialog.getOpenFileName(None, "Choose a study file", "", "Study (*.yaml *.yml)")
        if found:
            self._ui.studyEdit.setText(found)

    def _browse_folder(self) -> None:
        choose_folder(self._ui.folderEdit, "Folder of the read")

    def open(self) -> None:
        """Open the study that is named; the read lies beside it when no folder is given."""
        text = self._ui.studyEdit.text.strip()
        if not text:
            raise InputError("Name a study file (study.yaml) or the folder that holds it.")
        path = Path(text)
        study = load_study(path)
        self.open_in(study, self._folder_beside(path))

    def open_assigned(self) -> None:
        """Sign in and open a committee's read; the password leaves the box whatever happens."""
        ui = self._ui
        password = ui.assignedPasswordEdit.text
        ui.assignedPasswordEdit.setText("")
        path, store, read_id = (e.text.strip() for e in (ui.studyEdit, ui.storeEdit, ui.readIdEdit))
        study = Path(path)
        folder = self._folder_beside(study)
        self._context.presenter.open_assigned(load_study(study), folder, store, read_id, password)
        self._shown()

    def _folder_beside(self, study: Path) -> Path:
        """The folder that is named for the read; without one a folder beside the study, which is named then."""
        if not self._ui.folderEdit.text.strip():
            place = study if study.is_dir() else study.parent
            self._ui.folderEdit.setText(str(place / DEFAULT_FOLDER))
        return Path(self._ui.folderEdit.text.strip())

    # -- a new study ------------------------------------------------------------------------------------------

    def add_point(self) -> None:
        """Take the chosen volume as a time point."""
        node = self._ui.volumeSelector.currentNode()
        if node is None:
            raise InputError("Load a CT volume first and choose it.")
        day = date.fromisoformat(self._ui.dateEdit.date.toString("yyyy-MM-dd"))
        if any(p.date == day for p in self._new):
            raise InputError(f"There is a time point on {day} already; two time points need two dates.")
        self._new.append(NewPoint(day, self._ui.phaseCombo.currentText, volume_from_node(node)))
        self._show_new()

    def remove_point(self) -> None:
        """Take the selected time point off the list."""
        row = self._ui.newPointTable.currentRow()
        if 0 <= row < len(self._new):
            del self._new[row]
            self._show_new()

    def _show_new(self) -> None:
        self._new.sort(key=lambda p: p.date)
        names = visit_names(len(self._new))
        rows = [
            (n, p.date.isoformat(), p.phase, p.image.source) for n, p in zip(names, self._new, strict=True)
        ]
        fill(self._ui.newPointTable, rows)

    def create(self) -> None:
        """Write the new study into the folder of the read and open it."""
        text = self._ui.folderEdit.text.strip()
        if not text:
            raise InputError("Choose the folder of the read first; the new study is written into it.")
        folder = Path(text)
        study = write_study(
            folder, self._ui.subjectEdit.text.strip(), self._ui.profileCombo.currentText, self._new
        )
        self._new.clear()
        self._show_new()
        self._ui.studyEdit.setText(str(folder / "study.yaml"))
        self.open_in(study, folder)

    def open_in(self, study: Study, folder: Path) -> None:
        """Open the read of a study in a folder."""
        self._opened(study, folder, _why_the_new_profile)


def _why_the_new_profile(told: str) -> str:
    """Ask whether a read goes on under the profile that has changed, and why."""
    words = (
        f"{told}\n\nGo on under the new one? What was decided stays, and the log keeps what has changed and why. "
        "No: the read keeps the profile that it was begun under."
    )
    if not slicer.util.confirmYesNoDisplay(words, windowTitle="HCC Response"):
        return ""
    return str(qt.QInputDialog.getText(None, "HCC Response", "Why under the new profile?")).strip()
