"""Jobs of the panel: the window answers while they run, cancel works, a job that dies says why."""

import os
from pathlib import Path

import numpy as np
import pytest
import yaml

from HCCResponseLib.imaging.volumes import LabelMap
from HCCResponseLib.imaging.write import write_label_map
from panel_case import make_case, open_case, store_proposals
from panel_worker import PanelJob
from reads import BASELINE, GRID, disc, lesion
from waiting import alive, wait_until

HEARTBEAT_MS = 10


@pytest.fixture
def case(slicer_app, panel, tmp_path, monkeypatch):
    support = Path(__file__).resolve().parents[1] / "support"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(support), os.environ.get("PYTHONPATH", "")]))
    open_case(panel, tmp_path)
    return panel


def run_until(slicer_app, condition):
    """Work off events until a condition holds; returns how often a timer of 10 ms was heard meanwhile."""
    import qt

    beats = []
    timer = qt.QTimer()
    timer.connect("timeout()", lambda: beats.append(1))
    timer.start(HEARTBEAT_MS)

    def holds():
        slicer_app.process()
        return condition()

    wait_until(holds, pause_s=0.001)
    timer.stop()
    return len(beats)


def start(case, **request):
    case.panel.jobs.start("panel_worker", PanelJob(**request))


def test_progress_is_shown_and_the_window_stays_alive(slicer_app, case, monkeypatch):
    seen = []
    case.panel.jobs._on_change = lambda job, show=case.panel._job_changed: (
        seen.append(job.progress.stage),
        show(job),
    )
    start(case, steps=20, pause=0.05)
    assert not case.ui.jobFrame.isHidden()
    beats = run_until(slicer_app, lambda: not case.panel.jobs.busy)
    assert beats > 20, "other timers were heard all the while; how late they were is in bench_panel"
    assert case.panel.jobs.job.outcome.ending == "done"
    assert case.panel.jobs.job.outcome.result == {"steps": 20}
    assert case.ui.jobFrame.isHidden()
    assert len(set(seen)) > 3, "several stages were shown"


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs /proc to look for processes")
def test_cancel_ends_the_whole_tree(slicer_app, case, tmp_path):
    over = tmp_path / "over"
    start(case, steps=10_000, pause=0.05, child=True, over=str(over))
    run_until(slicer_app, lambda: "child" in case.panel.jobs.job.progress.stage)
    child = int(case.panel.jobs.job.progress.stage.split()[-1])
    case.ui.cancelButton.click()
    assert case.panel.jobs.job.outcome.ending == "cancelled"
    assert not over.exists(), "the job was not ended, it came to its end"
    run_until(slicer_app, lambda: not alive(child))
    assert case.ui.jobFrame.isHidden()


def test_rows_appear_as_they_are_ready_and_not_at_the_end(slicer_app, panel, tmp_path, monkeypatch):
    """Before, the table stayed empty until the last follow-up was proposed."""
    support = Path(__file__).resolve().parents[1] / "support"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(support), os.environ.get("PYTHONPATH", "")]))
    study, folder = make_case(tmp_path, proposals=[])
    open_case(panel, tmp_path, make=False)
    start(panel, steps=2000, pause=0.02)
    assert panel.ui.lesionTable.rowCount == 0
    store_proposals(study, folder, [lesion(BASELINE, "L1", 40)])
    run_until(slicer_app, lambda: panel.ui.lesionTable.rowCount == 1)
    assert panel.panel.jobs.busy
    panel.ui.cancelButton.click()


def test_propose_says_what_it_does_with_contours_that_are_given(slicer_app, panel, tmp_path):
    """Before, it adapted and followed too, under a button that said to segment the baseline."""
    study, _ = make_case(tmp_path, proposals=[])
    write_label_map(LabelMap(disc(40).astype(np.uint8), GRID), tmp_path / "drawn.nii.gz")
    open_case(panel, tmp_path, make=False)
    assert panel.ui.proposeButton.text == "Propose baseline lesions"
    panel.ui.closeButton.click()
    content = yaml.safe_load(study.read_text(encoding="utf-8"))
    content["timepoints"][0]["contour"] = {"path": "drawn.nii.gz", "drawn_by": "Dr A"}
    (tmp_path / "given").mkdir()
    given = tmp_path / "given.yaml"
    given.write_text(yaml.safe_dump(content), encoding="utf-8")
    panel.ui.studyEdit.setText(str(given))
    panel.ui.folderEdit.setText(str(tmp_path / "given"))
    panel.ui.openButton.click()
    assert panel.ui.proposeButton.text == "Take given contours and go on"
    assert "proposes the follow-ups" in panel.ui.engineNoteLabel.text


