"""The table of standings: one row a read with the few facts of its events that tell how far it is.

It is a copy of facts and never the truth: rows say up to which event they go, what came later is taken from the log
whenever somebody looks, ``verify`` compares all of it with the log, and it can be made anew from the log at any time.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, text

from HCCResponseLib.review.store.chain import STORE_LOG
from HCCResponseLib.review.store.schema import events, standings

#: What changes how far a read is, with the parts of the payload that say how.
_FACTS: dict[str, tuple[str, ...]] = {
    "assigned": ("order",),
    "study": (),
    "signed": ("time_point", "meaning"),
    "amended": ("time_point", "later"),
    "closed": (),
    "adjudicated": (),
}
#: What the store's own log says of an assignment.
_ASSIGNMENT = ("subject", "reader", "stream", "kind", "repeats")
#: So many events are looked through for one that the table does not hold yet; more are left to the next look.
_NEAR = 10_000
_COLUMNS = [column.name for column in standings.columns]
_PUT = text(
    f"INSERT INTO standings ({', '.join(_COLUMNS)}) VALUES ({', '.join(':' + name for name in _COLUMNS)}) "
    "ON CONFLICT (read_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "read_id")
)
_MAY = text(
    "SELECT has_table_privilege(found, 'SELECT'), "
    "has_table_privilege(found, 'INSERT') AND has_table_privilege(found, 'UPDATE') "
    "FROM (SELECT to_regclass('standings')::oid AS found) AS it"
)


class Standing(NamedTuple):
    """The facts of one read.

    Attributes:
        read_id: which read.
        position: of the last event that is in it.
        given: position of its assignment in the store's own log; 0 for a read that nobody assigned.
        reader: to whom; empty for a read that nobody assigned.
        assignment: subject, reader, stream, kind, repeats as a JSON list; empty for a read that nobody assigned.
        life: one line of JSON for each event that changed how far it is: action and details.
    """

    read_id: str
    position: int = 0
    given: int = 0
    reader: str = ""
    assignment: str = ""
    life: str = ""


def rights(connection: Connection) -> tuple[bool, bool]:
    """Whether this login may read the table and may write it; a store may be without one (archived, no rights)."""
    if connection.dialect.name == "sqlite":
        there = connection.scalar(text("SELECT count(*) FROM sqlite_master WHERE name = 'standings'")) == 1
        return there, there
    may_read, may_write = connection.execute(_MAY).one()
    return bool(may_read), bool(may_read and may_write)


def last_taken_in(connection: Connection) -> int:
    """Position of the last event that the table holds; 0 where it is empty."""
    return connection.scalar(select(func.max(standings.c.position))) or 0


def held(
    connection: Connection, reader: str | None = None, read_id: str | None = None
) -> dict[str, Standing]:
    """Rows of the table by read, all or those of one reader or read."""
    query = select(standings)
    if reader is not None:
        query = query.where(standings.c.reader == reader)
    if read_id is not None:
        query = query.where(standings.c.read_id == read_id)
    return {row.read_id: Standing._make(row) for row in connection.execute(query)}


def later_rows(connection: Connection, position: int, until: int | None = None) -> Iterator[dict[str, Any]]:
    """Events after a position that tell how far a read is, as they are stored, in order."""
    query = select(events).where(events.c.position > position, _telling())
    if until is not None:
        query = query.where(events.c.position <= until)
    ordered = query.order_by(events.c.position).execution_options(yield_per=5000)
    for row in connection.execute(ordered).mappings():
        yield dict(row)


def _telling() -> ColumnElement[bool]:
    # "|| ''" keeps the database from going through an index of all such events for the few after a position.
    return and_(
        (events.c.action + "").in_(list(_FACTS)),
        or_(events.c.read_id != STORE_LOG, events.c.action == "assigned"),
    )


def taken_in(known: dict[str, Standing], rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """Put events into the rows that they belong to; returns the reads whose rows have changed.

    Raises:
        ValueError: an event is not as this software writes it.
    """
    changed = set()
    for row in rows:
        of_store = row["read_id"] == STORE_LOG
        try:
            payload = json.loads(row["payload"])
            read_id = str(payload["read_id"] if of_store else row["read_id"])
            before = known.get(read_id, Standing(read_id))
            after = _given(before, row, payload) if of_store else _lived(before, row, payload)
        except (KeyError, TypeError) as problem:
            raise ValueError(f"it is not as this software writes it ({problem!r})") from problem
        if after != before:
            known[read_id] = after
            changed.add(read_id)
    return changed


def _given(before: Standing, row: Mapping[str, Any], payload: dict[str, Any]) -> Standing:
    if before.given:
        return before
    words = json.dumps([payload[name] for name in _ASSIGNMENT])
    place = max(before.position, row["position"])
    reader = str(payload["reader"])
    return before._replace(position=place, given=row["position"], reader=reader, assignment=words)


def _lived(before: Standing, row: Mapping[str, Any], payload: dict[str, Any]) -> Standing:
    # An assignment in the store's log stands before its read's own events, which therefore come later than it.
    if row["position"] <= before.position:
        return before
    details = [payload[name] for name in _FACTS[row["action"]]]
    if row["action"] == "study":
        details = [[point["name"] for point in payload["study"]["timepoints"]]]
    line = json.dumps([row["action"], *details])
    return before._replace(position=row["position"], life=f"{before.life}{line}\n")


def follow(connection: Connection, row: Mapping[str, Any]) -> None:
    """Take in the event that was just appended, unless one before it is not taken in yet.

    That one, and one that is not as this software writes it, are left to the next look at all reads.
    """
    if row["action"] not in _FACTS or (row["read_id"] == STORE_LOG and row["action"] != "assigned"):
        return
    last = last_taken_in(connection)
    if row["position"] - last > _NEAR or not _is_next(connection, last, row["position"]):
        return
    read_id = row["read_id"]
    try:
        if read_id == STORE_LOG:
            read_id = str(json.loads(row["payload"])["read_id"])
        known = held(connection, read_id=read_id)
        changed = taken_in(known, [row])
    except (KeyError, TypeError, ValueError):
        return
    put(connection, [known[name] for name in changed])


def _is_next(connection: Connection, last: int, position: int) -> bool:
    """Whether this login sees every event between two positions, and none of them is for the table."""
    between = [events.c.position > last, events.c.position < position]
    missed = select(events.c.position).where(*between, _telling()).limit(1)
    if connection.scalar(missed) is not None:
        return False
    return connection.scalar(select(func.count()).where(*between)) == position - last - 1


def sees_all(connection: Connection, last: int, position: int) -> bool:
    """Whether this login sees every event from one position to another, so that its look may stand for all."""
    between = select(func.count()).where(events.c.position > last, events.c.position <= position)
    return connection.scalar(between) == position - last


def put(connection: Connection, rows: Iterable[Standing]) -> None:
    """Write rows in the place of those that are there."""
    values = [row._asdict() for row in rows]
    if values:
        connection.execute(_PUT, values)


def emptied(connection: Connection) -> None:
    """Take all rows out, to make them anew."""
    connection.execute(delete(standings))


def difference(connection: Connection) -> str:
    """What the table says otherwise than the log up to the same event; empty when nothing."""
    last, said, known = last_taken_in(connection), held(connection), dict[str, Standing]()
    for row in later_rows(connection, 0, last):
        try:
            taken_in(known, [row])
        except ValueError:  # never taken in; the check of the signatures names it
            continue
    for read_id in sorted(said.keys() | known.keys()):
        if said.get(read_id) != known.get(read_id):
            return f"the table of standings says other than the log of read '{read_id}'"
    return ""
