"""Widgets that show and change a parameter of a parameter node."""

import enum
from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer
from PySide6 import QtWidgets

from . import ctk_module, mrml_widgets
from .record import HostError

SlicerParameterNamePropertyName = "SlicerParameterName"


class Connector:
    """Reads and writes one widget and tells when a person changed it."""

    def __init__(self, widget: Any, attribute: str, signal: str) -> None:
        self.widget = widget
        self._attribute = attribute
        self._signal = signal
        self._slot: Callable[..., None] | None = None

    def read(self) -> Any:
        """The widget's value."""
        return getattr(self.widget, self._attribute)

    def write(self, value: Any) -> None:
        """Show a value."""
        if self.read() != value:
            setattr(self.widget, self._attribute, value)

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call a function at each change."""
        self._slot = lambda: callback()
        getattr(self.widget, self._signal).connect(self._slot)

    def stop(self) -> None:
        """No more calls."""
        getattr(self.widget, self._signal).disconnect(self._slot)


class _PathConnector(Connector):
    def read(self) -> Path:
        return Path(self.widget.currentPath)

    def write(self, value: Path | None) -> None:
        self.widget.setCurrentPath("" if value in (None, Path()) else str(value))


class _NodeConnector(Connector):
    def read(self) -> Any:
        return self.widget.currentNode()

    def write(self, value: Any) -> None:
        self.widget.setCurrentNode(value)


class _EnumConnector(Connector):
    def __init__(self, widget: Any, members: type[enum.Enum]) -> None:
        super().__init__(widget, "currentIndex", "currentIndexChanged")
        self._members = list(members)
        widget.clear()
        label = getattr(members, "label", lambda member: member.name)
        for member in self._members:
            widget.addItem(label(member))

    def read(self) -> Any:
        return self._members[self.widget.currentIndex]

    def write(self, value: Any) -> None:
        self.widget.setCurrentIndex(self._members.index(value))


_PLAIN: dict[tuple[str, type], tuple[str, str]] = {
    ("QCheckBox", bool): ("checked", "toggled"),
    ("QPushButton", bool): ("checked", "toggled"),
    ("QSpinBox", int): ("value", "valueChanged"),
    ("QSlider", int): ("value", "valueChanged"),
    ("QDoubleSpinBox", float): ("value", "valueChanged"),
    ("QLineEdit", str): ("text", "textChanged"),
}


def connector_for(widget: Any, cls: Any) -> Connector:
    """The connector for a widget and a type. What the host does not know is an error, as in the application."""
    plain = _PLAIN.get((type(widget).__name__, cls))
    if plain is not None:
        return Connector(widget, *plain)
    if type(widget) is ctk_module.ctkPathLineEdit and cls is Path:
        return _PathConnector(widget, "currentPath", "currentPathChanged")
    if type(widget) is mrml_widgets.qMRMLNodeComboBox and issubclass(cls, slicer.vtkMRMLNode):
        return _NodeConnector(widget, "currentNode", "currentNodeChanged")
    if type(widget) is QtWidgets.QComboBox and issubclass(cls, enum.Enum):
        return _EnumConnector(widget, cls)
    raise HostError(f"Unable to create GUI connector from datatype '{cls}' to widget type '{type(widget)}'")


def named_widgets(gui: Any) -> dict[str, Any]:
    """Widgets that carry the name of a parameter, from a widget or from ``childWidgetVariables``."""
    is_widget = QtWidgets.QWidget in type(gui).__mro__
    widgets = gui.findChildren(QtWidgets.QWidget) if is_widget else vars(gui).values()
    named = {widget.property(SlicerParameterNamePropertyName): widget for widget in widgets}
    return {name: widget for name, widget in named.items() if name}
