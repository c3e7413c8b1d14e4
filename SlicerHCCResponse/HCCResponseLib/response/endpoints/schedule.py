"""Planned assessments: which were missed, and which comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from HCCResponseLib.base.errors import RuleError


@dataclass(frozen=True, slots=True)
class VisitSchedule:
    """Planned dates in time order.

    Raises:
        RuleError: dates out of order.
    """

    planned: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        for earlier, later in pairwise(self.planned):
            if later <= earlier:
                raise RuleError(f"Visit schedule out of order: {later} does not come after {earlier}.")

    def slot(self, when: date, window: int | None) -> date | None:
        """The planned date that an actual date belongs to: the nearest one, within ``window`` days if given."""
        if not self.planned:
            return None
        nearest = min(self.planned, key=lambda plan: (abs((plan - when).days), plan))
        return None if window is not None and abs((nearest - when).days) > window else nearest

    def missed(
        self, done: Sequence[date], last: date, until: date, own: date | None, window: int | None
    ) -> int:
        """Planned assessments between ``last`` and ``until`` that nobody made.

        Args:
            done: dates of adequate assessments.
            last: date of the last of them (or the start).
            until: date of the event.
            own: date of the event where it was itself found at an assessment.
            window: days around a planned date; None takes the nearest planned date.
        """
        made = {self.slot(when, window) for when in (*done, *([] if own is None else [own]))}
        return sum(1 for plan in self.planned if last < plan < until and plan not in made)

    def next_from(self, when: date, window: int | None) -> date | None:
        """The first planned date on or after ``when``; None when it was made at a planned date, or none follows."""
        if window is not None and self.slot(when, window) is not None:
            return None
        return next((plan for plan in self.planned if plan >= when), None)
