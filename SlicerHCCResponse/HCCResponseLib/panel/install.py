"""Python packages that the module needs inside the application: installed on the user's click, never unasked."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import InputError
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
#: As pyproject.toml has it.
_TORCH = ">=2.2"
#: Shipped with the application; other extensions rely on the version that is there.
_BUNDLED = ("numpy", "SimpleITK", "pydicom", "highdicom")


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


def install(packaging: Any) -> bool:
    """Install what is missing with the application's own installers, which show what they do and ask before.

    PyTorch comes first, by its extension: another package that needs it would bring a build for any graphics card. What
    the application ships and other extensions rely on keeps its version.

    Args:
        packaging: ``slicer.packaging``.

    Returns:
        Whether it was installed; ``False`` when the user changed their mind.

    Raises:
        InputError: PyTorch is missing, and so is its extension.
    """
    if "torch" in missing_packages().names and not _install_torch():
        return False
    needed = packaging.load_requirements(requirements_file())
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "constraints.txt"
        kept.write_text("".join(f"{name}=={version}\n" for name, version in _versions(_BUNDLED)), "utf-8")
        try:
            packaging.pip_ensure(needed, constraints=kept, requester="HCC Response")
        except RuntimeError as problem:
            if "declined" not in str(problem):
                raise
            return False
    return True


def _install_torch() -> bool:
    try:
        from PyTorchUtils import PyTorchUtilsLogic
    except ModuleNotFoundError as problem:
        raise InputError(
            "PyTorch is missing. Install the extension 'PyTorch' by the Extensions Manager, restart Slicer, and press "
            "the button again: it chooses the build for your graphics card."
        ) from problem
    return PyTorchUtilsLogic().installTorch(askConfirmation=True, torchVersionRequirement=_TORCH) is not None


def _versions(names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Those that are installed, with their versions."""
    for name in names:
        with suppress(importlib.metadata.PackageNotFoundError):
            yield name, importlib.metadata.version(name)
