"""Layouts of the comparison: slice views side by side, with or without a chart below them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_NUMBER, _WITH_CHART = 5470, 10


def set_layout(manager: Any, views: Sequence[str], chart: bool = False) -> None:
    """Choose the layout of these slice views; its description is handed over the first time."""
    layout = manager.layoutLogic().GetLayoutNode()
    number = _NUMBER + len(views) + (_WITH_CHART if chart else 0)
    if not layout.IsLayoutDescription(number):
        layout.AddLayoutDescription(number, layout_xml(views, chart))
    manager.setLayout(number)


def layout_xml(views: Sequence[str], chart: bool = False) -> str:
    """The description of a layout."""
    items = "".join(
        f'<item><view class="vtkMRMLSliceNode" singletontag="{name}">'
        '<property name="orientation" action="default">Axial</property>'
        f'<property name="viewlabel" action="default">{name[0]}</property></view></item>'
        for name in views
    )
    slices = f'<layout type="horizontal" split="true">{items}</layout>'
    if not chart:
        return slices
    plot = (
        '<view class="vtkMRMLPlotViewNode" singletontag="PlotView1">'
        '<property name="viewlabel" action="default">P</property></view>'
    )
    return f'<layout type="vertical" split="true"><item>{slices}</item><item>{plot}</item></layout>'
