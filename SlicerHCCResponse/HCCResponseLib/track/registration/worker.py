"""Child process of a registration: ``python -m HCCResponseLib.track.registration.worker request.json``."""

from typing import Any

from HCCResponseLib.base.jobs import Progress, Report, serve
from HCCResponseLib.track.registration.child import RegistrationRequest, ScanFiles
from HCCResponseLib.track.registration.files import load_region, read_image, save_registration
from HCCResponseLib.track.registration.register import Scan, register_scans


def work(request: RegistrationRequest, report: Report) -> dict[str, Any]:
    """Register two visits; returns the quality's facts."""
    report(Progress("Reading both visits", 0.0))
    baseline, follow_up = _scan(request.baseline), _scan(request.follow_up)
    found = register_scans(baseline, follow_up, request.seed, report)
    save_registration(request.output, found)
    return found.quality.facts()


def _scan(files: ScanFiles) -> Scan:
    liver, lesions = (None if path is None else load_region(path) for path in (files.liver, files.lesions))
    return Scan(read_image(files.image), liver, lesions)


if __name__ == "__main__":
    serve(RegistrationRequest.read, work)
