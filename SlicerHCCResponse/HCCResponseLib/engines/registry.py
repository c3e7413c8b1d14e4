"""Which engines there are: every file in ``engines/available`` is one, and in the folder ``HCC_RESPONSE_ENGINES``."""

from __future__ import annotations

import importlib
import os
import pkgutil
from types import ModuleType

from HCCResponseLib.engines import available
from HCCResponseLib.engines.contract import EngineInfo
from HCCResponseLib.engines.environments import missing
from HCCResponseLib.errors import InputError


def engines() -> list[EngineInfo]:
    """All engines, ours first, then by name."""
    found = [engine_module(m.name).INFO for m in pkgutil.iter_modules(_folders())]
    return sorted(
        found, key=lambda info: (info.name not in ("fcd", "adapted"), info.name != "fcd", info.name)
    )


def engine_named(name: str) -> EngineInfo:
    """Look an engine up. Raises ``InputError`` for an unknown name."""
    known = engines()
    for info in known:
        if info.name == name:
            return info
    raise InputError(f"There is no engine '{name}'; known are {', '.join(i.name for i in known)}.")


def how_to_install(info: EngineInfo) -> str | None:
    """The command that installs an engine; ``None`` when it is installed."""
    return f"hcc-response engines install {info.name}" if missing(info) else None


def engine_module(name: str) -> ModuleType:
    """The file of an engine, by the engine's name."""
    _folders()
    return importlib.import_module(f"{available.__name__}.{name.replace('-', '_')}")


def _folders() -> list[str]:
    """Where engine files lie; the user's own folder is searched as if it were part of the package."""
    extra = os.environ.get("HCC_RESPONSE_ENGINES")
    if extra and extra not in available.__path__:
        available.__path__.append(extra)
    return list(available.__path__)
