"""What an adaptation is asked."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from HCCResponseLib.base.jobs.request import JobRequest
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
