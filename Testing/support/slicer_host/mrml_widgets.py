"""The widgets of MRML that the panel may use: what a test can see of them, without what only the application draws."""

import types
from typing import Any

import slicer
from PySide6 import QtCore, QtWidgets
from shiboken6 import isValid

from .classes import stand_in


def _state(owner: Any, **values: Any) -> None:
    owner.__dict__["_state"] = types.SimpleNamespace(**values)


def _flag(name: str) -> Any:
    """A plain bool property kept in the state."""

    def get(self: Any) -> bool:
        return getattr(self._state, name)

    def put(self: Any, value: bool) -> None:
        setattr(self._state, name, bool(value))

    return QtCore.Property(bool, get, put)


def _node(value: Any, what: str) -> Any:
    """A node or None, and nothing else, as the C++ signatures want it."""
    if value is not None and not isinstance(value, slicer.vtkMRMLNode):
        raise ValueError(f"Called {what} with wrong arguments: ({value!r},)")
    return value


@stand_in
class qMRMLWidget(QtWidgets.QWidget):
    """Hands its scene down to the MRML widgets inside."""

    mrmlSceneChanged = QtCore.Signal(object)
    _host_signals = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged"}

    def __init__(self, *parent: Any) -> None:
        super().__init__(*parent)
        _state(self, scene=None)

    def mrmlScene(self) -> Any:
        """The scene or None."""
        return self._state.scene

    def setMRMLScene(self, scene: Any) -> None:
        """Change the scene, here and in all MRML widgets below."""
        if scene is self._state.scene:
            return
        self._state.scene = scene
        for child in self.findChildren(QtWidgets.QWidget):
            if hasattr(type(child), "setMRMLScene"):
                child.setMRMLScene(scene)
        self.mrmlSceneChanged.emit(scene)


@stand_in
class qMRMLNodeComboBox(QtWidgets.QWidget):
    """Chooses a node of some classes from the scene and follows the scene."""

    currentNodeChanged = QtCore.Signal(object)
    currentNodeIDChanged = QtCore.Signal(str)
    nodeAddedByUser = QtCore.Signal(object)
    _host_signals = {
        "currentNodeChanged(vtkMRMLNode*)": "currentNodeChanged",
        "nodeAddedByUser(vtkMRMLNode*)": "nodeAddedByUser",
    }

    def __init__(self, *parent: Any) -> None:
        super().__init__(*parent)
        box = QtWidgets.QComboBox(self)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(box)
        _state(
            self, box=box, types=(), scene=None, node=None, tags=[], attributes=[],
            none=False, add=True, remove=True, edit=False, rename=False, hidden=False,
        )  # fmt: skip
        box.activated.connect(self._on_activated)

    noneEnabled, addEnabled, removeEnabled = _flag("none"), _flag("add"), _flag("remove")
    editEnabled, renameEnabled, showHidden = _flag("edit"), _flag("rename"), _flag("hidden")

    def _types(self) -> list[str]:
        return list(self._state.types)

    def _set_types(self, names: list[str]) -> None:
        unknown = [name for name in names if not hasattr(slicer, name)]
        if unknown:
            raise ValueError(f"no such node classes: {unknown}")
        self._state.types = tuple(names)
        self._refresh()

    def _node_id(self) -> str:
        return self._state.node.GetID() if self._state.node is not None else ""

    def setCurrentNodeID(self, node_id: str) -> None:
        """Choose a node by its id; an empty id chooses none."""
        self.setCurrentNode(self._state.scene.GetNodeByID(node_id) if node_id and self._state.scene else None)

    nodeTypes = QtCore.Property("QStringList", _types, _set_types)
    currentNodeID = QtCore.Property(str, _node_id, setCurrentNodeID)

    def addAttribute(self, node_type: str, name: str, value: Any = None) -> None:
        """Offer only nodes with an attribute (of a value)."""
        self._state.attributes.append((node_type, name, value))
        self._refresh()

    def _accepts(self, node: Any) -> bool:
        if node.GetHideFromEditors() and not self._state.hidden:
            return False
        if not any(node.IsA(name) for name in self._state.types):
            return False
        for node_type, name, value in self._state.attributes:
            found = node.GetAttribute(name)
            if node.IsA(node_type) and (found is None or value not in (None, found)):
                return False
        return True

    def _nodes(self) -> list[Any]:
        scene = self._state.scene
        if scene is None:
            return []
        every = (scene.GetNthNode(i) for i in range(scene.GetNumberOfNodes()))
        return [node for node in every if self._accepts(node)]

    def nodeCount(self) -> int:
        """How many nodes can be chosen."""
        return len(self._nodes())

    def mrmlScene(self) -> Any:
        """The scene or None."""
        return self._state.scene

    def setMRMLScene(self, scene: Any) -> None:
        """Change the scene and follow it."""
        state = self._state
        for tag in state.tags:
            state.scene.RemoveObserver(tag)
        state.scene = scene
        events = (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndCloseEvent) if scene else ()
        state.tags = [scene.AddObserver(event, lambda *_: self._follow()) for event in events]
        self._refresh()

    def _follow(self) -> None:
        """The scene changed; a box that is gone, as its C++ counterpart would, does not hear of it any more."""
        if isValid(self):
            self._refresh()

    def _refresh(self) -> None:
        nodes = self._nodes()
        state = self._state
        state.box.clear()
        if state.none:
            state.box.addItem("None")
        for node in nodes:
            state.box.addItem(node.GetName())
        kept = state.node if state.node in nodes else None
        self.setCurrentNode(kept if kept is not None or state.none or not nodes else nodes[0])

    def _on_activated(self, index: int) -> None:
        row = index - self._state.none
        self.setCurrentNode(self._nodes()[row] if row >= 0 else None)

    def currentNode(self) -> Any:
        """The chosen node or None."""
        return self._state.node

    def setCurrentNode(self, node: Any) -> None:
        """Choose a node; one that is not offered chooses none."""
        nodes = self._nodes()
        if _node(node, "setCurrentNode(vtkMRMLNode* node) -> void") not in nodes:
            node = None
        state = self._state
        state.box.setCurrentIndex(nodes.index(node) + state.none if node is not None else -1 + state.none)
        if node is not state.node:
            state.node = node
            self.currentNodeChanged.emit(node)
            self.currentNodeIDChanged.emit(self._node_id())


