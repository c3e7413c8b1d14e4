"""One word for many rows of a decisions file: the rows that it names itself keep their own."""

from collections.abc import Iterable, Iterator
from typing import Protocol, Self, TypeVar

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.review.read.records import CANDIDATE_ACTIONS, LESION_ACTIONS, Action
from HCCResponseLib.review.read.state import ReadState, Row

#: Stands for every row, or every time point, that is not named.
EVERY = "*"


class Entry(Protocol):
    """One decision of a file."""

    @property
    def time_point(self) -> str:
        """Its time point, or ``*``."""
        ...

    @property
    def name(self) -> str:
        """Its row, or ``*``."""
        ...

    @property
    def action(self) -> Action:
        """What is said of it."""
        ...

    def model_copy(self, *, update: dict[str, object]) -> Self:
        """The same with other values."""
        ...


E = TypeVar("E", bound=Entry)


def spread(entries: Iterable[E], state: ReadState, skip: frozenset[str]) -> list[E]:
    """The entries with those for ``*`` spread over the rows that are undecided and that no other entry names.

    An action goes to the rows that it can answer: ``accept`` to lesions, ``new``, ``equivocal`` and ``dismiss`` to
    candidates. A lesion that is proposed as disappeared, and whatever was proposed on a scan that the network was not
    made for, has to be named to be accepted or called new: it wants a look.

    Args:
        skip: time points that are left for later or were done before.

    Raises:
        InputError: a time point that the read does not have.
    """
    given = list(entries)
    named = {(e.time_point, e.name) for e in given}
    spread_out = [e for e in given if EVERY not in (e.name, e.time_point) and e.time_point not in skip]
    for entry in given:
        if EVERY in (entry.name, entry.time_point):
            _require_point(entry, state)
            for point, name in _rows_of(entry, state):
                if point not in skip and (point, name) not in named:
                    named.add((point, name))
                    spread_out.append(entry.model_copy(update={"time_point": point, "name": name}))
    return spread_out


def _require_point(entry: Entry, state: ReadState) -> None:
    points = [p.name for p in state.study.timepoints] if state.study else list(state.rows)
    if entry.time_point not in (EVERY, *points):
        raise InputError(
            f"There is no time point '{entry.time_point}' in this read; it has {', '.join(points)}."
        )


def _rows_of(entry: Entry, state: ReadState) -> Iterator[tuple[str, str]]:
    for point, rows in state.rows.items():
        for name, row in rows.items():
            meant = entry.time_point in (EVERY, point) and entry.name in (EVERY, name)
            if meant and row.decision is None and _can_answer(entry.action, row):
                yield point, name


def _can_answer(action: Action, row: Row) -> bool:
    if action in (Action.ACCEPT, Action.NEW) and row.proposal.needs_a_look:
        return False
    return action in (CANDIDATE_ACTIONS if row.is_candidate else LESION_ACTIONS)
