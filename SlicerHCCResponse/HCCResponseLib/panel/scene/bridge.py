"""The scene as a view of the read: what the store holds is shown, what the reader changes is handed over.

The store is the truth. Nodes that were deleted are made again, nodes of a saved scene are found by their tags.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import vtk

from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.panel.scene.contours import COLOURS, get_contour, set_contour
from HCCResponseLib.panel.scene.lines import axis_of, get_line, set_line, style
from HCCResponseLib.panel.scene.neighbours import protected, under_tools
from HCCResponseLib.panel.scene.nodes import (
    CONTOURS,
    LONG_AXIS,
    SHORT_AXIS,
    VOLUME,
    Tag,
    add_volume,
    file_under,
    geometry_of,
    our_nodes,
    tag,
    tag_of,
    untag,
)
from HCCResponseLib.presenter.view import open_points
from HCCResponseLib.review.read.records import ReaderLine
from HCCResponseLib.review.read.state import ReadState, Row, RowStatus


class Edits(Protocol):
    """Who takes what the reader changes in the scene."""

    def contour_edited(self, time_point: str, name: str, contour: Lesion) -> None:
        """A segment was changed; ``contour`` lies on the image's grid and may be empty."""

    def line_edited(self, time_point: str, name: str, line: ReaderLine, short: bool) -> None:
        """A long or short axis was dragged."""

    def nodes_lost(self) -> None:
        """One of our nodes or segments was deleted by the user."""

    def contour_kept(self, time_point: str, name: str) -> None:
        """A tool on another lesion would have taken voxels from this one; it is to be shown anew."""


