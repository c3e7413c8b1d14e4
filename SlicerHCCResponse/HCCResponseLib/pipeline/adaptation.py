"""Adapting the base network to one patient, in a child process, from what a reader has accepted so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.jobs import Report, run_job
from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.imaging.write import write_label_map, write_volume
from HCCResponseLib.pipeline.segmentation import EngineRunner

# Image of a visit and the accepted mask of each lesion on its grid, (z, y, x), by name.
AcceptedVisit = tuple[Volume, Mapping[str, Mask]]


def adapt_to(
    visits: Sequence[AcceptedVisit], runner: EngineRunner, work: Path, report: Report
) -> tuple[Path, dict[str, Any]]:
    """Learn from all visits; returns the adapted weights, which live as long as ``work``, and facts for provenance.

    Args:
        visits: the baseline first.
    """
    options = runner.options
    request = {
        "visits": [_written(visit, work, number) for number, visit in enumerate(visits)],
        "output": work / "adapted.safetensors",
        "base": options.base,
        "recipe": options.recipe,
        "steps": options.steps,
        "seed": options.seed,
        "device": options.device,
    }
    facts = run_job("HCCResponseLib.adapt.worker", request, work, report, runner.cancelled)
    return work / "adapted.safetensors", facts


def _written(visit: AcceptedVisit, work: Path, number: int) -> dict[str, Path]:
    image, accepted = visit
    labels = np.zeros(image.geometry.size, np.uint8)
    for value, mask in enumerate(accepted.values(), start=1):
        labels[mask] = value
    files = {"image": work / f"visit-{number}.nrrd", "contour": work / f"contour-{number}.nrrd"}
    write_volume(image, files["image"])
    write_label_map(LabelMap(labels, image.geometry), files["contour"])
    return files
