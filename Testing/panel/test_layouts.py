"""The module loads and finds every resource where Slicer installs it, and in the source checkout."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from install_layout import MODULES, install
from without_torch import need_torch

ROOT = Path(__file__).resolve().parents[2]

LOAD = """
import sys
from pathlib import Path
import slicer_host
slicer_host.install()
from slicer_host.modules import load_module, unload_module
module, root, *resources = map(Path, sys.argv[1:])
panel = load_module(module)
import HCCResponseLib, slicer
from HCCResponseLib.base.resources import resource_path
assert Path(HCCResponseLib.__file__).is_relative_to(module.parent), HCCResponseLib.__file__
for file in resources:
    assert resource_path(str(file)).is_relative_to(root), file
assert not slicer.modules.hccresponse.icon.isNull()
unload_module("HCCResponse")
print("loaded with", len(resources), "resources")
"""


def listed_resources() -> list[str]:
    spec = importlib.util.spec_from_file_location("generate_cmake", ROOT / "Testing" / "generate_cmake.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.listed_resources()


@pytest.fixture(params=["installed", "source"])
def module_file(request, tmp_path):
    """The module's file in a layout, and the folder that everything must come from."""
    if request.param == "source":
        return ROOT / "SlicerHCCResponse" / "HCCResponse.py", ROOT
    return install(ROOT, tmp_path), tmp_path / MODULES


def test_the_module_loads_with_every_resource(module_file, tmp_path):
    resources = listed_resources()
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "Testing" / "support"),
        "QT_QPA_PLATFORM": "offscreen",
    }
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *map(str, module_file), *resources],
        cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"loaded with {len(resources)} resources"
    assert len(resources) > 5


SELECT = """
import sys
from pathlib import Path
import slicer_host
slicer_host.install()
before = set(sys.modules)
from slicer_host.modules import load_module, unload_module
widget = load_module(Path(sys.argv[1]))
new = set(sys.modules) - before
print(*sorted({m.partition(".")[0] for m in new}), *sorted(m for m in new if m.startswith("HCCResponseLib.")))
assert widget.panel is not None
assert "HCCResponseLib.panel.panel" in sys.modules
unload_module("HCCResponse")
"""


def test_selecting_the_module_loads_little(tmp_path):
    """Before, it took 4 s of a processor: 963 modules; what is needed comes with the first press on a button."""
    need_torch()  # without it the module shows what to install, and no panel
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "Testing" / "support"),
        "QT_QPA_PLATFORM": "offscreen",
    }
    done = subprocess.run(
        [sys.executable, "-c", SELECT, str(ROOT / "SlicerHCCResponse" / "HCCResponse.py")],
        cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "HCCResponseLib.panel.panel" not in loaded
    assert {name.split(".")[1] for name in loaded if name.startswith("HCCResponseLib.")} == {"base", "panel"}
    heavy = {
        "sqlalchemy",
        "scipy",
        "skimage",
        "SimpleITK",
        "nibabel",
        "pydicom",
        "pydantic",
        "matplotlib",
        "torch",
    }
    assert not loaded & heavy
