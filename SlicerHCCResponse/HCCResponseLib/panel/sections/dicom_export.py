"""What was decided as DICOM: into the application's database, and into an archive."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import slicer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.panel import dicom_database
from HCCResponseLib.panel.context import Context, guarded, offer, soon
from HCCResponseLib.report.dicom.worker import WORKER, DicomRequest

_WHAT = "Contours (SEG), measurements (SR), key images and the report, for each time point in its own study."


class DicomExportSection:
    """Writes the objects and hands them on."""

    def __init__(self, context: Context) -> None:
        self._context, self._ui = context, context.ui
        self._said = ""
        self._no_archive = ""
        ui = self._ui
        ui.dicomExportSection.connect("contentsCollapsed(bool)", guarded(self._archives_shown))
        ui.dicomExportButton.connect("clicked()", guarded(self.into_database))
        ui.storeButton.connect("clicked()", guarded(self.store))
        self._archives_shown()

    def show(self) -> None:
        """What can be done now; a committee's reads go out by whom it has appointed, not by their reader."""
        ui, presenter, busy = self._ui, self._context.presenter, self._context.jobs.busy
        ui.dicomExportSection.setVisible(presenter.assigned is None)
        ui.dicomExportButton.setEnabled(not busy)
        ui.storeButton.setEnabled(not busy and ui.serverCombo.count > 0)
        ui.dicomExportLabel.setText("\n".join(part for part in (_WHAT, self._no_archive, self._said) if part))

    def forget(self) -> None:
        """Another read is shown, or none."""
        self._said = ""

    def _archives_shown(self) -> None:
        """Read the list of archives when somebody looks at it."""
        if self._ui.dicomExportSection.collapsed:
            return
        from HCCResponseLib.dicom.servers.config import load_servers

        names: list[str] = []
        self._no_archive = ""
        try:
            names = sorted(load_servers())
        except InputError as problem:
            self._no_archive = str(problem)
        offer(self._ui.serverCombo, names)
        self.show()

    def into_database(self) -> None:
        """Write the objects and add them to the application's database."""
        if not dicom_database.is_open():
            raise InputError("The application has no DICOM database open; the module DICOM makes one.")
        self._write("", self._add)

    def store(self) -> None:
        """Write the objects and store them in the chosen archive."""
        name = str(self._ui.serverCombo.currentText)
        self._write(name, lambda result: self._tell(_stored(name, result)))

    def _add(self, result: Mapping[str, Any]) -> None:
        dicom_database.add_folder(Path(str(result["folder"])))
        self._tell(f"{len(result['files'])} objects are in the DICOM database; copies in {result['folder']}")

    def _tell(self, words: str) -> None:
        self._said = words
        self.show()

    def _write(self, archive: str, then: Any) -> None:
        presenter = self._context.presenter
        presenter.finish_all()
        doubt = presenter.doubt()
        words = f"{doubt}\n\nWrite it as it is? The reports say that they are preliminary."
        if doubt and not slicer.util.confirmYesNoDisplay(words, windowTitle="HCC Response"):
            return
        session = presenter.session
        assert session is not None
        request = DicomRequest(
            study=session.study,
            folder=session.folder,
            by=presenter.reader.strip(),
            include_unsigned=bool(doubt),
            archive=archive,
        )
        self._tell("")
        self._context.jobs.start(WORKER, request, lambda result: soon(lambda: then(result)))
        self._context.refresh()


def _stored(name: str, result: Mapping[str, Any]) -> str:
    before = f", {result['there_before']} were there before" if result["there_before"] else ""
    return f"{result['stored']} objects stored in '{name}'{before}; copies in {result['folder']}"
