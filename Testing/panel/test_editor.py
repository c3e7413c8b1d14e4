"""The Segment Editor as in the application: what is seen of a contour is what the read keeps, after any tool."""

import numpy as np
import pytest

from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.panel.scene.contours import get_contour
from HCCResponseLib.panel.scene.neighbours import protected
from HCCResponseLib.review.read.state import RowStatus
from panel_case import make_case, neighbours, open_case, select
from reads import BASELINE, FOLLOW_UP, GRID, disc

# Effects that clear a segment and write it then, with a setting that changes the lesion of this case.
REPLACING = {
    "Margin": {"MarginSizeMm": "2.5"},
    "Smoothing": {"KernelSizeMm": "5"},
    "Islands": {},
    "Threshold": {"MinimumThreshold": "20", "MaximumThreshold": "85"},
}


@pytest.fixture
def edited(slicer_app, panel, tmp_path):
    """The panel with two lesions side by side, in one shared layer, and the editor on L1 at follow-up."""
    make_case(tmp_path, neighbours())
    open_case(panel, tmp_path, make=False)
    for point in (BASELINE, FOLLOW_UP):
        panel.panel.scene_view.contour_node(point).GetSegmentation().CollapseBinaryLabelmaps(False)
    slicer_app.process()
    node = panel.panel.scene_view.contour_node(FOLLOW_UP)
    assert node.GetSegmentation().GetNumberOfLayers() == 1, "the segments share a label map"
    select(panel, "L1", FOLLOW_UP)
    panel.ui.editButton.click()
    return panel


def apply(panel, name, **settings):
    """Choose an effect and press its Apply."""
    editor = panel.ui.segmentEditor
    editor.setActiveEffectByName(name)
    for key, value in (REPLACING.get(name, {}) | settings).items():
        editor.activeEffect().setParameter(key, value)
    editor.activeEffect().self().onApply()


def stroke(panel, name, mask):
    panel.ui.segmentEditor.setActiveEffectByName(name)
    panel.ui.segmentEditor.activeEffect().stroke(mask)


def require_equal(panel):
    """Every contour in the scene is that of the read or its draft, voxel by voxel."""
    view, presenter = panel.panel.scene_view, panel.panel.presenter
    for point, rows in presenter.shown().rows.items():
        for name, row in rows.items():
            # What was erased altogether is a draft without a contour.
            kept = row.contour if row.is_sized else Lesion.empty(GRID.size)
            shown = get_contour(view.contour_node(point), name, GRID)
            assert shown == kept, (point, name, int(shown.count), int(kept.count))


@pytest.mark.parametrize("effect", REPLACING)
def test_what_an_effect_leaves_is_the_draft_and_then_the_decision(slicer_app, edited, effect):
    """Before, Margin and Smoothing vanished and Threshold stored another contour: a segment is cleared first."""
    if effect in ("Islands", "Smoothing"):
        # A piece that stays and a speck to remove.
        stroke(edited, "Paint", disc(12, 40, 22) | disc(3, 70, 70))
        slicer_app.process()
    before = edited.panel.presenter.shown().row(FOLLOW_UP, "L1").contour
    apply(edited, effect)
    slicer_app.process()
    require_equal(edited)
    drawn = edited.panel.presenter.shown().row(FOLLOW_UP, "L1").contour
    assert drawn and drawn != before
    edited.ui.doneButton.click()
    row = edited.panel.presenter.row(FOLLOW_UP, "L1")
    assert (row.status, row.contour) == (RowStatus.EDITED, drawn)
    require_equal(edited)
    assert not slicer_app.record.dialogs


def test_the_editor_s_own_undo_and_redo_reach_the_read(slicer_app, edited):
    """Before, the view held 3,771 voxels and the read 3,783: undo tells of modified segments alone."""
    stored = edited.panel.presenter.row(FOLLOW_UP, "L1").contour
    apply(edited, "Margin")
    slicer_app.process()
    grown = edited.panel.presenter.shown().row(FOLLOW_UP, "L1").contour
    edited.ui.segmentEditor.undo()
    slicer_app.process()
    require_equal(edited)
    assert edited.panel.presenter.shown().row(FOLLOW_UP, "L1").contour == stored
    assert edited.ui.draftFrame.isHidden(), "what was taken back is no draft"
    edited.ui.segmentEditor.redo()
    slicer_app.process()
    require_equal(edited)
    assert edited.panel.presenter.shown().row(FOLLOW_UP, "L1").contour == grown


