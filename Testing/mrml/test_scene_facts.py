"""What the panel may rely on in MRML: exact volumes and masks, lengths, folders, scenes that come back whole."""

import numpy as np
import pytest

from slicer_host.scene_parts import add_line, add_segment, add_volume

SPACING, ORIGIN = (2.5, 0.8, 0.7), (-30.25, 12.5, 40.0)


@pytest.fixture
def values():
    return np.random.default_rng(7).integers(-1024, 3000, (7, 9, 11)).astype(np.int16)


@pytest.fixture
def masks():
    """Two overlapping masks, one touching the border, both without symmetry."""
    rng = np.random.default_rng(8)
    first, second = np.zeros((7, 9, 11), bool), np.zeros((7, 9, 11), bool)
    first[1:5, 2:8, 3:9] = rng.random((4, 6, 6)) > 0.4
    second[3:7, 4:9, 5:11] = rng.random((4, 5, 6)) > 0.4
    assert (first & second).any()
    return {"first": (first, (1, 0, 0)), "second": (second, (0, 1, 0))}


def hierarchy():
    import slicer

    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)


def test_a_volume_comes_back_exactly_with_its_place(slicer_app, values):
    import slicer
    import vtk

    node = add_volume(values, SPACING, ORIGIN)
    assert np.array_equal(slicer.util.arrayFromVolume(node), values)
    assert slicer.util.arrayFromVolume(node).dtype == np.int16
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    index = np.array([10, 3, 5, 1.0])  # x, y, z
    ras = np.array(matrix.MultiplyPoint(index))[:3]
    lps = np.array(ORIGIN) + index[:3] * np.array(SPACING[::-1])
    assert ras == pytest.approx(lps * (-1, -1, 1))


def test_masks_come_back_exactly_even_where_they_overlap(slicer_app, values, masks):
    import slicer

    volume = add_volume(values, SPACING, ORIGIN)
    node = add_segment(volume, masks)
    for name, (mask, _) in masks.items():
        got = slicer.util.arrayFromSegmentBinaryLabelmap(node, name, volume)
        assert np.array_equal(got.astype(bool), mask), name


def test_the_length_of_a_line_is_in_mm(slicer_app):
    line = add_line((1, 2, 3), (4, 6, 15))
    assert line.GetMeasurement("length").GetValue() == pytest.approx(13.0)
    line.SetNthControlPointPosition(1, 1, 2, 8)
    assert line.GetMeasurement("length").GetValue() == pytest.approx(5.0)


def test_new_nodes_have_an_item_that_folders_take(slicer_app, values):
    import slicer

    volume = add_volume(values, SPACING, ORIGIN)
    tree = hierarchy()
    item = tree.GetItemByDataNode(volume)
    assert item != tree.GetInvalidItemID()
    folder = tree.CreateFolderItem(tree.GetSceneItemID(), "Baseline")
    tree.SetItemParent(item, folder)
    assert tree.GetItemName(tree.GetItemParent(item)) == "Baseline"
    slicer.mrmlScene.RemoveNode(volume)
    assert tree.GetItemByDataNode(volume) == tree.GetInvalidItemID()


def test_a_saved_scene_comes_back_whole(slicer_app, values, masks, tmp_path):
    import slicer

    volume = add_volume(values, SPACING, ORIGIN)
    volume.SetAttribute("HCCResponse.TimePoint", "baseline")
    add_segment(volume, masks)
    add_line((1, 2, 3), (4, 6, 15))
    file = tmp_path / "read.mrb"
    assert slicer.mrmlScene.WriteToMRB(str(file))
    slicer.mrmlScene.Clear()
    with pytest.raises(slicer.util.MRMLNodeNotFoundException):
        slicer.util.getNode("CT")
    assert slicer.mrmlScene.ReadFromMRB(str(file), True)
    volume = slicer.util.getNode("CT")
    assert np.array_equal(slicer.util.arrayFromVolume(volume), values)
    assert volume.GetOrigin() == pytest.approx((-ORIGIN[0], -ORIGIN[1], ORIGIN[2]))
    assert volume.GetAttribute("HCCResponse.TimePoint") == "baseline"
    for name, (mask, _) in masks.items():
        got = slicer.util.arrayFromSegmentBinaryLabelmap(slicer.util.getNode("Segmentation"), name, volume)
        assert np.array_equal(got.astype(bool), mask)
    assert slicer.util.getNode("Long axis").GetMeasurement("length").GetValue() == pytest.approx(13.0)
    # Folders are not asked for: slicer-core reads them back only every second time, so the panel files its nodes anew.


def test_linked_views_share_their_layers_and_jump(slicer_app, values):
    import slicer

    volume = add_volume(values, SPACING, ORIGIN)
    views = slicer.app.layoutManager()
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    for name in views.sliceViewNames():
        assert views.sliceWidget(name).mrmlSliceCompositeNode().GetBackgroundVolumeID() == volume.GetID()
    slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, 29.0, -15.0, 47.5, 0)
    for view, axis, place in (("Yellow", 0, 29.0), ("Green", 1, -15.0), ("Red", 2, 47.5)):
        node = views.sliceWidget(view).mrmlSliceNode()
        assert node.GetSliceToRAS().GetElement(axis, 3) == pytest.approx(place)
    # The sagittal preset looks from the left: its offset is minus the position to the right.
    assert views.sliceWidget("Yellow").sliceLogic().GetSliceOffset() == pytest.approx(-29.0)
