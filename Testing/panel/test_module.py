"""The scripted module in the host: it loads, its button works, it reloads, it can be looked at."""

import subprocess
import sys
from pathlib import Path

import pytest

from panel_case import make_case
from slicer_host.fixtures import MODULE_FILE
from slicer_host.pictures import grab, style

SUPPORT = Path(__file__).resolve().parents[1] / "support"


def test_a_missing_study_is_said_in_a_dialog_and_the_panel_lives_on(slicer_app, panel):
    panel.ui.studyEdit.setText("/does/not/exist/study.yaml")
    panel.ui.openButton.click()
    assert "does not exist" in slicer_app.record.take_error_box()
    assert panel.ui.statusLabel.text == "No study is open."


def test_reload_builds_a_new_panel(slicer_app, panel):
    import slicer

    panel.onReload()
    again = slicer.util.getModuleWidget("HCCResponse")
    assert again is not panel
    again.ui.openButton.click()
    assert "Name a study file" in slicer_app.record.take_error_box()


def test_pictures_light_and_dark_show_text(panel, tmp_path):
    from PySide6 import QtGui

    light = QtGui.QImage(str(grab(panel.parent, tmp_path / "light.png")))
    with style(dark=True):
        dark = QtGui.QImage(str(grab(panel.parent, tmp_path / "dark.png")))
    assert light.pixelColor(2, 2).lightness() > 200
    assert dark.pixelColor(2, 2).lightness() < 80


def test_self_test_of_the_module(slicer_app, panel):
    import slicer

    slicer.selfTests["HCCResponse"]()


def test_pictures_have_real_letters(slicer_app):
    """Without a font every letter is the same box."""
    from PySide6 import QtGui

    metrics = QtGui.QFontMetrics(slicer_app.app.font())
    assert metrics.horizontalAdvance("iiii") < metrics.horizontalAdvance("WWWW") / 2


def test_the_first_press_builds_the_panel_and_does_what_the_button_says(slicer_app, tmp_path):
    """Selecting the module loads little; who then opens a study sees no difference."""
    widget = slicer_app.load_module(MODULE_FILE)
    ui = widget.ui
    assert (ui.profileCombo.currentText, ui.statusLabel.text) == ("recist-1.1", "No study is open.")
    assert widget._panel is None
    make_case(tmp_path)
    ui.readerEdit.setText("dr.a")
    ui.profileCombo.setCurrentText("mrecist")
    ui.studyEdit.setText(str(tmp_path / "study.yaml"))
    ui.folderEdit.setText(str(tmp_path / "read"))
    ui.openButton.click()
    assert "Subject S1" in ui.statusLabel.text
    assert widget._panel.presenter.reader == "dr.a"
    assert ui.profileCombo.currentText == "mrecist", "what was chosen before stays"
    ui.closeButton.click()
    assert ui.statusLabel.text == "No study is open."


def test_the_first_press_loads_no_reader_of_files_that_may_not_be_there(slicer_app):
    """Before, it loaded nibabel and pydicom for every study: a quarter of its 2.1 s, also for one in NRRD."""
    code = (
        f"import sys; sys.path.insert(0, {str(SUPPORT)!r}); import slicer_host; slicer_host.install()\n"
        "import HCCResponseLib.panel.panel\n"
        "print(*(name for name in ('nibabel', 'pydicom', 'torch', 'matplotlib') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_front_shows_what_the_panel_shows(slicer_app):
    widget = slicer_app.load_module(MODULE_FILE)

    def hidden():
        return {n for n, w in vars(widget.ui).items() if hasattr(w, "isHidden") and w.isHidden()}

    before = hidden()
    assert widget._panel is None and widget.panel is not None
    assert hidden() == before


SECTIONS = (
    "Study",
    "Run",
    "Lesion",
    "Editor",
    "Facts",
    "Candidate",
    "Response",
    "Sign",
    "View",
    "Decision",
    "Thumbnail",
)
LIBRARY = "HCCResponseLib.panel"
STEPS = [f"{LIBRARY}.panel.{name}Section" for name in SECTIONS] + [
    f"{LIBRARY}.panel.ReaderPanel.refresh",
    f"{LIBRARY}.sections.editor.EditorSection._watch",
    f"{LIBRARY}.install.missing_packages",
    "slicer.util.loadUI",
]


@pytest.mark.parametrize("step", STEPS)
def test_cleanup_works_after_a_setup_that_stopped_half_way(slicer_app, monkeypatch, step):
    """Before, it raised, and what was built already went on watching the scene."""
    import slicer

    def full(*_, **__):
        raise OSError("the disk is full")

    watched = [(event, slicer.mrmlScene.HasObserver(event)) for event in ("StartSaveEvent", "EndCloseEvent")]
    with monkeypatch.context() as patch:
        patch.setattr(step, full)
        with pytest.raises(OSError, match="disk is full"):
            assert slicer_app.load_module(MODULE_FILE).panel
    module = slicer.modules.hccresponse.widgetRepresentation()
    module.self().cleanup()
    module.deleteLater()
    slicer_app.process()
    slicer.mrmlScene.InvokeEvent(slicer.mrmlScene.StartSaveEvent)
    slicer.mrmlScene.Clear(0)
    assert watched == [(event, slicer.mrmlScene.HasObserver(event)) for event, _ in watched]
