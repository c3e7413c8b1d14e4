"""What all tests share: where real data lies, how workers share the machine, how random examples are drawn."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from without_torch import skip_what_needs_it

# Waiting threads sleep instead of spinning; test machines are shared.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:
    # The workers fill the cores by themselves; libraries and children that each want all of them only get in the way.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"):
        os.environ.setdefault(variable, "1")
# How long an example takes says how busy the machine is, nothing about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
skip_what_needs_it()

# Accounts, engines and caches of the person who runs the tests are none of theirs.
_HOME = tempfile.TemporaryDirectory(prefix="hcc-response-home-")
os.environ["HCC_RESPONSE_HOME"] = os.environ["XDG_DATA_HOME"] = _HOME.name
os.environ.pop("HCC_RESPONSE_PEOPLE", None)
# What a test expects to be computed is computed; tests of the cache switch it on.
os.environ["HCC_RESPONSE_CACHE_MIB"] = "0"

pytest_plugins = ["postgres", "logins"]
# These need a real application; Testing/panel/test_application_scripts.py runs them as far as the host goes.
collect_ignore = ["slicer"]
ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: one that comes last would keep a single worker busy at the end."""
    items.sort(key=lambda item: "e2e" not in item.path.parts)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real scans; tests that need it say that they were skipped where it is not."""
    folder = Path(os.environ.get("HCC_RESPONSE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real data is not here ({folder}); set HCC_RESPONSE_DATA to run this test")
    return folder
