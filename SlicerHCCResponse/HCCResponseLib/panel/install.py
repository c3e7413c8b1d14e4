"""Python packages that the module needs inside the application: installed on the user's click, never unasked."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from typing import Any

from HCCResponseLib.base.resources import resource_path

_IMPORT_NAMES = {
    "scikit-image": "skimage",
    "connected-components-3d": "cc3d",
    "PyYAML": "yaml",
    "argon2-cffi": "argon2",
    "simpleitk": "SimpleITK",
}
# Download sizes in MB as of the versions that the tests use, rounded up; torch is the CPU
# build, and statsmodels brings pandas.
_SIZES_MB = {
    "torch": 200, "scipy": 40, "statsmodels": 30, "scikit-image": 15, "matplotlib": 10, "monai": 3, "SQLAlchemy": 4,
    "cryptography": 5,
}  # fmt: skip
_OTHER_MB = 2


@dataclass(frozen=True)
class MissingPackages:
    """Packages that are not there, with what to tell the user."""

    names: tuple[str, ...]

    @property
    def words(self) -> str:
        """What will be installed, how large it is, and how to do it without a network."""
        torch = (
            "\n\nPyTorch is installed best with the PyTorch extension, which chooses the build for your graphics card."
            if "torch" in self.names
            else ""
        )
        size_mb = sum(_SIZES_MB.get(n, _OTHER_MB) for n in self.names)
        return (
            f"These Python packages are needed and not installed: {', '.join(self.names)} "
            f"(about {size_mb} MB to download).{torch}\n\nWithout a network: on a computer that has one run\n"
            f"  pip download -d wheels -r {requirements_file()}\ncarry the folder here, and run\n"
            "  PythonSlicer -m pip install --no-index --find-links wheels -r requirements.txt"
        )


def requirements_file() -> str:
    """The list of packages."""
    return str(resource_path("requirements.txt"))


def missing_packages() -> MissingPackages:
    """Which of the needed packages cannot be imported; imports nothing itself."""
    lines = resource_path("requirements.txt").read_text(encoding="utf-8").splitlines()
    names = [
        re.split(r"[<>=!~;\[ ]", line)[0].strip()
        for line in lines
        if line.strip() and not line.startswith("#")
    ]
    names.append("torch")
    return MissingPackages(
        tuple(n for n in names if importlib.util.find_spec(_IMPORT_NAMES.get(n, n.lower())) is None)
    )


def install(packaging: Any) -> None:
    """Install what is missing with the application's own installer, which shows what it does and can be cancelled.

    Args:
        packaging: ``slicer.packaging``.
    """
    needed = packaging.load_requirements(requirements_file())
    # The application's own numpy and SimpleITK must never be replaced.
    packaging.pip_ensure(needed, skip_packages=["numpy", "SimpleITK"], requester="HCC Response")
