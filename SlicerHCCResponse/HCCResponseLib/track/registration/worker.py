"""Child process of a registration: ``python -m HCCResponseLib.track.registration.worker request.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from HCCResponseLib.base.jobs import Progress, Report, serve
from HCCResponseLib.track.registration.files import load_image, load_region, save_registration
from HCCResponseLib.track.registration.register import Scan, register_scans


def work(request: dict[str, Any], report: Report) -> dict[str, Any]:
    """Register two visits.

    Request: ``baseline`` and ``follow_up`` (each ``image`` and, where known, ``liver`` and ``lesions``:
    paths), ``seed``, ``output`` (path). Result: the quality's facts.
    """
    report(Progress("Reading both visits", 0.0))
    baseline, follow_up = _scan(request["baseline"]), _scan(request["follow_up"])
    found = register_scans(baseline, follow_up, int(request["seed"]), report)
    save_registration(Path(request["output"]), found)
    return found.quality.facts()


def _scan(entry: dict[str, Any]) -> Scan:
    image = load_image(Path(entry["image"]))
    liver, lesions = (load_region(Path(entry[k])) if k in entry else None for k in ("liver", "lesions"))
    return Scan(image, liver, lesions)


if __name__ == "__main__":
    serve(work)
