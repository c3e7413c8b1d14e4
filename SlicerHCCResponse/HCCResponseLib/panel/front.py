"""What is seen of the panel before it is used: selecting the module loads neither databases nor image libraries.

Most of the library is imported by the first press on a button of the Study section, which has work to wait for anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
import slicer

from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.panel.context import fill, offer

_BUTTONS = (
    "openButton", "closeButton", "studyBrowseButton", "folderBrowseButton", "addPointButton", "removePointButton",
    "createStudyButton", "openAssignedButton", "dicomListButton", "dicomFolderButton",
)  # fmt: skip
_NEED_A_READ = ("segment", "lesion", "view", "adapt", "candidate", "response", "sign")
_NOT_YET = (
    "jobFrame", "waitsLabel", "offerFrame", "draftFrame", "shownFrame", "shownTools", "weightsLabel", "weightsEdit",
    "weightsBrowseButton",
    "settingsLabel", "settingsEdit", "questionLabel", "questionCombo", "questionButton", "categoryLabel",
    "criteriaTable", "sumTable", "parallelLabel", "traceText",
)  # fmt: skip


class Front:
    """Fills the Study section and waits for a press on one of its buttons.

    Args:
        build: makes the panel behind it, whose sections then answer the same buttons.
    """

    def __init__(self, ui: Any, build: Callable[[], object]) -> None:
        self._ui, self._build = ui, build
        self._waiting = True
        ui.dateEdit.setDate(qt.QDate.currentDate())
        for combo in (ui.profileCombo, ui.dicomProfileCombo):
            offer(combo, sorted(p.stem for p in resource_path("Profiles").glob("*.yaml")))
            combo.setCurrentText("recist-1.1")
        ui.statusLabel.setText("No study is open.")
        fill(ui.timePointTable, [])
        ui.closeButton.setEnabled(False)
        for name in _NEED_A_READ:
            getattr(ui, f"{name}Section").setEnabled(False)
        for name in _NOT_YET:
            getattr(ui, name).setVisible(False)
        for name in _BUTTONS:
            self._wait_for(getattr(ui, name))
        # Unfolding it shows the patients of the DICOM database.
        ui.dicomSection.connect("contentsCollapsed(bool)", self._make)

    def _wait_for(self, button: Any) -> None:
        def slot() -> None:
            if self._make():
                button.click()

        button.connect("clicked()", slot)

    def _make(self) -> bool:
        """Make the panel; whether it was not there before."""
        # Stays connected: a slot that takes itself away while it runs is not safe in the application's Python.
        if not self._waiting:
            return False
        self.let_go()
        with slicer.util.tryWithErrorDisplay("The panel cannot be opened.", waitCursor=True):
            self._build()
        return True

    def let_go(self) -> None:
        """The panel answers from now on."""
        self._waiting = False
