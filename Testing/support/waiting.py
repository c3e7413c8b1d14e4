"""Waiting for a state instead of a time: a busy machine may take long, a fault shows as a state that never comes."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

PATIENCE_S = 240.0


def wait_until(
    condition: Callable[[], object], patience_s: float = PATIENCE_S, pause_s: float = 0.02
) -> None:
    """Return once the condition holds; fail where it still does not after far longer than any busy machine needs."""
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end, f"still not so after {patience_s:.0f} s"
        time.sleep(pause_s)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pids: Iterable[int]) -> None:
    """Processes that tests start for this sleep for ten minutes, so one that nobody ended is found out."""
    wanted = list(pids)
    wait_until(lambda: not any(alive(pid) for pid in wanted))


def pids_in(note: Path) -> list[int]:
    """The process ids that a note holds so far."""
    return [int(word) for word in note.read_text(encoding="utf-8").split()] if note.exists() else []
