"""Jobs in child processes: JSON lines of progress on standard output, files for data, killing the tree as cancel."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from HCCResponseLib.errors import HCCResponseError, InputError, JobCancelledError, JobFailedError, ModelError

_GRACE_S = 1.0
_POLL_S = 0.05
# Waiting threads sleep instead of spinning, so that a busy machine (and Slicer's window) stays responsive; glibc keeps
# freed memory instead of handing it back after every layer, which saves a quarter of a training step on Linux.
_ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "KMP_BLOCKTIME": "0",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(1 << 33),
    "MALLOC_TOP_PAD_": str(1 << 28),
}
_KINDS: dict[str, type[HCCResponseError]] = {"ModelError": ModelError, "InputError": InputError}


@dataclass(frozen=True)
class Progress:
    """How far a job is: stage in words, fraction of the whole job from 0 to 1, seconds left where known."""

    stage: str
    fraction: float
    seconds_left: float | None = None


Report = Callable[[Progress], None]


def ignore_progress(_: Progress) -> None:
    """For callers that do not show progress."""


def never() -> bool:
    """For callers that do not cancel."""
    return False


def run_job(
    module: str,
    request: dict[str, Any],
    folder: Path,
    report: Report = ignore_progress,
    cancelled: Callable[[], bool] = never,
    python: str = sys.executable,
) -> dict[str, Any]:
    """Run ``python -m module request.json`` and return its result.

    Args:
        module: a worker module that calls :func:`serve`.
        request: JSON-serialisable; written to ``folder``.
        report: called in the caller's thread for every progress line.
        cancelled: polled about 20 times a second; once true, the process tree is killed.

    Raises:
        JobCancelledError: cancelled by the caller.
        JobFailedError: the worker died or reported an error that has no kind of its own.
        ModelError, InputError: as the worker reported them.
    """
    request_file = folder / "request.json"
    request_file.write_text(json.dumps(request, default=str), encoding="utf-8")
    log = folder / "job.log"
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [python, "-m", module, str(request_file)],
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
            errors="replace",
            env=_environment(),
            start_new_session=os.name == "posix",
        )
        try:
            answer = _follow(process, report, cancelled)
        finally:
            kill_tree(process)
    return _result(answer, process.returncode, log)


def _environment() -> dict[str, str]:
    library = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        "PYTHONPATH": library + (os.pathsep + known if known else ""),
        "PYTHONUNBUFFERED": "1",
        **_ENVIRONMENT,
    }


def _follow(
    process: subprocess.Popen[str], report: Report, cancelled: Callable[[], bool]
) -> dict[str, Any] | None:
    lines: queue.Queue[str | None] = queue.Queue()
    assert process.stdout is not None
    threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True).start()
    answer: dict[str, Any] | None = None
    while True:
        if cancelled():
            raise JobCancelledError("Cancelled by the user; nothing was changed.")
        try:
            line = lines.get(timeout=_POLL_S)
        except queue.Empty:
            continue
        if line is None:
            process.wait()
            return answer
        message = _parse(line)
        if message is None:
            continue
        if "stage" in message:
            report(Progress(message["stage"], message["fraction"], message.get("seconds_left")))
        else:
            answer = message


def _pump(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(None)


def _parse(line: str) -> dict[str, Any] | None:
    """Libraries may print too; what is not a JSON object is not ours."""
    with contextlib.suppress(json.JSONDecodeError):
        message = json.loads(line)
        if isinstance(message, dict):
            return message
    return None


def _result(answer: dict[str, Any] | None, code: int | None, log: Path) -> dict[str, Any]:
    if answer is not None and "result" in answer and code == 0:
        result: dict[str, Any] = answer["result"]
        return result
    if answer is not None and "error" in answer:
        raise _KINDS.get(answer.get("kind", ""), JobFailedError)(answer["error"])
    tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    why = f"killed by signal {-code}" if code is not None and code < 0 else f"exit status {code}"
    raise JobFailedError(f"The job ended without a result ({why}). {' '.join(tail)}".strip())


def kill_tree(process: subprocess.Popen[str]) -> None:
    """End the process and everything it started; returns at once when it has ended already."""
    if process.poll() is not None:
        return
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)
        return
    _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()


def _signal(process: subprocess.Popen[str], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        if os.name == "posix":
            os.killpg(process.pid, number)
        else:
            process.kill()


class Emitter:
    """The worker's side: writes progress lines, with an estimate of the time left."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        spent = time.monotonic() - self._started
        left = progress.seconds_left
        if left is None and progress.fraction > 0.02:
            left = spent * (1 - progress.fraction) / progress.fraction
        _write(
            {
                "stage": progress.stage,
                "fraction": round(progress.fraction, 4),
                "seconds_left": left and round(left, 1),
            }
        )


def serve(work: Callable[[dict[str, Any], Report], dict[str, Any]]) -> None:
    """Main of a worker module: read the request, work, write the result or the error as the last line."""
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        result = work(request, Emitter())
    except HCCResponseError as problem:
        _write({"error": str(problem), "kind": type(problem).__name__})
        sys.exit(1)
    except MemoryError:
        _write(
            {"error": "Out of memory. Close other programs, or use a smaller patch.", "kind": "OutOfMemory"}
        )
        sys.exit(1)
    _write({"result": result})


def _write(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
