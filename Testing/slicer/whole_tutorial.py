"""The whole tutorial by the panel's own buttons, with pictures on the way and a table of steps at the end.

Slicer --no-splash --python-script Testing/slicer/whole_tutorial.py [FOLDER_FOR_PICTURES] [VOXEL_SIZE_MM]

It draws the sample data, proposes with the shipped network, adapts and follows (some minutes), and leaves with exit
status 1 if a step failed, an error box opened, a traceback was printed or an error was logged. The table names for each
step how long the window did not answer at most. Larger voxels, such as 5, are drawn sooner.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import qt
import slicer

BASELINE, FOLLOW_UP = "baseline", "follow-up 1"
PASSWORD = "quiet river stones 42"


class Heartbeat:
    """Measures how long other timers have to wait: the longest block of the event loop."""

    INTERVAL_MS = 10

    def __init__(self):
        self.longest, self._last = 0.0, time.monotonic()
        self._timer = qt.QTimer()
        self._timer.connect("timeout()", self._beat)
        self._timer.start(self.INTERVAL_MS)

    def _beat(self):
        now = time.monotonic()
        self.longest, self._last = max(self.longest, now - self._last), now

    def restart(self):
        """Begin a new step."""
        self.longest, self._last = 0.0, time.monotonic()

    def stop(self):
        """Measure no longer."""
        self._timer.stop()


class Tutorial:
    """One walk through the tutorial.

    Args:
        pictures: folder for pictures and the table of steps.
        voxel_mm: size of the voxels of the sample data; 0 means as in the tutorial.
    """

    def __init__(self, pictures, voxel_mm=0.0):
        self.pictures, self.voxel_mm = pictures, voxel_mm
        self.rows, self.heart, self.watch = [], None, None
        self.widget = None

    def run(self):
        """Take every step; returns whether all went well."""
        from HCCResponseLib.panel.error_watch import ErrorWatch

        self.pictures.mkdir(parents=True, exist_ok=True)
        self.heart = Heartbeat()
        with ErrorWatch() as self.watch:
            for number, step in enumerate(STEPS, start=1):
                if not self._take(number, step):
                    break
        self.heart.stop()
        text = "\n".join(["step | seconds | longest block, s | errors", *self.rows, ""])
        sys.stdout.write(text)
        (self.pictures / "steps.txt").write_text(text, encoding="utf-8")
        return len(self.rows) == len(STEPS) and all(row.endswith("| -") for row in self.rows)

    def _take(self, number, step):
        """One step and its line in the table; False where nothing can follow."""
        name, start, failed = step.__name__.replace("_", " "), time.monotonic(), []
        self.heart.restart()
        try:
            step(self)
            self.turn(5)
            self.picture(f"{number:02d}-{step.__name__}")
        except Exception as problem:
            failed = [f"{type(problem).__name__}: {problem}"]
        self.turn(5)
        errors = [*failed, *self.watch.take()]
        said = "; ".join(" ".join(e.split()) for e in errors) or "-"
        self.rows.append(f"{name} | {time.monotonic() - start:.1f} | {self.heart.longest:.2f} | {said}")
        return not failed

    # -- what the steps are made of -----------------------------------------------------------------------------

    @property
    def ui(self):
        return self.widget.ui

    @property
    def read(self):
        return self.widget.panel.presenter

    def turn(self, times=1):
        """Let the application do what is due."""
        for _ in range(times):
            slicer.app.processEvents()
            time.sleep(0.005)

    def wait_for_job(self, ending="done"):
        """Until the job has ended, while the window answers."""
        jobs = self.widget.panel.jobs
        require(jobs.job is not None, "no job has started")
        while jobs.busy:
            self.turn()
        self.turn(3)
        outcome = jobs.job.outcome
        require(outcome.ending.value == ending, f"the job ended as {outcome.ending.value}: {outcome.message}")

    def picture(self, name):
        """The window as it is."""
        self.widget.parent.window().grab().save(str(self.pictures / f"{name}.png"))

    def press(self, table, key):
        """What a key does in a table: its shortcut."""
        found = [s for s in table.findChildren(qt.QShortcut) if s.key.toString() == key]
        require(len(found) == 1, f"{len(found)} shortcuts for the key {key}")
        found[0].activated.emit()
        self.turn(2)

    def select(self, name, point):
        """The cell of a lesion at a time point, as a click does."""
        table = self.ui.lesionTable
        headers = [table.horizontalHeaderItem(c).text() for c in range(table.columnCount)]
        names = [table.item(r, 0).text() for r in range(table.rowCount)]
        require(name in names and point in headers, f"{name} at {point} is not in the table {names}")
        table.setCurrentCell(names.index(name), headers.index(point))
        self.turn(2)

    def lesions(self, point):
        """Names of the lesions in the table that have a row at a time point."""
        return [n for n, r in self.read.state.rows.get(point, {}).items() if not r.is_candidate]

    def accept_all(self, point):
        """Accept by keys, as a reader who agrees does."""
        for name in self.lesions(point):
            self.select(name, point)
            self.press(self.ui.lesionTable, "A")
        left = [n for n in self.lesions(point) if self.read.row(point, n).status.value == "proposed"]
        require(not left, f"not decided at {point}: {left}")

    def require_equal(self, point):
        """Every contour in the view is that of the read, voxel by voxel."""
        from HCCResponseLib.panel.scene.contours import get_contour

        node = self.widget.panel.scene_view.contour_node(point)
        for name, row in self.read.shown().rows[point].items():
            shown = get_contour(node, name, self.read.image(point).geometry)
            kept = row.contour if row.is_sized else None
            require((shown or None) == kept, f"{name} at {point}: {shown.count} voxels are shown")

    def margin(self, point, name):
        """Grow a contour by 3 mm, or by a voxel where those are larger, with the effect Margin."""
        view, editor = self.widget.panel.scene_view, self.ui.segmentEditor
        editor.setSegmentationNode(view.contour_node(point))
        editor.setSourceVolumeNode(view.volume_node(point))
        editor.setCurrentSegmentID(name)
        editor.setActiveEffectByName("Margin")
        effect = editor.activeEffect()
        effect.setParameter("MarginSizeMm", str(max(3.0, self.voxel_mm)))
        effect.self().onApply()
        self.turn(5)


def require(holds, words):
    """Fail the step with a sentence."""
    if not holds:
        raise AssertionError(words)


# -- the steps, in order ------------------------------------------------------------------------------------------


def select_the_module(walk):
    slicer.util.selectModule("HCCResponse")
    walk.widget = slicer.util.getModuleWidget("HCCResponse")
    require(walk.ui.installFrame.isHidden(), "install the packages first: button in the panel")


def load_the_sample_data(walk):
    [source] = slicer.modules.sampleDataSources["HCC Response"][-1:]
    size = {"spacing": (walk.voxel_mm,) * 3} if walk.voxel_mm else {}
    require(len(source.customDownloader(source, **size)) == 2, "two volumes were expected")


def open_the_study(walk):
    sample = Path(slicer.app.temporaryPath) / "HCCResponseSample"
    walk.ui.readerEdit.setText("tutorial")
    walk.ui.studyEdit.setText(str(sample / "study.yaml"))
    walk.ui.folderEdit.setText(tempfile.mkdtemp(prefix="read-", dir=str(sample)))
    walk.ui.openButton.click()
    walk.turn(5)
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
    table = walk.ui.candidateTable
    for row in range(table.rowCount):
        table.selectRow(row)
        walk.turn(2)
        walk.press(table, "W" if row == 0 else "D")
    waiting = [table.item(r, 4).text() for r in range(table.rowCount)]
    require("to decide" not in waiting, f"candidates wait: {waiting}")


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
    walk.ui.exportButton.click()
    walk.wait_for_job()
    require((walk.read.session.folder / "report.html").is_file(), "there is no report")


def sign_both_visits(walk):
    ui = walk.ui
    ui.printedNameEdit.setText("Dr Tutorial")
    ui.accountNameEdit.setText("tutorial")
    for box in (ui.newPasswordEdit, ui.repeatPasswordEdit):
        box.setText(PASSWORD)
    ui.accountButton.click()
    for _ in (BASELINE, FOLLOW_UP):
        ui.passwordEdit.setText(PASSWORD)
        ui.signButton.click()
        walk.turn(5)
    require(walk.read.state.locked == {BASELINE, FOLLOW_UP}, f"signed: {walk.read.state.locked}")


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


def close_the_read(walk):
    walk.ui.closeButton.click()
    require(walk.ui.statusLabel.text == "No study is open.", walk.ui.statusLabel.text)


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


def main(words):
    """Walk and leave with the exit status."""
    pictures = Path(words[0] if words else "tutorial-pictures").resolve()
    voxel_mm = float(words[1]) if len(words) > 1 else 0.0
    with tempfile.TemporaryDirectory(prefix="hcc-accounts-") as folder:
        # Never the accounts of whoever runs it.
        os.environ["HCC_RESPONSE_PEOPLE"] = str(Path(folder) / "people.sqlite")
        passed = Tutorial(pictures, voxel_mm).run()
    slicer.util.exit(0 if passed else 1)


if __name__ == "__main__":
    main(sys.argv[1:])
