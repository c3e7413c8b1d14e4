"""Adapting the base network to one patient, in a child process, from what a reader has accepted so far.

The same images, contours and options give the same weights, so that they are taken from the cache where they are there.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.adapt.recipe import recipe_named
from HCCResponseLib.adapt.request import AcceptedContours, AdaptationRequest, run_adaptation
from HCCResponseLib.base.jobs import Progress, Report
from HCCResponseLib.base.result_cache import key_of
from HCCResponseLib.engines.kept import software, what_differs
from HCCResponseLib.engines.versions import machine
from HCCResponseLib.imaging.reference import ImageReference
from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.imaging.write import write_label_map
from HCCResponseLib.lesions.label_maps import label_map
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.nets.weights_file import weights_sha256
from HCCResponseLib.pipeline.request import Options
from HCCResponseLib.pipeline.segmentation import EngineRunner

# Image of a visit and the accepted contour of each lesion on its grid, by name.
AcceptedVisit = tuple[Volume, Mapping[str, Lesion]]
_Labels = npt.NDArray[np.unsignedinteger[Any]]


def adapt_to(
    visits: Sequence[AcceptedVisit], runner: EngineRunner, work: Path, report: Report
) -> tuple[Path, dict[str, Any]]:
    """Learn from all visits; returns the adapted weights, which live as long as ``work``, and facts for provenance.

    Args:
        visits: the baseline first.
    """
    options, cache = runner.options, runner.options.cache()
    labels = [label_map(list(accepted.values()), image.geometry.size) for image, accepted in visits]
    output = work / "adapted.safetensors"
    key = _key(visits, labels, options) if cache else ""
    noted = cache.take(key, work) if cache else None
    if noted is not None:
        report(Progress("Adapted in an earlier run with the same images and contours", 1.0))
        return output, {**noted, "from_cache": True}
    pairs = zip(visits, labels, strict=True)
    request = AdaptationRequest(
        visits=tuple(_handed_on(image, drawn, work, n) for n, ((image, _), drawn) in enumerate(pairs)),
        output=output,
        base=options.base,
        recipe=options.recipe,
        steps=options.steps,
        seed=options.seed,
        device=options.device,
    )
    facts = run_adaptation(request, report, runner.cancelled)
    facts |= {"computed_at": datetime.now().astimezone().isoformat(timespec="seconds"), "from_cache": False}
    if cache:
        cache.keep(key, {output.name: output}, facts)
    return output, facts


def _key(visits: Sequence[AcceptedVisit], labels: Sequence[_Labels], options: Options) -> str:
    """Everything that the adapted weights depend on: the same gives the same weights."""
    learned = [
        [what_differs(image), hashlib.sha256(np.ascontiguousarray(drawn).data).hexdigest(), str(drawn.dtype)]
        for (image, _), drawn in zip(visits, labels, strict=True)
    ]
    return key_of(
        {
            "adaptation": learned,
            **software(),
            **machine(options.device),
            "base": weights_sha256(options.base),
            "recipe": asdict(recipe_named(options.recipe)),
            "steps": options.steps,
            "seed": options.seed,
        }
    )


def _handed_on(image: Volume, labels: _Labels, work: Path, number: int) -> AcceptedContours:
    contour = work / f"contour-{number}.nrrd"
    write_label_map(LabelMap(labels, image.geometry), contour)
    return AcceptedContours(image=ImageReference.of(image), contour=contour)
