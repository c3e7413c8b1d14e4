"""The rows of a read in the order in which they are read, and which of them wait for the reader's decision."""

from collections.abc import Sequence
from dataclasses import dataclass

from HCCResponseLib.review.read.state import ReadState, Row, RowStatus

Place = tuple[str, str]
"""Time point and name of a lesion or candidate."""


@dataclass(frozen=True)
class Worklist:
    """Every row by visit, lesions before candidates; ``waiting`` are those without a decision."""

    rows: tuple[Place, ...]
    waiting: tuple[Place, ...]

    @property
    def words(self) -> str:
        """How far the reader is."""
        if not self.rows:
            return "No rows yet"
        return f"{len(self.rows) - len(self.waiting)} of {len(self.rows)} decided"

    def beside(self, selected: Place | None, back: bool = False) -> Place | None:
        """The next row that waits after a selected one, or the one before it; beyond the end it begins anew.

        A selected cell without a row (no proposal there) counts as the begin of its visit.
        """
        order = self.rows[::-1] if back else self.rows
        if selected in order:
            start = order.index(selected) + 1
        else:
            point = selected[0] if selected else None
            start = next((n for n, place in enumerate(order) if place[0] == point), 0)
        waiting = set(self.waiting)
        return next((place for place in (*order[start:], *order[:start]) if place in waiting), None)


def worklist_of(state: ReadState, points: Sequence[str], drafts: frozenset[Place]) -> Worklist:
    """The worklist of the time points that may be seen.

    Args:
        drafts: rows with an unfinished contour, which are no decision yet.
    """
    rows = [
        ((point, name), row)
        for point in points
        for candidates in (False, True)
        for name, row in state.rows.get(point, {}).items()
        if row.is_candidate is candidates
    ]
    waiting = tuple(place for place, row in rows if place in drafts or _waits(row))
    return Worklist(tuple(place for place, _ in rows), waiting)


def _waits(row: Row) -> bool:
    """Undecided, or a candidate that was contoured and is called neither new nor equivocal yet."""
    return row.status is RowStatus.PROPOSED or (row.is_candidate and row.status is RowStatus.EDITED)
