"""What Slicer's build and the wheel need: complete file lists, resources in every layout, a module that loads."""

import ast
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "SlicerHCCResponse"


def load_generator():
    spec = importlib.util.spec_from_file_location("generate_cmake", ROOT / "Testing" / "generate_cmake.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_cmake_lists_are_complete():
    expected = load_generator().cmake_text()
    assert (MODULE / "CMakeLists.txt").read_text(encoding="utf-8") == expected, (
        "run: python Testing/generate_cmake.py"
    )


def test_only_the_module_lies_in_the_module_folder():
    assert [p.name for p in MODULE.glob("*.py")] == ["HCCResponse.py"]
    assert len((MODULE / "HCCResponse.py").read_text(encoding="utf-8").splitlines()) < 250


def test_the_extension_s_cmake_in_order():
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    steps = [
        "cmake_minimum_required(VERSION 3.28.0...3.28.0 FATAL_ERROR)",
        "project(HCCResponse)",
        "EXTENSION_HOMEPAGE",
        "EXTENSION_CONTRIBUTORS",
        "EXTENSION_DESCRIPTION",
        "EXTENSION_ICONURL",
        "EXTENSION_SCREENSHOTURLS",
        "EXTENSION_DEPENDS",
        "find_package(Slicer REQUIRED)",
        "include(${Slicer_USE_FILE})",
        "add_subdirectory(SlicerHCCResponse)",
        "include(${Slicer_EXTENSION_GENERATE_CONFIG})",
        "include(${Slicer_EXTENSION_CPACK})",
    ]
    places = [text.index(step) for step in steps]
    assert places == sorted(places)


def test_file_scope_imports_nothing_heavy():
    tree = ast.parse((MODULE / "HCCResponse.py").read_text(encoding="utf-8"))
    names = {a.name for n in tree.body if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module for n in tree.body if isinstance(n, ast.ImportFrom)}
    ours_at_file_scope = {n for n in names if n.split(".")[0] not in {"__future__", "pathlib", "slicer"}}
    assert not ours_at_file_scope


@pytest.mark.parametrize("layout", ["source", "installed module", "wheel"])
def test_every_resource_resolves(tmp_path, layout):
    library = {"source": "m/HCCResponseLib", "installed module": "HCCResponseLib", "wheel": "HCCResponseLib"}[
        layout
    ]
    place = {"source": "Resources", "installed module": "Resources", "wheel": "HCCResponseLib/Resources"}[
        layout
    ]
    (tmp_path / library / "base").mkdir(parents=True)
    for name in ("__init__.py", "base/__init__.py", "base/errors.py", "base/resources.py"):
        shutil.copy(MODULE / "HCCResponseLib" / name, tmp_path / library / name)
    shutil.copytree(ROOT / "Resources", tmp_path / place)
    code = (
        "import sys; from HCCResponseLib.base.resources import resource_path;"
        "[resource_path(f) for f in sys.argv[1:]]"
    )
    folder = (tmp_path / library).parent
    subprocess.run([sys.executable, "-c", code, *load_generator().listed_resources()], cwd=folder, check=True)


def test_the_panel_file_is_well_formed():
    from xml.etree import ElementTree

    tree = ElementTree.parse(ROOT / "Resources" / "UI" / "HCCResponse.ui")
    names = {w.get("name") for w in tree.iter("widget")}
    assert {"openButton", "studyEdit", "statusLabel"} <= names
