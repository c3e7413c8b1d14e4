"""The job of the panel: a timer looks at it, so that the window stays alive.

No thread is used: the application's Python runs threads only while other Python code runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.jobs import Ending, Job

if TYPE_CHECKING:
    from HCCResponseLib.base.jobs.request import Request


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
        self._then: Callable[[Mapping[str, Any]], None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return self.job is not None and self.job.outcome is None

    def start(
        self, module: str, request: Request, then: Callable[[Mapping[str, Any]], None] | None = None
    ) -> None:
        """Start a job.

        Args:
            then: called with the result of a job that was done, after it was told that it changed.

        Raises:
            InputError: one runs already.
        """
        if self.busy:
            raise InputError("A job runs already; wait for it or cancel it.")
        self.job, self._then = Job(module, request), then
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
        outcome = self.job.poll()
        if outcome is not None:
            self._timer.stop()
            self._on_change(self.job)
            if outcome.ending is Ending.DONE and self._then is not None:
                self._then(outcome.result or {})
        elif self.job.progress != before:
            self._on_change(self.job)
