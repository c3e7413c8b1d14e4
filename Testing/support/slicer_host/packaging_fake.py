"""``slicer.packaging``: requests for packages are recorded, nothing is ever installed."""

import types
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from .record import RECORD, HostError


def pip_ensure(
    requirements: list[Requirement],
    constraints: str | Path | None = None,
    skip_packages: list[str] | None = None,
    prompt_install: bool = True,
    prompt_restart: bool = True,
    requester: str | None = None,
    skip_in_testing: bool = True,
    show_progress: bool = True,
) -> list[str] | None:
    """Record what would be made sure of. A prepared answer of kind ``packages`` that is an exception is raised."""
    if not all(isinstance(requirement, Requirement) for requirement in requirements):
        raise HostError(
            f"pip_ensure takes a list of packaging.requirements.Requirement, not {requirements!r}"
        )
    RECORD.packages.append(("pip_ensure", tuple(map(str, requirements))))
    answer = RECORD.take_answer("packages", f"{requester} needs {requirements}", None)
    if isinstance(answer, BaseException):
        raise answer
    return None if skip_packages is None else []


def pip_check(requirements: Any) -> bool:
    """Whether packages are there: the prepared answer of kind ``packages present``, True without one."""
    return bool(RECORD.take_answer("packages present", str(requirements), True))


def load_requirements(path: str | Path) -> list[Requirement]:
    """The requirements of a file."""
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"{file} does not exist")
    lines = [line.split(" #")[0].strip() for line in file.read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def make_packaging() -> types.ModuleType:
    """The module ``slicer.packaging``."""
    module = types.ModuleType("slicer.packaging")
    for function in (pip_ensure, pip_check, load_requirements):
        setattr(module, function.__name__, function)
    return module


def make_i18n() -> types.ModuleType:
    """The module ``slicer.i18n``: texts stay as they are, as in an application in English."""
    module = types.ModuleType("slicer.i18n")

    def tr(text: str) -> str:
        return text

    def translate(context: str, text: str) -> str:
        return text

    module.tr, module.translate = tr, translate
    return module
