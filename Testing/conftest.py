"""What all tests share: where real data lies, a small synthetic study."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Waiting threads sleep instead of spinning; test machines are shared.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
pytest_plugins = ["postgres"]
# These need a real application; Testing/panel/test_application_scripts.py runs them as far as the host goes.
collect_ignore = ["slicer"]
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real scans; tests that need it say that they were skipped where it is not."""
    folder = Path(os.environ.get("HCC_RESPONSE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real data is not here ({folder}); set HCC_RESPONSE_DATA to run this test")
    return folder