@stand_in
class qMRMLSegmentsTableView(QtWidgets.QWidget):
    """Segments of a segmentation, with their names and a selection."""

    selectionChanged = QtCore.Signal(object, object)
    _host_signals = {"selectionChanged(QItemSelection,QItemSelection)": "selectionChanged"}

    def __init__(self, *parent: Any) -> None:
        super().__init__(*parent)
        table = QtWidgets.QTableWidget(0, 1, self)
        table.setHorizontalHeaderLabels(["Segment"])
        table.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(table)
        _state(self, node=None, table=table, scene=None, ids=(), tag=None)
        table.itemSelectionChanged.connect(lambda: self.selectionChanged.emit(None, None))

    def setMRMLScene(self, scene: Any) -> None:
        """Change the scene."""
        self._state.scene = scene

    def segmentationNode(self) -> Any:
        """The segmentation shown, or None."""
        return self._state.node

    def setSegmentationNode(self, node: Any) -> None:
        """Show a segmentation."""
        state = self._state
        if state.node is not None:
            state.node.GetSegmentation().RemoveObserver(state.tag)
        state.node = _node(node, "setSegmentationNode(vtkMRMLNode* node) -> void")
        if node is not None:
            state.tag = node.GetSegmentation().AddObserver("AnyEvent", lambda *_: self._refresh())
        self._refresh()

    def _refresh(self) -> None:
        state = self._state
        ids = tuple(state.node.GetSegmentation().GetSegmentIDs()) if state.node is not None else ()
        if ids == state.ids:
            return
        state.ids = ids
        state.table.setRowCount(len(ids))
        for row, segment in enumerate(ids):
            name = state.node.GetSegmentation().GetSegment(segment).GetName()
            state.table.setItem(row, 0, QtWidgets.QTableWidgetItem(name))

    def selectedSegmentIDs(self) -> tuple[str, ...]:
        """Ids of the selected rows."""
        rows = sorted({index.row() for index in self._state.table.selectionModel().selectedRows()})
        return tuple(self._state.ids[row] for row in rows)

    def setSelectedSegmentIDs(self, ids: Any) -> None:
        """Select the rows of some segments."""
        self._state.table.clearSelection()
        for row, segment in enumerate(self._state.ids):
            if segment in ids:
                self._state.table.selectRow(row)


WIDGETS: tuple[type, ...] = (qMRMLWidget, qMRMLNodeComboBox, qMRMLSegmentsTableView)
