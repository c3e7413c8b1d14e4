"""Long work in a process of its own while the window stays alive: a timer reads its progress from a file.

No thread is used: the application's Python runs threads only while other Python code runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from HCCResponseLib.base.jobs import child_environment, kill_tree, last_lines


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class JobProgress:
    """What is shown while a job runs: stage in words, fraction from 0 to 1, seconds left where known."""

    stage: str = "Starting"
    fraction: float = 0.0
    seconds_left: float | None = None

    @property
    def words(self) -> str:
        """One line for the reader."""
        if self.seconds_left is None:
            return self.stage
        minutes, seconds = divmod(round(self.seconds_left), 60)
        left = f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
        return f"{self.stage} (about {left} left)"


class Job:
    """One worker module in a process; :meth:`poll` never waits."""

    def __init__(self, module: str, request: dict[str, Any], python: str | None = None) -> None:
        """Start ``python -m module request.json``; the module calls :func:`HCCResponseLib.base.jobs.serve`."""
        self._folder = tempfile.TemporaryDirectory(prefix="hcc-response-job-")
        folder = Path(self._folder.name)
        request_file = folder / "request.json"
        request_file.write_text(json.dumps(request, default=str), encoding="utf-8")
        self._output, self._errors = folder / "output.jsonl", folder / "errors.log"
        self._read = 0
        self._answer: dict[str, Any] | None = None
        self.state = JobState.RUNNING
        self.progress = JobProgress()
        self.error = ""
        self.result: dict[str, Any] = {}
        with self._output.open("w") as out, self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                [python or interpreter(), "-m", module, str(request_file)],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=errors,
                env=child_environment(),
                start_new_session=os.name == "posix",
            )

    def poll(self) -> JobState:
        """Look at the process; returns at once."""
        if self.state is not JobState.RUNNING:
            return self.state
        code = self._process.poll()
        self._take_lines()
        if code is not None:
            self._finish(code)
        return self.state

    def cancel(self) -> None:
        """End the process and everything it started. Decisions and finished time points are in the store and stay."""
        if self.state is JobState.RUNNING:
            self.state = JobState.CANCELLED
            kill_tree(self._process)
            self._folder.cleanup()

    def _take_lines(self) -> None:
        with self._output.open("rb") as stream:
            stream.seek(self._read)
            data = stream.read()
        whole, newline, _ = data.rpartition(b"\n")
        self._read += len(whole) + len(newline)
        for line in whole.decode("utf-8", "replace").splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                self._take(json.loads(line))

    def _take(self, message: Any) -> None:
        """Libraries may print too; what is not one of our objects is passed over."""
        if not isinstance(message, dict):
            return
        if "stage" in message:
            self.progress = JobProgress(message["stage"], message["fraction"], message.get("seconds_left"))
        elif "result" in message or "error" in message:
            self._answer = message

    def _finish(self, code: int) -> None:
        answer = self._answer or {}
        if code == 0 and "result" in answer:
            self.state, self.result = JobState.DONE, answer["result"]
        else:
            self.state = JobState.FAILED
            self.error = answer.get("error") or self._why(code)
        kill_tree(self._process)
        self._folder.cleanup()

    def _why(self, code: int) -> str:
        how = f"it was ended by signal {-code}" if code < 0 else f"exit status {code}"
        hint = " The computer may have run out of memory." if code == -9 else ""
        return f"The job died without a result ({how}).{hint} {last_lines(self._errors)}".strip()


class JobRunner:
    """Runs one job at a time and tells how it goes.

    Args:
        make_timer: gives an object with ``start(ms)``, ``stop()`` and calls ``tick`` regularly; the panel hands in a
            ``QTimer``, tests a fake.
    """

    INTERVAL_MS = 100

    def __init__(
        self, make_timer: Callable[[Callable[[], None]], Any], on_change: Callable[[Job], None]
    ) -> None:
        self._timer = make_timer(self._tick)
        self._on_change = on_change
        self.job: Job | None = None

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return self.job is not None and self.job.state is JobState.RUNNING

    def start(self, module: str, request: dict[str, Any]) -> None:
        """Start a job; the caller has made sure that none runs."""
        self.job = Job(module, request)
        self._on_change(self.job)
        self._timer.start(self.INTERVAL_MS)

    def cancel(self) -> None:
        """Cancel the running job, if there is one."""
        if self.job is not None and self.busy:
            self.job.cancel()
            self._timer.stop()
            self._on_change(self.job)

    def _tick(self) -> None:
        if self.job is None:
            self._timer.stop()
            return
        before = self.job.progress
        if self.job.poll() is not JobState.RUNNING:
            self._timer.stop()
            self._on_change(self.job)
        elif self.job.progress != before:
            self._on_change(self.job)


def interpreter() -> str:
    """Python that can run our modules: in the application its ``PythonSlicer``, else the one that runs this."""
    beside = Path(sys.executable).with_name("PythonSlicer")
    for found in (
        shutil.which("PythonSlicer"),
        shutil.which(str(beside)),
        shutil.which(str(beside) + ".exe"),
    ):
        if found:
            return found
    return sys.executable
