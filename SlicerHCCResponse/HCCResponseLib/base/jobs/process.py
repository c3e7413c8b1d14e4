"""Processes of jobs: the interpreter, the environment, and ending a process with everything that it started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psutil

from HCCResponseLib.base.folders import HOME, data_folder

FOLLOWED = "HCC_RESPONSE_FOLLOWED"
# Waiting threads sleep instead of spinning, so that a busy machine (and Slicer's window) stays responsive; glibc keeps
# freed memory instead of handing it back after every layer, which saves a quarter of a training step on Linux.
ALLOCATION = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "KMP_BLOCKTIME": "0",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(1 << 33),
    "MALLOC_TOP_PAD_": str(1 << 28),
}
_FOREIGN = ("PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_START_WORKER = Path(__file__).with_name("start_worker.py")
_REAPED_S = 5.0


def start(module: str, folder: Path, python: Path | None) -> subprocess.Popen[bytes]:
    """Start a worker on ``request.json`` in a folder; what it writes goes to ``output.jsonl`` and ``job.log`` there.

    Its standard input is a pipe that nobody writes to: when this process ends, however it ends, the worker sees it
    close and ends too.

    Args:
        python: interpreter of another environment, which sees our package but none of our dependencies.

    Raises:
        OSError: there is no such interpreter, or no room.
    """
    foreign = python is not None
    words = [str(python), "-I", str(_START_WORKER)] if foreign else [interpreter(), "-m"]
    scratch = folder / "tmp"
    scratch.mkdir()
    with (folder / "output.jsonl").open("w") as output, (folder / "job.log").open("w") as errors:
        return subprocess.Popen(
            [*words, module, str(folder / "request.json")],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            env=child_environment(scratch, foreign),
            start_new_session=os.name == "posix",
        )


def interpreter() -> str:
    """Python that can run our modules: the one that runs this, or in an application the one that comes with it."""
    program = Path(sys.executable)
    if program.name.lower().startswith("python"):
        return sys.executable
    beside = program.with_name("PythonSlicer")
    candidates = (str(beside), str(beside) + ".exe", "PythonSlicer")
    return next(filter(None, map(shutil.which, candidates)), sys.executable)


def child_environment(scratch: Path, foreign: bool = False) -> dict[str, str]:
    """Environment in which a worker finds this library.

    Args:
        scratch: where the worker and all that it starts put temporary files, so that none outlives the job.
        foreign: the worker runs in an environment of its own.
    """
    common = {**ALLOCATION, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", FOLLOWED: "1"}
    common |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
    if foreign:
        # Slicer points the loader and Python at its own libraries; another interpreter must not see them.
        kept = {k: v for k, v in os.environ.items() if k not in _FOREIGN}
        return kept | common | {HOME: str(data_folder())}
    library = str(Path(__file__).resolve().parents[3])
    known = os.environ.get("PYTHONPATH")
    return {**os.environ, **common, "PYTHONPATH": library + (os.pathsep + known if known else "")}


class Tree:
    """A process and everything that it starts."""

    def __init__(self, process: subprocess.Popen[Any]) -> None:
        import psutil

        self._process = process
        # Bound to the time at which it started, so that no other process of the same number is ever meant.
        self._known: psutil.Process | None = None
        with contextlib.suppress(psutil.Error):
            self._known = psutil.Process(process.pid)

    @property
    def over(self) -> bool:
        """Whether the process has ended; it is not collected by asking, so that its group keeps its number."""
        if os.name != "posix" or self._known is None:
            return self._process.poll() is not None
        import psutil

        try:
            return bool(self._known.status() == psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return True

    def end(self) -> int | None:
        """Kill what still runs of the tree, then collect the process: its exit status, negative for a signal.

        The group is signalled before its leader is collected: afterwards the number may be another group's.
        """
        import psutil

        below = self._below()
        if self._process.returncode is None:
            if os.name == "posix":
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        for one in below:
            with contextlib.suppress(psutil.Error):
                one.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_REAPED_S)
        if self._process.stdin is not None:
            self._process.stdin.close()
        return self._process.returncode

    def _below(self) -> list[psutil.Process]:
        """What the process has started, and what that has started, in groups of their own too."""
        import psutil

        if self._known is None:
            return []
        with contextlib.suppress(psutil.Error):
            return list(self._known.children(recursive=True))
        return []
