"""Adapting the base network to one patient, in a child process, from what a reader has accepted so far."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from HCCResponseLib.adapt.request import AcceptedContours, AdaptationRequest, run_adaptation
from HCCResponseLib.base.jobs import Report
from HCCResponseLib.imaging.reference import ImageReference
from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.imaging.write import write_label_map
from HCCResponseLib.lesions.label_maps import label_map
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.pipeline.segmentation import EngineRunner

# Image of a visit and the accepted contour of each lesion on its grid, by name.
AcceptedVisit = tuple[Volume, Mapping[str, Lesion]]


def adapt_to(
    visits: Sequence[AcceptedVisit], runner: EngineRunner, work: Path, report: Report
) -> tuple[Path, dict[str, Any]]:
    """Learn from all visits; returns the adapted weights, which live as long as ``work``, and facts for provenance.

    Args:
        visits: the baseline first.
    """
    options = runner.options
    request = AdaptationRequest(
        visits=tuple(_handed_on(visit, work, number) for number, visit in enumerate(visits)),
        output=work / "adapted.safetensors",
        base=options.base,
        recipe=options.recipe,
        steps=options.steps,
        seed=options.seed,
        device=options.device,
    )
    return request.output, run_adaptation(request, report, runner.cancelled)


def _handed_on(visit: AcceptedVisit, work: Path, number: int) -> AcceptedContours:
    image, accepted = visit
    labels = label_map(list(accepted.values()), image.geometry.size)
    contour = work / f"contour-{number}.nrrd"
    write_label_map(LabelMap(labels, image.geometry), contour)
    return AcceptedContours(image=ImageReference.of(image), contour=contour)
