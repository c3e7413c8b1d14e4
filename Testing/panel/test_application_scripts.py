"""The scripts for a real application run in the host too, as far as it goes, and import nothing of it."""

import ast
import importlib.util
import unittest
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "slicer"
SCRIPTS = sorted(FOLDER.glob("*.py"))
# What the host has no effect for is left to the application.
ONLY_IN_THE_APPLICATION = {"test_painting_with_the_segment_editor", "test_save_and_load_the_scene"}


def load(name):
    spec = importlib.util.spec_from_file_location(f"application_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def people(tmp_path, monkeypatch):
    monkeypatch.setenv("HCC_RESPONSE_PEOPLE", str(tmp_path / "people.sqlite"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_it_imports_nothing_of_the_host(script):
    tree = ast.parse(script.read_text(encoding="utf-8"))
    names = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert names <= {"sys", "tempfile", "unittest", "pathlib", "json", "slicer", "HCCResponseLib"}


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


def test_the_batch_entry(slicer_app, panel, monkeypatch, capsys):
    import slicer

    left = []
    monkeypatch.setattr(slicer.util, "exit", left.append)
    load("headless").main()
    assert left == [0]
    assert '"missing study": 1' in capsys.readouterr().out


def test_all_scripts_are_given_to_ctest():
    listed = (FOLDER / "CMakeLists.txt").read_text(encoding="utf-8")
    assert all(script.stem in listed for script in SCRIPTS)
