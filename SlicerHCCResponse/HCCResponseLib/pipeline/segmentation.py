"""Networks at work for a read: every look at a scan is an engine in a process of its own."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.jobs import Offer, Report
from HCCResponseLib.engines.contract import Request, Result
from HCCResponseLib.engines.kept import KeptResults
from HCCResponseLib.imaging.study import TimePointEntry
from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.imaging.write import write_label_map
from HCCResponseLib.lesions.label_maps import label_map
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.prompt import Line
from HCCResponseLib.pipeline.domain import survey_domain
from HCCResponseLib.pipeline.engines import ADAPTED, PROMPT, run_engine
from HCCResponseLib.pipeline.request import OURS, Options
from HCCResponseLib.track.new_lesions.candidates import Survey


@dataclass(frozen=True)
class EngineRunner:
    """Runs engines for one call of ``propose``.

    Attributes:
        images: the image of each time point, by name, as it was read; a network must find the same there.
    """

    options: Options
    cancelled: Callable[[], bool]
    images: Mapping[str, Volume] = field(default_factory=dict)

    def survey(self, point: TimePointEntry, report: Report) -> tuple[Survey, dict[str, Any]]:
        """The engine's view of a whole scan, and its provenance."""
        options = self.options
        scan = self.images.get(point.name)
        request = Request(
            point.image,
            weights=options.looks_with(),
            device=options.device,
            seed=options.seed,
            parameters=options.settings_of(options.engine),
            image_sha256=scan.sha256 if scan else None,
        )
        with self._run(options.engine, request, scan, report) as result:
            found = result.read_probabilities()
        liver = found.liver
        if not (liver > found.tumour).any():
            domain = survey_domain(options)
            # Of a network that marks tumours only, what it marks counts wherever it lies; one that has to find a
            # liver and finds none has marked nothing.
            needed = domain is not None and domain.liver_ml is not None
            liver = (np.zeros_like if needed else np.ones_like)(found.tumour)
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
                parameters={"base": base, **self.options.settings_of(ADAPTED)},
                image_sha256=image.sha256,
            )
            with self._run(ADAPTED, request, image, report) as result:
                return result.read_probabilities().tumour

    def shown(
        self, point: TimePointEntry, image: Volume, line: Line, weights: Path, report: Report
    ) -> tuple[Lesion, dict[str, Any]]:
        """The prompt network's contour of what a line shows, and its provenance.

        Raises:
            InputError: nothing was found there.
        """
        request = Request(
            point.image,
            weights=weights,
            device=self.options.device,
            seed=self.options.seed,
            image_sha256=image.sha256,
            line=line,
        )
        with self._run(PROMPT, request, image, report) as result:
            return Lesion.of(result.read_probabilities().tumour > 0), dict(result.provenance)

    @contextmanager
    def _run(self, engine: str, request: Request, scan: Volume | None, report: Report) -> Iterator[Result]:
        """Result files live as long as the block; taken from the cache where they are in it.

        Args:
            scan: the image of the request; ``None``: nothing is taken from the cache.
        """
        cache = self.options.cache()
        kept = KeptResults(cache, scan) if cache and scan else None
        with tempfile.TemporaryDirectory(prefix="hcc-response-") as work:
            done = run_engine(engine, request, Path(work), report, self.cancelled, kept)
            if engine != self.options.engine:
                done = replace(done, offers=tuple(_of(engine, offer) for offer in done.offers))
            yield done.require()


def _of(engine: str, offer: Offer) -> Offer:
    """An offer of an engine other than the chosen one, as a setting of the whole run."""
    return replace(offer, parameters={f"{engine}.{n}": v for n, v in offer.parameters.items()})
