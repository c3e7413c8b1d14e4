"""The scene with its application logic: colours, files, and subject hierarchy items for new nodes."""

from pathlib import Path
from typing import Any

import slicer
import vtk

# Nodes of these classes get an item of their own, as the application's plugins give them one.
_SHOWN = (
    "vtkMRMLDisplayableNode",
    "vtkMRMLTableNode",
    "vtkMRMLTextNode",
    "vtkMRMLSequenceNode",
    "vtkMRMLPlotChartNode",
)


class Scene:
    """A scene that can be written to and read from an .mrb file."""

    def __init__(self, folder: Path) -> None:
        self.scene, self.logic = slicer.vtkMRMLScene(), slicer.vtkSlicerApplicationLogic()
        self.logic.SetTemporaryPath(str(folder))
        self.logic.SetMRMLScene(self.scene)
        colors = self.logic.GetColorLogic()
        colors.SetMRMLScene(self.scene)
        colors.AddDefaultColorNodes()
        self.logic.SetModuleLogic("Colors", colors)
        self.logic.SetViewLogics(vtk.vtkCollection())
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(self.scene, True)
        self._open_files(folder / "cache")
        self._follow_nodes()

    def _open_files(self, cache: Path) -> None:
        """Reading a scene needs a manager with a cache folder; without it the process would end."""
        cache.mkdir(parents=True, exist_ok=True)
        self._cache, self._io, self._io_logic = (
            slicer.vtkCacheManager(),
            slicer.vtkDataIOManager(),
            slicer.vtkDataIOManagerLogic(),
        )
        self._cache.SetRemoteCacheDirectory(str(cache))
        self._cache.SetMRMLScene(self.scene)
        self.scene.SetCacheManager(self._cache)
        self._io.SetCacheManager(self._cache)
        self.scene.SetDataIOManager(self._io)
        self._io_logic.SetMRMLApplicationLogic(self.logic)
        self._io_logic.SetMRMLScene(self.scene)
        self._io_logic.SetAndObserveDataIOManager(self._io)

    def _follow_nodes(self) -> None:
        def added(_scene: Any, _event: str, node: Any) -> None:
            if not self.scene.IsImporting() and _is_shown(node):
                hierarchy = self.hierarchy()
                if hierarchy.GetItemByDataNode(node) == hierarchy.GetInvalidItemID():
                    hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)

        def removed(_scene: Any, _event: str, node: Any) -> None:
            hierarchy = self.hierarchy()
            item = hierarchy.GetItemByDataNode(node) if _is_shown(node) else hierarchy.GetInvalidItemID()
            if item != hierarchy.GetInvalidItemID() and not self.scene.IsClosing():
                hierarchy.RemoveItem(item, False, False)

        for event, callback in (
            (self.scene.NodeAddedEvent, added),
            (self.scene.NodeAboutToBeRemovedEvent, removed),
        ):
            callback.CallDataType = vtk.VTK_OBJECT
            self.scene.AddObserver(event, callback)

    def hierarchy(self) -> Any:
        """The subject hierarchy of the scene."""
        return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(self.scene)


def _is_shown(node: Any) -> bool:
    return not node.GetHideFromEditors() and any(node.IsA(name) for name in _SHOWN)
