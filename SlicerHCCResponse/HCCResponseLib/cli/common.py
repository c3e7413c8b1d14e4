"""What all commands share: one clear line for an error, progress bars, JSON output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from HCCResponseLib.base.errors import HCCResponseError

if TYPE_CHECKING:
    from rich.progress import Progress

console = Console(stderr=True, highlight=False)


@contextmanager
def errors_as_one_line() -> Iterator[None]:
    """Turn our errors into one line on standard error and exit status 1."""
    try:
        yield
    except HCCResponseError as problem:
        console.print(f"error: {problem}", style="red", soft_wrap=True, markup=False)
        raise typer.Exit(1) from problem
    except KeyboardInterrupt as stop:
        console.print("cancelled; nothing half-written was left behind", style="yellow")
        raise typer.Exit(130) from stop


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar with stage, share, elapsed and remaining time, on standard error."""
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<44}"),
        BarColumn(24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        yield bar


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
