"""Environments of engines whose packages cannot share ours: where they lie, whether they are there."""

import os
from pathlib import Path

from HCCResponseLib.base.folders import data_folder
from HCCResponseLib.base.resources import shipped
from HCCResponseLib.engines.contract import EngineInfo


def engine_folder(name: str) -> Path:
    """The folder of one engine: its environment in ``venv``, its weights in ``weights``."""
    return data_folder() / "engines" / name


def weights_folder(name: str) -> Path:
    """Where an engine looks for weights when none are named."""
    return engine_folder(name) / "weights"


def weights_at_hand(info: EngineInfo) -> Path | None:
    """The weights that an engine works with when none are named: the user's own, else the shipped ones, if any."""
    if not info.shipped:
        return None
    own = weights_folder(info.name) / Path(info.shipped).name
    return own if own.is_file() else shipped(info.shipped)


def weights_words(info: EngineInfo) -> str:
    """Where the weights of an engine belong, and whether any are shipped."""
    there = "else the shipped ones" if info.shipped and shipped(info.shipped) else "none is shipped yet"
    return info.weights.format(folder=weights_folder(info.name), shipped=there)


def python_in(environment: Path) -> Path:
    """The interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def python_of(info: EngineInfo) -> Path | None:
    """The interpreter that runs an engine; ``None`` for engines that run in ours."""
    return python_in(engine_folder(info.name) / "venv") if info.packages else None


def missing(info: EngineInfo) -> bool:
    """Whether an engine of an environment of its own is not installed yet."""
    python = python_of(info)
    return python is not None and not (engine_folder(info.name) / "installed.json").is_file()
