"""Slice views beside each other: baseline and follow-ups, scrolled together, moved to a lesion's key slice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from HCCResponseLib.imaging.geometry import lps_to_ras
from HCCResponseLib.panel.scene.bridge import SceneView
from HCCResponseLib.review.read.state import Row

# The application's own views, so that nothing else of the user's layout changes.
VIEWS = ("Red", "Yellow", "Green")
_LAYOUT_NUMBER = 5470
Extent = tuple[tuple[int, ...], tuple[float, ...]]


class SliceViews:
    """Shows up to three time points side by side in axial views.

    Args:
        later: calls something once the application is done with what it is doing now.
    """

    def __init__(self, layout_manager: Any, later: Callable[[Callable[[], None]], None]) -> None:
        self._manager, self._later = layout_manager, later
        self.points: tuple[str, ...] = ()
        """Time points on show, from left to right."""
        self._observed: list[tuple[Any, int]] = []
        self._offsets: dict[str, float] = {}
        self._fitted: dict[str, Extent] = {}
        """Views that show their whole scan, and not what their reader has zoomed to."""
        self._moving = False
        self.linked = True

    def compare(self, points: Sequence[str], view: SceneView) -> None:
        """Show these time points (three at most) side by side, axial, each zoomed to its scan."""
        self.close()
        self.points = tuple(points[: len(VIEWS)])
        self._set_layout(len(self.points))
        for name, point in zip(VIEWS, self.points, strict=False):
            widget = self._manager.sliceWidget(name)
            widget.mrmlSliceCompositeNode().SetLinkedControl(False)
            widget.mrmlSliceCompositeNode().SetBackgroundVolumeID(view.volume_node(point).GetID())
            widget.mrmlSliceNode().SetOrientationToAxial()
            self._fit(name)
            self._follow(name, widget.mrmlSliceNode())
        shown = zip(VIEWS, self.points, strict=False)
        view.show_in({p: self._manager.sliceWidget(n).mrmlSliceNode().GetID() for n, p in shown})

    def close(self) -> None:
        """Stop scrolling views together."""
        for node, number in self._observed:
            node.RemoveObserver(number)
        self._observed.clear()
        self._offsets.clear()
        self._fitted.clear()
        self.points = ()

    def go_to(self, rows: dict[str, Row | None]) -> None:
        """Move each view to where its lesion is, or to the place where it was expected or had not been yet."""
        self._moving = True
        try:
            for name, point in zip(VIEWS, self.points, strict=False):
                place = key_place(rows.get(point)) or earlier_place(rows)
                if place is not None:
                    node = self._manager.sliceWidget(name).mrmlSliceNode()
                    node.JumpSliceByCentering(*place)
                self._remember(name)
        finally:
            self._moving = False

    def set_window(self, width_level: tuple[float, float], view: SceneView) -> None:
        """Window of all time points."""
        for point in self.points:
            display = view.volume_node(point).GetDisplayNode()
            display.SetAutoWindowLevel(False)
            display.SetWindowLevel(*width_level)

    def _set_layout(self, count: int) -> None:
        layout = self._manager.layoutLogic().GetLayoutNode()
        number = _LAYOUT_NUMBER + count
        if not layout.IsLayoutDescription(number):
            layout.AddLayoutDescription(number, layout_xml(count))
        self._manager.setLayout(number)

    def _fit(self, name: str) -> None:
        """Show the whole scan, at the slice and for the size that the view has now."""
        widget = self._manager.sliceWidget(name)
        node, moving, again = widget.mrmlSliceNode(), self._moving, name in self._fitted
        offset, self._moving = node.GetSliceOffset(), True
        try:
            widget.sliceLogic().FitSliceToBackground()
            if again:
                node.SetSliceOffset(offset)
            self._fitted[name] = _extent(node)
            self._remember(name)
        finally:
            self._moving = moving

    def _resized(self, name: str) -> None:
        """A layout gives its views their sizes after it was chosen, and folding a section changes them.

        A view that its reader has zoomed keeps its zoom.
        """
        before, now = self._fitted.get(name), _extent(self._manager.sliceWidget(name).mrmlSliceNode())
        if before is None or now == before:
            return
        if now[0] == before[0]:
            del self._fitted[name]
            return
        self._fitted[name] = now
        self._later(lambda: self._fit(name) if name in self._fitted else None)

    def _follow(self, name: str, node: Any) -> None:
        self._remember(name)
        self._observed.append((node, node.AddObserver("ModifiedEvent", lambda *_: self._scrolled(name))))

    def _remember(self, name: str) -> None:
        self._offsets[name] = float(self._manager.sliceWidget(name).mrmlSliceNode().GetSliceOffset())

    def _scrolled(self, name: str) -> None:
        """Scroll the other views by as many millimetres, so that a lesion stays beside itself."""
        if self._moving or name not in self._offsets:
            return
        self._resized(name)
        before = self._offsets[name]
        self._remember(name)
        step = self._offsets[name] - before
        if not self.linked or abs(step) < 1e-3:
            return
        self._moving = True
        try:
            for other in VIEWS[: len(self.points)]:
                if other != name:
                    node = self._manager.sliceWidget(other).mrmlSliceNode()
                    node.SetSliceOffset(node.GetSliceOffset() + step)
                    self._remember(other)
        finally:
            self._moving = False


def _extent(node: Any) -> Extent:
    """Width and height of a view in pixels, and of what it shows in mm."""
    return tuple(node.GetDimensions()[:2]), tuple(node.GetFieldOfView()[:2])


def layout_xml(count: int) -> str:
    """A layout with ``count`` slice views side by side."""
    items = "".join(
        f'<item><view class="vtkMRMLSliceNode" singletontag="{name}">'
        '<property name="orientation" action="default">Axial</property>'
        f'<property name="viewlabel" action="default">{name[0]}</property></view></item>'
        for name in VIEWS[:count]
    )
    return f'<layout type="horizontal" split="true">{items}</layout>'


def key_place(row: Row | None) -> tuple[float, float, float] | None:
    """RAS point to look at for a row: the middle of its long axis, else the place where it was expected."""
    if row is None:
        return None
    own = row.decision.long_line if row.decision else None
    axis = row.measurement.long_axis if row.measurement and row.long_mm is not None else None
    line = own or axis
    if line is not None:
        return _ras(np.add(line.start_lps, line.end_lps) / 2)
    place = row.proposal.evidence.get("place_lps")
    return _ras(place) if isinstance(place, list) else None


def earlier_place(rows: dict[str, Row | None]) -> tuple[float, float, float] | None:
    """RAS point at baseline of what was found later only: where a candidate would have been."""
    for row in rows.values():
        place = row.proposal.evidence.get("place_at_baseline_lps") if row is not None else None
        if isinstance(place, list):
            return _ras(place)
    return None


def _ras(lps: Any) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in lps_to_ras(lps))
    return x, y, z