def test_a_job_that_dies_says_why(slicer_app, case):
    start(case, die="the disk of the moon is full")
    run_until(slicer_app, lambda: not case.panel.jobs.busy)
    assert case.panel.jobs.job.outcome.ending == "failed"
    assert "the disk of the moon is full" in slicer_app.record.take_error_box()


def test_a_killed_job_hints_at_memory(slicer_app, case):
    start(case, kill=True)
    run_until(slicer_app, lambda: not case.panel.jobs.busy)
    assert case.panel.jobs.job.outcome.ending == "out of memory"
    assert "memory" in slicer_app.record.take_error_box()
    assert case.ui.offerFrame.isHidden(), "nobody knows a lighter setting"


def test_the_line_above_the_bar_says_what_is_running_and_for_which_visit(slicer_app):
    from HCCResponseLib.base.jobs import Progress
    from HCCResponseLib.panel.sections.run import busy_words

    points = ("baseline", "follow-up 1")
    running = Progress("follow-up 1: Aligning livers", 0.7, 20.0)
    assert busy_words(running, points) == "Proposing follow-up 1: aligning livers ... (about 20 s left)"
    assert busy_words(Progress("Adapting, step 3 of 10", 0.2), points) == "Adapting, step 3 of 10 ..."


def test_closing_the_panel_ends_the_job(slicer_app, case):
    start(case, steps=1000, pause=0.05)
    job = case.panel.jobs.job
    case.cleanup()
    assert job.outcome.ending == "cancelled"


def test_an_error_of_the_worker_reaches_the_reader(slicer_app, case):
    start(case, refuse="Image 'x.nrrd' is empty.")
    run_until(slicer_app, lambda: not case.panel.jobs.busy)
    assert slicer_app.record.take_error_box() == "Image 'x.nrrd' is empty."


HEAVY = """
from HCCResponseLib.engines.contract import EngineInfo, Gives, Parameter, Segmentation
import numpy as np

INFO = EngineInfo("heavy", "Needs much memory", frozenset({Gives.TUMOUR}), "none", "tests", "none", uses_torch=False,
                  system_mib=1, parameters=(Parameter("patch", 64, "side", lighter=(48, 32)),))


def segment(case, report):
    if case.settings["patch"] > 48:
        raise MemoryError
    return Segmentation(labels=np.where(case.image.hu > 100, 2, 0).astype(np.uint8))
"""


@pytest.fixture
def _heavy_engine(tmp_path, monkeypatch):
    (tmp_path / "engines").mkdir()
    (tmp_path / "engines" / "heavy.py").write_text(HEAVY, encoding="utf-8")
    monkeypatch.setenv("HCC_RESPONSE_ENGINES", str(tmp_path / "engines"))


def test_lighter_settings_are_a_choice_that_starts_the_job_again(_heavy_engine, slicer_app, panel, tmp_path):
    """From an engine in a process of a process to the reader's choice, and back."""
    study, folder = make_case(tmp_path, proposals=[])
    ui = panel.ui
    ui.studyEdit.setText(str(study))
    ui.folderEdit.setText(str(folder))
    ui.openButton.click()
    ui.engineCombo.setCurrentText("heavy")
    ui.deviceCombo.setCurrentText("cpu")
    ui.proposeButton.click()
    run_until(slicer_app, lambda: not panel.panel.jobs.busy)
    assert panel.panel.jobs.job.outcome.ending == "out of memory"
    assert not ui.offerFrame.isHidden()
    assert "Out of memory" in ui.offerLabel.text
    assert [ui.offerCombo.itemText(i) for i in range(ui.offerCombo.count)] == ["Smaller patch: 48"]
    assert ui.jobFrame.isHidden()
    ui.offerButton.click()
    assert ui.offerFrame.isHidden(), "the choice is made"
    assert not ui.jobFrame.isHidden()
    run_until(slicer_app, lambda: not panel.panel.jobs.busy)
    assert panel.panel.jobs.job.outcome.ending == "done"
    survey = panel.panel.presenter.state.provenance["baseline"]["survey"]
    assert survey["parameters"] == {"patch": 48}
    assert slicer_app.record.dialogs == []


def test_lighter_settings_can_be_left_alone(slicer_app, case):
    start(case, offer="Smaller patch: 48")
    run_until(slicer_app, lambda: not case.panel.jobs.busy)
    assert not case.ui.offerFrame.isHidden()
    case.ui.dismissOfferButton.click()
    assert case.ui.offerFrame.isHidden()
    assert not case.panel.jobs.busy
