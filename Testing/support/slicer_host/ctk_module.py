"""The widgets of CTK that the panel may use. Anything else is an ``AttributeError`` when it is asked for.

PythonQt calls only what CTK's headers declare as slots or ``Q_INVOKABLE``; every other setter exists as a property
alone (``section.collapsed = True``), so its function has a private name here and ``setCollapsed`` is refused.
"""

import types
from pathlib import Path
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from .classes import stand_in
from .values import to_qt

_HEADER = 24
_UNLIMITED = 16777215


@stand_in
class ctkCollapsibleButton(QtWidgets.QWidget):
    """A header with a text; a click on it hides what is below."""

    contentsCollapsed = QtCore.Signal(bool)
    toggled = QtCore.Signal(bool)
    clicked = QtCore.Signal(bool)

    def __init__(self, *args: Any) -> None:
        texts = [value for value in args if isinstance(value, str)]
        super().__init__(*[value for value in args if not isinstance(value, str)])
        self.__dict__["_state"] = types.SimpleNamespace(text=texts[0] if texts else "", collapsed=False)
        self.setContentsMargins(4, _HEADER + 2, 4, 4)

    def _text(self) -> str:
        return self._state.text

    def setText(self, text: str) -> None:
        """Change the header."""
        self._state.text = str(text)
        self.update()

    def _collapsed(self) -> bool:
        return self._state.collapsed

    def _set_collapsed(self, collapsed: bool) -> None:
        """Hide or show the contents."""
        collapsed = bool(to_qt(collapsed))
        if collapsed == self._state.collapsed:
            return
        self._state.collapsed = collapsed
        self.setMaximumHeight(_HEADER if collapsed else _UNLIMITED)
        for child in self.children():
            if QtWidgets.QWidget in type(child).__mro__:
                child.setVisible(not collapsed)
        self.contentsCollapsed.emit(collapsed)
        self.toggled.emit(not collapsed)
        self.update()

    text = QtCore.Property(str, _text, setText)
    collapsed = QtCore.Property(bool, _collapsed, _set_collapsed)

    def click(self) -> None:
        """What a press on the header does."""
        self._set_collapsed(not self._state.collapsed)
        self.clicked.emit(not self._state.collapsed)

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        """A press on the header folds it."""
        if event.position().y() <= _HEADER:
            self.click()

    def paintEvent(self, _event: QtGui.QPaintEvent) -> None:
        """Header bar, arrow and text in the colours of the palette."""
        painter = QtGui.QPainter(self)
        palette = self.palette
        painter.fillRect(0, 0, self.width, _HEADER, palette.color(QtGui.QPalette.ColorRole.Midlight))
        painter.setPen(palette.color(QtGui.QPalette.ColorRole.ButtonText))
        arrow = "▸ " if self._state.collapsed else "▾ "
        box = QtCore.QRect(6, 0, self.width - 6, _HEADER)
        painter.drawText(box, QtCore.Qt.AlignmentFlag.AlignVCenter, arrow + self._state.text)
        painter.end()


@stand_in
class ctkPathLineEdit(QtWidgets.QWidget):
    """A path as text with a browse button."""

    currentPathChanged = QtCore.Signal(str)
    Dirs, Files, Readable, Writable = 1, 2, 16, 32

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        edit, button = QtWidgets.QLineEdit(self), QtWidgets.QToolButton(self)
        button.setText("…")
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(edit)
        layout.addWidget(button)
        self.__dict__["_state"] = types.SimpleNamespace(edit=edit, filters=self.Files, names=())
        edit.textChanged.connect(self.currentPathChanged.emit)
        button.clicked.connect(self.browse)

    def _path(self) -> str:
        return self._state.edit.text

    def setCurrentPath(self, path: str) -> None:
        """Change the path; a ``Path`` is refused, as its conversion depends on the version."""
        if not isinstance(path, str):
            raise ValueError(f"Called setCurrentPath(QString) -> void with wrong arguments: ({path!r},)")
        self._state.edit.setText(path)

    def _filters(self) -> int:
        return self._state.filters

    def _set_filters(self, filters: int) -> None:
        """Files, Dirs and so on, combined."""
        self._state.filters = int(filters)

    def _names(self) -> list[str]:
        return list(self._state.names)

    def _set_name_filters(self, names: list[str]) -> None:
        """Patterns of the browse dialog."""
        self._state.names = tuple(names)

    currentPath = QtCore.Property(str, _path, setCurrentPath)
    filters = QtCore.Property(int, _filters, _set_filters)
    nameFilters = QtCore.Property("QStringList", _names, _set_name_filters)

    def browse(self) -> None:
        """Ask for a folder or a file; an empty answer is a cancelled dialog."""
        dialog = QtWidgets.QFileDialog
        folder = self._state.filters & self.Dirs
        chosen = (dialog.getExistingDirectory if folder else dialog.getOpenFileName)(
            self, "Select", self._path()
        )
        if chosen:
            self.setCurrentPath(str(Path(chosen)))

    def addCurrentPathToHistory(self) -> None:
        """The history is not kept in the host."""


@stand_in
class ctkMessageBox(QtWidgets.QMessageBox):
    """A message box that can be told not to come back (which the host does not do)."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.__dict__["_state"] = types.SimpleNamespace(key="")

    def _key(self) -> str:
        return self._state.key

    def _set_key(self, key: str) -> None:
        """Where the application keeps that the person does not want to see it again."""
        self._state.key = str(key)

    dontShowAgainSettingsKey = QtCore.Property(str, _key, _set_key)


WIDGETS: tuple[type, ...] = (ctkCollapsibleButton, ctkPathLineEdit, ctkMessageBox)


def make_ctk() -> types.ModuleType:
    """The module ``ctk``."""
    ctk = types.ModuleType("ctk")
    for cls in WIDGETS:
        setattr(ctk, cls.__name__, cls)
    return ctk
