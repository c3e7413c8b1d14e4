"""Files of the user's own: profiles as YAML, criteria and quantities as Python files, one folder for each kind.

They lie in the user's data folder, or where ``HCC_RESPONSE_PROFILES``, ``HCC_RESPONSE_CRITERIA`` and
``HCC_RESPONSE_QUANTITIES`` say.
"""

import importlib
import os
import pkgutil
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Protocol, TypeVar

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.folders import HOME, data_folder


class Named(Protocol):
    """What a file of an extension point defines."""

    @property
    def name(self) -> str:
        """As profiles and cases write it."""


_Entry = TypeVar("_Entry", bound=Named)
#: Folders of the user's that were made parts of a package.
_ADDED: set[str] = set()


def own_folder(kind: str) -> Path:
    """Where the user's files of a kind ("profiles", "criteria", "quantities") are; it need not exist."""
    return _folder(kind, os.environ.get(f"HCC_RESPONSE_{kind.upper()}"), os.environ.get(HOME))


@cache
def _folder(kind: str, named: str | None, _home: str | None) -> Path:
    """Rules ask for it at every evaluation; the answer changes with the two variables alone."""
    return Path(named) if named else data_folder() / kind


def modules_with_own(package: str, path: list[str], folder: Path) -> dict[str, ModuleType]:
    """Every module of a package by name, and after them the files of the user's folder as if they were part of it.

    Args:
        path: the package's ``__path__``; the folder is added to it.

    Raises:
        InputError: a file of the user's cannot be loaded, or has the name of one that is there already.
    """
    ours = [m.name for m in pkgutil.iter_modules([p for p in path if p not in _ADDED])]
    own = [m.name for m in pkgutil.iter_modules([str(folder)])]
    if own and str(folder) not in path:
        _ADDED.add(str(folder))
        path.append(str(folder))
    found = {name: importlib.import_module(f"{package}.{name}") for name in ours}
    for name in own:
        if name in found:
            raise InputError(
                f"'{folder / name}.py' has the name of a file of this software; name it otherwise."
            )
        try:
            found[name] = importlib.import_module(f"{package}.{name}")
        except Exception as problem:  # a file that somebody has written can fail in any way
            raise InputError(
                f"'{folder / name}.py' cannot be used: {type(problem).__name__}: {problem}."
            ) from problem
    return found


def entries(
    package: str, path: list[str], folder: Path, constant: str, kind: type[_Entry]
) -> dict[str, _Entry]:
    """What every file of a package and of the user's folder defines, by its name, the software's own first.

    Args:
        constant: name of what a file must define; ``kind``: its class.

    Raises:
        InputError: a file of the user's defines something else, or takes a name that is there already.
    """
    found: dict[str, _Entry] = {}
    for module in modules_with_own(package, path, folder).values():
        entry = getattr(module, constant, None)
        if not isinstance(entry, kind):
            raise InputError(f"'{module.__file__}' must define {constant}, a {kind.__name__}.")
        if entry.name in found:
            what = constant.lower()
            raise InputError(f"'{module.__file__}' names its {what} '{entry.name}', which is taken.")
        found[entry.name] = entry
    return found
