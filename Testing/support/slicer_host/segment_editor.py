"""The segment editor: a plain widget before the application's own editor logic, which clears, writes, masks and undoes.

Only the effects are written anew (``segment_effects``); what they hand to the logic changes segments as in the
application, with the same events: a segment that is replaced is cleared first, undo tells of ``SegmentModified`` alone,
and the default "Overwrite all" takes voxels from the neighbours.
"""

from typing import Any

import slicer
from PySide6 import QtCore, QtWidgets

from .classes import stand_in
from .mrml_widgets import _flag, _node, _state, qMRMLWidget
from .segment_effects import EFFECTS


@stand_in
class qMRMLSegmentEditorWidget(qMRMLWidget):
    """Effects by name, undo and redo; there is no mouse: a test gives a stroke as a mask."""

    currentSegmentIDChanged = QtCore.Signal(str)
    segmentationNodeChanged = QtCore.Signal(object)
    sourceVolumeNodeChanged = QtCore.Signal(object)
    activeEffectChanged = QtCore.Signal(object)
    _host_signals = {
        "segmentationNodeChanged(vtkMRMLSegmentationNode*)": "segmentationNodeChanged",
        "sourceVolumeNodeChanged(vtkMRMLVolumeNode*)": "sourceVolumeNodeChanged",
    }

    def __init__(self, *parent: Any) -> None:
        super().__init__(*parent)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(QtWidgets.QLabel("Segment editor (stand-in)", self))
        logic = slicer.vtkSlicerSegmentEditorLogic()
        _state(
            self,
            scene=None,
            editor=None,
            logic=logic,
            effect=None,
            shortcuts=False,
            read_only=False,
            order=(),
        )

    readOnly = _flag("read_only")

    def setMRMLScene(self, scene: Any) -> None:
        """Change the scene."""
        super().setMRMLScene(scene)
        self._state.logic.SetMRMLScene(scene)

    def setMRMLSegmentEditorNode(self, node: Any) -> None:
        """The node that holds the editor's choices."""
        self._state.editor = _node(node, "setMRMLSegmentEditorNode(vtkMRMLSegmentEditorNode* node) -> void")
        self._state.logic.SetSegmentEditorNode(node)

    def mrmlSegmentEditorNode(self) -> Any:
        """The editor's node or None."""
        return self._state.editor

    def _editor(self) -> Any:
        if self._state.editor is None:
            raise ValueError(
                "setMRMLSegmentEditorNode must be called first; without it the widget ignores everything"
            )
        return self._state.editor

    def setSegmentationNode(self, node: Any) -> None:
        """The segmentation to edit; another one forgets what could be undone."""
        self._editor()
        self._state.logic.SetSegmentationNode(
            _node(node, "setSegmentationNode(vtkMRMLSegmentationNode*) -> void")
        )
        self.segmentationNodeChanged.emit(node)

    def segmentationNode(self) -> Any:
        """The segmentation to edit, or None."""
        return self._editor().GetSegmentationNode()

    def setSourceVolumeNode(self, node: Any) -> None:
        """The volume that effects look at."""
        self._editor()
        self._state.logic.SetSourceVolumeNode(_node(node, "setSourceVolumeNode(vtkMRMLNode*) -> void"))
        self.sourceVolumeNodeChanged.emit(node)

    def sourceVolumeNode(self) -> Any:
        """The volume that effects look at, or None."""
        return self._editor().GetSourceVolumeNode()

    def setCurrentSegmentID(self, segment: str) -> None:
        """Choose the segment to edit."""
        self._editor().SetSelectedSegmentID(segment)
        self.currentSegmentIDChanged.emit(segment)

    def currentSegmentID(self) -> str:
        """The segment to edit."""
        return str(self._editor().GetSelectedSegmentID() or "")

    def setActiveEffectByName(self, name: str) -> None:
        """Choose an effect; an empty name chooses none."""
        if name and name not in EFFECTS:
            raise ValueError(f"the host has no effect {name!r}")
        self._editor().SetActiveEffectName(name)
        self._state.effect = EFFECTS[name](name, self._editor(), self._state.logic) if name else None

    def activeEffect(self) -> Any:
        """The effect, or None."""
        return self._state.effect

    def undo(self) -> None:
        """The editor's own undo: it tells of modified segments and of nothing else."""
        self._state.logic.Undo()

    def redo(self) -> None:
        """Back again."""
        self._state.logic.Redo()

    def setEffectNameOrder(self, names: Any) -> None:
        """Which effects come first."""
        self._state.order = tuple(names)

    def installKeyboardShortcuts(self, *_parent: Any) -> None:
        """Switch the editor's shortcuts on."""
        self._state.shortcuts = True

    def uninstallKeyboardShortcuts(self) -> None:
        """Switch the editor's shortcuts off."""
        self._state.shortcuts = False


WIDGETS: tuple[type, ...] = (qMRMLSegmentEditorWidget,)
