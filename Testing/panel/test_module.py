"""The scripted module in the host: it loads, its button works, it reloads, it can be looked at."""

from slicer_host.pictures import grab, style


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
