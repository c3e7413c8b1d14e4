"""Registration in a child process: the window stays responsive, and killing the process is the cancel button."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from HCCResponseLib.base.jobs import Report, ignore_progress, never, run_job
from HCCResponseLib.base.jobs.request import JobRequest
from HCCResponseLib.imaging.reference import ImageReference
from HCCResponseLib.track.registration.files import load_registration, refer_to, save_region
from HCCResponseLib.track.registration.register import Registration, Scan

_WORKER = "HCCResponseLib.track.registration.worker"


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


@dataclass(frozen=True)
class ChildRegistrar:
    """Runs the default registration in a process of its own; fits :class:`.register.Registrar`.

    Attributes:
        report: called in the caller's thread with progress; ``cancelled``: polled, true kills the process.
    """

    report: Report = ignore_progress
    cancelled: Callable[[], bool] = never

    def __call__(
        self, baseline: Scan, follow_up: Scan, seed: int = 0, report: Report = ignore_progress
    ) -> Registration:
        """Raises ``JobCancelledError`` or ``JobFailedError`` besides what registration itself raises."""
        shown = self.report if report is ignore_progress else report
        with tempfile.TemporaryDirectory(prefix="hcc-response-track-") as work:
            folder = Path(work)
            request = RegistrationRequest(
                baseline=_files(baseline, folder, "baseline"),
                follow_up=_files(follow_up, folder, "follow-up"),
                seed=seed,
                output=folder / "registration.npz",
            )
            run_job(_WORKER, request, shown, self.cancelled)
            return load_registration(request.output)


def _files(scan: Scan, folder: Path, name: str) -> ScanFiles:
    """The image stays where it is; what exists in memory only is written."""
    regions = {}
    for key, region in (("liver", scan.liver), ("lesions", scan.lesions)):
        if region is not None:
            regions[key] = folder / f"{name}-{key}.npz"
            save_region(regions[key], region)
    return ScanFiles(image=refer_to(scan.image, folder / f"{name}.npz"), **regions)
