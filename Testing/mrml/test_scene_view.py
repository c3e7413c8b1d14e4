"""The scene as a view of the read, on real MRML: shown exactly, edits handed over, nothing lost with a node."""

import numpy as np
import pytest

from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.read.records import Action, Decision, ReaderLine
from reads import BASELINE, FOLLOW_UP, GRID, candidate, drawn_disc, lesion, make_read

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install slicer-core)")

from HCCResponseLib.panel.scene.bridge import SceneView  # noqa: E402
from HCCResponseLib.panel.scene.contours import COLOURS, get_contour, set_contour  # noqa: E402
from HCCResponseLib.panel.scene.nodes import SUBJECT, our_nodes, volume_from_node  # noqa: E402


class Recorder:
    """Takes what the reader changed in the scene."""

    def __init__(self) -> None:
        self.contours, self.lines, self.lost, self.kept = [], [], 0, []

    def contour_edited(self, time_point, name, contour):
        self.contours.append((time_point, name, contour))

    def line_edited(self, time_point, name, line, short):
        self.lines.append((time_point, name, line, short))

    def nodes_lost(self):
        self.lost += 1

    def contour_kept(self, time_point, name):
        self.kept.append((time_point, name))


@pytest.fixture
def scene():
    scene = slicer.vtkMRMLScene()
    yield scene
    scene.Clear(True)


@pytest.fixture
def read(tmp_path):
    store, state = make_read(
        tmp_path / "read.sqlite",
        [lesion(BASELINE, "L1", 40), lesion(BASELINE, "L2", 20), lesion(FOLLOW_UP, "L1", 30), candidate()],
    )
    yield store, state
    store.close()


def image(_name):
    hu = np.random.default_rng(1).integers(-200, 200, GRID.size).astype(np.int16)
    return Volume(hu, GRID, "made")


@pytest.fixture
def shown(scene, read):
    recorder = Recorder()
    view = SceneView(scene, recorder, later=lambda look: look())
    view.open(read[1], image)
    return view, recorder


def test_volumes_and_contours_go_in_exactly(shown, read):
    view, recorder = shown
    for point in (BASELINE, FOLLOW_UP):
        assert np.array_equal(volume_from_node(view.volume_node(point)).hu, image(point).hu)
        assert volume_from_node(view.volume_node(point)).geometry.difference(GRID) is None
        for name, row in read[1].rows[point].items():
            assert get_contour(view.contour_node(point), name, GRID) == row.contour
    assert not recorder.contours and not recorder.lost


def test_lines_have_the_measured_length(shown, read):
    view, _ = shown
    row = read[1].row(BASELINE, "L1")
    node = view.line_node(BASELINE, "L1")
    assert node.GetMeasurement("length").GetValue() == pytest.approx(
        row.measurement.long_axis.length_raw_mm, abs=1e-3
    )
    short = view.line_node(BASELINE, "L1", short=True)
    assert short.GetMeasurement("length").GetValue() == pytest.approx(
        row.measurement.short_axis.length_raw_mm, abs=1e-3
    )


def test_an_edited_segment_is_handed_over_once(shown):
    view, recorder = shown
    drawn = drawn_disc(26, 30, 30)
    set_contour(view.contour_node(FOLLOW_UP), "L1", drawn, GRID, COLOURS[0])
    [(point, name, painted)] = recorder.contours
    assert (point, name) == (FOLLOW_UP, "L1")
    assert painted == drawn


def test_a_segment_that_an_effect_clears_first_is_handed_over_once_and_never_empty(scene, read):
    """Margin, Smoothing and Islands clear a segment and write it then; the emptiness between is no edit."""
    recorder, waiting = Recorder(), []
    view = SceneView(scene, recorder, later=waiting.append)
    view.open(read[1], image)
    node, drawn = view.contour_node(FOLLOW_UP), drawn_disc(26, 30, 30)
    set_contour(node, "L1", None, GRID, COLOURS[0])
    set_contour(node, "L1", drawn, GRID, COLOURS[0])
    assert recorder.contours == [] and len(waiting) == 1
    waiting.pop()()
    assert recorder.contours == [(FOLLOW_UP, "L1", drawn)]


def test_what_the_editor_undoes_is_handed_over(shown):
    """Undo and redo of the editor tell of a modified segment only."""
    view, recorder = shown
    node = view.contour_node(FOLLOW_UP)
    segmentation = node.GetSegmentation()
    layer = segmentation.GetSegment("L1").GetRepresentation("Binary labelmap")
    for event in (segmentation.SourceRepresentationModified, segmentation.RepresentationModified):
        segmentation.RemoveObservers(event)
    layer.GetPointData().GetScalars().Fill(0)
    segmentation.InvokeEvent(segmentation.SegmentModified)
    assert (FOLLOW_UP, "L1") in [(point, name) for point, name, _ in recorder.contours]


