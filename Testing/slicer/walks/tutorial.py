"""The tutorial, step by step, on the sample data."""

import tempfile
from pathlib import Path

import slicer

from walks.walk import BASELINE, FOLLOW_UP, close_the_read, require, select_the_module


def load_the_sample_data(walk):
    [source] = slicer.modules.sampleDataSources["HCC Response"][-1:]
    size = {"spacing": (walk.voxel_mm,) * 3} if walk.voxel_mm else {}
    require(len(source.customDownloader(source, **size)) == 2, "two volumes were expected")


def open_the_study(walk):
    sample = Path(slicer.app.temporaryPath) / "HCCResponseSample"
    walk.open_study(sample / "study.yaml", tempfile.mkdtemp(prefix="read-", dir=str(sample)))
    require("SYNTH" in walk.ui.statusLabel.text, walk.ui.statusLabel.text)


def start_and_cancel(walk):
    walk.ui.proposeButton.click()
    walk.turn(20)
    walk.ui.cancelButton.click()
    walk.wait_for_job("cancelled")
    require(not walk.lesions(BASELINE), "a cancelled job left rows behind")


def propose_baseline_lesions(walk):
    walk.ui.proposeButton.click()
    walk.wait_for_job()
    require(len(walk.lesions(BASELINE)) > 0, "no lesion was proposed")


def accept_by_keys(walk):
    walk.accept_all(BASELINE)


def edit_a_contour(walk):
    name = walk.lesions(BASELINE)[0]
    walk.select(name, BASELINE)
    walk.ui.editButton.click()
    before = walk.read.row(BASELINE, name).contour
    walk.margin(BASELINE, name)
    walk.require_equal(BASELINE)
    for step in (walk.ui.segmentEditor.undo, walk.ui.segmentEditor.redo):
        step()
        walk.turn(5)
        walk.require_equal(BASELINE)
    walk.ui.doneButton.click()
    walk.turn(5)
    walk.require_equal(BASELINE)
    require(walk.read.row(BASELINE, name).contour != before, "the edit was not stored")


def drag_an_axis_and_undo(walk):
    name = walk.lesions(BASELINE)[0]
    before = walk.read.row(BASELINE, name).long_mm
    node = walk.widget.panel.scene_view.line_node(BASELINE, name)
    end = [0.0, 0.0, 0.0]
    node.GetNthControlPointPositionWorld(1, end)
    node.SetNthControlPointPositionWorld(1, end[0] + 4.0, end[1], end[2])
    node.InvokeEvent(node.PointEndInteractionEvent)
    walk.turn(5)
    require(walk.read.row(BASELINE, name).long_mm != before, "the dragged axis was not stored")
    walk.press(walk.ui.lesionTable, "U")
    require(walk.read.row(BASELINE, name).long_mm == before, "undo did not bring the length back")


def adapt_and_follow(walk):
    walk.ui.adaptButton.click()
    walk.turn(20)
    walk.picture("adapting")
    walk.wait_for_job()
    require(len(walk.lesions(FOLLOW_UP)) > 0, "nothing was proposed at follow-up")


def scroll_both_views(walk):
    walk.select(walk.lesions(FOLLOW_UP)[0], FOLLOW_UP)
    widgets = [slicer.app.layoutManager().sliceWidget(n) for n in ("Red", "Yellow")]
    nodes = [w.mrmlSliceNode() for w in widgets]
    # Each view shows an acquired slice, so that it is as far on as it can be to half a slice.
    slack = widgets[1].sliceLogic().GetBackgroundLayer().GetVolumeNode().GetSpacing()[2] / 2 + 0.01
    before = [n.GetSliceOffset() for n in nodes]
    nodes[0].SetSliceOffset(before[0] + 5.0)
    walk.turn(5)
    require(abs(nodes[1].GetSliceOffset() - before[1] - 5.0) <= slack, "the views do not scroll together")


def accept_the_follow_up(walk):
    walk.accept_all(FOLLOW_UP)


def answer_the_candidates(walk):
    walk.answer_candidates("W", "D")


def look_at_the_category(walk):
    if not walk.ui.questionButton.isHidden():
        walk.ui.questionButton.click()
        walk.turn(2)
    require(not walk.ui.categoryLabel.isHidden(), walk.ui.missingLabel.text)
    walk.ui.traceButton.click()
    walk.ui.plotButton.click()
    walk.turn(5)
    walk.ui.compareButton.click()


def write_the_report(walk):
    report = walk.read.session.folder / "report.html"
    with walk.answering(False) as asked:
        walk.ui.exportButton.click()
    require(len(asked) == 1 and "not signed" in asked[0], f"asked: {asked}")
    require(not report.exists(), "it was written all the same")
    with walk.answering(True):
        walk.ui.exportButton.click()
    walk.wait_for_job()
    require(report.is_file(), "there is no report")


def sign_both_visits(walk):
    walk.sign(BASELINE, FOLLOW_UP)
    report = (walk.read.session.folder / "report.html").read_text(encoding="utf-8")
    require("Dr Tutorial" in report, "the report does not say who has signed")


def edit_what_is_locked(walk):
    walk.margin(BASELINE, walk.lesions(BASELINE)[0])
    said = walk.watch.take()
    require(any("locked" in words for words in said), f"an error box was expected: {said}")
    require(all("locked" in words for words in said), f"other errors: {said}")
    walk.ui.segmentEditor.setActiveEffectByName("")
    walk.turn(5)
    walk.require_equal(BASELINE)


def save_and_load_the_scene(walk):
    saved = str(walk.pictures / "tutorial.mrb")
    category = walk.ui.categoryLabel.text
    require(slicer.mrmlScene.WriteToMRB(saved), "the scene was not saved")
    slicer.mrmlScene.Clear(0)
    walk.turn(5)
    require(walk.ui.statusLabel.text == "No study is open.", walk.ui.statusLabel.text)
    require(slicer.mrmlScene.ReadFromMRB(saved), "the scene was not loaded")
    walk.turn(5)
    require(walk.ui.categoryLabel.text == category, "the category did not come back with the scene")


def reload_the_module(walk):
    category = walk.ui.categoryLabel.text
    walk.widget.onReload()
    walk.widget = slicer.util.getModuleWidget("HCCResponse")
    walk.turn(5)
    require(walk.ui.categoryLabel.text == category, "the category did not come back after a reload")


STEPS = (
    select_the_module,
    load_the_sample_data,
    open_the_study,
    start_and_cancel,
    propose_baseline_lesions,
    accept_by_keys,
    edit_a_contour,
    drag_an_axis_and_undo,
    adapt_and_follow,
    scroll_both_views,
    accept_the_follow_up,
    answer_the_candidates,
    look_at_the_category,
    write_the_report,
    sign_both_visits,
    edit_what_is_locked,
    save_and_load_the_scene,
    reload_the_module,
    close_the_read,
)
