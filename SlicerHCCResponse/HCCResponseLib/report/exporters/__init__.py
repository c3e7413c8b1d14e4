"""Exports of signed reads. Every module here defines ``EXPORTER``; a new exporter is one new file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from HCCResponseLib.cohort.committee.reads import Committee


@dataclass(frozen=True, slots=True)
class Exporter:
    """A way to write signed reads as files, which becomes the command ``hcc-response export NAME``.

    Attributes:
        name: of the command.
        help: its help text; the first line stands in the list of commands.
        write: from all signed reads and a folder to the files that were written; raises ``ExportError`` when what was
            written does not read back, and then leaves nothing behind. Its imports belong inside, so that a list of
            commands stays quick.
    """

    name: str
    help: str
    write: Callable[[Committee, Path], Sequence[Path]]


def exporters() -> dict[str, Exporter]:
    """All exporters by name, in the order of their file names; nothing heavy is imported for it."""
    found: dict[str, Exporter] = {}
    for module in pkgutil.iter_modules(__path__):
        entry: Exporter = importlib.import_module(f"{__name__}.{module.name}").EXPORTER
        found[entry.name] = entry
    return found
