"""The worker's side of a job: reads and checks the request, reports progress, writes the result or the error.

It runs in the environments of engines too, so it needs nothing but Python itself.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from HCCResponseLib.base.errors import HCCResponseError, JobOutOfMemoryError
from HCCResponseLib.base.jobs.outcome import error_to_json
from HCCResponseLib.base.jobs.process import FOLLOWED
from HCCResponseLib.base.jobs.progress import Progress, Report

Q = TypeVar("Q")
_MEMORY_WORDS = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "failed to allocate memory",
    "bad_alloc",
)


def serve(read: Callable[[str], Q], work: Callable[[Q, Report], Mapping[str, Any]]) -> None:
    """Main of a worker module: check the request, work, write the result or the error as the last line.

    Args:
        read: makes the request from its text, or raises ``InputError``: :meth:`JobRequest.read` of the module's model.
    """
    if os.environ.get(FOLLOWED):
        threading.Thread(target=_end_with_parent, daemon=True).start()
    text = Path(sys.argv[-1]).read_text(encoding="utf-8")
    try:
        result = work(read(text), partial(_tell, time.monotonic()))
    except HCCResponseError as problem:
        _fail(problem)
    except (MemoryError, RuntimeError) as problem:
        if not is_out_of_memory(problem):
            raise
        first = (str(problem).splitlines() or [""])[0]
        _fail(JobOutOfMemoryError(f"Out of memory. {first}".strip()))
    else:
        say({"result": result})


def _fail(problem: HCCResponseError) -> None:
    say(error_to_json(problem))
    sys.exit(1)


def _tell(started: float, progress: Progress) -> None:
    """Write a progress line, with an estimate of the time left."""
    left = progress.seconds_left
    if left is None and progress.fraction > 0.02:
        left = (time.monotonic() - started) * (1 - progress.fraction) / progress.fraction
    say(
        {
            "stage": progress.stage,
            "fraction": round(progress.fraction, 4),
            "seconds_left": left and round(left, 1),
            "memory_mib": peak_memory_mib(),
        }
    )


def peak_memory_mib() -> float | None:
    """Most memory that this process, or one that it ran and that has ended, has held so far, in MiB.

    ``None`` where nobody tells (an engine's own environment on Windows).
    """
    try:
        import resource
    except ImportError:
        return _peak_on_windows()
    held = max(resource.getrusage(w).ru_maxrss for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(held / (1024 if sys.platform != "darwin" else 1024 * 1024), 1)


def _peak_on_windows() -> float | None:
    try:
        import psutil
    except ImportError:
        return None
    return round(float(psutil.Process().memory_info().peak_wset) / (1024 * 1024), 1)


def is_out_of_memory(problem: BaseException) -> bool:
    """Whether an exception of Python, torch (GPU or CPU), numpy or ITK says that memory ran out."""
    if isinstance(problem, MemoryError):
        return True
    return isinstance(problem, RuntimeError) and any(w in str(problem).lower() for w in _MEMORY_WORDS)


def _end_with_parent() -> None:
    """A job nobody waits for any more (the parent crashed or was killed) ends, with all that it started."""
    while os.read(0, 1):
        pass
    if os.name == "posix":
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def say(message: dict[str, Any]) -> None:
    """Write one line to whoever has started this worker."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
