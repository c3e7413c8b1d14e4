"""The table of lesions over all time points: colour and icon say what was decided."""

from __future__ import annotations

from typing import Any

import qt

from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.panel.context import fit_height, table_item
from HCCResponseLib.presenter.view import CellStatus, LesionLine, PanelView

# Readers write T and NT; the tool tip has the words.
_SHORT = {"target": "T", "non-target": "NT"}
FIXED = ("Lesion", "Role", "Site")
COLOURS = {
    CellStatus.PROPOSED: "#fff1b8",
    CellStatus.ACCEPTED: "#cfe8cf",
    CellStatus.EDITED: "#cfe0f7",
    CellStatus.REJECTED: "#dcdcdc",
    CellStatus.MISSING: "#f7cfcb",
    CellStatus.LOCKED: "#e2d9f3",
    CellStatus.DRAFT: "#ffd6a5",
}


def status_item(text: str, tip: str, status: CellStatus) -> Any:
    """A table item in the colour of what was decided."""
    item = table_item(text, tip)
    item.setBackground(qt.QBrush(qt.QColor(COLOURS[status])))
    item.setForeground(qt.QBrush(qt.QColor("#202020")))
    return item


class LesionTable:
    """Fills the table widget and tells which cell is selected."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self._points: tuple[str, ...] = ()
        self._names: tuple[str, ...] = ()
        self._icons = {s: qt.QIcon(str(resource_path(f"Icons/status-{s.value}.png"))) for s in CellStatus}

    def show(self, view: PanelView) -> None:
        """Show all lesions; the selection stays with the caller."""
        table = self._table
        self._points = view.points
        self._names = tuple(line.name for line in view.lesions)
        headers = [*FIXED, *self._points, "Change"]
        before = table.blockSignals(True)
        table.setColumnCount(len(headers))
        table.setHorizontalHeaderLabels(headers)
        table.setRowCount(len(view.lesions))
        for row, line in enumerate(view.lesions):
            self._show_line(row, line)
        table.resizeColumnsToContents()
        bar = qt.QApplication.style().pixelMetric(qt.QStyle.PM_ScrollBarExtent)
        fit_height(table, len(view.lesions), room=bar)
        table.blockSignals(before)

    def _show_line(self, row: int, line: LesionLine) -> None:
        role = table_item(_SHORT.get(line.role, line.role), f"{line.role}: {line.role_reason}")
        for column, item in enumerate((table_item(line.name), role, table_item(line.site))):
            self._table.setItem(row, column, item)
        for number, cell in enumerate(line.cells):
            item = status_item(cell.text or cell.status.value, cell.note, cell.status)
            item.setIcon(self._icons[cell.status])
            self._table.setItem(row, len(FIXED) + number, item)
        self._table.setItem(row, len(FIXED) + len(line.cells), table_item(line.change))

    def clicked(self) -> tuple[str | None, str] | None:
        """(time point or ``None`` for a cell that belongs to none, lesion) of the current cell."""
        row, column = self._table.currentRow(), self._table.currentColumn() - len(FIXED)
        if not 0 <= row < len(self._names):
            return None
        return (self._points[column] if 0 <= column < len(self._points) else None), self._names[row]

    def mark(self, time_point: str, name: str) -> None:
        """Make a cell the current one, or none for a row that the table does not show, without telling anyone."""
        before = self._table.blockSignals(True)
        if time_point in self._points and name in self._names:
            self._table.setCurrentCell(self._names.index(name), len(FIXED) + self._points.index(time_point))
        else:
            self._table.setCurrentCell(-1, -1)
        self._table.blockSignals(before)
