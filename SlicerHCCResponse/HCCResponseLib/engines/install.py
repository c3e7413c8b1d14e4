"""Making and removing the environment of an engine; only on the user's request."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import InputError, StorageError
from HCCResponseLib.base.files import storage_error, write_text
from HCCResponseLib.engines.contract import EngineInfo
from HCCResponseLib.engines.environments import engine_folder, python_in

_UNPACKED = 3
_NO_NETWORK = (
    "NewConnectionError",
    "Name or service not known",
    "Temporary failure in name resolution",
    "timed out",
)


def plan(info: EngineInfo, wheels: Path | None) -> list[str]:
    """What an installation of packages would do, in words, before anything is done.

    Raises:
        InputError: the engine runs in our own environment.
    """
    if not info.packages:
        raise InputError(f"Engine '{info.name}' runs in this software's own environment; nothing to install.")
    source = (
        f"wheels in '{wheels}', without network" if wheels else "the package index, with all they depend on"
    )
    return [
        f"Engine: {info.title} ({info.licence})",
        f"Packages: {', '.join(info.packages)}, from {source}",
        f"Folder: {engine_folder(info.name) / 'venv'}",
        f"Size: about {info.download_mib / 1000:.1f} GB to download, up to {_UNPACKED} times that on disk; "
        "the processor-only build of torch needs a fifth",
    ]


def install(
    info: EngineInfo,
    wheels: Path | None = None,
    index: str | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Make a virtual environment for an engine and install its packages; nothing is left behind by a failure.

    Args:
        wheels: folder of wheels to install from, without network.
        index: another package index, such as the one with processor-only builds of torch.

    Returns:
        what was installed: versions by package.

    Raises:
        InputError: no such folder of wheels, or packages cannot be had.
        StorageError: no room on the disk.
    """
    plan(info, wheels)
    if wheels is not None and not wheels.is_dir():
        raise InputError(f"The folder of wheels '{wheels}' does not exist.")
    folder = engine_folder(info.name)
    environment = folder / "venv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise storage_error(folder, problem) from problem
    remove(info)
    _require_room(folder, info)
    done = False
    try:
        tell("Making the environment")
        _run([sys.executable, "-m", "venv", str(environment)], environment)
        python = str(python_in(environment))
        source = ["--no-index", "--find-links", str(wheels)] if wheels else []
        source += ["--extra-index-url", index] if index else []
        tell("Installing " + ", ".join(info.packages))
        _run([python, "-m", "pip", "install", "--no-input", *source, *info.packages], environment)
        tell("Checking")
        _run([python, "-c", f"import {info.module}"], environment)
        versions = _versions(python)
        facts = {"engine": info.name, "packages": list(info.packages), "versions": versions}
        write_text(folder / "installed.json", json.dumps(facts, indent=2))
        done = True
    finally:
        if not done:
            shutil.rmtree(environment, ignore_errors=True)
    return facts


def remove(info: EngineInfo) -> None:
    """Delete the environment of an engine; its weights stay."""
    folder = engine_folder(info.name)
    (folder / "installed.json").unlink(missing_ok=True)
    shutil.rmtree(folder / "venv", ignore_errors=True)


def _require_room(folder: Path, info: EngineInfo) -> None:
    free, need = shutil.disk_usage(folder).free / 1e6, info.download_mib * _UNPACKED / 5
    if free < need:
        raise StorageError(
            f"No room for engine '{info.name}' in '{folder}': {free / 1000:.1f} GB are free, at least "
            f"{need / 1000:.1f} GB are needed. Free some space, or name another folder in HCC_RESPONSE_HOME."
        )


def _run(words: list[str], environment: Path) -> None:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        code = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False
        ).returncode
        output.seek(0)
        lines = [line.strip() for line in output.read().splitlines() if line.strip()]
    if not code:
        return
    if any("No space left" in line for line in lines):
        raise StorageError(
            f"No room left on the disk for '{environment}'. Free some space and install again."
        )
    errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:]
    offline = any(word in line for word in _NO_NETWORK for line in lines)
    hint = " The package index cannot be reached; use --offline with a folder of wheels." if offline else ""
    raise InputError(f"The installation failed and was undone: {errors[0] if errors else code}.{hint}")


def _versions(python: str) -> dict[str, str]:
    done = subprocess.run(
        [python, "-m", "pip", "list", "--format", "json"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return {p["name"]: p["version"] for p in json.loads(done.stdout)}
