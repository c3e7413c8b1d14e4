"""The plot of the sums: its values, room for the legend, and the slices that stay beside each other."""

from panel_case import decide_everything


def test_the_plot_shows_the_sums(case):
    import slicer

    decide_everything(case)
    case.ui.plotButton.click()
    table = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLTableNode").GetTable()
    assert [table.GetColumnByName("Sum of diameters (mm)").GetValue(i) for i in range(2)] == [66.0, 40.0]
    chart = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLPlotChartNode")
    assert chart.GetNumberOfPlotSeriesNodes() == 3
    low, high = chart.GetYAxisRange()
    pd = table.GetColumnByName("PD at or above").GetValue(0)
    assert (low, not chart.GetYAxisRangeAuto()) == (0.0, True)
    assert high >= 1.4 * pd, "the legend in the upper corner lies above every line"


def test_the_plot_leaves_the_slices_side_by_side(case):
    """Before, the application's own layout with a plot took their place until Compare was pressed."""
    import slicer

    manager = slicer.app.layoutManager()
    decide_everything(case)
    before = manager.layout
    case.ui.plotButton.click()
    layout = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
    description = layout.GetLayoutDescription(manager.layout)
    assert manager.layout != before
    assert description.count("vtkMRMLSliceNode") == 2
    assert description.count("vtkMRMLPlotViewNode") == 1
    chart = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLPlotChartNode")
    assert slicer.app.applicationLogic().GetSelectionNode().GetActivePlotChartID() == chart.GetID()
    case.ui.compareButton.click()
    assert manager.layout == before
