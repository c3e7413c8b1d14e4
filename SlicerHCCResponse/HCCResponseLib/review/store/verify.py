"""Going along the chain: the first event that does not fit."""

import json
from collections.abc import Collection, Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ARRAY, Connection, Text, any_, literal, select

from HCCResponseLib.review.store.chain import (
    FIRST_HASH,
    STORE_LOG,
    blob_key,
    contour_keys,
    row_fault,
)
from HCCResponseLib.review.store.schema import blobs, events


@dataclass(frozen=True)
class Finding:
    """What a check of the chain says.

    Attributes:
        events: how many were checked and fit.
        head: hash of the last of them; noting it down elsewhere is what makes a cut at the end visible.
        read_id, sequence: the first event that does not fit; ``None`` when all do.
        reason: why it does not, for a reader; empty when all do.
        unseen: events that were not looked at, because the database's login may not see them.
        unseen_keys: locked keys of other accounts that were not looked at, for the same reason.
    """

    events: int
    head: str
    read_id: str | None = None
    sequence: int | None = None
    reason: str = ""
    unseen: int = 0
    unseen_keys: int = 0

    @property
    def good(self) -> bool:
        """Whether everything fits."""
        return not self.reason


@dataclass(frozen=True)
class Hidden:
    """What a login of the database may not see.

    Attributes:
        login: its name; the locked keys of all other accounts are hidden.
        reads: of which it sees events; ``None`` where no event is hidden.
        position: number of the last event of the store.
    """

    login: str
    reads: tuple[str, ...] | None
    position: int


def check_chain(
    connection: Connection,
    read_id: str | None,
    expected_head: str | None = None,
    hidden: Hidden | None = None,
) -> Finding:
    """Check one read, or with ``None`` the whole store, with the contours that the events refer to.

    Args:
        expected_head: a hash noted down before; it must still be in the chain.
        hidden: what this login may not see, so that it is not missed.
    """
    contours = _Contours(connection, hidden)
    among = hidden.reads if hidden else None
    with closing(stored_rows(connection, read_id, among)) as rows:
        found = _check_rows(rows, contours, read_id, expected_head, hidden)
    unseen = hidden.position - found.events if hidden and among is not None and read_id is None else 0
    return replace(found, unseen=max(0, unseen) if found.good else 0, unseen_keys=contours.unseen)


def _check_rows(
    rows: Iterable[Mapping[str, Any]],
    contours: "_Contours",
    read_id: str | None,
    expected_head: str | None,
    hidden: Hidden | None,
) -> Finding:
    tails: dict[str, tuple[int, str]] = {}
    count, head, expected_seen = 0, FIRST_HASH, expected_head in (None, FIRST_HASH)
    place, gaps = 0, hidden is not None and hidden.reads is not None
    for row in rows:
        number, previous = tails.get(row["read_id"], (0, FIRST_HASH))
        fault = row_fault(row, number + 1, previous)
        if fault is None and read_id is None:
            fault = _fault_in_store(row, place + 1, head, gaps)
        fault = fault or contours.fault(row)
        if fault is not None:
            stored = row["sequence"]
            sequence = stored if isinstance(stored, int) else number + 1
            return Finding(count, head, str(row["read_id"]), sequence, fault)
        count, place, head = count + 1, row["position"], row["hash"]
        tails[row["read_id"]] = (number + 1, head)
        expected_seen = expected_seen or head == expected_head
    if not expected_seen:
        where = "among the events that this login may see; a manager or an auditor can look for it"
        reason = f"the noted hash {expected_head} is not {where if gaps else 'in the chain'}"
        return Finding(count, head, read_id, None, reason)
    return Finding(count, head)


def _fault_in_store(row: Mapping[str, Any], position: int, previous: str, gaps: bool) -> str | None:
    """What does not fit the event before it in the store; with ``gaps`` events between them may be hidden."""
    if gaps and row["position"] > position:
        return None
    if row["position"] != position:
        return f"number {position} of the store is missing"
    if row["previous_in_store"] != previous:
        return "it does not follow the event before it in the store"
    return None


def stored_rows(
    connection: Connection, read_id: str | None, among: Collection[str] | None = None
) -> Generator[Mapping[str, Any]]:
    """Events of a read, or with ``None`` of the whole store or of the reads ``among`` it, as they are stored."""
    query = select(events)
    if read_id is None:
        # Named, because a server that has to ask for each event whether it may be seen takes minutes.
        query = (
            query
            if among is None
            else query.where(events.c.read_id == any_(literal(list(among), ARRAY(Text))))
        )
        query = query.order_by(events.c.position)
    else:
        query = query.where(events.c.read_id == read_id).order_by(events.c.sequence)
    # A server sends the rows as they are asked for; the check may stop at any of them.
    with connection.execution_options(yield_per=500).execute(query) as result:
        for row in result.mappings():
            yield dict(row)


class _Contours:
    """Whether stored contours are there and whole, each read once.

    Attributes:
        unseen: how many were not looked at because they are hidden from this login.
    """

    def __init__(self, connection: Connection, hidden: Hidden | None) -> None:
        self.unseen = 0
        self._connection = connection
        self._hidden = hidden
        self._known: dict[str, bool] = {}

    def fault(self, row: Mapping[str, Any]) -> str | None:
        """What is wrong with a contour of this event."""
        for key in contour_keys(row):
            if self._is_hidden(row):
                self.unseen += 1
                continue
            if key not in self._known:
                data = self._connection.scalar(select(blobs.c.data).where(blobs.c.sha256 == key))
                self._known[key] = isinstance(data, bytes) and blob_key(data) == key
            if not self._known[key]:
                return f"its contour {key[:12]}... is missing or was changed"
        return None

    def _is_hidden(self, row: Mapping[str, Any]) -> bool:
        """What the log of a store holds are the locked keys of accounts; each is for its owner alone."""
        if self._hidden is None or row["read_id"] != STORE_LOG:
            return False
        return bool(json.loads(row["payload"]).get("name") != self._hidden.login)
