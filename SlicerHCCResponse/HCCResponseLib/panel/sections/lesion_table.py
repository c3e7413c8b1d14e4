"""The table of lesions over all time points: colour and icon say what was decided."""

from __future__ import annotations

from typing import Any

import qt

from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.panel.context import fit_columns, fit_rows, guarded, table_item
from HCCResponseLib.presenter.view import CellStatus, LesionLine, PanelView

# Readers write T and NT; the tool tip has the words.
_SHORT = {"target": "T", "non-target": "NT"}
FIXED = ("Lesion", "Role", "Site")
CHANGE = "Change"
COLOURS = {
    CellStatus.PROPOSED: "#fff1b8",
    CellStatus.ACCEPTED: "#cfe8cf",
    CellStatus.EDITED: "#cfe0f7",
    CellStatus.REJECTED: "#dcdcdc",
    CellStatus.MISSING: "#f7cfcb",
    CellStatus.LOCKED: "#e2d9f3",
    CellStatus.DRAFT: "#ffd6a5",
}
# Columns that the reader has hidden, for this person on this computer; the site is the tool tip of the name.
_SETTING = "HCCResponse/HiddenColumns"
_HIDDEN_AT_FIRST = "Site"


def status_item(text: str, tip: str, status: CellStatus) -> Any:
    """A table item in the colour of what was decided; plain where nothing can be."""
    item = table_item(text, tip)
    if status in COLOURS:
        item.setBackground(qt.QBrush(qt.QColor(COLOURS[status])))
        item.setForeground(qt.QBrush(qt.QColor("#202020")))
    return item


class LesionTable:
    """Fills the table widget and tells which cell is selected.

    Args:
        button: opens the menu of the columns, which the header has too.
    """

    def __init__(self, table: Any, button: Any) -> None:
        self._table = table
        self._points: tuple[str, ...] = ()
        self._names: tuple[str, ...] = ()
        shown = [s for s in CellStatus if s in COLOURS]
        self._icons = {s: qt.QIcon(str(resource_path(f"Icons/status-{s.value}.png"))) for s in shown}
        self._menu = qt.QMenu(table)
        self._choices: dict[str, Any] = {}
        button.setMenu(self._menu)
        table.horizontalHeader().setContextMenuPolicy(qt.Qt.ActionsContextMenu)

    def show(self, view: PanelView) -> None:
        """Show all lesions; the selection stays with the caller."""
        table = self._table
        self._points = view.points
        self._names = tuple(line.name for line in view.lesions)
        headers = [*FIXED, *self._points, CHANGE]
        before = table.blockSignals(True)
        table.setColumnCount(len(headers))
        table.setHorizontalHeaderLabels(headers)
        for column, name in enumerate(headers):
            table.horizontalHeaderItem(column).setToolTip(name)
        table.setRowCount(len(view.lesions))
        for row, line in enumerate(view.lesions):
            self._show_line(row, line)
        fit_columns(table)
        fit_rows(table, len(view.lesions))
        self._offer_columns(headers)
        table.blockSignals(before)

    def _show_line(self, row: int, line: LesionLine) -> None:
        role = table_item(_SHORT.get(line.role, line.role), f"{line.role}: {line.role_reason}")
        name = table_item(line.name, line.site)
        for column, item in enumerate((name, role, table_item(line.site))):
            self._table.setItem(row, column, item)
        for number, cell in enumerate(line.cells):
            item = status_item(cell.short or cell.text, cell.note, cell.status)
            if cell.status in self._icons:
                item.setIcon(self._icons[cell.status])
            self._table.setItem(row, len(FIXED) + number, item)
        self._table.setItem(row, len(FIXED) + len(line.cells), table_item(line.change))

    # -- columns ----------------------------------------------------------------------------------------------

    def _offer_columns(self, headers: list[str]) -> None:
        """A choice for every column but the first, whose names the rows go by."""
        if list(self._choices) != headers[1:]:
            header = self._table.horizontalHeader()
            for action in self._choices.values():
                header.removeAction(action)
            self._menu.clear()
            hidden = _hidden()
            self._choices = {name: self._choice(name, name not in hidden) for name in headers[1:]}
        self._hide_columns()

    def _choice(self, name: str, shown: bool) -> Any:
        action = self._menu.addAction(name)
        action.setCheckable(True)
        action.setChecked(shown)
        action.connect("toggled(bool)", guarded(self._chosen))
        self._table.horizontalHeader().addAction(action)
        return action

    def _chosen(self) -> None:
        # A visit is hidden for now; of another subject's visits nothing is known.
        lasting = [name for name in (*FIXED[1:], CHANGE) if not self._choices[name].checked]
        qt.QSettings().setValue(_SETTING, "\n".join(lasting))
        self._hide_columns()

    def _hide_columns(self) -> None:
        for number, action in enumerate(self._choices.values(), start=1):
            self._table.setColumnHidden(number, not action.checked)

    # -- selection --------------------------------------------------------------------------------------------

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


def _hidden() -> list[str]:
    found = qt.QSettings().value(_SETTING)
    return str(_HIDDEN_AT_FIRST if found is None else found).split("\n")
