"""What all commands share: options, one clear line for an error, JSON output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from HCCResponseLib.base.errors import HCCResponseError, InputError
from HCCResponseLib.base.files import in_words
from HCCResponseLib.base.in_use import in_use

if TYPE_CHECKING:
    from rich.console import Console


class _LaterConsole:
    """Standard error in colours; rich is loaded when the first line is written, not when a command is looked up."""

    @cached_property
    def real(self) -> Console:
        """The console itself, for bars."""
        from rich.console import Console

        return Console(stderr=True, highlight=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


console: Any = _LaterConsole()

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
SeedOption = Annotated[
    int, typer.Option(help="Seed of all random numbers; the same one gives the same result.")
]
ModelOption = Annotated[
    Path | None, typer.Option(help="Weights of the base network; default: those that come along.")
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        help="What looks for tumours in whole scans, see 'hcc-response engines list'; default: totalsegmentator where "
        "it is installed with its weights, else fcd.",
    ),
]
DeviceOption = Annotated[
    str,
    typer.Option("--device", help="Where networks run: auto, cpu, cuda, or cuda:N for one graphics card."),
]
NoCacheOption = Annotated[
    bool,
    typer.Option(
        "--no-cache",
        help="Compute everything anew, and keep nothing for later runs; else a scan that the same network has seen "
        "before is not computed again.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="A parameter of the engine, NAME=VALUE, or of the adapted network, adapted.NAME=VALUE; may be repeated.",
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
        with suppress(json.JSONDecodeError):
            found[name.strip()] = json.loads(value)
    return found


@contextmanager
def errors_as_one_line() -> Iterator[None]:
    """Turn our errors, and those of the system about files, into one line on standard error and exit status 1."""
    try:
        yield
    except HCCResponseError as problem:
        console.print(f"error: {problem}", style="red", soft_wrap=True, markup=False)
        raise typer.Exit(1) from problem
    except BrokenPipeError:
        raise  # who reads the output has gone away
    except OSError as problem:
        # What the system refuses, such as a name that is too long; a whole name would hide the reason.
        named = f"'{str(problem.filename)[:200]}': " if problem.filename else ""
        words = f"error: {named}{in_words(problem)}."
        console.print(words, style="red", soft_wrap=True, markup=False)
        raise typer.Exit(1) from problem
    except KeyboardInterrupt as stop:
        console.print("cancelled; nothing half-written was left behind", style="yellow")
        raise typer.Exit(130) from stop


def working_in(folder: Path, command: str) -> AbstractContextManager[None]:
    """Keep the folder of a read for one command, see :func:`HCCResponseLib.base.in_use.in_use`.

    Args:
        command: as it is typed behind ``hcc-response``.
    """
    return in_use(folder, f"'hcc-response {command}'")


def say(line: str) -> None:
    """One line of result on standard output."""
    sys.stdout.write(line + "\n")


def say_remarks(name: str, remarks: Iterable[str]) -> None:
    """What a reader has to know of an image, on standard error."""
    for remark in remarks:
        console.print(f"{name}: {remark}", style="yellow", soft_wrap=True, markup=False)


def say_json(value: Any) -> None:
    """A result as JSON on standard output."""
    say(json.dumps(value, indent=2, default=str))


def say_facts(facts: dict[str, Any], as_json: bool) -> None:
    """A flat result, one line a value, or JSON."""
    if as_json:
        say_json(facts)
        return
    for key, value in facts.items():
        # What was not asked for or found says nothing to a person; 0 and no do.
        if isinstance(value, dict) or value is None or value in ("", [], ()):
            continue
        words = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        say(f"{key.replace('_', ' ')}: {words}")
