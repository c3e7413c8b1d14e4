"""Dialogs that would wait for a person: the test answers them beforehand, and the record keeps what they said.

Kinds: ``information``, ``warning``, ``critical``, ``question``, ``about`` (message boxes), ``open file``,
``open files``, ``save file``, ``folder``, ``text``, ``number``, ``choice`` and ``dialog`` (any other that is executed;
the answer is its result or a function that works on the dialog and returns the result). ``open url`` is what another
program would show; without an answer it "worked".
"""

from collections.abc import Callable
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from .record import RECORD, HostError

_BOXES = ("information", "warning", "critical", "question", "about")
_FILES = {
    "getOpenFileName": "open file",
    "getOpenFileNames": "open files",
    "getSaveFileName": "save file",
    "getExistingDirectory": "folder",
}
_INPUTS = {
    "getText": "text",
    "getMultiLineText": "text",
    "getInt": "number",
    "getDouble": "number",
    "getItem": "choice",
}


def replace_modal() -> None:
    """Put the static functions and ``exec`` of dialogs behind the record."""
    for name in _BOXES:
        setattr(QtWidgets.QMessageBox, name, staticmethod(_box(name)))
    for name, kind in _FILES.items():
        setattr(QtWidgets.QFileDialog, name, staticmethod(_file(name, kind)))
    for name, kind in _INPUTS.items():
        setattr(QtWidgets.QInputDialog, name, staticmethod(_asked(kind)))
    QtGui.QDesktopServices.openUrl = staticmethod(_open_url)
    for cls in (QtWidgets.QDialog, QtWidgets.QMessageBox, QtWidgets.QFileDialog):
        cls.exec = cls.exec_ = _execute
    # The name that the application's Python has always known; here it would warn.
    QtCore.QEventLoop.exec_ = lambda loop, *flags: loop.exec(*flags)


def modal(kind: str, text: str, *default: Any) -> Any:
    """Open a dialog: as in the application an event loop runs until it is answered, and other code runs meanwhile.

    In the middle of an effect of the segment editor that is an error: what runs meanwhile sees half of its work.
    """
    if RECORD.working:
        RECORD.swallow(
            HostError(f"A dialog opened while the effect {RECORD.working[-1]} was at work: {text!r}")
        )
    answer = RECORD.take_answer(kind, text, *default)
    for _ in range(3):
        QtCore.QCoreApplication.processEvents()
    return answer


def _box(kind: str) -> Callable[..., Any]:
    def show(_parent: Any, _title: str, text: str, *buttons: Any) -> Any:
        default = () if kind == "question" else (QtWidgets.QMessageBox.StandardButton.Ok,)
        return modal(kind, text, *default)

    return show


def _file(name: str, kind: str) -> Callable[..., Any]:
    several = name == "getOpenFileNames"

    def choose(_parent: Any = None, caption: str = "", *_rest: Any) -> Any:
        answer = modal(kind, caption)
        if several:
            return tuple(map(str, answer))
        if not isinstance(answer, str):
            raise HostError(f"{name} returns one string; the test prepared {answer!r}")
        return answer

    return choose


def _open_url(url: Any) -> bool:
    if type(url).__name__ != "QUrl":
        raise ValueError(f"Called openUrl(QUrl url) -> bool with wrong arguments: ({url!r},)")
    return bool(RECORD.take_answer("open url", url.toString(), True))


def _asked(kind: str) -> Callable[..., Any]:
    def ask(_parent: Any, _title: str, label: str, *_rest: Any) -> Any:
        return modal(kind, label)

    return ask


def _execute(dialog: Any) -> Any:
    text = dialog.text if QtWidgets.QMessageBox in type(dialog).__mro__ else dialog.windowTitle
    answer = modal("dialog", text)
    return answer(dialog) if callable(answer) else answer
