"""Networks at work for a read: every look at a scan is an engine in a process of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.adapt.recipe import QUICK
from HCCResponseLib.base.jobs import Report
from HCCResponseLib.engines.contract import Request, Result
from HCCResponseLib.engines.run import result_of, run_engine
from HCCResponseLib.imaging.study import TimePointEntry
from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.imaging.write import write_label_map
from HCCResponseLib.lesions.label_maps import label_map
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.track.new_lesions.candidates import Survey

OURS = "fcd"


@dataclass(frozen=True)
class Options:
    """How proposals are made. ``base`` and ``steps`` of ``None`` mean the shipped model and the recipe's own.

    Attributes:
        engine: what looks for lesions in whole scans; ``weights`` and ``parameters`` are that engine's.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    """

    recipe: str = QUICK.name
    steps: int | None = None
    seed: int = 0
    base: Path | None = None
    engine: str = OURS
    weights: Path | None = None
    device: str = "auto"
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def looks_with(self) -> Path | None:
        """Weights of the engine; our own engine looks with the base model."""
        return self.weights or (self.base if self.engine == OURS else None)


@dataclass(frozen=True)
class EngineRunner:
    """Runs engines for one call of ``propose``."""

    options: Options
    cancelled: Callable[[], bool]

    def survey(self, point: TimePointEntry, report: Report) -> tuple[Survey, dict[str, Any]]:
        """The engine's view of a whole scan, and its provenance."""
        options = self.options
        request = Request(
            point.image,
            weights=options.looks_with(),
            device=options.device,
            seed=options.seed,
            parameters=options.parameters,
        )
        with self._run(options.engine, request, report) as result:
            found = result.read_probabilities()
        liver = found.liver
        if not (liver > found.tumour).any():
            # A network of tumours only: what it marks counts wherever it lies.
            liver = np.ones_like(found.tumour)
        origin = "base network" if options.engine == OURS else f"engine {options.engine}"
        return Survey(liver, found.tumour, found.grid, origin), dict(result.provenance)

    def known(
        self,
        point: TimePointEntry,
        image: Volume,
        carried: Mapping[str, Lesion],
        adapted: Path,
        report: Report,
    ) -> npt.NDArray[np.float32]:
        """Tumour probability around each known lesion on the image's grid, from the adapted network; 0 elsewhere."""
        if not any(carried.values()):
            return np.zeros(image.geometry.size, np.float32)
        labels = label_map(list(carried.values()), image.geometry.size)
        base = str(self.options.base.absolute()) if self.options.base else ""
        with tempfile.TemporaryDirectory(prefix="hcc-response-") as folder:
            prior = Path(folder) / "prior.nrrd"
            write_label_map(LabelMap(labels, image.geometry), prior)
            request = Request(
                point.image,
                prior,
                weights=adapted,
                device=self.options.device,
                seed=self.options.seed,
                parameters={"base": base},
            )
            with self._run("adapted", request, report) as result:
                return result.read_probabilities().tumour

    @contextmanager
    def _run(self, engine: str, request: Request, report: Report) -> Iterator[Result]:
        """Result files live as long as the block."""
        with tempfile.TemporaryDirectory(prefix="hcc-response-") as work:
            yield result_of(run_engine(engine, request, Path(work), report, self.cancelled))
