"""``slicer.app``, the scene with its logics, ``slicer.modules`` and the main window."""

import sys
import tempfile
import types
from pathlib import Path
from typing import Any

import slicer
from PySide6 import QtCore, QtWidgets

from .classes import stand_in
from .layout import qSlicerLayoutManager
from .record import RECORD, HostError
from .scene import Scene

_LOGICS = {
    "units": "vtkSlicerUnitsLogic",
    "subjecthierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "volumes": "vtkSlicerVolumesLogic",
    "segmentations": "vtkSlicerSegmentationsModuleLogic",
    "markups": "vtkSlicerMarkupsLogic",
    "models": "vtkSlicerModelsLogic",
    "sequences": "vtkSlicerSequencesLogic",
    "tables": "vtkSlicerTablesLogic",
    "plots": "vtkSlicerPlotsLogic",
    "texts": "vtkSlicerTextsLogic",
}


class CoreModule:
    """A module of the application itself, known by its logic only."""

    def __init__(self, name: str, logic: Any) -> None:
        self.name = name
        self._logic = logic

    def logic(self) -> Any:
        """The module's logic."""
        return self._logic


@stand_in
class qSlicerModuleManager(QtCore.QObject):
    """Knows the modules by name and says when one goes."""

    moduleAboutToBeUnloaded = QtCore.Signal(str)
    moduleLoaded = QtCore.Signal(str)

    def module(self, name: str) -> Any:
        """A module, or None."""
        return getattr(slicer.modules, name.lower(), None)


@stand_in
class qSlicerMainWindow(QtWidgets.QMainWindow):
    """The main window; its module selector records which module was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("qSlicerMainWindow")

    def moduleSelector(self) -> Any:
        """The module selector."""
        return types.SimpleNamespace(selectModule=_select_module)


def _select_module(name: str) -> None:
    if getattr(slicer.modules, name.lower(), None) is None:
        raise HostError(f"selectModule: there is no module {name!r} in the host")
    RECORD.selected_modules.append(name)


@stand_in
class qSlicerApplication(QtWidgets.QApplication):
    """The application object. Not there: the input/output manager, extensions, 3D views."""

    startupCompleted = QtCore.Signal()

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self.__dict__["_state"] = types.SimpleNamespace(
            folder=tempfile.TemporaryDirectory(prefix="slicer-host-"), testing=False, paused=0
        )

    def open(self) -> None:
        """Make scene, logics, modules, views and window."""
        state = self._state
        state.files = Scene(Path(state.folder.name))
        state.scene, state.logic = state.files.scene, state.files.logic
        slicer.mrmlScene, slicer.app = state.scene, self
        slicer.modules = make_modules(state.scene, state.logic)
        slicer.moduleNames, slicer.selfTests = types.SimpleNamespace(), {}
        state.manager, state.layouts = qSlicerModuleManager(), qSlicerLayoutManager(state.scene, state.logic)
        state.window = qSlicerMainWindow()

    def mrmlScene(self) -> Any:
        """The scene."""
        return self._state.scene

    def applicationLogic(self) -> Any:
        """The ``vtkSlicerApplicationLogic``."""
        return self._state.logic

    def layoutManager(self) -> Any:
        """The layout manager."""
        return self._state.layouts

    def moduleManager(self) -> Any:
        """The module manager."""
        return self._state.manager

    def settings(self) -> Any:
        """Settings of the application; the host keeps one file for all."""
        return QtCore.QSettings()

    def userSettings(self) -> Any:
        """Settings of the person."""
        return QtCore.QSettings()

    def testingEnabled(self) -> bool:
        """Whether dialogs are skipped as with ``Slicer --testing``."""
        return self._state.testing

    def setTestingEnabled(self, testing: bool) -> None:
        """For tests of the host: run as ``Slicer --testing``."""
        self._state.testing = testing

    def setMainWindowMissing(self, missing: bool) -> None:
        """For tests: run as ``Slicer --no-main-window``, where no module can be selected."""
        self._state.window.setObjectName("" if missing else "qSlicerMainWindow")

    def startupEnvironment(self) -> Any:
        """The environment for other programs."""
        return QtCore.QProcessEnvironment.systemEnvironment()

    def pauseRender(self) -> None:
        """Count up; a panel that forgets to resume shows at the end of the test."""
        self._state.paused += 1

    def resumeRender(self) -> None:
        """Count down."""
        if not self._state.paused:
            raise HostError("resumeRender without pauseRender")
        self._state.paused -= 1

    def pausedRenders(self) -> int:
        """For tests: how many pauses are open."""
        return self._state.paused

    def _temporary_path(self) -> str:
        return self._state.folder.name

    temporaryPath = QtCore.Property(str, _temporary_path)


def make_modules(scene: Any, application_logic: Any) -> types.SimpleNamespace:
    """``slicer.modules`` with the application's own modules."""
    modules = types.SimpleNamespace()
    for name, class_name in _LOGICS.items():
        logic = getattr(slicer, class_name)()
        logic.SetMRMLApplicationLogic(application_logic)
        logic.SetMRMLScene(scene)
        application_logic.SetModuleLogic(name.capitalize(), logic)
        setattr(modules, name, CoreModule(name.capitalize(), logic))
    # Its list of plugins is there before any plugin is.
    modules.dicom, modules.dicomPlugins = CoreModule("DICOM", None), {}
    return modules


def start(arguments: list[str] | None = None) -> Any:
    """The one application of this process."""
    existing = QtCore.QCoreApplication.instance()
    if existing is not None:
        raise HostError(f"another application runs already in this process: {existing!r}")
    QtCore.QCoreApplication.setAttribute(QtCore.Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    app = qSlicerApplication(arguments or sys.argv[:1])
    QtCore.QCoreApplication.setOrganizationName("SlicerHost")
    QtCore.QCoreApplication.setApplicationName("Slicer")
    QtCore.QSettings.setDefaultFormat(QtCore.QSettings.Format.IniFormat)
    QtCore.QSettings.setPath(
        QtCore.QSettings.Format.IniFormat, QtCore.QSettings.Scope.UserScope, app._state.folder.name
    )
    return app
