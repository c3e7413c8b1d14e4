"""The segment editor: what the reader draws is a draft until he is done, then one decision."""

from __future__ import annotations

import math
from typing import Any

import slicer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.panel.context import Context, guarded, soon, tell_soon
from HCCResponseLib.panel.scene.neighbours import let_overlap, overlaps
from HCCResponseLib.panel.scene.nodes import tag_of
from HCCResponseLib.presenter.drafts import OpenDraft, Place
from HCCResponseLib.presenter.view import PanelView
from HCCResponseLib.review.read.state import RowStatus

_NODE = "HCCResponse segment editor"


class EditorSection:
    """Editor, and a line with two buttons while a contour is unfinished.

    A contour is finished by Done, by accepting its row, and by leaving it: no effect is active any more, the editor is
    folded, another lesion is selected, another module is opened, the scene is saved. To go from one effect to
    another leaves nothing.
    """

    def __init__(self, context: Context, scene: Any) -> None:
        self._context, self._ui, self._scene = context, context.ui, scene
        self._watches: list[tuple[Any, int]] = []
        context.leave = self.leave
        context.at_end.append(self.shut_down)
        self._ui.doneButton.connect("clicked()", guarded(self.done))
        self._ui.discardButton.connect("clicked()", guarded(self.discard))
        self._ui.editorSection.connect("contentsCollapsed(bool)", guarded(self._folded))
        self.set_up()

    def set_up(self) -> None:
        """Give the editor a node of its own in the scene, and watch it; again after the scene was closed."""
        self.shut_down()
        node = self._scene.GetFirstNodeByName(_NODE)
        if node is None:
            node = slicer.vtkMRMLSegmentEditorNode()
            node.SetName(_NODE)
            node = self._scene.AddNode(node)
        let_overlap(node)
        self._ui.segmentEditor.setMRMLScene(self._scene)
        self._ui.segmentEditor.setMRMLSegmentEditorNode(node)
        self._watch(node, "ModifiedEvent", lambda *_: soon(self._look_at_editor))
        self._watch(self._scene, self._scene.StartSaveEvent, lambda *_: self._leave(None))

    def _watch(self, target: Any, event: Any, call: Any) -> None:
        self._watches.append((target, target.AddObserver(event, call)))

    def shut_down(self) -> None:
        """Watch nothing any more."""
        for target, number in self._watches:
            target.RemoveObserver(number)
        self._watches.clear()

    # -- showing ----------------------------------------------------------------------------------------------

    def show(self, view: PanelView | None) -> None:
        """Name the contour that is unfinished, if one is."""
        ui, found = self._ui, None if view is None else self._draft()
        ui.draftFrame.setVisible(found is not None)
        if found is not None:
            where = f"{found.draft.name}, {found.draft.time_point}: {found.row.size_words}"
            start = "Unfinished contour of an earlier session" if found.restored else "Unfinished contour"
            ui.draftLabel.setText(f"{start}. {where}. It is no decision yet.{self._overlap_words(found)}")

    def _overlap_words(self, found: OpenDraft) -> str:
        """With which lesions the contour overlaps now, and that those keep theirs."""
        presenter, point = self._context.presenter, found.draft.time_point
        others = {
            name: row.contour
            for name, row in presenter.shown().rows[point].items()
            if name != found.draft.name and row.is_sized and row.status is not RowStatus.REJECTED
        }
        ml = math.prod(presenter.image(point).geometry.spacing) / 1000
        common = overlaps(found.draft.contour, others)
        return "".join(
            f" It overlaps with {n} ({k * ml:.2f} mL); {n} stays as it is." for n, k in common.items()
        )

    def _draft(self) -> OpenDraft | None:
        return self._context.presenter.drafts.latest(self._context.selected)

    # -- the reader is done -----------------------------------------------------------------------------------

    def done(self) -> None:
        """Store the contour that is named beside the button."""
        self._context.presenter.collect()
        found = self._draft()
        if found is None:
            raise InputError("No contour is unfinished.")
        self._put_tool_away()
        self._context.presenter.finish(found.draft.place)

    def discard(self) -> None:
        """Let it go; the contour of the read is shown again."""
        self._context.presenter.collect()
        found = self._draft()
        if found is not None:
            self._put_tool_away()
            self._context.presenter.discard(found.draft.place)

    def leave(self) -> None:
        """The reader has turned to the selected row: what was drawn elsewhere is finished, no tool draws on there."""
        if self._context.presenter.session is not None and self._place() != self._context.selected:
            self._put_tool_away()
        self._leave(self._context.selected)

    def left(self) -> None:
        """The panel is left."""
        self._put_tool_away()
        self._leave(None)

    def _leave(self, stay: Place | None) -> None:
        presenter = self._context.presenter
        if presenter.session is None:
            return
        for problem in presenter.leave(stay):
            tell_soon(problem)

    def _put_tool_away(self) -> None:
        if self._ui.segmentEditor.mrmlSegmentEditorNode().GetActiveEffectName():
            self._ui.segmentEditor.setActiveEffectByName("")

    def _folded(self) -> None:
        if self._ui.editorSection.collapsed:
            self.left()

    def _look_at_editor(self) -> None:
        """Another effect, another segment: only without an effect or on another segment the contour is left."""
        if self._context.presenter.session is not None:
            self._leave(self._place())

    def _place(self) -> Place | None:
        """The row whose contour is under a tool of the editor."""
        node = self._ui.segmentEditor.mrmlSegmentEditorNode()
        found = tag_of(node.GetSegmentationNode())
        if found is None or not node.GetActiveEffectName():
            return None
        return found[2], str(node.GetSelectedSegmentID() or "")
