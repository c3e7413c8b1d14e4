"""Options of the commands that let an engine look at a scan."""

import contextlib
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from HCCResponseLib.base.errors import InputError

EngineOption = Annotated[
    str, typer.Option("--engine", help="Segmentation engine; see 'hcc-response engines list'.")
]
EngineWeightsOption = Annotated[
    Path | None,
    typer.Option(
        "--weights", help="Weights file or folder of the engine; default: where the engine keeps them."
    ),
]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="NAME=VALUE: a parameter of the engine, adapted.NAME=VALUE: of the adapted network; may be repeated.",
    ),
]


def read_settings(given: list[str] | None) -> dict[str, Any]:
    """``["patch=48", "liver=1,3"]`` to a dictionary; numbers, true and false are read as such.

    Raises:
        InputError: no ``=`` in it.
    """
    found: dict[str, Any] = {}
    for text in given or []:
        name, sign, value = text.partition("=")
        if not sign:
            raise InputError(f"'--set {text}' is not NAME=VALUE.")
        found[name.strip()] = value
        with contextlib.suppress(json.JSONDecodeError):
            found[name.strip()] = json.loads(value)
    return found
