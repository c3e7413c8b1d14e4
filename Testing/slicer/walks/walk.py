"""What every walk is made of: taking the steps, timing and watching them, and the hands of a reader."""

import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import qt
import slicer

BASELINE, FOLLOW_UP, SECOND = "baseline", "follow-up 1", "follow-up 2"
READER, PASSWORD = "tutorial", "quiet river stones 42"
HEADER = "walk: step | seconds | longest block, s | errors"


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


class Walk:
    """One walk through the panel.

    Args:
        name: stands before each step in the table, and names the folder of the pictures.
        steps: functions of this object; what follows a step that failed is not taken.
        pictures: folder for pictures, with one for each walk inside.
        voxel_mm: size of the voxels of the sample data; 0 means as in the tutorial.
    """

    def __init__(self, name, steps, pictures, voxel_mm=0.0):
        self.name, self.steps = name, steps
        self.pictures, self.voxel_mm = pictures / name, voxel_mm
        self.rows, self.heart, self.watch = [], None, None
        self.widget = None

    def run(self):
        """Take every step; returns whether all went well."""
        from HCCResponseLib.panel.error_watch import ErrorWatch

        self.pictures.mkdir(parents=True, exist_ok=True)
        self.heart = Heartbeat()
        with ErrorWatch() as self.watch:
            for number, step in enumerate(self.steps, start=1):
                if not self._take(number, step):
                    break
        self.heart.stop()
        return len(self.rows) == len(self.steps) and all(row.endswith("| -") for row in self.rows)

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
        row = f"{self.name}: {name} | {time.monotonic() - start:.1f} | {self.heart.longest:.2f} | {said}"
        self.rows.append(row)
        # Whoever waits for some minutes sees how far it is.
        sys.stdout.write(f"{row}\n")
        return not failed

    # -- what the steps look at -------------------------------------------------------------------------------

    @property
    def ui(self):
        return self.widget.ui

    @property
    def read(self):
        return self.widget.panel.presenter

    @property
    def selected(self):
        """Time point and lesion that the next action works on."""
        table = self.ui.lesionTable
        if table.currentRow() < 0:
            return None
        point = table.horizontalHeaderItem(table.currentColumn()).text()
        return point, table.item(table.currentRow(), 0).text()

    def lesions(self, point):
        """Names of the lesions in the table that have a row at a time point."""
        return [n for n, r in self.read.state.rows.get(point, {}).items() if not r.is_candidate]

    def status(self, point, name):
        """What was done with a row, in a word."""
        return self.read.row(point, name).status.value

    def picture(self, name):
        """The window as it is."""
        self.widget.parent.window().grab().save(str(self.pictures / f"{name}.png"))

    # -- what the steps do ------------------------------------------------------------------------------------

    def turn(self, times=1):
        """Let the application do what is due."""
        for _ in range(times):
            slicer.app.processEvents()
            time.sleep(0.005)

    def wait_for_job(self, ending="done"):
        """Until the job has ended, while the window answers."""
        job = self.widget.panel.jobs.job
        require(job is not None, "no job has started")
        while job.outcome is None:
            self.turn()
        self.turn(3)
        ended = job.outcome.ending.value
        require(ended == ending, f"the job ended as {ended}: {job.outcome.message}")

    def open_study(self, study, folder):
        """By the boxes of the Study tab and its button."""
        self.ui.readerEdit.setText(READER)
        self.ui.studyEdit.setText(str(study))
        self.ui.folderEdit.setText(str(folder))
        self.ui.openButton.click()
        self.turn(5)
        require("Subject" in self.ui.statusLabel.text, self.ui.statusLabel.text)

    def open_drawn(self, visits):
        """Draw a small case with proposals, and open it."""
        from HCCResponseLib.panel.self_test import make_case

        folder = new_folder()
        self.open_study(make_case(folder, visits), folder / "read")

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

    def accept_all(self, point):
        """Accept by keys, as a reader who agrees does."""
        for name in self.lesions(point):
            self.select(name, point)
            self.press(self.ui.lesionTable, "A")
        left = [n for n in self.lesions(point) if self.status(point, n) == "proposed"]
        require(not left, f"not decided at {point}: {left}")

    def answer_candidates(self, *keys):
        """One key for each row of the candidates' table, the last one for all that follow."""
        table = self.ui.candidateTable
        for row in range(table.rowCount):
            table.selectRow(row)
            self.turn(2)
            self.press(table, keys[min(row, len(keys) - 1)])
        waiting = [table.item(r, 4).text() for r in range(table.rowCount)]
        require("to decide" not in waiting, f"candidates wait: {waiting}")

    @contextmanager
    def answering(self, yes):
        """Questions are answered, and do not open; gives what they ask."""
        asked, before = [], slicer.util.confirmYesNoDisplay

        def answer(text, *_rest, **_words):
            asked.append(text)
            return yes

        slicer.util.confirmYesNoDisplay = answer
        try:
            yield asked
        finally:
            slicer.util.confirmYesNoDisplay = before

    def sign(self, *points):
        """Sign these time points with the account of this computer, which is made where there is none."""
        ui = self.ui
        if ui.accountCombo.count == 0:
            ui.printedNameEdit.setText("Dr Tutorial")
            ui.accountNameEdit.setText(READER)
            for box in (ui.newPasswordEdit, ui.repeatPasswordEdit):
                box.setText(PASSWORD)
            ui.accountButton.click()
        for _ in points:
            self.sign_as(READER, PASSWORD)
        # The report of the first signature, then that of all the others.
        for _ in points[:2]:
            self.wait_for_job()
            self.turn(5)
        require(self.read.state.locked == set(points), f"signed: {self.read.state.locked}")

    def sign_as(self, name, password):
        """Sign the time point that is next; the report is written anew by a job then."""
        self.ui.accountCombo.setCurrentText(name)
        self.ui.passwordEdit.setText(password)
        self.ui.signButton.click()
        self.turn(5)

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


def slice_node(name):
    """Of a view of the application, such as Red."""
    return slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode()


def new_folder():
    """An empty folder in the application's temporary one."""
    return Path(tempfile.mkdtemp(prefix="walk-", dir=slicer.app.temporaryPath))


def require(holds, words):
    """Fail the step with a sentence."""
    if not holds:
        raise AssertionError(words)


# -- steps of every walk ------------------------------------------------------------------------------------------


def select_the_module(walk):
    slicer.mrmlScene.Clear(0)
    slicer.util.selectModule("HCCResponse")
    walk.widget = slicer.util.getModuleWidget("HCCResponse")
    walk.turn(5)
    require(walk.ui.installFrame.isHidden(), "install the packages first: button in the panel")


def close_the_read(walk):
    walk.ui.closeButton.click()
    require(walk.ui.statusLabel.text == "No study is open.", walk.ui.statusLabel.text)
