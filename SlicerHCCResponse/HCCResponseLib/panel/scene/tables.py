"""Sum of diameters as a table node and a plot, for the scene and the plot view."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import vtk

from HCCResponseLib.panel.scene.nodes import (
    LIMIT_SERIES,
    SUM_CHART,
    SUM_SERIES,
    SUM_TABLE,
    file_under,
    find,
    tag,
)
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import ReadEvaluation

_HEAD_ROOM = 1.45
_DAY, _SUM, _PR, _PD = "Days", "Sum of diameters (mm)", "PR at or below", "PD at or above"


def show_sums(scene: Any, subject: str, evaluation: ReadEvaluation, profile: Profile) -> Any:
    """Bring table and chart of a read up to date; returns the chart node."""
    table = _node(scene, subject, SUM_TABLE, "vtkMRMLTableNode", "Sum of diameters")
    _fill(table, evaluation, profile)
    chart = _node(scene, subject, SUM_CHART, "vtkMRMLPlotChartNode", "Sum of diameters")
    chart.SetTitle(f"{subject}: {evaluation.criterion}")
    chart.SetXAxisTitle("Days from baseline")
    chart.SetYAxisTitle(_SUM)
    _leave_room(chart, table)
    for kind, column, colour, dashed in (
        (SUM_SERIES, _SUM, (0.12, 0.37, 0.66), False),
        (LIMIT_SERIES + " PR", _PR, (0.18, 0.49, 0.3), True),
        (LIMIT_SERIES + " PD", _PD, (0.7, 0.25, 0.18), True),
    ):
        series = _series(scene, subject, kind, table, column, colour, dashed)
        if not chart.HasPlotSeriesNodeID(series.GetID()):
            chart.AddAndObservePlotSeriesNodeID(series.GetID())
    return chart


def _leave_room(chart: Any, table: Any) -> None:
    """Words that fit into a low view, and room above the lines for the legend, which lies in the upper corner."""
    chart.SetTitleFontSize(14)
    chart.SetAxisTitleFontSize(12)
    chart.SetAxisLabelFontSize(11)
    chart.SetLegendFontSize(11)
    columns = [table.GetTable().GetColumnByName(name) for name in (_SUM, _PR, _PD)]
    highest = max((column.GetRange()[1] for column in columns if column.GetNumberOfTuples()), default=1.0)
    chart.SetYAxisRangeAuto(False)
    chart.SetYAxisRange(0.0, _HEAD_ROOM * max(highest, 1.0))


def _node(scene: Any, subject: str, kind: str, class_name: str, name: str) -> Any:
    node = find(scene, subject, kind)
    if node is None:
        node = scene.AddNewNodeByClass(class_name, f"{subject} {name}")
        tag(node, subject, kind)
        file_under(scene, node, subject, "")
    return node


def _fill(node: Any, evaluation: ReadEvaluation, profile: Profile) -> None:
    table = vtk.vtkTable()
    points = [p for p in evaluation.time_points if p.target.sum is not None]
    start = evaluation.time_points[0].date
    columns: dict[str, list[float]] = {_DAY: [], _SUM: [], _PR: [], _PD: []}
    for point in points:
        target = point.target
        columns[_DAY].append(float((point.date - start).days))
        columns[_SUM].append(float(target.sum or 0))
        baseline = target.baseline_sum or target.sum or Decimal(0)
        nadir = target.nadir_before or baseline
        columns[_PR].append(float(baseline * (1 - profile.pr_percent / 100)))
        columns[_PD].append(
            float(nadir + max(nadir * profile.pd_percent / 100, profile.pd_absolute_mm or Decimal(0)))
        )
    names = vtk.vtkStringArray()
    names.SetName("Time point")
    for point in points:
        names.InsertNextValue(point.name)
    table.AddColumn(names)
    for name, values in columns.items():
        column = vtk.vtkDoubleArray()
        column.SetName(name)
        for value in values:
            column.InsertNextValue(value)
        table.AddColumn(column)
    node.SetAndObserveTable(table)


def _series(
    scene: Any,
    subject: str,
    kind: str,
    table: Any,
    column: str,
    colour: tuple[float, float, float],
    dashed: bool,
) -> Any:
    import slicer

    series = _node(scene, subject, kind, "vtkMRMLPlotSeriesNode", column)
    series.SetName(column)
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName(_DAY)
    series.SetYColumnName(column)
    kinds = slicer.vtkMRMLPlotSeriesNode
    series.SetPlotType(kinds.PlotTypeScatter)
    series.SetLineStyle(kinds.LineStyleDash if dashed else kinds.LineStyleSolid)
    series.SetMarkerStyle(kinds.MarkerStyleNone if dashed else kinds.MarkerStyleCircle)
    series.SetColor(*colour)
    return series
