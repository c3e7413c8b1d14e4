"""The one driver of jobs: a worker module in a process of its own, looked at without waiting, or waited for.

Panel, command and pipeline all use it. Progress comes as JSON lines in a file, data as files; cancelling kills the
process with everything that it started.
"""

from __future__ import annotations

import contextlib
import json
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from HCCResponseLib.base.errors import (
    HCCResponseError,
    JobCancelledError,
    JobFailedError,
    JobOutOfMemoryError,
)
from HCCResponseLib.base.files import storage_error, write_text
from HCCResponseLib.base.jobs.outcome import Outcome, error_from_json
from HCCResponseLib.base.jobs.process import Tree, start
from HCCResponseLib.base.jobs.progress import Progress, Report, ignore_progress, never

if TYPE_CHECKING:
    from HCCResponseLib.base.jobs.request import Request

_POLL_S = 0.05
_LAST_LINES = 3


class Job:
    """One worker module at work; :meth:`poll` never waits.

    Attributes:
        progress: the latest.
        outcome: how it ended; ``None`` while it runs.
    """

    def __init__(
        self, module: str, request: Request, report: Report = ignore_progress, python: Path | None = None
    ) -> None:
        """Start ``module``, which calls :func:`HCCResponseLib.base.jobs.serve`.

        Args:
            request: what the module is asked, see :mod:`HCCResponseLib.base.jobs.request`.
            report: called by :meth:`poll`, in the caller's thread, for every progress line.
            python: interpreter of another environment, which sees our package but none of our dependencies; ``None``
                is our own.

        Raises:
            StorageError: no room for the request. JobFailedError: the interpreter is gone.
        """
        self._report, self._read = report, 0
        self._answer: dict[str, Any] = {}
        self.progress = Progress("Starting", 0.0)
        self.outcome: Outcome[dict[str, Any]] | None = None
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="hcc-response-job-", ignore_cleanup_errors=True)
        except OSError as problem:
            raise storage_error(Path(tempfile.gettempdir()), problem) from problem
        folder = Path(self._folder.name)
        self._output, self._log = folder / "output.jsonl", folder / "job.log"
        try:
            write_text(folder / "request.json", request.to_text())
            self._tree = Tree(start(module, folder, python))
        except BaseException as problem:
            self._folder.cleanup()
            if not isinstance(problem, OSError):
                raise
            if python is not None and not python.exists():
                raise JobFailedError(
                    f"The interpreter '{python}' is gone; install the engine again."
                ) from problem
            raise storage_error(folder, problem) from problem

    def poll(self) -> Outcome[dict[str, Any]] | None:
        """Look at the job; returns at once: how it ended, or ``None`` while it runs."""
        if self.outcome is None:
            over = self._tree.over
            self._take_lines()
            if over:
                self._finish()
        return self.outcome

    def cancel(self) -> None:
        """End the process and everything it started, at once; a job that has ended stays as it ended."""
        if self.outcome is None:
            self._tree.end()
            self._end(Outcome.of(JobCancelledError("Cancelled by the user; nothing was changed.")))

    def wait(self, cancelled: Callable[[], bool] = never) -> Outcome[dict[str, Any]]:
        """Wait for the end.

        Args:
            cancelled: polled about 20 times a second; once true, the job is cancelled.
        """
        try:
            while self.outcome is None:
                if cancelled():
                    self.cancel()
                elif self.poll() is None:
                    time.sleep(_POLL_S)
        finally:
            self.cancel()
        return self.outcome

    def _take_lines(self) -> None:
        messages, self._read = new_messages(self._output, self._read)
        for message in messages:
            self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        if "stage" in message:
            known = (message.get("seconds_left"), message.get("memory_mib"))
            self.progress = Progress(message["stage"], message["fraction"], *known)
            self._report(self.progress)
        elif "result" in message or "error" in message:
            self._answer = message

    def _finish(self) -> None:
        code = self._tree.end()
        if code == 0 and "result" in self._answer:
            self._end(Outcome.done(self._answer["result"]))
        elif "error" in self._answer:
            self._end(Outcome.of(error_from_json(self._answer)))
        else:
            self._end(Outcome.of(death(code, self._log)))

    def _end(self, outcome: Outcome[dict[str, Any]]) -> None:
        self.outcome = outcome
        self._folder.cleanup()


def new_messages(output: Path, start: int) -> tuple[list[dict[str, Any]], int]:
    """What a worker has written since byte ``start``, and the byte after it; an unfinished line waits.

    Libraries may print too; what is not one of our objects is passed over.
    """
    with output.open("rb") as stream:
        stream.seek(start)
        whole, newline, _ = stream.read().rpartition(b"\n")
    found = []
    for line in whole.decode("utf-8", "replace").splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            message = json.loads(line)
            if isinstance(message, dict):
                found.append(message)
    return found, start + len(whole) + len(newline)


def death(code: int | None, log: Path) -> HCCResponseError:
    """The error of a worker that has ended without an answer.

    Args:
        code: its exit status, negative for a signal; ``log``: what it wrote to standard error.
    """
    last = last_lines(log)
    if code == -getattr(signal, "SIGKILL", 9):
        # We kill only on cancel, which never gets here; on Linux a kill from outside is the system short of memory.
        return JobOutOfMemoryError(
            f"The job was killed by signal 9, as systems do when memory runs out. {last}".strip()
        )
    why = f"killed by signal {-code}" if code is not None and code < 0 else f"exit status {code}"
    return JobFailedError(f"The job ended without a result ({why}). {last}".strip())


def run_job(
    module: str,
    request: Request,
    report: Report = ignore_progress,
    cancelled: Callable[[], bool] = never,
    python: Path | None = None,
) -> dict[str, Any]:
    """Run a worker module and wait for its result; arguments as of :class:`Job` and :meth:`Job.wait`.

    Raises:
        JobCancelledError, JobOutOfMemoryError, JobFailedError: as it ended; see :meth:`Outcome.require`.
    """
    return Job(module, request, report, python).wait(cancelled).require()


def last_lines(log: Path) -> str:
    """The last lines that a job wrote to standard error, as one line."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return " | ".join([line.strip() for line in lines if line.strip()][-_LAST_LINES:])
