"""Child process of an engine: ``python -m HCCResponseLib.engines.worker request.json``."""

import json
import random
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import write_atomically, write_text
from HCCResponseLib.base.jobs import Progress, Report, peak_memory_mib, serve
from HCCResponseLib.engines.contract import (
    LIVER,
    TUMOUR,
    Case,
    EngineInfo,
    Probabilities,
    Request,
    Segmentation,
)
from HCCResponseLib.engines.job import EngineJob
from HCCResponseLib.engines.memory import free_gpu_mib
from HCCResponseLib.engines.registry import load_engine
from HCCResponseLib.engines.versions import versions
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.read import read_label_map, read_volume
from HCCResponseLib.imaging.resample import resample
from HCCResponseLib.imaging.volumes import LabelMap, Volume, require_same_grid, require_unchanged
from HCCResponseLib.imaging.write import write_label_map


def work(job: EngineJob, report: Report) -> dict[str, Any]:
    """Segment, fetch weights, or only check an engine; a segmentation is written into the job's folder."""
    engine = load_engine(job.engine)
    if job.fetch:
        fetched: dict[str, Any] = engine.fetch(job.source, report)
        return fetched
    if job.request is None or job.work is None:
        return {**engine.check(job.weights), "versions": versions()}
    started = time.monotonic()
    info: EngineInfo = engine.INFO
    request, folder = job.request, job.work
    report(Progress("Reading the image", 0.0))
    image = read_volume(request.image)
    if request.image_sha256 is not None:
        require_unchanged(image, request.image_sha256)
    prior = None
    if request.prior:
        prior = read_label_map(request.prior)
        require_same_grid(prior, image)
    device = usable_device(request.device, info)
    seed_everything(request.seed, info)
    own = folder / "engine"
    own.mkdir(exist_ok=True)
    settings = info.settings(request.parameters)
    case = Case(
        image,
        request.image,
        prior,
        request.clicks,
        request.weights,
        device,
        request.seed,
        settings,
        own,
        request.line,
    )
    made: Segmentation = engine.segment(case, report)
    report(Progress("Writing the result", 0.97))
    facts = _facts(info, request, case, made)
    facts |= {"seconds": round(time.monotonic() - started, 2), "peak_memory_mib": peak_memory_mib()}
    return _write(folder, image, made, facts)


def _facts(info: EngineInfo, request: Request, case: Case, made: Segmentation) -> dict[str, Any]:
    return {
        "engine": info.name,
        "weights": dict(made.weights),
        "versions": versions(),
        "device": case.device,
        "seed": request.seed,
        "parameters": dict(case.settings),
        "clicks": [asdict(c) for c in case.clicks],
        "line": asdict(case.line) if case.line else None,
        "prior": str(request.prior) if request.prior else None,
        "image": str(request.image),
        "image_sha256": case.image.voxels_sha256,
        "image_remarks": list(case.image.remarks),
        "computed_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "from_cache": False,
        **made.facts,
    }


def _write(folder: Path, image: Volume, made: Segmentation, facts: dict[str, Any]) -> dict[str, Any]:
    probabilities = made.probabilities or from_labels(made.labels, image.geometry)
    labels = made.labels if made.labels is not None else to_labels(probabilities, image.geometry)
    files = {"labels": folder / "labels.nrrd", "probabilities": folder / "probabilities.npz"}
    grid = probabilities.grid
    write_label_map(LabelMap(labels, image.geometry), files["labels"])
    write_atomically(
        files["probabilities"],
        lambda temporary: np.savez(
            temporary,
            liver=probabilities.liver.astype(np.float32),
            tumour=probabilities.tumour.astype(np.float32),
            size=grid.size,
            spacing=grid.spacing,
            origin=grid.origin,
            direction=grid.direction,
        ),
    )
    write_text(folder / "provenance.json", json.dumps(facts, indent=2))
    return {**{k: str(v) for k, v in files.items()}, "provenance": facts}


def from_labels(labels: npt.NDArray[np.uint8] | None, geometry: Geometry) -> Probabilities:
    """Ones and zeros for an engine that gives labels only."""
    if labels is None:
        raise InputError("The engine gave neither probabilities nor labels.")
    inside = (labels == LIVER) | (labels == TUMOUR)
    return Probabilities(inside.astype(np.float32), (labels == TUMOUR).astype(np.float32), geometry)


def to_labels(found: Probabilities, geometry: Geometry) -> npt.NDArray[np.uint8]:
    """Labels (z, y, x) on the image's grid: tumour, else liver, where its probability is above one half."""
    labels = np.zeros(geometry.size, np.uint8)
    labels[resample(found.liver, found.grid, geometry, fill=0) > 0.5] = LIVER
    labels[resample(found.tumour, found.grid, geometry, fill=0) > 0.5] = TUMOUR
    return labels


def usable_device(asked: str, info: EngineInfo) -> str:
    """``cpu`` or ``cuda:N``, whichever is there.

    Raises:
        InputError: a GPU was asked for and torch cannot use it.
    """
    if asked == "cpu" or "cuda" not in info.devices:
        return "cpu"
    if not info.uses_torch:
        found = asked if asked != "auto" else "cuda:0" if free_gpu_mib() is not None else "cpu"
        return found if found != "cuda" else "cuda:0"
    from HCCResponseLib.nets.precision import torch_device

    return torch_device(asked)


def seed_everything(seed: int, info: EngineInfo) -> None:
    """Give the seed to Python, numpy and torch, where the engine uses it; choose repeatable algorithms."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if not info.uses_torch:
        return
    import torch

    torch.manual_seed(seed)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def main() -> None:
    """Entry point, here and in other environments (:mod:`HCCResponseLib.base.jobs.start_worker`)."""
    serve(EngineJob.read, work)


if __name__ == "__main__":
    main()