def operations(panel, rng):
    """What a reader, the editor or a script may do to a contour next."""
    import slicer

    view, editor = panel.panel.scene_view, panel.ui.segmentEditor
    node = view.contour_node(FOLLOW_UP)
    segmentation = node.GetSegmentation()
    spot = disc(float(rng.integers(4, 26)), int(rng.integers(20, 60)), int(rng.integers(20, 60)))
    name = str(rng.choice(["L1", "L2"]))

    def paste():
        """Copy of a segment over another, as by Logical operators."""
        source = slicer.vtkOrientedImageData()
        node.GetBinaryLabelmapRepresentation("L2" if name == "L1" else "L1", source)
        logic = slicer.vtkSlicerSegmentationsModuleLogic
        logic.SetBinaryLabelmapToSegment(source, node, name, logic.MODE_REPLACE)

    def script():
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            spot.astype(np.uint8), node, name, view.volume_node(FOLLOW_UP)
        )

    return {
        "paint": lambda: stroke(panel, "Paint", spot),
        "erase": lambda: stroke(panel, "Erase", spot),
        **{effect: lambda e=effect: apply(panel, e) for effect in REPLACING},
        "shrink": lambda: apply(panel, "Margin", MarginSizeMm="-2"),
        "undo": editor.undo,
        "redo": editor.redo,
        "paste": paste,
        "script": script,
        "clear": lambda: slicer.vtkSlicerSegmentationsModuleLogic.ClearSegment(node, name),
        "delete": lambda: segmentation.RemoveSegment(name),
        "other lesion": lambda: select(panel, name, FOLLOW_UP),
        "edit": panel.ui.editButton.click,
        "done": lambda: panel.ui.draftFrame.isHidden() or panel.ui.doneButton.click(),
        "discard": panel.ui.discardButton.click,
        "panel's undo": lambda: panel.ui.draftFrame.isHidden() or panel.ui.undoButton.click(),
        "share a layer": lambda: segmentation.CollapseBinaryLabelmaps(False),
        "overwrite all": lambda: overwrite(editor, "OverwriteAllSegments"),
        "overwrite none": lambda: overwrite(editor, "OverwriteNone"),
    }


def overwrite(editor, mode):
    node = editor.mrmlSegmentEditorNode()
    node.SetOverwriteMode(getattr(node, mode))


@pytest.mark.parametrize("seed", range(6))
def test_after_any_sequence_of_tools_picture_and_record_are_equal(slicer_app, edited, seed):
    rng = np.random.default_rng(seed)
    done = []
    for _ in range(40):
        found = operations(edited, rng)
        done.append(str(rng.choice(list(found))))
        found[done[-1]]()
        slicer_app.process()
        slicer_app.process()
        assert all("is empty" in box for box in slicer_app.record.take_error_boxes())
        try:
            require_equal(edited)
        except AssertionError as problem:
            raise AssertionError(f"after {done}: {problem}") from problem
    assert len(set(done)) > 10
    edited.exit()
    slicer_app.process()
    require_equal(edited)
    assert all("is empty" in box for box in slicer_app.record.take_error_boxes())
    assert edited.panel.presenter.session.store.events()


def volume_words(mask):
    return f"{mask.count * 2.5 / 1000:.2f} mL"


@pytest.mark.parametrize("mode", ["OverwriteNone", "OverwriteAllSegments", "OverwriteVisibleSegments"])
def test_a_margin_on_one_lesion_leaves_its_neighbour_alone_and_says_so(slicer_app, edited, mode):
    """Before, "Overwrite all" let a margin on L1 cut L2 and marked L2 as edited by the reader."""
    whole = edited.panel.presenter.row(FOLLOW_UP, "L2").contour
    overwrite(edited.ui.segmentEditor, mode)
    apply(edited, "Margin", MarginSizeMm="5")
    slicer_app.process()
    require_equal(edited)
    presenter = edited.panel.presenter
    grown = presenter.shown().row(FOLLOW_UP, "L1").contour
    assert presenter.shown().row(FOLLOW_UP, "L2").contour == whole
    assert list(presenter.drafts.rows) == [(FOLLOW_UP, "L1")]
    assert (
        f"It overlaps with L2 ({volume_words(grown & whole)}); L2 stays as it is."
        in edited.ui.draftLabel.text
    )
    for step in (edited.ui.segmentEditor.undo, edited.ui.segmentEditor.redo):
        step()
        slicer_app.process()
        require_equal(edited)
        assert presenter.shown().row(FOLLOW_UP, "L2").contour == whole
    edited.ui.doneButton.click()
    assert presenter.row(FOLLOW_UP, "L2").status is RowStatus.PROPOSED


def test_a_segment_of_the_reader_s_own_takes_nothing_either(slicer_app, edited):
    """A segment that is no row of the read, added in the editor, with the application's default masking."""
    node = edited.panel.scene_view.contour_node(FOLLOW_UP)
    overwrite(edited.ui.segmentEditor, "OverwriteAllSegments")
    node.GetSegmentation().AddEmptySegment("mine", "mine")
    edited.ui.segmentEditor.setCurrentSegmentID("mine")
    stroke(edited, "Paint", disc(30))
    slicer_app.process()
    require_equal(edited)
    assert not edited.panel.presenter.drafts.rows


def test_what_the_reader_erased_in_the_same_turn_stays_erased():
    """Only what another lesion took is given back."""
    before = {"L1": Lesion.of(disc(10, 40, 30)), "L2": Lesion.of(disc(10, 40, 49))}
    taken, erased = Lesion.of(disc(4, 40, 46)), Lesion.of(disc(4, 40, 53))
    now = {"L1": before["L1"] | taken, "L2": before["L2"] - taken - erased}
    assert protected(before, now) == {"L1": now["L1"], "L2": before["L2"] - erased}
    assert protected(before, before) == {}


def test_the_panel_s_editor_begins_with_overlap_allowed(slicer_app, edited):
    import slicer

    node = edited.ui.segmentEditor.mrmlSegmentEditorNode()
    assert slicer.vtkMRMLSegmentEditorNode().GetOverwriteMode() == node.OverwriteAllSegments
    assert node.GetOverwriteMode() == node.OverwriteNone
    overwrite(edited.ui.segmentEditor, "OverwriteAllSegments")
    edited.ui.editButton.click()
    assert node.GetOverwriteMode() == node.OverwriteNone, "each press of Edit contour sets it again"
