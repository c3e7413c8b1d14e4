"""A study with three visits: three views, a column and a picture for each, and a signature for each."""

import slicer

from walks.walk import BASELINE, FOLLOW_UP, SECOND, close_the_read, require, select_the_module, slice_node

POINTS = (BASELINE, FOLLOW_UP, SECOND)
VISITS = {
    BASELINE: ("2024-01-01", {"L1": 30.0, "L2": 16.0}),
    FOLLOW_UP: ("2024-03-01", {"L1": 20.0, "L2": 12.0}),
    SECOND: ("2024-05-01", {"L1": 28.0, "L2": 14.0, "C1": 10.0}),
}


def open_a_drawn_case(walk):
    walk.open_drawn(VISITS)
    table = walk.ui.lesionTable
    headers = [table.horizontalHeaderItem(c).text() for c in range(table.columnCount)]
    require([h for h in headers if h in POINTS] == list(POINTS), f"columns: {headers}")


def three_views_beside_each_other(walk):
    manager = slicer.app.layoutManager()
    for name in ("Red", "Yellow", "Green"):
        logic = manager.sliceWidget(name).sliceLogic()
        require(logic.GetBackgroundLayer().GetVolumeNode() is not None, f"the view {name} is empty")
    require(walk.widget.panel.slices.points == POINTS, f"in the views: {walk.widget.panel.slices.points}")


def pan_all_views(walk):
    nodes = [slice_node(name) for name in ("Red", "Yellow", "Green")]
    before = [_middle(node) for node in nodes]
    x, y, z = nodes[0].GetXYZOrigin()
    # What a drag with the middle button does.
    nodes[0].SetSliceOrigin(x + 5.0, y - 3.0, z)
    walk.turn(5)
    for name, node, (right, front) in zip(POINTS, nodes, before, strict=True):
        moved = [_middle(node)[0] - right, _middle(node)[1] - front]
        require(abs(moved[0] + 5.0) < 0.01 and abs(moved[1] + 3.0) < 0.01, f"{name} moved by {moved} mm")
    walk.ui.compareButton.click()


def _middle(node):
    """R and A in mm of what lies in the middle of a view."""
    x, y, _ = node.GetXYZOrigin()
    return node.GetSliceToRAS().MultiplyPoint((x, y, 0.0, 1.0))[:2]


def decide_on_every_visit(walk):
    for point in POINTS:
        walk.accept_all(point)
    walk.answer_candidates("D")
    require(walk.ui.progressLabel.text == "7 of 7 decided", walk.ui.progressLabel.text)


def a_picture_for_each_visit(walk):
    walk.ui.stepTabs.setCurrentWidget(walk.ui.lesionTab)
    walk.select("L1", SECOND)
    shown = walk.ui.thumbnailLabel.text
    require(shown.count("<img") == 3, f"{shown.count('<img')} pictures")


def hide_and_show_a_column(walk):
    table = walk.ui.lesionTable
    [action] = [a for a in walk.ui.columnsButton.menu().actions() if a.text == FOLLOW_UP]
    column = [table.horizontalHeaderItem(c).text() for c in range(table.columnCount)].index(FOLLOW_UP)
    for hidden in (True, False):
        action.trigger()
        walk.turn(2)
        require(table.isColumnHidden(column) == hidden, "the column did not follow its choice")


def sums_of_all_visits(walk):
    ui = walk.ui
    ui.stepTabs.setCurrentWidget(ui.responseTab)
    require("PD" in ui.categoryLabel.text, ui.categoryLabel.text)
    require(ui.sumTable.columnCount == 4, f"{ui.sumTable.columnCount} columns")
    ui.plotButton.click()
    walk.turn(5)
    walk.picture("plot")
    ui.compareButton.click()


def sign_all(walk):
    walk.ui.stepTabs.setCurrentWidget(walk.ui.signTab)
    walk.sign(*POINTS)


STEPS = (
    select_the_module,
    open_a_drawn_case,
    three_views_beside_each_other,
    pan_all_views,
    decide_on_every_visit,
    a_picture_for_each_visit,
    hide_and_show_a_column,
    sums_of_all_visits,
    sign_all,
    close_the_read,
)
