"""Section 5: candidates for new lesions with evidence; the reader calls them new, equivocal, or dismisses them."""

from __future__ import annotations

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.panel.context import Context, fit_columns, fit_rows, guarded
from HCCResponseLib.panel.sections.lesion_table import status_item
from HCCResponseLib.presenter.view import CandidateLine, CellStatus, PanelView
from HCCResponseLib.review.read.records import Action


class CandidateSection:
    """Table, evidence and three answers."""

    def __init__(self, context: Context) -> None:
        self._context, self._ui = context, context.ui
        self._lines: tuple[CandidateLine, ...] = ()
        table = self._ui.candidateTable
        self._ui.evidenceLabel.connect("linkActivated(QString)", guarded(context.turn_figures))
        self._ui.newCandidateButton.connect("clicked()", guarded(lambda: self.answer(Action.NEW)))
        self._ui.equivocalButton.connect("clicked()", guarded(lambda: self.answer(Action.EQUIVOCAL)))
        self._ui.dismissButton.connect("clicked()", guarded(lambda: self.answer(Action.DISMISS)))
        table.connect("itemSelectionChanged()", guarded(self._clicked))

    def show(self, view: PanelView) -> None:
        """Show all candidates."""
        table, self._lines = self._ui.candidateTable, view.candidates
        before = table.blockSignals(True)
        table.setRowCount(len(self._lines))
        for number, line in enumerate(self._lines):
            words = (line.name, line.time_point, line.size, line.suggestion, line.decision or "to decide")
            for column, text in enumerate(words):
                table.setItem(
                    number, column, status_item(text, f"{line.evidence}\n{line.figures}".strip(), line.status)
                )
        fit_columns(table)
        fit_rows(table, len(self._lines))
        self._mark()
        table.blockSignals(before)
        self._show_selected()

    def _mark(self) -> None:
        places = [(line.time_point, line.name) for line in self._lines]
        if self._context.selected in places:
            self._ui.candidateTable.selectRow(places.index(self._context.selected))
        else:
            self._ui.candidateTable.clearSelection()

    def _selected(self) -> CandidateLine | None:
        return next((x for x in self._lines if (x.time_point, x.name) == self._context.selected), None)

    def _show_selected(self) -> None:
        line = self._selected()
        free = line is not None and line.status is not CellStatus.LOCKED
        for button in (self._ui.newCandidateButton, self._ui.equivocalButton, self._ui.dismissButton):
            button.setEnabled(free)
        if line is not None:
            words = f"{line.name}, {line.time_point}: {line.evidence or 'nothing else is known of it.'}"
        else:
            words = "Select a candidate to see its evidence." if self._lines else "No candidates."
        self._context.show_words(self._ui.evidenceLabel, words, "" if line is None else line.figures)

    def _clicked(self) -> None:
        row = self._ui.candidateTable.currentRow()
        if 0 <= row < len(self._lines):
            line = self._lines[row]
            if (line.time_point, line.name) != self._context.selected:
                self._context.select(line.time_point, line.name)

    def answer(self, action: Action) -> None:
        """Store the answer and go on to the next candidate that waits."""
        line = self._selected()
        if line is None:
            raise InputError("Select a candidate first.")
        reason = self._ui.reasonCombo.currentText if action is Action.DISMISS else ""
        self._context.presenter.candidate(line.time_point, line.name, action, reason)
        waiting = [x for x in self._lines if not x.decision]
        if waiting:
            self._context.select(waiting[0].time_point, waiting[0].name)
