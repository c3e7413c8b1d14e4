"""What the host itself promises: nothing passes in silence."""

import enum
import logging
import sys
from pathlib import Path
from typing import Optional

import pytest

from waiting import wait_until


class Style(enum.Enum):
    FIRST = 1
    SECOND = 2


def make_wrapper():
    import slicer
    from slicer.parameterNodeWrapper import parameterNodeWrapper

    @parameterNodeWrapper
    class Settings:
        subject: str = "S1"
        count: int
        factor: float = 1.5
        shown: bool
        folder: Path
        style: Style = Style.SECOND
        limit: Optional[int]  # noqa: UP045 (the application does not know int | None)
        volume: slicer.vtkMRMLScalarVolumeNode

    # The annotations above are text (postponed evaluation), which the wrapper resolves in the module: not here.
    return Settings


def wrapped(monkeypatch):
    import slicer
    from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

    monkeypatch.setitem(globals(), "slicer", slicer)
    node = ScriptedLoadableModuleLogic().getParameterNode()
    return make_wrapper()(node), node


def test_parameters_have_defaults_and_are_kept_as_in_the_application(slicer_app, monkeypatch):
    parameters, node = wrapped(monkeypatch)
    assert (parameters.subject, parameters.count, parameters.factor, parameters.shown) == (
        "S1",
        0,
        1.5,
        False,
    )
    assert (parameters.folder, parameters.style, parameters.limit, parameters.volume) == (
        Path(),
        Style.SECOND,
        None,
        None,
    )
    parameters.shown, parameters.limit, parameters.style = True, 3, Style.FIRST
    assert [node.GetParameter(name) for name in ("shown", "limit_0", "style")] == ["True", "3", "FIRST"]
    parameters.limit = None
    assert (node.HasParameter("limit_0"), parameters.limit) == (0, None)


def test_parameters_refuse_other_types_and_follow_the_node(slicer_app, monkeypatch):
    import slicer

    parameters, node = wrapped(monkeypatch)
    for name, value in (
        ("count", 1.5),
        ("subject", None),
        ("folder", "/a"),
        ("limit", "3"),
        ("volume", node),
    ):
        with pytest.raises((TypeError, ValueError)):
            setattr(parameters, name, value)
    node.SetParameter("count", "12")
    assert parameters.count == 12
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    parameters.volume = volume
    assert parameters.volume is volume
    slicer.mrmlScene.RemoveNode(volume)
    assert parameters.volume is None


def test_parameters_move_with_their_widgets(slicer_app, monkeypatch):
    import qt
    from slicer.parameterNodeWrapper import SlicerParameterNamePropertyName

    parameters, _ = wrapped(monkeypatch)
    panel = qt.QWidget()
    edit, check = qt.QLineEdit(panel), qt.QCheckBox(panel)
    edit.setProperty(SlicerParameterNamePropertyName, "subject")
    check.setProperty(SlicerParameterNamePropertyName, "shown")
    tag = parameters.connectGui(panel)
    assert edit.text == "S1"
    edit.setText("S2")
    check.click()
    assert (parameters.subject, parameters.shown) == ("S2", True)
    parameters.subject = "S3"
    assert edit.text == "S3"
    parameters.disconnectGui(tag)
    edit.setText("S4")
    assert parameters.subject == "S3"


def test_a_union_written_with_a_bar_is_refused_as_in_the_application(slicer_app):
    from slicer.parameterNodeWrapper import parameterNodeWrapper

    with pytest.raises(TypeError, match="Optional"):
        parameterNodeWrapper(type("Settings", (), {"__annotations__": {"limit": int | None}}))


def test_questions_need_an_answer(slicer_app):
    import slicer

    slicer_app.record.answer("question", True, False)
    assert slicer.util.confirmYesNoDisplay("Sure?") is True
    assert slicer.util.confirmOkCancelDisplay("Really?") is False
    with pytest.raises(AssertionError, match="prepared no answer"):
        slicer.util.confirmYesNoDisplay("And now?")
    assert [shown.text for shown in slicer_app.record.dialogs] == ["Sure?", "Really?"]


def test_file_dialogs_give_one_string(slicer_app):
    import qt

    slicer_app.record.answer("open file", "/a/study.yaml", "")
    assert qt.QFileDialog.getOpenFileName(None, "Open", "", "*.yaml") == "/a/study.yaml"
    assert qt.QFileDialog.getOpenFileName(None, "Open") == ""
    with pytest.raises(AssertionError, match="prepared no answer"):
        qt.QFileDialog.getSaveFileName(None, "Save")


