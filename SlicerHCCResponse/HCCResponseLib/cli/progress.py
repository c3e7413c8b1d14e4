"""How far a long job is: a bar in a terminal, one plain line per step where there is none (a file, a pipe)."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from HCCResponseLib.cli.common import console

if TYPE_CHECKING:
    from rich.progress import Progress

    from HCCResponseLib.base.jobs import Report

#: A step that takes longer says so again.
_AGAIN_S = 60.0
_COUNTED = re.compile(r",? (step \d+ of \d+|loss [\d.]+)")


class StepLines:
    """Plain lines in place of a bar: each step once, and again where it takes long."""

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        """Args:
        tell: writes one line.
        clock: in seconds.
        """
        self._tell, self._clock = tell, clock
        self._began = self._told = clock()
        self._step = ""

    def show(self, stage: str, fraction: float | None = None) -> None:
        """Take in how far it is; most calls write nothing.

        Args:
            fraction: of the whole, 0 to 1, where known.
        """
        step, now = _COUNTED.sub("", stage), self._clock()
        if step == self._step and now - self._told < _AGAIN_S:
            return
        minutes, seconds = divmod(int(now - self._began), 60)
        done = "" if fraction is None else f"{fraction:4.0%}  "
        self._tell(f"{minutes:3d}:{seconds:02d}  {done}{stage if step == self._step else step}")
        self._step, self._told = step, now


def _line(words: str) -> None:
    console.print(words, soft_wrap=True, markup=False)


@contextmanager
def progress_bar() -> Iterator["Progress"]:
    """A bar with stage, share, elapsed and remaining time, or plain lines, on standard error."""
    from HCCResponseLib.cli.bars import bar_of, line_bar_of

    with bar_of(console.real) if console.is_terminal else line_bar_of(StepLines(_line)) as bar:
        yield bar


@contextmanager
def job_progress(words: str) -> Iterator["Report"]:
    """Progress as what a job reports to; ``words`` stand there until it names its first stage."""
    if not console.is_terminal:
        lines = StepLines(_line)
        lines.show(words, 0.0)
        yield lambda p: lines.show(p.stage, p.fraction)
        return
    with progress_bar() as bar:
        task = bar.add_task(words, total=1.0)
        yield lambda p: bar.update(task, completed=p.fraction, description=p.stage[:44])
