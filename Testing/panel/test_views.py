"""The views beside each other: one zoom, acquired slices, words in every view, an offset that stays."""

from dataclasses import replace

import pytest

from panel_case import make_case, open_case, select
from reads import BASELINE, FOLLOW_UP, candidate, lesion


def nodes():
    import slicer

    manager = slicer.app.layoutManager()
    return [manager.sliceWidget(name).mrmlSliceNode() for name in ("Red", "Yellow")]


def offsets():
    return [node.GetSliceOffset() for node in nodes()]


def written(name):
    """Words over a view."""
    import slicer

    view = slicer.app.layoutManager().sliceWidget(name).sliceView()
    props = view.renderWindow().GetRenderers().GetFirstRenderer().GetViewProps()
    actors = [props.GetItemAsObject(n) for n in range(props.GetNumberOfItems())]
    return [a.GetInput() for a in actors if a.IsA("vtkTextActor")]


def resize(slicer_app, *sizes):
    """What the application does some turns after a layout was set."""
    for node, (width, height) in zip(nodes(), sizes, strict=True):
        node.SetDimensions(width, height, 1)
    slicer_app.process()


def mm_per_pixel():
    return [node.GetFieldOfView()[0] / node.GetDimensions()[0] for node in nodes()]


def test_every_view_says_what_it_shows(case):
    select(case, "L1", FOLLOW_UP)
    assert written("Red") == [
        "baseline, 2024-01-01\nW 400 L 50\nS 10.0 mm, slice 5 of 9",
        "L1 41.0 x 41.0 mm",
        "L2 25.0 x 25.0 mm",
    ]
    [corner, *names] = written("Yellow")
    assert corner.splitlines()[0] == "follow-up 1, 2024-02-01"
    assert corner.splitlines()[3] == "+0.0 mm to baseline"
    assert names == ["L1 25.0 x 25.0 mm", "L2 15.0 x 15.0 mm", "C1? 15.0 x 15.0 mm"]
    nodes()[1].SetSliceOffset(0.0)
    assert written("Yellow") == [
        "follow-up 1, 2024-02-01\nW 400 L 50\nS 0.0 mm, slice 1 of 9\n+0.0 mm to baseline"
    ]


def test_words_follow_the_window_and_go_with_the_read(case):
    case.ui.windowCombo.setCurrentText("Lung")
    case.ui.windowCombo.activated.emit(3)
    assert "W 1500 L -600" in written("Red")[0]
    case.ui.closeButton.click()
    assert written("Red") == []


def test_another_image_or_direction_in_a_view_carries_no_words_of_ours(case):
    import slicer

    select(case, "L1", FOLLOW_UP)
    layers = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    own, other = (case.panel.scene_view.volume_node(p).GetID() for p in (BASELINE, FOLLOW_UP))
    layers.SetBackgroundVolumeID(other)
    assert written("Red") == []
    layers.SetBackgroundVolumeID(own)
    assert written("Red")[0].startswith("baseline")
    nodes()[0].SetOrientationToSagittal()
    assert written("Red") == []
    assert written("Yellow")[0].startswith("follow-up 1")
    across = offsets()[0]
    nodes()[1].SetSliceOffset(5.0)
    assert offsets() == pytest.approx([across, 5.0]), "a sagittal view does not scroll along"
    select(case, "L2", FOLLOW_UP)
    assert offsets()[1] == pytest.approx(10.0)


def test_both_visits_have_one_zoom_also_after_the_layout_has_its_size(slicer_app, case):
    """Before, the first view was cropped: fitted while it had no size yet."""
    nodes()[0].SetSliceOffset(5.0)
    resize(slicer_app, (700, 500), (300, 500))
    assert offsets() == pytest.approx([5.0, 5.0]), "on the slices that the reader looks at"
    assert mm_per_pixel() == pytest.approx([80 / 300] * 2, rel=0.05), "the narrower view shows its scan whole"
    nodes()[0].SetFieldOfView(35.0, 25.0, 1.0)
    assert mm_per_pixel() == pytest.approx([0.05, 0.05])
    resize(slicer_app, (600, 500), (400, 500))
    assert nodes()[0].GetFieldOfView()[0] == pytest.approx(35.0), "the reader's own zoom is not taken back"


def test_a_lesion_at_the_border_leaves_no_black_beside_the_scan(slicer_app, panel, tmp_path):
    near = lesion(BASELINE, "L1", 20)
    edge = replace(near, contour=None, measurement=None, evidence={"place_lps": [4.0, 40.0, 10.0]})
    make_case(tmp_path, [edge, lesion(FOLLOW_UP, "L1", 24)])
    open_case(panel, tmp_path, make=False)
    resize(slicer_app, (400, 400), (400, 400))
    nodes()[0].SetFieldOfView(40.0, 40.0, 1.0)
    select(panel, "L1", BASELINE)
    matrix = nodes()[0].GetSliceToRAS()
    assert matrix.GetElement(0, 3) == pytest.approx(-19.5), (
        "the scan ends at R 0.5; 20 mm are shown on each side"
    )
    assert matrix.GetElement(1, 3) == pytest.approx(-40.0)


def test_places_between_two_slices_snap_to_an_acquired_one(slicer_app, panel, tmp_path):
    """Before, S -9.36 showed a slice that nobody had acquired, where no axis is drawn."""
    gone = replace(lesion(FOLLOW_UP, "L1", None), evidence={"place_lps": [40.0, 40.0, 11.9]})
    make_case(tmp_path, [lesion(BASELINE, "L1", 40), gone])
    open_case(panel, tmp_path, make=False)
    select(panel, "L1", FOLLOW_UP)
    assert offsets() == pytest.approx([10.0, 12.5])
    assert "L1 gone" in written("Yellow")


