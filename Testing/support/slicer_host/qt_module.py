"""Make PySide6 behave as PythonQt and offer it as the module ``qt``."""

import types
from collections.abc import Callable
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from . import attributes, dialogs
from .calls import BoundCall, strict_constructor
from .classes import MODULES, hide_kinship, make_enums_plain, qt_classes

_ITEMS = ("QTableWidgetItem", "QTreeWidgetItem", "QListWidgetItem")
# Classes of the application object keep the attributes that the host itself needs.
_LOOSE = (QtCore.QCoreApplication, QtGui.QGuiApplication, QtWidgets.QApplication)


def make_qt() -> types.ModuleType:
    """Change the classes of PySide6 (once per process) and return the module ``qt``."""
    make_enums_plain()
    for cls in qt_classes():
        if QtCore.QObject in cls.__mro__ and cls not in _LOOSE:
            strict_constructor(cls)
        cls.__setattr__ = attributes.set_attribute
    QtCore.QObject.__getattribute__ = attributes.get_attribute
    for name in _ITEMS:
        _strict_item(getattr(QtWidgets, name))
    QtCore.QTimer.singleShot = staticmethod(single_shot)
    _no_cursor_guard()
    dialogs.replace_modal()
    hide_kinship()
    qt = types.ModuleType("qt")
    for module in MODULES:
        for name in dir(module):
            if not name.startswith("_"):
                setattr(qt, name, getattr(module, name))
    return qt


def _strict_item(cls: Any) -> None:
    """Items are no QObjects: their methods get the same care."""
    plain = cls.__getattribute__

    def get(self: Any, name: str) -> Any:
        value = plain(self, name)
        return (
            BoundCall(self, name, value)
            if type(value) is types.BuiltinMethodType and name[0] != "_"
            else value
        )

    cls.__getattribute__ = get


def _no_cursor_guard() -> None:
    """``setOverrideCursor`` gives nothing back; the guard of PySide6 would restore the cursor by itself."""
    plain = QtGui.QGuiApplication.setOverrideCursor

    def set_override_cursor(cursor: Any) -> None:
        plain(cursor)

    for cls in _LOOSE[1:]:
        cls.setOverrideCursor = staticmethod(set_override_cursor)


def single_shot(milliseconds: int, slot: Callable[[], Any]) -> None:
    """``QTimer.singleShot`` that keeps the slot alive and treats its errors as all slots' errors."""
    timer = QtCore.QTimer(QtCore.QCoreApplication.instance())
    timer.setSingleShot(True)
    timer.timeout.connect(slot)
    timer.timeout.connect(timer.deleteLater)
    timer.start(int(milliseconds))
