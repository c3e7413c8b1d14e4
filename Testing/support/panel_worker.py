"""A worker that does what a test asks of it: steps with pauses, a child, an error, a death."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.jobs import Progress, Report, serve


def work(request: dict[str, Any], report: Report) -> dict[str, Any]:
    """Follow the request."""
    if "refuse" in request:
        raise InputError(request["refuse"])
    if "die" in request:
        raise RuntimeError(request["die"])
    if request.get("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    suffix = ""
    if request.get("child"):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        suffix = f" child {child.pid}"
    for step in range(request["steps"]):
        report(Progress(f"Step {step}{suffix}", step / request["steps"]))
        time.sleep(request["pause"])
    if "over" in request:
        Path(request["over"]).touch()
    return {"steps": request["steps"]}


if __name__ == "__main__":
    serve(work)
