"""Which engines there are: every file in ``engines/available`` and in the folder ``HCC_RESPONSE_ENGINES`` is one.

Rooms above this one add theirs with :func:`register`, so that nothing here imports them.
"""

import importlib
import os
import pkgutil
from types import ModuleType

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.engines import available
from HCCResponseLib.engines.contract import EngineInfo
from HCCResponseLib.engines.environments import missing

_REGISTERED: dict[str, str] = {}


def register(engine: ModuleType) -> None:
    """Add an engine whose file lies in another room."""
    _REGISTERED[engine.INFO.name] = engine.__name__


def engines() -> list[EngineInfo]:
    """All engines, ours first, then by name."""
    modules = [*(_module_name(m.name) for m in pkgutil.iter_modules(_folders())), *_REGISTERED.values()]
    found = [importlib.import_module(module).INFO for module in modules]
    return sorted(
        found, key=lambda info: (info.name not in ("fcd", "adapted"), info.name != "fcd", info.name)
    )


def engine_named(name: str) -> EngineInfo:
    """Look an engine up. Raises ``InputError`` for an unknown name."""
    known = engines()
    for info in known:
        if info.name == name:
            return info
    listed, folder = ", ".join(info.name for info in known), os.environ.get("HCC_RESPONSE_ENGINES")
    own = f"HCC_RESPONSE_ENGINES names '{folder}'" if folder else "HCC_RESPONSE_ENGINES is not set"
    raise InputError(
        f"There is no engine '{name}'; known are {listed}. Engines of your own: the environment variable "
        f"HCC_RESPONSE_ENGINES names their folder ({own})."
    )


def how_to_install(info: EngineInfo) -> str | None:
    """The command that installs an engine; ``None`` when it is installed."""
    return f"hcc-response engines install {info.name}" if missing(info) else None


def module_of(name: str) -> str:
    """The full name of an engine's module, for a child process that has not registered what its parent has."""
    return _REGISTERED.get(name) or _module_name(name)


def load_engine(module: str) -> ModuleType:
    """The file of an engine, by its module's full name."""
    _folders()
    return importlib.import_module(module)


def _module_name(name: str) -> str:
    return f"{available.__name__}.{name.replace('-', '_')}"


def _folders() -> list[str]:
    """Where engine files lie; the user's own folder is searched as if it were part of the package."""
    extra = os.environ.get("HCC_RESPONSE_ENGINES")
    if extra and extra not in available.__path__:
        available.__path__.append(extra)
    return list(available.__path__)
