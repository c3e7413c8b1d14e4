"""A line or a click that the reader gives in one slice view: an ordinary markup, there only while it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer

from HCCResponseLib.imaging.geometry import lps_to_ras
from HCCResponseLib.panel.scene.lines import get_line, set_line, style
from HCCResponseLib.review.read.records import ReaderLine

Lps = tuple[float, float, float]
_LINE, _POINT = "vtkMRMLMarkupsLineNode", "vtkMRMLMarkupsFiducialNode"
_NAME = "Shown to the network"
# Unlike every axis that is measured already.
_COLOUR = (1.0, 1.0, 0.2)


class Placing:
    """One markup at a time, in one view only, so that it is known which scan it was put on.

    Args:
        later: calls something once the application is done with what it is doing now.
        given_up: called when the reader leaves the mode in which markups are placed before it is complete.
    """

    def __init__(
        self, scene: Any, later: Callable[[Callable[[], None]], None], given_up: Callable[[], None]
    ) -> None:
        self._scene, self._later, self._given_up = scene, later, given_up
        self._node: Any = None
        self._done: Callable[[], None] | None = None
        self._watches: list[tuple[Any, int]] = []

    @property
    def line(self) -> ReaderLine | None:
        """The line as it lies now; ``None`` where none is shown or it has not two ends yet."""
        shown = self._node is not None and self._node.IsA(_LINE) and self._scene.IsNodePresent(self._node)
        return get_line(self._node) if shown else None

    def ask_line(self, slice_node: Any, done: Callable[[ReaderLine], None]) -> None:
        """Let the reader draw a line by its two ends; it stays to be moved until :meth:`stop`."""

        def complete() -> None:
            if (line := self.line) is not None:
                self._settle()
                done(line)

        self._begin(_LINE, slice_node, complete)

    def ask_point(self, slice_node: Any, done: Callable[[Lps], None]) -> None:
        """Let the reader click once; LPS mm."""

        def complete() -> None:
            if self._node.GetNumberOfDefinedControlPoints() == 1:
                place = [0.0, 0.0, 0.0]
                self._node.GetNthControlPointPositionWorld(0, place)
                x, y, z = (round(float(v), 4) for v in lps_to_ras(place))
                self.stop()
                done((x, y, z))

        self._begin(_POINT, slice_node, complete)

    def show_line(self, slice_node: Any, line: ReaderLine) -> None:
        """Show a line for the reader to move by its ends."""
        self._add(_LINE, slice_node)
        set_line(self._node, line)

    def stop(self) -> None:
        """Take the markup away, and leave the mode in which markups are placed."""
        self._settle()
        node, self._node = self._node, None
        # The user may have deleted it, or closed the scene.
        if node is not None and self._scene.IsNodePresent(node):
            self._scene.RemoveNode(node)

    def _begin(self, kind: str, slice_node: Any, done: Callable[[], None]) -> None:
        self._add(kind, slice_node)
        self._done = done
        selection, interaction = _selection(), _interaction()
        selection.SetReferenceActivePlaceNodeClassName(kind)
        selection.SetActivePlaceNodeID(self._node.GetID())
        interaction.SetPlaceModePersistence(0)
        interaction.SetCurrentInteractionMode(interaction.Place)
        self._watch(self._node, self._node.PointPositionDefinedEvent)
        self._watch(interaction, interaction.InteractionModeChangedEvent)

    def _add(self, kind: str, slice_node: Any) -> None:
        self.stop()
        self._node = self._scene.AddNewNodeByClass(kind, _NAME)
        self._node.SetSaveWithScene(False)
        style(self._node, short=False)
        display = self._node.GetDisplayNode()
        display.SetColor(*_COLOUR)
        display.SetSelectedColor(*_COLOUR)
        display.SetViewNodeIDs([slice_node.GetID()])

    def _watch(self, target: Any, event: Any) -> None:
        self._watches.append((target, target.AddObserver(event, lambda *_: self._later(self._look))))

    def _look(self) -> None:
        """A point was put, or the mode was left; which of both the application tells first does not matter."""
        done = self._done
        if done is None:
            return
        done()
        interaction = _interaction()
        if self._done is not None and interaction.GetCurrentInteractionMode() != interaction.Place:
            self.stop()
            self._given_up()

    def _settle(self) -> None:
        self._done = None
        for target, number in self._watches:
            target.RemoveObserver(number)
        self._watches.clear()
        interaction = _interaction()
        if self._node is not None and _selection().GetActivePlaceNodeID() == self._node.GetID():
            _selection().SetActivePlaceNodeID(None)
            if interaction.GetCurrentInteractionMode() == interaction.Place:
                interaction.SetCurrentInteractionMode(interaction.ViewTransform)


def _interaction() -> Any:
    return slicer.app.applicationLogic().GetInteractionNode()


def _selection() -> Any:
    return slicer.app.applicationLogic().GetSelectionNode()
