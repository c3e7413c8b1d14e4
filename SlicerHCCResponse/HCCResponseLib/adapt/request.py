"""An adaptation in a process of its own: what it is asked; where memory runs out, what may still work."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from HCCResponseLib.base.errors import JobOutOfMemoryError
from HCCResponseLib.base.jobs import Report, never, run_job
from HCCResponseLib.base.jobs.request import JobRequest
from HCCResponseLib.engines.contract import ON_THE_CPU
from HCCResponseLib.imaging.reference import ImageReference

WORKER = "HCCResponseLib.adapt.worker"


class AcceptedContours(BaseModel):
    """One visit that a reader has accepted: its image, and a label map of its contours on the image's grid."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: ImageReference
    contour: Path


class AdaptationRequest(JobRequest):
    """One adaptation.

    Attributes:
        visits: what to learn from, the baseline first.
        output: file of the adapted weights; ``base``: model to start from, ``None`` is the shipped one.
        recipe: by name; ``steps``: most steps, ``None`` is the recipe's own.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    """

    visits: tuple[AcceptedContours, ...]
    output: Path
    base: Path | None = None
    recipe: str
    steps: int | None = None
    seed: int = 0
    device: str = "auto"


def run_adaptation(
    request: AdaptationRequest, report: Report, cancelled: Callable[[], bool] = never
) -> dict[str, Any]:
    """Adapt in a child process; returns facts for the provenance.

    Raises:
        JobCancelledError, JobOutOfMemoryError, JobFailedError, InputError: as the job ended.
    """
    try:
        return run_job(WORKER, request, report, cancelled)
    except JobOutOfMemoryError as problem:
        offers = () if request.device == "cpu" else (ON_THE_CPU,)
        raise JobOutOfMemoryError(problem.message, offers) from problem
