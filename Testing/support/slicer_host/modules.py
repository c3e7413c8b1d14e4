"""Loading, entering, reloading and unloading a scripted module as the application does."""

import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import slicer
from PySide6 import QtCore, QtGui, QtWidgets

from .classes import stand_in
from .mrml_widgets import qMRMLWidget
from .record import HostError


def _kept(kind: Any, name: str) -> Any:
    def get(self: Any) -> Any:
        return self._state.values.get(name, "" if kind is str else [])

    def put(self: Any, value: Any) -> None:
        self._state.values[name] = value

    return QtCore.Property(kind, get, put)


@stand_in
class qSlicerScriptedLoadableModule(QtCore.QObject):
    """The C++ object behind a scripted module: ``parent`` in the module's class."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__()
        self.__dict__["_state"] = types.SimpleNamespace(
            name=name, path=path, values={}, widget=None, icon=QtGui.QIcon(), hidden=False
        )

    title, helpText, acknowledgementText = (
        _kept(str, "title"),
        _kept(str, "help"),
        _kept(str, "acknowledgement"),
    )
    categories, dependencies = _kept("QStringList", "categories"), _kept("QStringList", "dependencies")
    contributors, associatedNodeTypes = _kept("QStringList", "contributors"), _kept("QStringList", "nodes")
    name = QtCore.Property(str, lambda self: self._state.name)
    path = QtCore.Property(str, lambda self: self._state.path)

    def _icon(self) -> QtGui.QIcon:
        return self._state.icon

    def _set_icon(self, icon: QtGui.QIcon) -> None:
        self._state.icon = icon

    def _hidden(self) -> bool:
        return self._state.hidden

    def _set_hidden(self, hidden: bool) -> None:
        self._state.hidden = hidden

    icon = QtCore.Property(QtGui.QIcon, _icon, _set_icon)
    hidden = QtCore.Property(bool, _hidden, _set_hidden)

    def widgetRepresentation(self) -> Any:
        """The widget that holds the panel."""
        return self._state.widget


@stand_in
class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """The C++ widget around a panel: ``parent`` in the module's widget class."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        QtWidgets.QVBoxLayout(self)
        self._state.module, self._state.panel, self._state.entered = module, None, False

    def self(self) -> Any:
        """The Python object of the panel."""
        return self._state.panel

    def setup(self) -> None:
        """Make the panel and build it."""
        name = self._state.module.name
        panel = getattr(sys.modules[name], name + "Widget")(self)
        self._state.panel = panel
        setattr(slicer.modules, name + "Widget", panel)
        panel.setup()

    reload = setup

    def enter(self) -> None:
        """The person opened the module."""
        self._state.entered = True
        getattr(self._state.panel, "enter", lambda: None)()

    def exit(self) -> None:
        """The person went to another module."""
        self._state.entered = False
        getattr(self._state.panel, "exit", lambda: None)()


def _execute(name: str, path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise HostError(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def load_module(path: str | Path, enter: bool = True) -> Any:
    """Load a scripted module, build its panel and open it. Returns the panel (the object of ``<Name>Widget``).

    Errors in the module's code go through: what the application would print here fails the test.
    """
    file = Path(path).resolve()
    name = file.stem
    if str(file.parent) not in sys.path:
        sys.path.insert(0, str(file.parent))
    code = _execute(name, file)
    module = qSlicerScriptedLoadableModule(name, str(file))
    setattr(slicer.modules, name.lower(), module)
    setattr(slicer.modules, name + "Instance", getattr(code, name)(module))
    _check_module(module)
    widget = qSlicerScriptedLoadableModuleWidget(module)
    module._state.widget = widget
    widget.setMRMLScene(slicer.mrmlScene)
    widget.setup()
    widget.setMRMLScene(slicer.mrmlScene)
    if enter:
        widget.enter()
    return widget.self()


def _check_module(module: Any) -> None:
    for name in ("title", "categories", "contributors", "helpText"):
        if not getattr(module, name):
            raise HostError(f"the module {module.name} has no {name}")
    for name in module.dependencies:
        if getattr(slicer.modules, name.lower(), None) is None:
            raise HostError(f"the module {module.name} depends on {name!r}, which the host has not")


def unload_module(name: str) -> None:
    """Unload as the application does at its end: exit, cleanup, delete the widgets."""
    module = getattr(slicer.modules, name.lower())
    widget = module.widgetRepresentation()
    if widget._state.entered:
        widget.exit()
    slicer.app.moduleManager().moduleAboutToBeUnloaded.emit(name)
    widget.deleteLater()
    QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete.value)
    for entry in (name.lower(), name + "Instance", name + "Widget"):
        delattr(slicer.modules, entry)
    slicer.selfTests.pop(name, None)
    sys.modules.pop(name, None)


def loaded_modules() -> list[str]:
    """Names of scripted modules that are loaded."""
    found = vars(slicer.modules).values()
    return [module.name for module in found if type(module) is qSlicerScriptedLoadableModule]
