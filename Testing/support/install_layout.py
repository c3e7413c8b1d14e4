"""The extension built and installed by CMake, with stand-ins for the macros of a Slicer build tree."""

import shutil
import subprocess
import sys
from pathlib import Path

from cmake import CMAKE_BIN_DIR

MODULES = "lib/Slicer-5.12/qt-scripted-modules"
_PACKAGE = Path(__file__).parent / "slicer_cmake"
# Nothing is compiled, so no compiler has to be there.
_NO_COMPILER = [
    f"-DCMAKE_{c}_COMPILER{a}" for c in ("C", "CXX") for a in (f"={sys.executable}", "_FORCED=ON")
]


def run(program: str, *arguments: str | Path) -> str:
    """Run ``cmake`` or ``ctest`` of the Python package; its output. Raises ``RuntimeError`` with what it said."""
    command = [Path(CMAKE_BIN_DIR) / program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


def build(root: Path, folder: Path) -> Path:
    """Configure the extension of a checkout in a build folder; returns that folder."""
    run("cmake", "-S", root, "-B", folder, f"-DSlicer_DIR={_PACKAGE}", *_NO_COMPILER)
    return folder


def install(root: Path, target: Path) -> Path:
    """Install the extension below ``target``, the build folder away; returns the path of the module's file there."""
    folder = build(root, target.with_name(target.name + "-build"))
    run("cmake", "--install", folder, "--prefix", target)
    shutil.rmtree(folder)
    return target / MODULES / "HCCResponse.py"
