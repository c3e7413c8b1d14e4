"""An adaptation in a process of its own; where memory runs out, with what may still work."""

from collections.abc import Callable
from typing import Any

from HCCResponseLib.adapt.request import WORKER, AdaptationRequest
from HCCResponseLib.base.errors import JobOutOfMemoryError
from HCCResponseLib.base.jobs import Report, ignore_progress, never, run_job
from HCCResponseLib.engines.contract import ON_THE_CPU


def run_adaptation(
    request: AdaptationRequest, report: Report = ignore_progress, cancelled: Callable[[], bool] = never
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