def test_scrolling_keeps_the_distance_and_never_drifts(slicer_app, case):
    select(case, "L1", FOLLOW_UP)
    red, yellow = nodes()
    for _ in range(4):
        red.SetSliceOffset(red.GetSliceOffset() + 1.25)
    assert offsets() == pytest.approx([15.0, 15.0]), "four half slices are two slices"
    for _ in range(4):
        yellow.SetSliceOffset(yellow.GetSliceOffset() - 2.5)
    assert offsets() == pytest.approx([5.0, 5.0])


def middles():
    """R and A in mm of what lies in the middle of each view."""
    places = []
    for node in nodes():
        x, y, _ = node.GetXYZOrigin()
        places.append(node.GetSliceToRAS().MultiplyPoint((x, y, 0.0, 1.0))[:2])
    return places


def pan(node, x, y):
    """What a drag with the middle button does, in mm on the screen."""
    before = node.GetXYZOrigin()
    node.SetSliceOrigin(before[0] + x, before[1] + y, before[2])


def test_panning_takes_the_other_visit_along_by_as_many_millimetres(slicer_app, case):
    """Before, only scrolling and zoom went together: after a pan the lesions lay beside each other no more."""
    select(case, "L1", FOLLOW_UP)
    nodes()[0].SetFieldOfView(40.0, 40.0, 1.0)
    before, levels = middles(), offsets()
    pan(nodes()[0], 6.0, -4.0)
    pan(nodes()[1], 2.0, 1.0)
    shift = [(a[0] - b[0], a[1] - b[1]) for a, b in zip(middles(), before, strict=True)]
    assert shift[0] == pytest.approx((-8.0, -3.0)), "the screen's right is the patient's left"
    assert shift[1] == pytest.approx(shift[0])
    assert offsets() == levels


def test_views_are_panned_one_by_one_while_they_are_unlinked(slicer_app, case):
    case.ui.linkCheck.setChecked(False)
    before = middles()
    pan(nodes()[0], 6.0, 0.0)
    assert middles()[1] == pytest.approx(before[1])
    case.ui.linkCheck.setChecked(True)
    apart = middles()[0][0] - middles()[1][0]
    pan(nodes()[1], 5.0, 5.0)
    assert middles()[0][0] - middles()[1][0] == pytest.approx(apart), "what was set by hand stays"
    assert middles()[0] == pytest.approx((before[0][0] - 11.0, before[0][1] + 5.0))


def test_a_lesion_is_in_the_middle_after_a_pan_too(slicer_app, case):
    nodes()[0].SetFieldOfView(40.0, 40.0, 1.0)
    select(case, "L1", FOLLOW_UP)
    before = middles()
    pan(nodes()[0], 15.0, 15.0)
    select(case, "L2", FOLLOW_UP)
    select(case, "L1", FOLLOW_UP)
    assert middles()[0] == pytest.approx(before[0]) and middles()[1] == pytest.approx(before[1])


def test_a_pan_is_not_taken_back_when_the_window_is_resized(slicer_app, case):
    pan(nodes()[0], 6.0, 0.0)
    kept = middles()
    resize(slicer_app, (600, 500), (400, 500))
    assert middles()[0] == pytest.approx(kept[0]) and middles()[1] == pytest.approx(kept[1])


def test_an_offset_set_by_hand_is_kept_for_other_lesions(case):
    select(case, "L1", BASELINE)
    case.ui.linkCheck.setChecked(False)
    nodes()[1].SetSliceOffset(15.0)
    case.ui.linkCheck.setChecked(True)
    assert offsets() == pytest.approx([10.0, 15.0])
    case.ui.lockCheck.setChecked(True)
    select(case, "L2", BASELINE)
    assert offsets() == pytest.approx([10.0, 15.0])
    select(case, "L2", FOLLOW_UP)
    assert offsets() == pytest.approx([5.0, 10.0]), "the selected visit shows its own slice"
    case.ui.lockCheck.setChecked(False)
    select(case, "L1", FOLLOW_UP)
    assert offsets() == pytest.approx([10.0, 10.0])


def test_a_follow_up_without_proposals_goes_along_with_the_baseline(slicer_app, panel, tmp_path):
    make_case(tmp_path, [lesion(BASELINE, "L1", 40), lesion(BASELINE, "L2", 24)])
    open_case(panel, tmp_path, make=False)
    nodes()[1].SetSliceOffset(0.0)
    select(panel, "L1", BASELINE)
    assert offsets() == pytest.approx([10.0, 10.0])


def test_a_candidate_shows_its_place_at_baseline_as_the_registration_gives_it(slicer_app, panel, tmp_path):
    seen = replace(candidate(), evidence={"place_at_baseline_lps": [20.0, 20.0, 15.0]})
    make_case(tmp_path, [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 24), seen])
    open_case(panel, tmp_path, make=False)
    panel.panel._context.select(FOLLOW_UP, "C1")
    assert offsets() == pytest.approx([15.0, 10.0])


def test_the_other_visit_s_contour_is_drawn_on_demand(case, tmp_path):
    from slicer_host.slice_view import render_slice

    select(case, "L1", FOLLOW_UP)
    assert "L1 baseline" not in written("Yellow")
    before = render_slice(tmp_path / "without.png", "Yellow", fit=False)
    case.ui.ghostCheck.setChecked(True)
    assert {"L1 baseline", "L2 baseline"} <= set(written("Yellow"))
    assert "L1 follow-up 1" in written("Red")
    after = render_slice(tmp_path / "with.png", "Yellow", fit=False)
    changed = (before != after).any(axis=2)
    assert changed.sum() > 200
    case.ui.ghostCheck.setChecked(False)
    assert "L1 baseline" not in written("Yellow")
