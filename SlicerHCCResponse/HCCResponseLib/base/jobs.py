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

from HCCResponseLib.base.errors import (
    HCCResponseError,
    InputError,
    JobCancelledError,
    JobFailedError,
    JobOutOfMemoryError,
    ModelError,
    StorageError,
)
from HCCResponseLib.base.files import storage_error, write_text
from HCCResponseLib.base.folders import HOME, data_folder

_GRACE_S = 1.0
_POLL_S = 0.05
_LAST_WORDS_S = 1.0
_LAST_LINES = 3
_START_WORKER = Path(__file__).with_name("start_worker.py")
_FOLLOWED = "HCC_RESPONSE_FOLLOWED"
# Waiting threads sleep instead of spinning, so that a busy machine (and Slicer's window) stays responsive; glibc keeps
# freed memory instead of handing it back after every layer, which saves a quarter of a training step on Linux.
_ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "KMP_BLOCKTIME": "0",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(1 << 33),
    "MALLOC_TOP_PAD_": str(1 << 28),
}
_FOREIGN = ("PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_KINDS: dict[str, type[HCCResponseError]] = {
    kind.__name__: kind for kind in (ModelError, InputError, StorageError, JobOutOfMemoryError)
}
_MEMORY_WORDS = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "failed to allocate memory",
    "bad_alloc",
)


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes:
        stage: in words; ``fraction``: of the whole job, 0 to 1; ``seconds_left``: where known.
        memory_mib: most memory that the job's process has held so far, in MiB, where known.
    """

    stage: str
    fraction: float
    seconds_left: float | None = None
    memory_mib: float | None = None


Report = Callable[[Progress], None]


def part_of(report: Report, start: float, share: float, name: str = "") -> Report:
    """A job's progress as one part of a whole: from ``start``, over ``share``."""
    prefix = f"{name}: " if name else ""

    def scaled(progress: Progress) -> None:
        fraction = min(1.0, start + share * progress.fraction)
        report(Progress(prefix + progress.stage, fraction, progress.seconds_left, progress.memory_mib))

    return scaled


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
    python: Path | None = None,
) -> dict[str, Any]:
    """Run ``module`` on ``request.json`` in a process of its own and return its result.

    Args:
        module: a worker module that calls :func:`serve`.
        request: JSON-serialisable; written to ``folder``.
        report: called in the caller's thread for every progress line.
        cancelled: polled about 20 times a second; once true, the process tree is killed.
        python: interpreter of another environment, which sees our package but none of our dependencies; ``None`` is
            our own.

    Raises:
        JobCancelledError: cancelled by the caller.
        JobOutOfMemoryError: memory ran out, or the system killed the job.
        JobFailedError: the worker died or reported an error that has no kind of its own.
        ModelError, InputError, StorageError: as the worker reported them.
    """
    request_file = folder / "request.json"
    write_text(request_file, json.dumps(request, default=str))
    log = folder / "job.log"
    start = (
        [sys.executable, "-m", module] if python is None else [str(python), "-I", str(_START_WORKER), module]
    )
    try:
        errors = log.open("w", encoding="utf-8")
        with errors:
            process = subprocess.Popen(
                [*start, str(request_file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                encoding="utf-8",
                errors="replace",
                env=child_environment(foreign=python is not None),
                start_new_session=os.name == "posix",
            )
    except OSError as problem:
        if python is not None and not python.exists():
            raise JobFailedError(
                f"The interpreter '{python}' is gone; install the engine again."
            ) from problem
        raise storage_error(log, problem) from problem
    try:
        answer = _follow(process, report, cancelled)
    finally:
        kill_tree(process)
    return _result(answer, process.returncode, log)


def child_environment(foreign: bool = False) -> dict[str, str]:
    """Environment in which a worker finds this library, and ends when its standard input is closed."""
    common = {**_ENVIRONMENT, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", _FOLLOWED: "1"}
    if foreign:
        # Slicer points the loader and Python at its own libraries; another interpreter must not see them.
        kept = {k: v for k, v in os.environ.items() if k not in _FOREIGN}
        return kept | common | {HOME: str(data_folder())}
    library = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH")
    return {**os.environ, **common, "PYTHONPATH": library + (os.pathsep + known if known else "")}


def _follow(
    process: subprocess.Popen[str], report: Report, cancelled: Callable[[], bool]
) -> dict[str, Any] | None:
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None
    threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True).start()
    answer: dict[str, Any] | None = None
    ended: float | None = None
    while True:
        if cancelled():
            raise JobCancelledError("Cancelled by the user; nothing was changed.")
        try:
            line = lines.get(timeout=_POLL_S)
        except queue.Empty:
            # The process, not the pipe, says when it is over: something that it started may hold the pipe open.
            if process.poll() is not None:
                ended = ended or time.monotonic()
                closed = process.stdout.closed or time.monotonic() - ended > _LAST_WORDS_S
                if closed and lines.empty():
                    return answer
            continue
        message = _parse(line)
        if message is None:
            continue
        if "stage" in message:
            known = (message.get("seconds_left"), message.get("memory_mib"))
            report(Progress(message["stage"], message["fraction"], *known))
        elif "result" in message or "error" in message:
            answer = message


def _pump(stream: IO[str], lines: queue.Queue[str]) -> None:
    with stream, contextlib.suppress(ValueError):
        for line in stream:
            lines.put(line)


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
    if code == -getattr(signal, "SIGKILL", 9):
        # We kill only on cancel, which never gets here; on Linux a kill from outside is the system short of memory.
        raise JobOutOfMemoryError(
            "The job was killed by signal 9, as systems do when memory runs out. " + last_lines(log)
        )
    why = f"killed by signal {-code}" if code is not None and code < 0 else f"exit status {code}"
    raise JobFailedError(f"The job ended without a result ({why}). {last_lines(log)}".strip())


def last_lines(log: Path) -> str:
    """The last lines that a job wrote to standard error, as one line."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return " | ".join([line.strip() for line in lines if line.strip()][-_LAST_LINES:])


def kill_tree(process: subprocess.Popen[Any]) -> None:
    """End the process and everything it started, also what outlives it; takes about a second at most."""
    try:
        if process.poll() is None:
            _signal(process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_S)
        _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
        process.wait()
    finally:
        if process.stdin is not None:
            process.stdin.close()


def _signal(process: subprocess.Popen[Any], number: int) -> None:
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
    elif process.poll() is None:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)


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
                "memory_mib": peak_memory_mib(),
            }
        )


def peak_memory_mib() -> float | None:
    """Most memory that this process, or one that it ran and that has ended, has held so far, in MiB.

    ``None`` where the system does not tell (Windows).
    """
    try:
        import resource
    except ImportError:
        return None
    held = max(resource.getrusage(w).ru_maxrss for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(held / (1024 if sys.platform != "darwin" else 1024 * 1024), 1)


def is_out_of_memory(problem: BaseException) -> bool:
    """Whether an exception of Python, torch (GPU or CPU), numpy or ITK says that memory ran out."""
    if isinstance(problem, MemoryError):
        return True
    return isinstance(problem, RuntimeError) and any(w in str(problem).lower() for w in _MEMORY_WORDS)


def serve(work: Callable[[dict[str, Any], Report], dict[str, Any]]) -> None:
    """Main of a worker module: read the request, work, write the result or the error as the last line."""
    if os.environ.get(_FOLLOWED):
        threading.Thread(target=_end_with_parent, daemon=True).start()
    request = json.loads(Path(sys.argv[-1]).read_text(encoding="utf-8"))
    try:
        result = work(request, Emitter())
    except HCCResponseError as problem:
        _write({"error": str(problem), "kind": type(problem).__name__})
        sys.exit(1)
    except (MemoryError, RuntimeError) as problem:
        if not is_out_of_memory(problem):
            raise
        first = (str(problem).splitlines() or [""])[0]
        _write({"error": f"Out of memory. {first}".strip(), "kind": "JobOutOfMemoryError"})
        sys.exit(1)
    _write({"result": result})


def _end_with_parent() -> None:
    """A job nobody waits for any more (the parent crashed or was killed) ends, with all that it started."""
    while os.read(0, 1):
        pass
    if os.name == "posix":
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _write(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