def test_a_dragged_line_is_handed_over(shown):
    view, recorder = shown
    node = view.line_node(FOLLOW_UP, "L1")
    node.SetNthControlPointPositionWorld(0, -10.0, -40.0, 10.0)
    node.SetNthControlPointPositionWorld(1, -35.0, -40.0, 10.0)
    assert recorder.lines == []
    node.InvokeEvent(node.PointEndInteractionEvent)
    [(point, name, line, short)] = recorder.lines
    assert (point, name, short) == (FOLLOW_UP, "L1", False)
    assert str(line.length_mm) == "25.0"
    assert line.start_lps == (10.0, 40.0, 10.0)


def test_a_decision_moves_contour_and_line(shown, read):
    view, recorder = shown
    store, state = read
    drawn = drawn_disc(26, 30, 30)
    line = ReaderLine((10.0, 30.0, 10.0), (33.0, 30.0, 10.0))
    edit = Decision("Dr A", FOLLOW_UP, "L1", Action.EDIT, contour=drawn, long_line=line)
    decide(store, state, edit, GRID)
    view.show(state)
    assert get_contour(view.contour_node(FOLLOW_UP), "L1", GRID) == drawn
    assert view.line_node(FOLLOW_UP, "L1").GetMeasurement("length").GetValue() == pytest.approx(23.0)
    assert view.line_node(FOLLOW_UP, "L1", short=True) is None
    assert not recorder.contours


def test_a_rejected_contour_is_hidden_and_comes_back_with_undo(shown, read):
    view, _ = shown
    store, state = read
    decide(store, state, Decision("Dr A", BASELINE, "L2", Action.REJECT, reason="cyst"))
    view.show(state)
    display = view.contour_node(BASELINE).GetDisplayNode()
    assert not display.GetSegmentVisibility("L2")
    assert view.line_node(BASELINE, "L2") is None
    state.take_back()
    view.show(state)
    assert display.GetSegmentVisibility("L2")
    assert view.line_node(BASELINE, "L2") is not None


@pytest.mark.parametrize("what", ["segmentation", "line", "segment", "volume"])
def test_what_was_deleted_comes_back(shown, read, scene, what):
    view, recorder = shown
    if what == "segmentation":
        scene.RemoveNode(view.contour_node(BASELINE))
    elif what == "line":
        scene.RemoveNode(view.line_node(BASELINE, "L1"))
    elif what == "volume":
        scene.RemoveNode(view.volume_node(BASELINE))
    else:
        view.contour_node(BASELINE).GetSegmentation().RemoveSegment("L1")
    assert recorder.lost == 1
    view.show(read[1])
    assert view.volume_node(BASELINE) is not None
    for name, row in read[1].rows[BASELINE].items():
        assert get_contour(view.contour_node(BASELINE), name, GRID) == row.contour
        assert view.line_node(BASELINE, name) is not None


def test_locked_lines_cannot_be_dragged(shown, read):
    view, _ = shown
    read[1].locks.locked.add(BASELINE)
    view.show(read[1])
    assert view.line_node(BASELINE, "L1").GetLocked()
    assert not view.line_node(FOLLOW_UP, "L1").GetLocked()


def test_two_subjects_in_one_scene_keep_apart(shown, scene, tmp_path):
    view, recorder = shown
    first = {n.GetID() for n in our_nodes(scene, "S1")}
    old = view.contour_node(FOLLOW_UP)
    store, state = make_read(tmp_path / "second.sqlite", [lesion(BASELINE, "L1", 12)])
    state.study = state.study.model_copy(update={"subject": "S2"})
    view.open(state, image)
    assert {n.GetID() for n in our_nodes(scene, "S1")} == first
    assert {n.GetAttribute(SUBJECT) for n in our_nodes(scene, "S2")} == {"S2"}
    set_contour(old, "L1", drawn_disc(8), GRID, COLOURS[0])
    assert recorder.contours == []
    store.close()


def test_going_back_to_a_subject_shows_its_read_again(shown, read, scene):
    view, recorder = shown
    node = view.contour_node(FOLLOW_UP)
    view.close()
    set_contour(node, "L1", drawn_disc(8), GRID, COLOURS[0])
    view.open(read[1], image)
    assert view.contour_node(FOLLOW_UP) is node
    assert get_contour(node, "L1", GRID) == read[1].row(FOLLOW_UP, "L1").contour
    assert recorder.contours == []


def test_closing_the_scene_is_quiet(shown, scene):
    view, recorder = shown
    scene.Clear(False)
    assert recorder.lost == 0
    view.close()
