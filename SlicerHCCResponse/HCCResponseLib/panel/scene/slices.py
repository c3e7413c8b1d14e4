"""Slice views beside each other: baseline and follow-ups at one zoom, moved together, on acquired slices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import slicer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.panel.scene.bridge import SceneView
from HCCResponseLib.panel.scene.layouts import set_layout
from HCCResponseLib.panel.scene.overlay import Overlay
from HCCResponseLib.panel.scene.places import Ras, middle_within, places_of
from HCCResponseLib.presenter.marks import Mark
from HCCResponseLib.review.read.state import Row

# The application's own views, so that nothing else of the user's layout changes.
VIEWS = ("Red", "Yellow", "Green")

Marks = Callable[[str, Ras], tuple[str, Sequence[Mark], Sequence[Mark]]]
"""For a time point and a RAS place on its slice: words of the corner, names, ghosts."""


@dataclass
class _View:
    """What is known of one view, to tell what a change of its node was.

    Attributes:
        offset: S in mm where it would be, were slices infinitely thin: acquired slices of two scans rarely meet.
        stood: S in mm of the acquired slice that it shows.
        size: in pixels; ``field``: of view, in mm; ``middle``: R and A in mm of what lies in its middle.
        volume_id: of the node of its time point's scan.
    """

    name: str
    point: str
    widget: Any
    overlay: Overlay
    volume_id: str
    offset: float = 0.0
    stood: float = 0.0
    size: tuple[int, int] = (0, 0)
    field: tuple[float, float] = (0.0, 0.0)
    middle: tuple[float, float] = (0.0, 0.0)

    @property
    def node(self) -> Any:
        """Its slice node."""
        return self.widget.mrmlSliceNode()

    @property
    def volume(self) -> Any:
        """The scan that it shows."""
        return self.widget.sliceLogic().GetBackgroundLayer().GetVolumeNode()

    @property
    def is_ours(self) -> bool:
        """Whether it shows its time point in axial slices still; the user may turn it to anything else."""
        shown = self.widget.mrmlSliceCompositeNode().GetBackgroundVolumeID()
        return bool(shown == self.volume_id and self.node.GetOrientation() == "Axial")

    def remember(self) -> None:
        """Take the node as it is now."""
        self.offset = self.stood = float(self.node.GetSliceOffset())
        self.remember_look()

    def remember_look(self) -> None:
        """Take size, field of view and middle as they are now."""
        width, height, _ = self.node.GetDimensions()
        self.size, self.field = (width, height), self.node.GetFieldOfView()[:2]
        # A pan with the mouse moves the origin in the plane, a jump the plane itself.
        x, y, _ = self.node.GetXYZOrigin()
        right, front, _, _ = self.node.GetSliceToRAS().MultiplyPoint((x, y, 0.0, 1.0))
        self.middle = (right, front)

    def pan(self, right: float, front: float) -> None:
        """By so many mm along R and A."""
        x, y, z = self.node.GetXYZOrigin()
        plane = self.node.GetSliceToRAS()
        x += right * plane.GetElement(0, 0) + front * plane.GetElement(1, 0)
        y += right * plane.GetElement(0, 1) + front * plane.GetElement(1, 1)
        self.node.SetXYZOrigin(x, y, z)
        self.remember_look()

    def go(self, offset: float) -> None:
        """To the acquired slice that is nearest to S in mm."""
        self.offset = offset
        self.node.SetSliceOffset(offset)
        self.widget.sliceLogic().SnapSliceOffsetToIJK()
        self.stood = float(self.node.GetSliceOffset())


class SliceViews:
    """Shows up to three time points side by side in axial views.

    Args:
        later: calls something once the application is done with what it is doing now; a layout gives its views their
            size only then.
    """

    def __init__(self, layout_manager: Any, later: Callable[[Callable[[], None]], None]) -> None:
        self._manager, self._later = layout_manager, later
        self._views: list[_View] = []
        self._observed: list[tuple[Any, int]] = []
        self._moving = self._zoomed = False
        self._marks: Marks | None = None
        self._locked: dict[str, float] = {}
        self.linked = True
        self.window = (400.0, 40.0)

    @property
    def points(self) -> tuple[str, ...]:
        """Time points on show, from left to right."""
        return tuple(view.point for view in self._views)

    # -- showing ----------------------------------------------------------------------------------------------

    def compare(self, points: Sequence[str], view: SceneView) -> None:
        """Show these time points (three at most) side by side, axial, at one zoom that shows each scan whole."""
        self.close()
        set_layout(self._manager, VIEWS[: len(points)])
        for name, point in zip(VIEWS, points, strict=False):
            widget = self._manager.sliceWidget(name)
            widget.mrmlSliceCompositeNode().SetLinkedControl(False)
            volume_id = view.volume_node(point).GetID()
            widget.mrmlSliceCompositeNode().SetBackgroundVolumeID(volume_id)
            widget.mrmlSliceNode().SetOrientationToAxial()
            self._views.append(_View(name, point, widget, Overlay(widget), volume_id))
        self._fit(stay=False)
        for one in self._views:
            self._follow(one)
        view.show_in({v.point: v.node.GetID() for v in self._views})
        self._later(self._fit)

    def close(self) -> None:
        """Stop scrolling views together, and take the words off them."""
        for node, number in self._observed:
            node.RemoveObserver(number)
        self._observed.clear()
        for view in self._views:
            view.overlay.clear()
        self._views.clear()
        self._locked.clear()
        self._zoomed = False

    def show_chart(self, chart: Any) -> None:
        """A chart below the slices, which stay side by side."""
        set_layout(self._manager, VIEWS[: len(self._views)], chart=True)
        logic = slicer.app.applicationLogic()
        logic.GetSelectionNode().SetActivePlotChartID(chart.GetID())
        logic.PropagatePlotChartSelection()

    def set_window(self, width_level: tuple[float, float], view: SceneView) -> None:
        """Window of all time points."""
        self.window = width_level
        for point in self.points:
            display = view.volume_node(point).GetDisplayNode()
            display.SetAutoWindowLevel(False)
            display.SetWindowLevel(*width_level)
        self.mark()

    def label(self, marks: Marks) -> None:
        """Write over each view what ``marks`` gives, now and whenever it moves."""
        self._marks = marks
        self.mark()

    def mark(self) -> None:
        """Write the words anew."""
        for view in self._views:
            self._mark(view)

    def _mark(self, view: _View) -> None:
        if not view.is_ours:
            view.overlay.clear()
        elif self._marks is not None:
            matrix = view.node.GetSliceToRAS()
            place = tuple(float(matrix.GetElement(row, 3)) for row in range(3))
            view.overlay.show(*self._marks(view.point, place))  # type: ignore[arg-type]

    def _fit(self, stay: bool = True) -> None:
        """One zoom for all that shows each scan whole, unless the reader has zoomed or panned since.

        Args:
            stay: on the slices where the views are, else in the middle of each scan.
        """
        if self._zoomed:
            return
        with self._quiet():
            shown = [v for v in self._views if v.is_ours and v.node.GetDimensions()[0] > 0]
            for view in shown:
                view.widget.sliceLogic().FitSliceToBackground()
            scale = max((_mm_per_pixel(v) for v in shown), default=0.0)
            for view in shown:
                _zoom(view, scale)
                view.go(view.offset if stay else float(view.node.GetSliceOffset()))
                view.remember_look()
        self.mark()

    # -- moving -----------------------------------------------------------------------------------------------

    def go_to(self, rows: Mapping[str, Row | None], anchor: str) -> None:
        """Move each view to where its lesion is, or was expected, or lies beside it at another visit.

        Args:
            anchor: the time point that was selected; with a locked offset the other views keep their distance to it.
        """
        places = places_of({point: rows.get(point) for point in self.points})
        if not places:
            return
        anchor = anchor if anchor in places else next(iter(places))
        with self._quiet():
            for view in self._views:
                right, front, up = places[view.point]
                if not view.is_ours:
                    view.node.JumpSliceByCentering(right, front, up)
                    continue
                if self._locked:
                    up = places[anchor][2] + self._locked[view.point] - self._locked[anchor]
                _centre(view, (right, front, up))
                view.go(up)
                view.remember_look()
        self.mark()

    def lock(self, on: bool) -> None:
        """Keep the distance of the views as it is now, or let each view go to its own place again."""
        self._locked = {v.point: v.offset for v in self._views} if on else {}

    def node_of(self, point: str) -> Any:
        """Slice node of the view that shows a time point. Raises ``InputError`` where none does."""
        return self._showing(point).node

    def look_at(self, point: str, place: Ras) -> None:
        """Turn the view of one time point to a place (RAS mm); the others stay where they are."""
        view = self._showing(point)
        with self._quiet():
            _centre(view, place)
            view.go(place[2])
            view.remember_look()
        self.mark()

    def _showing(self, point: str) -> _View:
        for view in self._views:
            if view.point == point and view.is_ours:
                return view
        raise InputError(f"No axial view shows {point}; press Compare on the View page first.")

    def apart(self, point: str) -> float:
        """How far a view is above the first one, in mm."""
        offsets = {v.point: float(v.node.GetSliceOffset()) for v in self._views}
        return offsets[point] - offsets[self.points[0]]

    def _follow(self, view: _View) -> None:
        node, layers = view.node, view.widget.mrmlSliceCompositeNode()
        self._observed.append((node, node.AddObserver("ModifiedEvent", lambda *_: self._changed(view))))
        self._observed.append((layers, layers.AddObserver("ModifiedEvent", lambda *_: self._mark(view))))

    def _changed(self, view: _View) -> None:
        """Resized by the application, or zoomed, panned or scrolled by the reader."""
        if self._moving:
            return
        if not view.is_ours:
            view.overlay.clear()
            return
        size, field, middle = view.size, view.field, view.middle
        view.remember_look()
        if view.size != size:
            self._later(self._resized)
            return
        with self._quiet():
            if _differ(view.field, field):
                self._zoomed = True
                self._zoom_others(view)
            if _differ(view.middle, middle):
                self._zoomed = True
                self._pan_others(view, middle)
            self._scroll_others(view)
        self.mark()

    def _resized(self) -> None:
        self._fit()
        self.mark()

    def _zoom_others(self, view: _View) -> None:
        for other in self._views:
            if other is not view and other.is_ours and self.linked:
                _zoom(other, _mm_per_pixel(view))
                other.remember_look()

    def _pan_others(self, view: _View, before: tuple[float, float]) -> None:
        """By as many millimetres, so that what lay beside each other stays so."""
        right, front = (now - then for now, then in zip(view.middle, before, strict=True))
        for other in self._views:
            if other is not view and other.is_ours and self.linked:
                other.pan(right, front)

    def _scroll_others(self, view: _View) -> None:
        """By as many millimetres, so that a lesion stays beside itself."""
        step = float(view.node.GetSliceOffset()) - view.stood
        view.remember()
        for other in self._views:
            if other is not view and other.is_ours and self.linked and abs(step) > 1e-3:
                other.go(other.offset + step)

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """What is moved inside is moved by us."""
        before, self._moving = self._moving, True
        try:
            yield
        finally:
            self._moving = before


def _differ(now: tuple[float, float], before: tuple[float, float]) -> bool:
    return any(abs(a - b) > 1e-3 for a, b in zip(now, before, strict=True))


def _mm_per_pixel(view: _View) -> float:
    return float(view.node.GetFieldOfView()[0]) / max(1, int(view.node.GetDimensions()[0]))


def _zoom(view: _View, mm_per_pixel: float) -> None:
    width, height, _ = view.node.GetDimensions()
    view.node.SetFieldOfView(width * mm_per_pixel, height * mm_per_pixel, view.node.GetFieldOfView()[2])


def _centre(view: _View, place: Ras) -> None:
    """Turn a view to a place; at the border of a scan it shows the scan and not what lies beyond."""
    bounds = [0.0] * 6
    view.volume.GetRASBounds(bounds)
    right, front = (
        middle_within(place[axis], view.field[axis], bounds[2 * axis], bounds[2 * axis + 1])
        for axis in (0, 1)
    )
    view.node.JumpSliceByCentering(right, front, place[2])
