"""The layout manager with the slice views: real MRML slice nodes and logics behind plain widgets."""

import types
from typing import Any

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

from .classes import stand_in
from .qt_module import single_shot

# Of all views together, in pixels.
AREA = (900, 600)
SLICES = {"Red": "Axial", "Yellow": "Sagittal", "Green": "Coronal"}


@stand_in
class qMRMLSliceView(QtWidgets.QWidget):
    """The part of a slice view that is drawn: what is added to its renderer is in the picture."""

    def __init__(self, *parent: Any) -> None:
        super().__init__(*parent)
        window = vtk.vtkRenderWindow()
        window.SetOffScreenRendering(1)
        window.AddRenderer(vtk.vtkRenderer())
        self.__dict__["_state"] = types.SimpleNamespace(window=window)

    def renderWindow(self) -> Any:
        """The ``vtkRenderWindow``; it is drawn by ``slice_view.render_slice`` alone."""
        return self._state.window

    def scheduleRender(self) -> None:
        """Nothing is drawn before somebody asks for a picture."""


@stand_in
class qMRMLSliceWidget(QtWidgets.QWidget):
    """One slice view: its node, its logic and its layers."""

    def __init__(self, logic: Any, *parent: Any) -> None:
        super().__init__(*parent)
        self.__dict__["_state"] = types.SimpleNamespace(logic=logic, view=qMRMLSliceView(self))

    def sliceView(self) -> Any:
        """The ``qMRMLSliceView``."""
        return self._state.view

    def sliceLogic(self) -> Any:
        """The ``vtkMRMLSliceLogic``."""
        return self._state.logic

    def mrmlSliceNode(self) -> Any:
        """The ``vtkMRMLSliceNode``."""
        return self._state.logic.GetSliceNode()

    def mrmlSliceCompositeNode(self) -> Any:
        """The ``vtkMRMLSliceCompositeNode`` with the layers."""
        return self._state.logic.GetSliceCompositeNode()

    def fitSliceToBackground(self) -> None:
        """Zoom to the background volume."""
        self._state.logic.FitSliceToBackground()


@stand_in
class qSlicerLayoutManager(QtCore.QObject):
    """Slice views Red, Yellow and Green; layouts are kept as numbers in the layout node."""

    layoutChanged = QtCore.Signal(int)

    def __init__(self, scene: Any, application_logic: Any, parent: Any = None) -> None:
        super().__init__(parent)
        logics = vtk.vtkCollection()
        application_logic.SetSliceLogics(logics)
        widgets = {}
        for name, orientation in SLICES.items():
            logic = slicer.vtkMRMLSliceLogic()
            logic.SetMRMLApplicationLogic(application_logic)
            logic.SetMRMLScene(scene)
            logic.AddSliceNode(name)
            logic.GetSliceNode().SetOrientation(orientation)
            logic.GetSliceNode().SetDimensions(256, 256, 1)
            logics.AddItem(logic)
            widgets[name] = qMRMLSliceWidget(logic)
        link = slicer.vtkMRMLSliceLinkLogic()
        link.SetMRMLApplicationLogic(application_logic)
        link.SetMRMLScene(scene)
        node = slicer.vtkMRMLLayoutNode()
        node.SetSingletonTag("vtkMRMLLayoutNode")
        node = scene.AddNode(node)
        self.__dict__["_state"] = types.SimpleNamespace(logics=logics, widgets=widgets, link=link, node=node)

    def sliceViewNames(self) -> tuple[str, ...]:
        """Names of the slice views."""
        return tuple(self._state.widgets)

    def sliceWidget(self, name: str) -> Any:
        """A slice view, or None if there is none of this name."""
        return self._state.widgets.get(name)

    def mrmlSliceLogics(self) -> Any:
        """All slice logics as a ``vtkCollection``."""
        return self._state.logics

    def resetSliceViews(self) -> None:
        """Zoom all slice views to their content."""
        for widget in self._state.widgets.values():
            widget.sliceLogic().FitSliceToAll()

    def resetThreeDViews(self) -> None:
        """There are no 3D views in the host, so there is nothing to reset."""

    threeDViewCount = QtCore.Property(int, lambda self: 0)

    def layoutLogic(self) -> Any:
        """What names the layout node."""
        node = self._state.node
        return types.SimpleNamespace(GetLayoutNode=lambda: node)

    def _layout(self) -> int:
        return self._state.node.GetViewArrangement()

    def setLayout(self, layout: int) -> None:
        """Choose a layout by its number in ``vtkMRMLLayoutNode``; its views get their sizes later, from the window."""
        self._state.node.SetViewArrangement(int(layout))
        self.layoutChanged.emit(int(layout))
        single_shot(0, self._give_sizes)

    def _give_sizes(self) -> None:
        description = self._state.node.GetLayoutDescription(self._layout()) or ""
        count = max(1, description.count("vtkMRMLSliceNode"))
        self.resizeViews(AREA[0] // count, AREA[1])

    def resizeViews(self, width: int, height: int) -> None:
        """For tests: what happens when the window or the module's panel changes its width."""
        for widget in self._state.widgets.values():
            widget.sliceLogic().ResizeSliceNode(width, height)

    layout = QtCore.Property(int, _layout, setLayout)

    def reset(self) -> None:
        """For tests: views as after the start."""
        for name, orientation in SLICES.items():
            node, layers = (
                self._state.widgets[name].mrmlSliceNode(),
                self._state.widgets[name].mrmlSliceCompositeNode(),
            )
            node.SetOrientation(orientation)
            node.SetDimensions(256, 256, 1)
            node.SetSliceOffset(0.0)
            for put in (layers.SetBackgroundVolumeID, layers.SetForegroundVolumeID, layers.SetLabelVolumeID):
                put(None)
            layers.SetForegroundOpacity(0.0)
            layers.SetLinkedControl(0)
