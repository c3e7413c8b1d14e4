"""Plain CSV tables, read back and checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from HCCResponseLib.report.exporters import Exporter

if TYPE_CHECKING:
    from HCCResponseLib.cohort.committee.reads import Committee

_HELP = """Plain tables: reads.csv, timepoints.csv, lesions.csv, adjudications.csv of all signed reads.

What was written is read back and checked; any violation is listed and ends with exit status 1.
"""


def _write(committee: Committee, folder: Path) -> Sequence[Path]:
    from HCCResponseLib.report.flat.tables import export_flat

    return export_flat(committee, folder)


EXPORTER = Exporter("csv", _HELP, _write)
