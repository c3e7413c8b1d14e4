"""A new study from volumes in the scene, and the packages that the module needs."""

import sys
import types

import numpy as np
import pytest

from HCCResponseLib.imaging.study import load_image, load_study
from HCCResponseLib.imaging.volumes import Volume
from panel_case import draw
from reads import BASELINE, FOLLOW_UP, GRID
from without_torch import need_torch


def add(panel, image, day, name):
    import qt
    import slicer

    from HCCResponseLib.panel.scene.nodes import add_volume

    node = add_volume(slicer.mrmlScene, image, name)
    panel.ui.volumeSelector.setCurrentNode(node)
    panel.ui.dateEdit.setDate(qt.QDate.fromString(day, "yyyy-MM-dd"))
    panel.ui.addPointButton.click()
    return node


def test_a_study_from_the_scene_is_written_and_opened(slicer_app, panel, tmp_path):
    images = {"late": draw([], FOLLOW_UP, 1), "early": draw([], BASELINE, 2)}
    add(panel, images["late"], "2024-05-01", "late")
    add(panel, images["early"], "2024-01-15", "early")
    panel.ui.subjectEdit.setText("P17")
    panel.ui.folderEdit.setText(str(tmp_path / "read"))
    panel.ui.createStudyButton.click()
    study = load_study(tmp_path / "read" / "study.yaml")
    assert [(p.name, p.date.isoformat()) for p in study.timepoints] == [
        ("baseline", "2024-01-15"),
        ("follow-up 1", "2024-05-01"),
    ]
    written = load_image(study, study.timepoints[0])
    assert np.array_equal(written.hu, images["early"].hu)
    assert written.geometry.difference(GRID) is None
    assert "P17" in panel.ui.statusLabel.text
    assert panel.ui.proposeButton.isEnabled()


def test_two_scans_of_one_day_are_refused(slicer_app, panel):
    add(panel, draw([], BASELINE, 1), "2024-01-15", "a")
    add(panel, draw([], BASELINE, 2), "2024-01-15", "b")
    assert "two dates" in slicer_app.record.take_error_box()
    assert panel.ui.newPointTable.rowCount == 1
    panel.ui.newPointTable.setCurrentCell(0, 0)
    panel.ui.removePointButton.click()
    assert panel.ui.newPointTable.rowCount == 0


def test_an_existing_study_is_never_overwritten(slicer_app, panel, tmp_path):
    (tmp_path / "study.yaml").write_text("mine", encoding="utf-8")
    add(panel, draw([], BASELINE, 1), "2024-01-15", "a")
    panel.ui.subjectEdit.setText("P17")
    panel.ui.folderEdit.setText(str(tmp_path))
    panel.ui.createStudyButton.click()
    assert "exists already" in slicer_app.record.take_error_box()
    assert (tmp_path / "study.yaml").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("subject", ["", "../x", "a/b"])
def test_a_subject_that_cannot_be_a_name_is_refused_before_anything_is_written(
    slicer_app, panel, tmp_path, subject
):
    add(panel, draw([], BASELINE, 1), "2024-01-15", "a")
    panel.ui.subjectEdit.setText(subject)
    panel.ui.folderEdit.setText(str(tmp_path / "read"))
    panel.ui.createStudyButton.click()
    assert "cannot be made" in slicer_app.record.take_error_box()
    assert not (tmp_path / "read").exists()


def test_a_moved_volume_is_refused(slicer_app, panel):
    import slicer

    node = add(panel, draw([], BASELINE, 1), "2024-01-15", "a")
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
    node.SetAndObserveTransformNodeID(transform.GetID())
    panel.ui.newPointTable.setCurrentCell(0, 0)
    panel.ui.removePointButton.click()
    panel.ui.addPointButton.click()
    assert "transform" in slicer_app.record.take_error_box()


def test_an_oblique_volume_goes_through_the_scene_exactly(slicer_app):
    import slicer

    from HCCResponseLib.imaging.geometry import Geometry
    from HCCResponseLib.panel.scene.nodes import add_volume, volume_from_node

    angle = np.deg2rad(12)
    direction = (1.0, 0, 0, 0, np.cos(angle), -np.sin(angle), 0, np.sin(angle), np.cos(angle))
    grid = Geometry((4, 5, 6), (3.0, 0.8, 0.7), (-10.0, 20.0, -300.0), direction)
    hu = np.arange(120, dtype=np.int16).reshape(grid.size)
    back = volume_from_node(add_volume(slicer.mrmlScene, Volume(hu, grid, "oblique"), "oblique"))
    assert np.array_equal(back.hu, hu)
    assert back.geometry.difference(grid) is None


def test_missing_packages_are_named_and_nothing_is_installed_unasked(slicer_app, monkeypatch):
    need_torch()
    import importlib.util

    from slicer_host.fixtures import MODULE_FILE

    real = importlib.util.find_spec
    gone = {"monai", "torch"}
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name in gone else real(name, *a)
    )
    panel = slicer_app.load_module(MODULE_FILE)
    text = panel.ui.installLabel.text
    assert "monai" in text and "torch" in text
    assert "MB" in text and "Without a network" in text
    assert panel.panel is None
    assert slicer_app.record.packages == []
    panel.ui.installButton.click()
    slicer_app.record.take_errors()
    assert "Install the extension 'PyTorch'" in slicer_app.record.take_error_box()
    assert slicer_app.record.packages == []

    asked = []

    def install_torch(_logic, **wishes):
        asked.append(wishes)
        return None if len(asked) == 1 else object()

    logic = type("PyTorchUtilsLogic", (), {"installTorch": install_torch})
    monkeypatch.setitem(sys.modules, "PyTorchUtils", types.SimpleNamespace(PyTorchUtilsLogic=logic))
    panel.ui.installButton.click()
    assert asked == [{"askConfirmation": True, "torchVersionRequirement": ">=2.2"}]
    assert slicer_app.record.packages == [], (
        "declined: nothing else is installed, which would bring PyTorch along"
    )
    slicer_app.record.answer("packages", RuntimeError("User declined package installation"))
    panel.ui.installButton.click()
    assert panel.panel is None
    slicer_app.record.packages.clear()
    gone.clear()
    panel.ui.installButton.click()
    [(what, packages)] = slicer_app.record.packages
    assert what == "pip_ensure"
    assert not any(p.startswith(("numpy", "SimpleITK", "torch")) for p in packages)
    assert any(p.startswith("monai") for p in packages)
    assert panel.panel is not None
    assert panel.ui.installFrame.isHidden()
