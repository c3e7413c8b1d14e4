"""What the real application showed: dialogs, errors, views and the segment editor behave as there."""

import numpy as np
import pytest

from HCCResponseLib.imaging.volumes import Volume
from reads import GRID, disc, drawn_disc
from slicer_host.record import HostError


@pytest.fixture
def editor(slicer_app):
    """An editor with the application's defaults on two segments that touch, in one shared layer."""
    import slicer

    from HCCResponseLib.panel.scene.contours import COLOURS, set_contour
    from HCCResponseLib.panel.scene.nodes import add_volume

    volume = add_volume(slicer.mrmlScene, Volume(np.zeros(GRID.size, np.int16), GRID, "made"), "CT")
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    for name, column in (("a", 30), ("b", 44)):
        set_contour(node, name, drawn_disc(13, 40, column), GRID, COLOURS[0])
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    node.GetSegmentation().CollapseBinaryLabelmaps(False)
    widget = slicer.qMRMLSegmentEditorWidget()
    widget.setMRMLScene(slicer.mrmlScene)
    widget.setMRMLSegmentEditorNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentEditorNode"))
    widget.setSegmentationNode(node)
    widget.setSourceVolumeNode(volume)
    widget.setCurrentSegmentID("a")
    return widget


def count(editor, name):
    from HCCResponseLib.panel.scene.contours import get_contour

    return get_contour(editor.segmentationNode(), name, GRID).count


def grow(editor):
    editor.setActiveEffectByName("Margin")
    editor.activeEffect().setParameter("MarginSizeMm", "3")
    editor.activeEffect().self().onApply()


def test_an_effect_clears_the_segment_before_it_writes_it(editor):
    before, seen = count(editor, "a"), []
    segmentation = editor.segmentationNode().GetSegmentation()
    segmentation.AddObserver(
        segmentation.SourceRepresentationModified, lambda *_: seen.append(count(editor, "a"))
    )
    grow(editor)
    assert seen[0] == 0
    assert seen[-1] == count(editor, "a") > before


def test_overwrite_all_is_the_default_and_takes_from_the_neighbour(editor):
    before = count(editor, "b")
    grow(editor)
    assert count(editor, "b") < before


def test_undo_and_redo_tell_of_modified_segments_alone(editor):
    before = count(editor, "a")
    grow(editor)
    grown, told = count(editor, "a"), set()
    segmentation = editor.segmentationNode().GetSegmentation()
    for name in ("SourceRepresentationModified", "RepresentationModified", "SegmentModified"):
        segmentation.AddObserver(getattr(segmentation, name), lambda *_, name=name: told.add(name))
    editor.undo()
    assert count(editor, "a") == before
    editor.redo()
    assert count(editor, "a") == grown
    assert told == {"SegmentModified"}


def test_strokes_add_and_take_away(editor):
    before = count(editor, "a")
    for effect, changed in (("Paint", 1), ("Erase", -1)):
        start = count(editor, "a")
        editor.setActiveEffectByName(effect)
        editor.activeEffect().stroke(disc(5, 40, 22))
        assert (count(editor, "a") - start) * changed > 0
    assert count(editor, "a") < before
    with pytest.raises(ValueError, match="no effect"):
        editor.setActiveEffectByName("Magic")


def test_a_dialog_runs_the_event_loop(slicer_app):
    import qt
    import slicer

    order = []
    qt.QTimer.singleShot(0, lambda: order.append("another observer"))
    slicer.util.infoDisplay("Look.")
    order.append("after the dialog")
    assert order == ["another observer", "after the dialog"]


def test_a_dialog_in_the_middle_of_an_effect_is_an_error(slicer_app, editor):
    import slicer

    segmentation = editor.segmentationNode().GetSegmentation()
    asked = []

    def tell(*_):
        if not asked:
            asked.append(1)
            slicer.util.infoDisplay("The contour is empty.")

    segmentation.AddObserver(segmentation.SourceRepresentationModified, tell)
    grow(editor)
    [error] = slicer_app.record.take_errors()
    assert isinstance(error, HostError)
    assert "the effect Margin was at work" in str(error)


def test_errors_of_observers_boxes_and_the_log_are_problems(slicer_app):
    """Each would fail the test at its end if it were not taken."""
    import logging

    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode")
    node.AddObserver("ModifiedEvent", lambda *_: 1 / 0)
    node.SetText("x")
    slicer.util.errorDisplay("The disk is full.")
    logging.error("no route")
    words = " ".join(slicer_app.record.problems())
    assert all(part in words for part in ("ZeroDivisionError", "The disk is full.", "no route"))
    assert {type(error) for error in slicer_app.record.take_errors()} == {ZeroDivisionError}
    assert slicer_app.record.take_error_box() == "The disk is full."
    assert slicer_app.record.take_logged() == ["The disk is full.", "no route"]
    with pytest.raises(HostError, match="0 opened"):
        slicer_app.record.take_error_box()
    assert slicer_app.record.problems() == []


def test_views_get_their_size_after_the_layout(slicer_app):
    import slicer

    manager = slicer.app.layoutManager()
    node = manager.sliceWidget("Red").mrmlSliceNode()
    before = node.GetDimensions()
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    assert node.GetDimensions() == before
    slicer_app.process()
    assert node.GetDimensions() != before
