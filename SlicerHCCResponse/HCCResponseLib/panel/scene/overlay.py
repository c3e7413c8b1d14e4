"""Words and dashed curves drawn over one slice view; they belong to the view and are no nodes of the scene."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import vtk

from HCCResponseLib.imaging.geometry import lps_to_ras
from HCCResponseLib.panel.scene.contours import COLOURS
from HCCResponseLib.presenter.marks import Mark

_FONT = 13
_DASH, _GAP = 4.0, 4.0


class Overlay:
    """What is drawn over one slice view.

    Args:
        widget: the slice widget.
    """

    def __init__(self, widget: Any) -> None:
        self._widget = widget
        # Held by itself: what we have added is taken away also when the application has closed the view.
        self._renderer = widget.sliceView().renderWindow().GetRenderers().GetFirstRenderer()
        self._actors: list[Any] = []

    def show(self, corner: str, names: Sequence[Mark], ghosts: Sequence[Mark]) -> None:
        """Show these words and curves in place of those before."""
        self.clear()
        if corner:
            self._add(_corner(corner))
        to_view = _ras_to_view(self._widget.mrmlSliceNode())
        for mark in ghosts:
            colour = _pale(COLOURS[mark.number % len(COLOURS)])
            self._add(_dashes([_pixels(curve, to_view) for curve in mark.curves], colour))
            self._name(mark, to_view, colour)
        for mark in names:
            self._name(mark, to_view, COLOURS[mark.number % len(COLOURS)])
        self._widget.sliceView().scheduleRender()

    def clear(self) -> None:
        """Take everything away."""
        for actor in self._actors:
            self._renderer.RemoveViewProp(actor)
        self._actors.clear()

    def _name(self, mark: Mark, to_view: npt.NDArray[np.float64], colour: tuple[float, float, float]) -> None:
        (x, y), *_ = _pixels(np.asarray([mark.place]), to_view)
        if mark.curves:
            # Below, where no words of the visit's own lesions stand.
            actor = _text(mark.words, (float(x), float(y) - 5), colour)
            actor.GetTextProperty().SetVerticalJustificationToTop()
        else:
            actor = _text(mark.words, (float(x), float(y) + 5), colour)
        self._add(actor)

    def _add(self, actor: Any) -> None:
        self._renderer.AddViewProp(actor)
        self._actors.append(actor)


def _ras_to_view(node: Any) -> npt.NDArray[np.float64]:
    matrix = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(node.GetXYToRAS(), matrix)
    return np.array([[matrix.GetElement(r, c) for c in range(4)] for r in range(4)])


def _pixels(lps: npt.NDArray[np.float64], to_view: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """LPS mm (n, 3) to pixels (n, 2) of the view, from its lower left corner."""
    ras = np.column_stack([lps_to_ras(lps), np.ones(len(lps))])
    return np.asarray((ras @ to_view.T)[:, :2])


def _corner(words: str) -> Any:
    actor = _text(words, (0.0, 0.0), (1.0, 1.0, 1.0))
    actor.GetTextProperty().SetJustificationToLeft()
    actor.GetTextProperty().SetVerticalJustificationToTop()
    place = actor.GetPositionCoordinate()
    place.SetCoordinateSystemToNormalizedViewport()
    actor.SetPosition(0.012, 0.985)
    return actor


def _text(words: str, place: tuple[float, float], colour: tuple[float, float, float]) -> Any:
    actor = vtk.vtkTextActor()
    actor.SetInput(words)
    actor.SetPosition(*place)
    style = actor.GetTextProperty()
    style.SetFontSize(_FONT)
    style.SetColor(*colour)
    style.SetBackgroundColor(0.0, 0.0, 0.0)
    style.SetBackgroundOpacity(0.45)
    style.SetJustificationToCentered()
    style.SetVerticalJustificationToBottom()
    return actor


def _dashes(curves: Sequence[npt.NDArray[np.float64]], colour: tuple[float, float, float]) -> Any:
    points, cells = vtk.vtkPoints(), vtk.vtkCellArray()
    for curve in curves:
        for start, end in _pieces(curve):
            cells.InsertNextCell(2)
            for x, y in (start, end):
                cells.InsertCellPoint(points.InsertNextPoint(float(x), float(y), 0.0))
    data = vtk.vtkPolyData()
    data.SetPoints(points)
    data.SetLines(cells)
    mapper = vtk.vtkPolyDataMapper2D()
    mapper.SetInputData(data)
    actor = vtk.vtkActor2D()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(*colour)
    actor.GetProperty().SetLineWidth(1.5)
    return actor


def _pieces(curve: npt.NDArray[np.float64]) -> list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Dashes along a curve of pixels (n, 2)."""
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    starts = np.arange(0.0, way[-1], _DASH + _GAP)
    ends = np.minimum(starts + _DASH, way[-1])
    x, y = curve[:, 0], curve[:, 1]
    first = np.column_stack([np.interp(starts, way, x), np.interp(starts, way, y)])
    last = np.column_stack([np.interp(ends, way, x), np.interp(ends, way, y)])
    return list(zip(first, last, strict=True))


def _pale(colour: tuple[float, float, float]) -> tuple[float, float, float]:
    r, g, b = (0.5 + 0.5 * v for v in colour)
    return r, g, b
