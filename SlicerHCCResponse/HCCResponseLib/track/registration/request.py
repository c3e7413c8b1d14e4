"""What the registration of two visits is asked."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from HCCResponseLib.base.jobs.request import JobRequest
from HCCResponseLib.imaging.reference import ImageReference

WORKER = "HCCResponseLib.track.registration.worker"


class ScanFiles(BaseModel):
    """One visit: its image, and where they are known the liver and the lesions as regions on files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: ImageReference
    liver: Path | None = None
    lesions: Path | None = None


class RegistrationRequest(JobRequest):
    """One registration; ``output`` is the file that gets it."""

    baseline: ScanFiles
    follow_up: ScanFiles
    seed: int = 0
    output: Path
