"""Results of engines that are kept: what a result depends on, and its provenance when it is taken again.

Only results that hashes can tell apart: an engine names the files that decide on them (``files``, see
:mod:`HCCResponseLib.engines.contract`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.base.files import sha256_of, write_text
from HCCResponseLib.base.result_cache import ResultCache, key_of
from HCCResponseLib.engines.contract import EngineInfo, Request, Result
from HCCResponseLib.engines.environments import engine_folder
from HCCResponseLib.engines.registry import load_engine, module_of
from HCCResponseLib.engines.versions import machine, sources_sha256, versions
from HCCResponseLib.imaging.read import read_label_map
from HCCResponseLib.imaging.volumes import Volume

_LABELS, _PROBABILITIES = "labels.nrrd", "probabilities.npz"


@dataclass(frozen=True)
class KeptResults:
    """Where results of earlier runs on a scan are looked for.

    Attributes:
        scan: the image of the request, as it was read.
    """

    cache: ResultCache
    scan: Volume

    def of(self, info: EngineInfo, request: Request) -> "KeptResult | None":
        """The place of one result; ``None`` for an engine whose results are not told apart by hashes.

        Args:
            request: with the weights and the device that the engine gets.
        """
        named = getattr(load_engine(module_of(info.name)), "files", None)
        if named is None:
            return None
        settings = info.settings(request.parameters)
        try:
            weights = {str(path.absolute()): sha256_of(path) for path in named(request.weights, settings)}
        except (ModelError, OSError):
            return None  # the engine itself says what is wrong with them
        key = key_of(
            {
                "engine": info.name,
                **software(),
                **_engine(info),
                **machine(request.device),
                "seed": request.seed,
                "settings": settings,
                "weights": list(weights.values()),
                "image": what_differs(self.scan),
                "prior": _prior(request.prior),
                "clicks": [asdict(click) for click in request.clicks],
                "line": asdict(request.line) if request.line else None,
            }
        )
        return KeptResult(self.cache, key, _said_here(request, settings, weights, self.scan))


@dataclass(frozen=True)
class KeptResult:
    """The place of one result.

    Attributes:
        said_here: what the provenance says of this request and of nothing else, such as where its image lies. It is
            never kept, since paths and remarks may name a patient.
    """

    cache: ResultCache
    key: str
    said_here: Mapping[str, Any]

    def take(self, work: Path) -> Result | None:
        """The result as files in a folder, with the provenance that a run of today would have; ``None``: not kept.

        Raises:
            StorageError: no room in the folder.
        """
        noted = self.cache.take(self.key, work)
        if noted is None:
            return None
        facts = {name: self.said_here.get(name, value) for name, value in noted.items()}
        used = set(noted["weights"])
        facts["weights"] = {path: sha for path, sha in self.said_here["weights"].items() if sha in used}
        facts["from_cache"] = True
        write_text(work / "provenance.json", json.dumps(facts, indent=2))
        return Result(work / _LABELS, work / _PROBABILITIES, facts)

    def keep(self, result: Result) -> None:
        """Keep a result that was just computed, unless image or weights were changed while it was."""
        used = result.provenance["weights"].values()
        if not set(used) <= set(self.said_here["weights"].values()):
            return
        if result.provenance["image_sha256"] != self.said_here["image_sha256"]:
            return
        noted = {name: None if name in self.said_here else v for name, v in result.provenance.items()}
        noted["weights"] = list(used)
        files = {_LABELS: result.labels, _PROBABILITIES: result.probabilities}
        self.cache.keep(self.key, files, noted)


def _said_here(
    request: Request, settings: Mapping[str, Any], weights: Mapping[str, str], scan: Volume
) -> dict[str, Any]:
    return {
        "weights": dict(weights),
        "parameters": dict(settings),
        "clicks": [asdict(click) for click in request.clicks],
        "line": asdict(request.line) if request.line else None,
        "prior": str(request.prior.absolute()) if request.prior else None,
        "image": str(request.image.absolute()),
        "image_sha256": scan.voxels_sha256,
        "image_remarks": list(scan.remarks),
    }


def software() -> dict[str, Any]:
    """What of this software and its packages changes a result."""
    return {"sources": sources_sha256(), "versions": dict(versions())}


def _engine(info: EngineInfo) -> dict[str, Any]:
    """The engine's own file, which may be the user's, and what its own environment holds."""
    file = load_engine(module_of(info.name)).__file__
    installed = engine_folder(info.name) / "installed.json"
    return {
        "engine_file": sha256_of(Path(file)) if file else None,
        "environment": sha256_of(installed) if info.packages else None,
    }


def what_differs(scan: Volume) -> list[Any]:
    """What makes a result on this scan another one than on other scans: voxels, grid and slices."""
    grid = scan.geometry
    return [scan.sha256, grid.slice_axis, grid.slice_thickness_mm]


def _prior(path: Path | None) -> str | None:
    """SHA-256 of earlier contours and their grid."""
    if path is None:
        return None
    drawn = read_label_map(path, empty=True)
    grid = drawn.geometry
    voxels = hashlib.sha256(np.ascontiguousarray(drawn.labels).data).hexdigest()
    return f"{voxels} {drawn.labels.dtype} {grid.size} {grid.spacing} {grid.origin} {grid.direction}"
