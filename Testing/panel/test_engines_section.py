"""The choice of an engine: what it is, what it still needs, and what a job is asked."""

from HCCResponseLib.pipeline.request import Options
from panel_case import make_case
from ready_engines import installed_with_weights
from slicer_host.fixtures import MODULE_FILE


def test_every_engine_says_what_it_needs(slicer_app, panel):
    assert panel.panel is not None
    combo = panel.ui.engineCombo
    names = [combo.itemText(i) for i in range(combo.count)]
    assert names[0] == "fcd"
    assert "command" in names
    assert "adapted" not in names, "it needs earlier contours and cannot look at a baseline"
    assert panel.ui.weightsEdit.isHidden()
    assert "Licence" in panel.ui.engineNoteLabel.text
    combo.setCurrentIndex(names.index("nnunet"))
    assert not panel.ui.weightsEdit.isHidden()
    assert "nnU-Net" in panel.ui.engineNoteLabel.text


def test_the_job_is_asked_what_was_chosen(slicer_app, panel, tmp_path, monkeypatch):
    study, folder = make_case(tmp_path, proposals=[])
    panel.ui.studyEdit.setText(str(study))
    panel.ui.folderEdit.setText(str(folder))
    panel.ui.openButton.click()
    asked = []
    monkeypatch.setattr(panel.panel.jobs, "start", lambda module, request: asked.append((module, request)))
    panel.ui.deviceCombo.setCurrentText("cpu")
    panel.ui.proposeButton.click()
    [(module, request)] = asked
    assert module == "HCCResponseLib.pipeline.worker"
    assert request.folder == folder
    assert request.options == Options(recipe="quick", engine="fcd", weights=None, device="cpu", parameters={})


def test_settings_that_an_engine_does_not_know_are_refused(slicer_app, panel, tmp_path):
    study, folder = make_case(tmp_path, proposals=[])
    panel.ui.studyEdit.setText(str(study))
    panel.ui.folderEdit.setText(str(folder))
    panel.ui.openButton.click()
    names = [panel.ui.engineCombo.itemText(i) for i in range(panel.ui.engineCombo.count)]
    panel.ui.engineCombo.setCurrentIndex(names.index("command"))
    for wrong in ("nonsense", "nonsense=1"):
        panel.ui.settingsEdit.setText(wrong)
        panel.ui.proposeButton.click()
        assert "nonsense" in slicer_app.record.take_error_box()
    assert not panel.panel.jobs.busy


def test_totalsegmentator_with_its_weights_is_chosen_and_said(slicer_app, tmp_path, monkeypatch):
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TOTALSEG_HOME_DIR", raising=False)
    installed_with_weights(tmp_path / "home")
    panel = slicer_app.load_module(MODULE_FILE)
    ui = panel.ui
    assert panel.panel is not None
    assert ui.engineCombo.currentText == "totalsegmentator"
    said = "TotalSegmentator looks for tumours, since it is installed with its weights"
    assert ui.engineNoteLabel.text.startswith(said)
    study, folder = make_case(tmp_path, proposals=[])
    ui.studyEdit.setText(str(study))
    ui.folderEdit.setText(str(folder))
    ui.openButton.click()
    asked = []
    monkeypatch.setattr(panel.panel.jobs, "start", lambda _, request: asked.append(request.options.engine))
    ui.proposeButton.click()
    # The reader's choice stays.
    ui.engineCombo.setCurrentText("fcd")
    assert said not in ui.engineNoteLabel.text
    panel.panel.refresh()
    ui.proposeButton.click()
    assert asked == ["totalsegmentator", "fcd"]