class SceneView:
    """Shows one read in a scene.

    Args:
        later: calls something once the application is done with what it is doing now. Effects clear a segment first
            and write it after: what an observer sees in between is no edit, and an observer must open no dialog.
    """

    def __init__(self, scene: Any, edits: Edits, later: Callable[[Callable[[], None]], None]) -> None:
        self.scene = scene
        self._edits, self._later = edits, later
        self._touched: set[str] = set()
        self._subject = ""
        self._images: Callable[[str], Volume] | None = None
        self._nodes: dict[Tag, Any] = {}
        self._shown: dict[tuple[str, str], Row] = {}
        self._held: dict[tuple[str, str], Lesion] = {}
        """What each segment holds, as far as it was looked at."""
        self._watches: list[tuple[Any, int]] = []
        self._quiet = 0
        self._views: dict[str, str] = {}

    # -- showing ----------------------------------------------------------------------------------------------

    def open(self, state: ReadState, images: Callable[[str], Volume]) -> None:
        """Begin to show a read; nodes of another subject stay in the scene, hidden and no longer watched."""
        assert state.study is not None
        self.close()
        self._subject, self._images = state.study.subject, images
        self._nodes = {t: n for n in our_nodes(self.scene, self._subject) if (t := tag_of(n))}
        for (_, _, point, _), node in self._nodes.items():
            file_under(self.scene, node, self._subject, point)
        self._watch(self.scene, self.scene.NodeRemovedEvent, _with_node(self._on_node_removed))
        self.show(state)

    def close(self) -> None:
        """Stop showing; the nodes stay and are hidden, so that edits outside the read are not mistaken for it."""
        for target, number in self._watches:
            target.RemoveObserver(number)
        self._watches.clear()
        self.show_in({})
        self._nodes.clear()
        self._subject, self._images = "", None
        for known in (self._shown, self._held, self._touched):
            known.clear()

    def show(self, state: ReadState) -> None:
        """Bring the scene to the state of the read; touches only what differs."""
        if self._images is None or state.study is None:
            return
        self._quiet += 1
        try:
            for point in open_points(state):
                self._show_point(state, point)
        finally:
            self._quiet -= 1

    def _show_point(self, state: ReadState, point: str) -> None:
        rows = state.rows.get(point, {})
        locked = point in state.locked
        contours = self._contour_node(point)
        for number, (name, row) in enumerate(rows.items()):
            self._show_row(contours, point, name, row, COLOURS[number % len(COLOURS)])
            for short in (False, True):
                node = self.line_node(point, name, short)
                if node is not None and bool(node.GetLocked()) != locked:
                    node.SetLocked(locked)
        for key in [k for k in self._shown if k[0] == point and k[1] not in rows]:
            self._forget(contours, *key)

    def _show_row(
        self, contours: Any, point: str, name: str, row: Row, colour: tuple[float, float, float]
    ) -> None:
        key = (point, name)
        if self._shown.get(key) is row:
            return
        assert self._images is not None
        geometry = self._images(point).geometry
        contour = (row.contour if row.is_sized else None) or Lesion.empty(geometry.size)
        # A segment that shows this already is not touched: its tool may still be at work.
        if contour != self._held.get(key):
            set_contour(contours, name, contour, geometry, colour)
            self._held[key] = contour
        rejected = row.status is RowStatus.REJECTED
        contours.GetDisplayNode().SetSegmentVisibility(name, not rejected)
        self._show_lines(point, name, row)
        self._shown[key] = row

    def _show_lines(self, point: str, name: str, row: Row) -> None:
        for short in (False, True):
            kind = SHORT_AXIS if short else LONG_AXIS
            node = self._find(kind, point, name)
            line = axis_of(row, short)
            if line is None or row.status is RowStatus.REJECTED:
                if node is not None:
                    self.scene.RemoveNode(node)
                continue
            if node is None:
                node = self.scene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", f"{name} {kind}, {point}")
                style(node, short)
                self._adopt(node, kind, point, name)
            if not self._is_watched(node):
                self._watch(node, node.PointEndInteractionEvent, self._on_line_dragged)
            if get_line(node) != _rounded(line):
                set_line(node, line)

    def _forget(self, contours: Any, point: str, name: str) -> None:
        contours.GetSegmentation().RemoveSegment(name)
        for kind in (LONG_AXIS, SHORT_AXIS):
            node = self._find(kind, point, name)
            if node is not None:
                self.scene.RemoveNode(node)
        self._shown.pop((point, name), None)
        self._held.pop((point, name), None)

    # -- nodes ------------------------------------------------------------------------------------------------

    def volume_node(self, point: str) -> Any:
        """Volume node of a time point; made from the image when the scene has none, or another image's."""
        assert self._images is not None
        node = self._find(VOLUME, point)
        image = self._images(point)
        if node is not None and (node.GetImageData() is None or geometry_of(node).difference(image.geometry)):
            untag(node)
            node = None
        if node is None:
            node = add_volume(self.scene, image, f"{self._subject} {point}")
            self._adopt(node, VOLUME, point)
        return node

    def contour_node(self, point: str) -> Any | None:
        """Segmentation node of a time point, if it is there."""
        return self._find(CONTOURS, point)

    def line_node(self, point: str, name: str, short: bool = False) -> Any | None:
        """Line node of a lesion's long or short axis, if it is there."""
        return self._find(SHORT_AXIS if short else LONG_AXIS, point, name)

    def _find(self, kind: str, point: str, lesion: str = "") -> Any | None:
        return self._nodes.get((self._subject, kind, point, lesion))

    def _adopt(self, node: Any, kind: str, point: str, lesion: str = "") -> None:
        """Tag a node as ours, file it and remember it."""
        tag(node, self._subject, kind, point, lesion)
        file_under(self.scene, node, self._subject, point)
        self._nodes[(self._subject, kind, point, lesion)] = node
        self._place(node, point)

    def _contour_node(self, point: str) -> Any:
        volume = self.volume_node(point)
        node = self.contour_node(point)
        if node is None:
            node = self.scene.AddNewNodeByClass(
                "vtkMRMLSegmentationNode", f"{self._subject} {point} contours"
            )
            node.CreateDefaultDisplayNodes()
            _outline(node.GetDisplayNode())
            self._adopt(node, CONTOURS, point)
            node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
            for known in (self._shown, self._held):
                for key in [k for k in known if k[0] == point]:
                    del known[key]
        if not self._is_watched(node.GetSegmentation()):
            self._watch_segments(node, point)
        return node

    def show_in(self, views: dict[str, str]) -> None:
        """Show each time point's contours and axes in its own view only, and those of no view nowhere.

        Args:
            views: time point to the id of its slice node.
        """
        self._views = dict(views)
        for (_, _, point, _), node in self._nodes.items():
            self._place(node, point)

    def _place(self, node: Any, point: str) -> None:
        display = node.GetDisplayNode() if hasattr(node, "GetDisplayNode") else None
        if display is None or node.IsA("vtkMRMLVolumeNode"):
            return
        view = self._views.get(point)
        if view is not None and display.GetViewNodeIDs() != (view,):
            display.SetViewNodeIDs([view])
        if bool(display.GetVisibility()) != (view is not None):
            display.SetVisibility(view is not None)

    # -- watching ---------------------------------------------------------------------------------------------

    def _watch(self, target: Any, event: Any, call: Callable[..., None]) -> None:
        self._watches.append((target, target.AddObserver(event, call)))

    def _is_watched(self, target: Any) -> bool:
        return any(one is target for one, _ in self._watches)

    def _watch_segments(self, node: Any, point: str) -> None:
        segmentation = node.GetSegmentation()
        # Clearing a segment is told by the second event only, undo and redo of the editor by the third only.
        changed = (
            segmentation.SourceRepresentationModified,
            segmentation.RepresentationModified,
            segmentation.SegmentModified,
        )
        for event in (*changed, segmentation.SegmentRemoved):
            self._watch(segmentation, event, lambda *_: self._on_segments_changed(point))

    def _on_segments_changed(self, point: str) -> None:
        if self._quiet or self._images is None:
            return
        waiting = bool(self._touched)
        self._touched.add(point)
        if not waiting:
            self._later(self.look)

    def look(self) -> None:
        """Hand over what was drawn since the last look; done by itself soon after each change."""
        touched = sorted(self._touched)
        self._touched.clear()
        for point in touched:
            self._look_at(point)

    def _look_at(self, point: str) -> None:
        node = self.contour_node(point)
        if node is None or self._images is None:
            return
        geometry = self._images(point).geometry
        there = {name: get_contour(node, name, geometry) for name in node.GetSegmentation().GetSegmentIDs()}
        before = {name: contour for (one, name), contour in self._held.items() if one == point}
        for name in before.keys() - there.keys():
            del self._held[(point, name)]
        self._held |= {(point, name): contour for name, contour in there.items()}
        ours = {name for one, name in self._shown if one == point}
        changed = protected(before, there, under_tools(self.scene, node))
        self._hand_over(point, before, {n: c for n, c in changed.items() if n in ours})
        for name in ours - there.keys():
            self.invalidate(point, name)
            self._edits.nodes_lost()

    def _hand_over(self, point: str, before: dict[str, Lesion], now: dict[str, Lesion]) -> None:
        kept = [name for name, contour in now.items() if contour == before.get(name)]
        for name in kept:
            self.invalidate(point, name)
            self._edits.contour_kept(point, name)
        for name, contour in now.items():
            if name not in kept:
                self._edits.contour_edited(point, name, contour)

    def _on_line_dragged(self, node: Any, _event: Any) -> None:
        found = tag_of(node)
        line = get_line(node)
        if self._quiet or found is None or line is None:
            return
        _, kind, point, name = found
        self._edits.line_edited(point, name, line, kind == SHORT_AXIS)

    def _on_node_removed(self, node: Any) -> None:
        found = tag_of(node)
        if found is None or found[0] != self._subject:
            return
        self._nodes.pop(found, None)
        self._watches = [w for w in self._watches if w[0] is not node]
        if self._quiet or self.scene.IsClosing():
            return
        _, kind, point, name = found
        for key in [k for k in self._shown if k[0] == point and (kind in (CONTOURS, VOLUME) or k[1] == name)]:
            self.invalidate(*key)
        self._edits.nodes_lost()

    def invalidate(self, point: str, name: str) -> None:
        """Show a row anew next time, whatever the scene has in its place (an edit that was refused)."""
        self._shown.pop((point, name), None)


def _with_node(call: Callable[[Any], None]) -> Callable[..., None]:
    """For events that bring the node along."""

    def handler(_caller: Any, _event: str, node: Any) -> None:
        call(node)

    handler.CallDataType = vtk.VTK_OBJECT  # type: ignore[attr-defined]
    return handler


def _rounded(line: ReaderLine) -> ReaderLine:
    (a, b, c), (d, e, f) = (tuple(round(v, 4) for v in p) for p in (line.start_lps, line.end_lps))
    return ReaderLine((a, b, c), (d, e, f))


def _outline(display: Any) -> None:
    """Outlines only, so that the tumour's inside stays visible."""
    display.SetVisibility2DFill(False)
    display.SetVisibility2DOutline(True)
    display.SetOpacity2DOutline(1.0)
    display.SetSliceIntersectionThickness(2)
