"""The scripts for a real application run in the host too, as far as it goes, and import nothing of it."""

import ast
import importlib.util
import os
import subprocess
import sys
import unittest
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "slicer"
SCRIPTS = sorted(FOLDER.glob("*.py"))
WALKS = ("tutorial", "keys", "three-visits", "committee", "looks", "install", "dicom")
# The host has no reader of whole scenes.
ONLY_IN_THE_APPLICATION = {"test_save_and_load_the_scene"}


def load(name):
    spec = importlib.util.spec_from_file_location(f"application_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def people(tmp_path, monkeypatch):
    monkeypatch.setenv("HCC_RESPONSE_PEOPLE", str(tmp_path / "people.sqlite"))


@pytest.mark.parametrize("script", sorted(FOLDER.rglob("*.py")), ids=lambda p: p.stem)
def test_it_imports_nothing_of_the_host(script):
    tree = ast.parse(script.read_text(encoding="utf-8"))
    names = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert names <= sys.stdlib_module_names | {"slicer", "qt", "DICOMLib", "HCCResponseLib", "walks"}


def test_the_scripts_use_what_the_application_s_python_knows():
    """Where the host cannot tell; they alone may turn the event loop themselves, as they wait like a person."""
    lint = [sys.executable, FOLDER.parent / "panel_lint.py", *sorted(FOLDER.rglob("*.py"))]
    found = subprocess.run(lint, capture_output=True, text=True, check=False).stdout.splitlines()
    assert [line for line in found if "process-events" not in line] == []


@pytest.mark.parametrize("name", ["test_load", "test_case", "test_reload"])
def test_it_passes_in_the_host(slicer_app, panel, name):
    suite = unittest.TestSuite(
        test
        for group in unittest.defaultTestLoader.loadTestsFromModule(load(name))
        for test in group
        if test._testMethodName not in ONLY_IN_THE_APPLICATION
    )
    assert suite.countTestCases() > 0
    result = unittest.TestResult()
    suite.run(result)
    assert result.wasSuccessful(), result.errors + result.failures


@pytest.mark.parametrize("name", ["test_load", "test_case", "test_reload"])
def test_it_fails_with_one_error_box(slicer_app, panel, monkeypatch, name):
    """Before, the scripts passed in the application with eleven of them."""
    import slicer

    script, left = load(name), []
    case = next(c for c in vars(script).values() if isinstance(c, type) and issubclass(c, unittest.TestCase))
    for test in unittest.defaultTestLoader.getTestCaseNames(case):
        monkeypatch.setattr(case, test, lambda _self: None)
    monkeypatch.setattr(slicer.util, "exit", left.append)
    script.main()
    monkeypatch.setattr(case, "setUp", lambda _self: panel.ui.openButton.click())
    script.main()
    assert left == [0, 1]


def test_the_self_test_fails_with_what_a_slot_or_the_log_says(slicer_app):
    import logging

    import qt

    from HCCResponseLib.panel.error_watch import ErrorWatch

    timer = qt.QTimer()
    timer.connect("timeout()", lambda: 1 / 0)
    with ErrorWatch() as watch:
        timer.start(0)
        slicer_app.process()
        timer.stop()
        logging.error("no room on the disk")
    assert "ZeroDivisionError" in watch.found[0]
    assert watch.found[-1] == "log: no room on the disk"
    assert slicer_app.record.take_logged() == ["no room on the disk"]


def test_only_the_batch_runs_without_a_window(slicer_app, panel):
    """Before, every script had --no-main-window, where no module can be selected: ctest could not pass."""
    import slicer

    slicer_app.app.setMainWindowMissing(True)
    with pytest.raises(RuntimeError):
        slicer.util.selectModule("HCCResponse")
    lines = (FOLDER / "CMakeLists.txt").read_text(encoding="utf-8").splitlines()
    [line] = [line for line in lines if "--no-main-window" in line]
    assert "SCRIPT headless.py" in line
    assert "selectModule" not in (FOLDER / "headless.py").read_text(encoding="utf-8")


def test_the_batch_entry(slicer_app, panel, monkeypatch, capsys):
    import slicer

    left = []
    monkeypatch.setattr(slicer.util, "exit", left.append)
    slicer_app.app.setMainWindowMissing(True)
    load("headless").main()
    assert left == [0]
    assert '"missing study": 1' in capsys.readouterr().out


def test_all_scripts_but_the_tutorial_are_given_to_ctest():
    """The tutorial needs the networks and minutes; it is run by hand, for its pictures and its table."""
    listed = (FOLDER / "CMakeLists.txt").read_text(encoding="utf-8")
    assert [script.stem for script in SCRIPTS if script.stem not in listed] == ["whole_tutorial"]


@pytest.fixture
def walk(slicer_app, panel, monkeypatch, tmp_path):
    """Takes one walk, on large voxels, with a worker in the place of the networks; gives status and table."""
    import slicer

    from HCCResponseLib.panel.sections import run

    support = FOLDER.parent / "support"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(support), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(run, "WORKER", "quick_proposals")
    slicer.app.startupCompleted.emit()
    left = []
    monkeypatch.setattr(slicer.util, "exit", left.append)

    def take(name):
        script = load("whole_tutorial")
        script.main([str(tmp_path / "pictures"), "6", name])
        lines = (tmp_path / "pictures" / "steps.txt").read_text(encoding="utf-8").splitlines()[1:]
        return left[-1], [line.split(" | ") for line in lines], len(script.WALKS[name])

    return take


@pytest.mark.slow
@pytest.mark.parametrize("name", WALKS)
def test_every_walk_of_the_application_passes_in_the_host(walk, tmp_path, name):
    status, steps, planned = walk(name)
    assert [step for step in steps if step[3] != "-"] == []
    assert (status, len(steps)) == (0, planned)
    assert len(list((tmp_path / "pictures" / name).glob("[0-9]*.png"))) == planned


def test_no_walk_is_forgotten(slicer_app, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert tuple(load("whole_tutorial").WALKS) == WALKS


def test_the_walks_press_every_key_of_the_panel(slicer_app):
    """Before, R, E, L, N and Q were never pressed in the application."""
    from HCCResponseLib.panel.keys import KEYS

    words = "".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py"))
    assert [key.key for key in KEYS if f'"{key.key}"' not in words] == []


def test_a_walk_fails_with_an_error_box_in_a_step(walk, monkeypatch):
    from HCCResponseLib.base.errors import InputError
    from HCCResponseLib.presenter.presenter import Presenter

    def refuse(*_):
        raise InputError("the disk is full")

    monkeypatch.setattr(Presenter, "open", refuse)
    status, steps, planned = walk("keys")
    assert (status, len(steps)) == (1, 2) and planned > 2
    assert steps[-1][0] == "keys: open a drawn case"
    assert "error box: the disk is full" in steps[-1][3]
