"""Always in sight below the steps: how far the reader is, the way to the next row, keys, and which buttons fit."""

from __future__ import annotations

from typing import Any

import qt
import slicer

from HCCResponseLib.panel.context import Context, guarded
from HCCResponseLib.panel.keys import connect_keys, help_words
from HCCResponseLib.presenter.view import PanelView
from HCCResponseLib.presenter.worklist import Place

_LESIONS, _CANDIDATES = 0, 1
# A press with the mouse leaves the focus in the table, so that the next key works there and presses no button.
_BUTTONS = (
    "acceptButton",
    "rejectButton",
    "newCandidateButton",
    "equivocalButton",
    "dismissButton",
    "editButton",
    "newLesionButton",
    "undoButton",
    "relinkButton",
    "mergeButton",
    "nextButton",
    "columnsButton",
    "keysButton",
    "byLineButton",
    "keepLineButton",
    "addHereButton",
    "removeHereButton",
)


class DecisionSection:
    """Counter, Next, help of the keys, and the two tables in turn."""

    def __init__(self, context: Context) -> None:
        self._context, self._ui = context, context.ui
        self._shown: Place | None = None
        self._view: PanelView | None = None
        ui = self._ui
        ui.nextButton.connect("clicked()", guarded(self.go_on))
        ui.keysButton.connect("clicked()", guarded(self._help))
        ui.tableTabs.connect("currentChanged(int)", guarded(self._turned))
        actions = {"previous": guarded(self.go_back), "look": guarded(self._look)}
        self._shortcuts: list[Any] = connect_keys(ui, actions)
        for name in _BUTTONS:
            getattr(ui, name).setFocusPolicy(qt.Qt.TabFocus)
        self._turned()

    def show(self, view: PanelView) -> None:
        """The counters, and the table that shows the selected row."""
        ui, self._view = self._ui, view
        ui.progressLabel.setText(view.worklist.words)
        ui.nextButton.setEnabled(bool(view.worklist.waiting))
        presenter = self._context.presenter
        rule = presenter.profile.reason_for_change
        asks = rule == "after-decision" or (rule == "after-lock" and bool(presenter.state.locks.signatures))
        for widget in (ui.changeReasonLabel, ui.changeReasonEdit):
            widget.setVisible(asks)
        open_rows = view.worklist.waiting
        waiting = sum((line.time_point, line.name) in open_rows for line in view.candidates)
        words = f" ({waiting} to decide)" if waiting else ""
        ui.tableTabs.setTabText(_CANDIDATES, f"New-lesion candidates{words}")
        if self._context.selected != self._shown:
            self._shown = self._context.selected
            self._turn_to(view)

    def _turn_to(self, view: PanelView) -> None:
        if self._shown is None:
            return
        row = self._context.presenter.shown().row(*self._shown)
        among_lesions = any(line.name == self._shown[1] for line in view.lesions)
        if row is None or not row.is_candidate:
            self._ui.tableTabs.setCurrentIndex(_LESIONS)
        elif not among_lesions:
            self._ui.tableTabs.setCurrentIndex(_CANDIDATES)

    def _turned(self) -> None:
        self._ui.decisionStack.setCurrentIndex(self._ui.tableTabs.currentIndex)

    def go_on(self) -> None:
        """Select the next row that waits."""
        self._go(back=False)

    def go_back(self) -> None:
        """Select the row that waits before this one."""
        self._go(back=True)

    def _go(self, back: bool) -> None:
        found = self._view.worklist.beside(self._context.selected, back) if self._view else None
        if found is None:
            slicer.util.showStatusMessage("Every row is decided.", 3000)
            return
        self._context.select(*found)
        self.focus()

    def focus(self) -> None:
        """The keys work in the table that is shown."""
        ui = self._ui
        (ui.lesionTable if ui.tableTabs.currentIndex == _LESIONS else ui.candidateTable).setFocus()

    def _look(self) -> None:
        """Move the views to the selected row again, after scrolling away."""
        self._context.select(*self._context.selection())

    def _help(self) -> None:
        slicer.util.infoDisplay(help_words(), windowTitle="Keys")