def test_other_programs_are_recorded_and_processes_run(slicer_app):
    import qt
    import slicer

    assert qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile("/a/report.html"))
    assert [(d.kind, d.text) for d in slicer_app.record.dialogs] == [("open url", "file:///a/report.html")]
    lines, codes = [], []
    process = slicer.util.launchConsoleProcess(
        [sys.executable, "-c", "print('done'); raise SystemExit(3)"],
        blocking=False, logCallback=lines.append, completedCallback=codes.append,
    )  # fmt: skip

    def ended():
        slicer_app.process()
        return codes

    wait_until(ended)
    process.stdout.close()
    assert (lines, codes) == (["done"], [3])


def test_nothing_is_ever_installed(slicer_app):
    from packaging.requirements import Requirement
    from slicer import packaging

    packaging.pip_ensure([Requirement("scipy>=1.11")], requester="HCC Response")
    assert slicer_app.record.packages == [("pip_ensure", ("scipy>=1.11",))]
    slicer_app.record.answer("packages", RuntimeError("declined"))
    with pytest.raises(RuntimeError, match="declined"):
        packaging.pip_ensure([Requirement("scipy>=1.11")])
    with pytest.raises(AssertionError, match="Requirement"):
        packaging.pip_ensure("scipy")


def test_what_the_host_has_not_is_an_error(slicer_app):
    import ctk
    import qt
    import slicer

    for owner, name in ((slicer.app, "ioManager"), (ctk, "ctkDateRangeWidget"), (slicer, "qMRMLVolumeWidget"),
                        (slicer.modules, "dataprobe"), (qt, "QWebEngineView")):  # fmt: skip
        with pytest.raises(AttributeError):
            getattr(owner, name)
    with pytest.raises(AttributeError):
        slicer.app.myAttribute = 1
    with pytest.raises(ValueError, match="no such node classes"):
        slicer.qMRMLNodeComboBox().nodeTypes = ["vtkMRMLNoSuchNode"]


def test_node_boxes_follow_the_scene(slicer_app):
    import slicer

    box = slicer.qMRMLNodeComboBox()
    box.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    box.noneEnabled = True
    seen = []
    box.connect("currentNodeChanged(vtkMRMLNode*)", lambda node: seen.append(node and node.GetName()))
    box.setMRMLScene(slicer.mrmlScene)
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    assert (box.nodeCount(), box.currentNode()) == (1, None)
    box.setCurrentNode(volume)
    box.setCurrentNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode"))
    box.setCurrentNodeID(volume.GetID())
    slicer.mrmlScene.RemoveNode(volume)
    assert seen == ["CT", None, "CT", None]


def test_segment_tables_and_editor_show_a_segmentation(slicer_app):
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    for name in ("a", "b"):
        node.GetSegmentation().AddEmptySegment(name, name)
    table = slicer.qMRMLSegmentsTableView()
    table.setSegmentationNode(node)
    table.setSelectedSegmentIDs(["b"])
    assert table.selectedSegmentIDs() == ("b",)
    editor = slicer.qMRMLSegmentEditorWidget()
    editor.setMRMLScene(slicer.mrmlScene)
    with pytest.raises(ValueError, match="setMRMLSegmentEditorNode"):
        editor.setSegmentationNode(node)
    editor.setMRMLSegmentEditorNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentEditorNode"))
    editor.setSegmentationNode(node)
    editor.setCurrentSegmentID("b")
    assert (editor.segmentationNode() is node, editor.currentSegmentID()) == (True, "b")


def test_modules_are_selected_and_unloaded_with_cleanup(slicer_app, panel, caplog):
    import slicer

    slicer.util.selectModule("HCCResponse")
    assert slicer_app.record.selected_modules == ["HCCResponse"]
    calls = []
    panel.cleanup = lambda clean_up=panel.cleanup: (calls.append("cleanup"), clean_up())
    slicer_app.unload_module("HCCResponse")
    assert calls == ["cleanup"]
    assert not hasattr(slicer.modules, "hccresponse")
    assert not [entry for entry in caplog.records if entry.levelno >= logging.ERROR]


def test_errors_in_events_are_recorded_too(slicer_app):
    import qt

    class Broken(qt.QWidget):
        def closeEvent(self, event):
            raise ZeroDivisionError

    Broken().close()
    assert [type(error) for error in slicer_app.record.take_errors()] == [ZeroDivisionError]


def test_clean_state_between_tests(slicer_app):
    import slicer

    assert slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") == []
    assert slicer_app.record.dialogs == []
