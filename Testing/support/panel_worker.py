"""A worker that does what a test asks of it: steps with pauses, a child, an error, a death."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import InputError, JobOutOfMemoryError
from HCCResponseLib.base.jobs import Offer, Progress, Report, serve
from HCCResponseLib.base.jobs.request import JobRequest


class PanelJob(JobRequest):
    """What a test asks."""

    refuse: str = ""
    offer: str = ""
    die: str = ""
    kill: bool = False
    child: bool = False
    steps: int = 1
    pause: float = 0.0
    over: Path | None = None


def work(request: PanelJob, report: Report) -> dict[str, Any]:
    """Follow the request."""
    if request.refuse:
        raise InputError(request.refuse)
    if request.offer:
        raise JobOutOfMemoryError("Memory ran out.", (Offer(request.offer, device="cpu"),))
    if request.die:
        raise RuntimeError(request.die)
    if request.kill:
        os.kill(os.getpid(), signal.SIGKILL)
    suffix = ""
    if request.child:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        suffix = f" child {child.pid}"
    for step in range(request.steps):
        report(Progress(f"Step {step}{suffix}", step / request.steps))
        time.sleep(request.pause)
    if request.over is not None:
        request.over.touch()
    return {"steps": request.steps}


if __name__ == "__main__":
    serve(PanelJob.read, work)
