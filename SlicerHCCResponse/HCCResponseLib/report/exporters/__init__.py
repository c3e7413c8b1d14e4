"""Exports of signed reads. Every module here defines ``EXPORTER``; a new exporter is one new file."""

import importlib
import pkgutil

from HCCResponseLib.report.exporters.base import Exporter

__all__ = ["Exporter", "exporters"]


def exporters() -> dict[str, Exporter]:
    """All exporters by name, in the order of their file names; nothing heavy is imported for it."""
    found: dict[str, Exporter] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name != "base":
            entry: Exporter = importlib.import_module(f"{__name__}.{module.name}").EXPORTER
            found[entry.name] = entry
    return found
