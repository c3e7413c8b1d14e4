"""The View page: window, comparison, scrolling together, ghosts of the other visit."""

from __future__ import annotations

from HCCResponseLib.imaging.geometry import Geometry, lps_to_ras
from HCCResponseLib.panel.context import Context, guarded, offer
from HCCResponseLib.panel.scene.places import Ras
from HCCResponseLib.presenter.marks import Mark, ghosts_on, marks_on
from HCCResponseLib.presenter.view import PanelView

# Window presets for CT of the liver, (width, level) in HU; a further preset is one line.
WINDOW_PRESETS = {
    "Soft tissue": (400.0, 50.0),
    "Liver, portal venous": (180.0, 110.0),
    "Liver, unenhanced": (150.0, 50.0),
    "Lung": (1500.0, -600.0),
    "Bone": (2000.0, 400.0),
}


class ViewSection:
    """What the slice views show and how they go together."""

    def __init__(self, context: Context) -> None:
        self._context, self._ui = context, context.ui
        self._points: tuple[str, ...] = ()
        self._dates: dict[str, str] = {}
        ui = self._ui
        offer(ui.windowCombo, WINDOW_PRESETS)
        ui.windowCombo.connect("activated(int)", guarded(self._window))
        ui.compareButton.connect("clicked()", guarded(self.compare))
        ui.linkCheck.connect("toggled(bool)", guarded(self._link))
        ui.lockCheck.connect("toggled(bool)", guarded(self._lock))
        ui.ghostCheck.connect("toggled(bool)", guarded(self._ghosts))

    def show(self, view: PanelView) -> None:
        """Compare anew where a time point came or went, and write over the views what they show."""
        if view.points != self._points:
            self.compare()
        self._dates = {line.name: line.date for line in view.time_points}
        self._context.slices.label(self._marks)

    def _marks(self, point: str, place: Ras) -> tuple[str, list[Mark], list[Mark]]:
        """What is written over the view of a time point: its corner, names with millimetres, ghosts."""
        presenter, slices = self._context.presenter, self._context.slices
        if presenter.session is None or point not in presenter.points():
            return "", [], []
        state, at = presenter.shown(), _lps(place)
        names = marks_on(state, point, self._grid(point), at)
        others = [p for p in slices.points if p != point]
        ghosts: list[Mark] = []
        if bool(self._ui.ghostCheck.checked) and others:
            ghosts = ghosts_on(state, point, others[0], self._grid, at)
        return self._corner(point, place), names, ghosts

    def _grid(self, point: str) -> Geometry:
        return self._context.presenter.image(point).geometry

    def _corner(self, point: str, place: Ras) -> str:
        """Visit and date, window, position, and how far it is from the first view."""
        slices, grid = self._context.slices, self._grid(point)
        width, level = slices.window
        number = round(float(grid.lps_to_index(_lps(place))[0])) + 1
        words = [f"{point}, {self._dates[point]}", f"W {width:.0f} L {level:.0f}"]
        words.append(f"S {place[2]:.1f} mm, slice {number} of {grid.size[0]}")
        first = slices.points[0]
        if point != first:
            words.append(f"{slices.apart(point):+.1f} mm to {first}")
        return "\n".join(words)

    def compare(self) -> None:
        """Baseline and the latest follow-ups side by side."""
        points = tuple(self._context.presenter.points())
        self._points = points
        shown = points if len(points) <= 3 else (points[0], *points[-2:])
        self._ui.lockCheck.setChecked(False)
        self._context.slices.compare(shown, self._context.scene_view)
        self._window()

    def forget(self) -> None:
        """Another read is shown, or none."""
        self._points = ()

    def _window(self) -> None:
        preset = WINDOW_PRESETS[self._ui.windowCombo.currentText]
        self._context.slices.set_window(preset, self._context.scene_view)

    def _link(self) -> None:
        self._context.slices.linked = bool(self._ui.linkCheck.checked)

    def _lock(self) -> None:
        self._context.slices.lock(bool(self._ui.lockCheck.checked))

    def _ghosts(self) -> None:
        self._context.slices.mark()


def _lps(place: Ras) -> Ras:
    x, y, z = (float(v) for v in lps_to_ras(place))
    return x, y, z
