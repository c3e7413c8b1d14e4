"""How far a job is: one value for panel, command and every process in between."""

from collections.abc import Callable
from dataclasses import dataclass


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

    @property
    def words(self) -> str:
        """One line for the reader."""
        if self.seconds_left is None:
            return self.stage
        minutes, seconds = divmod(round(self.seconds_left), 60)
        left = f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
        return f"{self.stage} (about {left} left)"


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
