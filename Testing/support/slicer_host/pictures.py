"""Pictures of the panel, in a light and in a dark application."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

_ROLES = QtGui.QPalette.ColorRole
_DARK = {
    _ROLES.Window: "#353535",
    _ROLES.WindowText: "#f0f0f0",
    _ROLES.Base: "#232323",
    _ROLES.AlternateBase: "#2d2d2d",
    _ROLES.Text: "#f0f0f0",
    _ROLES.Button: "#454545",
    _ROLES.ButtonText: "#f0f0f0",
    _ROLES.Midlight: "#505050",
    _ROLES.Highlight: "#2a82da",
    _ROLES.HighlightedText: "#000000",
    _ROLES.ToolTipBase: "#353535",
    _ROLES.ToolTipText: "#f0f0f0",
    _ROLES.PlaceholderText: "#9a9a9a",
    _ROLES.Link: "#6fb4ff",
}
_LIGHT = {**dict.fromkeys(_DARK, "#000000")} | {
    _ROLES.Window: "#efefef",
    _ROLES.Base: "#ffffff",
    _ROLES.AlternateBase: "#f5f5f5",
    _ROLES.Button: "#e4e4e4",
    _ROLES.Midlight: "#d8d8e4",
    _ROLES.Highlight: "#308cc6",
    _ROLES.HighlightedText: "#ffffff",
    _ROLES.ToolTipBase: "#ffffdc",
    _ROLES.PlaceholderText: "#707070",
    _ROLES.Link: "#0057ae",
}
_DISABLED = (_ROLES.WindowText, _ROLES.Text, _ROLES.ButtonText)


def make_palette(dark: bool) -> QtGui.QPalette:
    """Colours of the application's light or dark style."""
    palette = QtGui.QPalette()
    for role, color in (_DARK if dark else _LIGHT).items():
        palette.setColor(role, QtGui.QColor(color))
    for role in _DISABLED:
        palette.setColor(QtGui.QPalette.ColorGroup.Disabled, role, QtGui.QColor("#8c8c8c"))
    return palette


@contextmanager
def style(dark: bool) -> Iterator[None]:
    """Run with the light or the dark palette, then go back."""
    application = QtWidgets.QApplication
    before = QtGui.QPalette(application.palette())
    application.setPalette(make_palette(dark))
    QtCore.QCoreApplication.processEvents()
    try:
        yield
    finally:
        application.setPalette(before)


def grab(widget: Any, path: str | Path, width: int = 420, height: int | None = None) -> Path:
    """Draw a widget at a width (pixels) into a PNG file. The panel's own widget is ``panel.parent``."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    widget.setAttribute(QtCore.Qt.WidgetAttribute.WA_DontShowOnScreen)
    widget.resize(width, height or max(widget.sizeHint().height(), 80))
    widget.show()
    # A page within a page learns only in the next turn that what it holds has grown.
    for _ in range(3):
        QtCore.QCoreApplication.processEvents()
    if not widget.grab().save(str(file)):
        raise OSError(f"{file} could not be written")
    return file
