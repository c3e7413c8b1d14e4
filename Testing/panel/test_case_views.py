"""The slice views of a case: they go to the selected lesion, show the whole scan, and each its own time point."""

import pytest

from panel_case import (
    select,
)
from reads import BASELINE, FOLLOW_UP


def test_selecting_moves_the_views_to_the_key_slice(case):
    import slicer

    select(case, "L1", FOLLOW_UP)
    offsets = {
        name: slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode().GetSliceOffset()
        for name in ("Red", "Yellow")
    }
    rows = [case.panel.presenter.row(p, "L1") for p in (BASELINE, FOLLOW_UP)]
    wanted = [r.measurement.long_axis.start_lps[2] for r in rows]
    assert [offsets["Red"], offsets["Yellow"]] == pytest.approx(wanted)
    red = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    red.SetSliceOffset(red.GetSliceOffset() + 5)
    yellow = slicer.app.layoutManager().sliceWidget("Yellow").mrmlSliceNode()
    assert yellow.GetSliceOffset() == pytest.approx(wanted[1] + 5), "views scroll together"


def test_views_show_the_whole_scan_once_the_layout_has_its_size(slicer_app, case):
    """Before, the first view was cropped: it was fitted while the layout had no size yet."""
    import slicer

    manager = slicer.app.layoutManager()
    node = manager.sliceWidget("Red").mrmlSliceNode()
    slicer_app.process()
    assert node.GetDimensions() == (450, 600, 1)
    # The scan is 80 mm wide and high; FitSliceToBackground shows it with nothing cut.
    assert min(node.GetFieldOfView()[:2]) >= 80
    select(case, "L1", FOLLOW_UP)
    offset = node.GetSliceOffset()
    manager.resizeViews(200, 600)
    slicer_app.process()
    assert min(node.GetFieldOfView()[:2]) == pytest.approx(80, abs=1), (
        "a section was folded, the views are narrower"
    )
    assert node.GetSliceOffset() == offset
    node.SetFieldOfView(20.0, 60.0, 1.0)
    manager.resizeViews(400, 600)
    slicer_app.process()
    assert node.GetFieldOfView()[0] < 60, "who has zoomed keeps the zoom"


def test_each_view_shows_its_own_time_point_only(case):
    import slicer

    manager = slicer.app.layoutManager()
    for view, point in (("Red", BASELINE), ("Yellow", FOLLOW_UP)):
        wanted = (manager.sliceWidget(view).mrmlSliceNode().GetID(),)
        nodes = [case.panel.scene_view.contour_node(point), case.panel.scene_view.line_node(point, "L1")]
        assert [n.GetDisplayNode().GetViewNodeIDs() for n in nodes] == [wanted, wanted]
