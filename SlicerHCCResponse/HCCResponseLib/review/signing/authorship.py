"""Whose decisions count: an author signs own decisions, not a colleague's."""

from collections.abc import Iterable, Sequence

from HCCResponseLib.base.errors import AccessError
from HCCResponseLib.review.people.person import Person
from HCCResponseLib.review.read.state import ReadState
from HCCResponseLib.review.store import Event

_JUDGED = {
    "non-target": "non-target disease",
    "answer": "the question",
    "site": "the site",
    "links": "the links",
}
_SOFTWARE = "software"


def require_author(
    person: Person, state: ReadState, events: Iterable[Event], names: Sequence[str], time_point: str
) -> None:
    """Refuse a signature of authorship where something that counts was decided by somebody else.

    What counts is the last word on every row, on non-target disease, sites, links and questions. A reader alone may
    have decided under the printed name.

    Args:
        names: the time points up to the one that is signed.

    Raises:
        AccessError: it names what was decided by whom.
    """
    own = {person.name, person.printed_name}
    foreign = [
        (f"{point} / {name}", row.decision.reader)
        for point in names
        for name, row in state.rows.get(point, {}).items()
        if row.decision is not None and row.decision.reader not in own
    ]
    last = {
        (e.action, e.payload.get("time_point"), e.payload.get("name")): e
        for e in events
        if e.action in _JUDGED
    }
    foreign += [
        (f"{_JUDGED[action]} at {point}", event.actor)
        for (action, point, _), event in last.items()
        if point in names and event.actor not in {*own, _SOFTWARE}
    ]
    if foreign:
        what, who = foreign[0]
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise AccessError(
            f"'{time_point}' cannot be signed by {person.printed_name} as its author: {what}{more} was decided by "
            f"'{who}'. Decide on it yourself first, or let '{who}' sign; a second person signs as review or approval."
        )
