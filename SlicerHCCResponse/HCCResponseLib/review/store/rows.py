"""The row of the next event: its place in both chains, its time, the contours that it brings."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from HCCResponseLib import __version__
from HCCResponseLib.base.errors import ConflictError, InputError
from HCCResponseLib.review.store.chain import FIRST_HASH, FORMAT, blob_key, check_text
from HCCResponseLib.review.store.schema import blobs, events


def last(connection: Connection, read_id: str | None) -> tuple[int, str]:
    """Number and hash of the last event of a read, or of the store."""
    query = select(events.c.position, events.c.hash).order_by(events.c.position.desc())
    if read_id is not None:
        query = select(events.c.sequence, events.c.hash).where(events.c.read_id == read_id)
        query = query.order_by(events.c.sequence.desc())
    row = connection.execute(query.limit(1)).first()
    return (0, FIRST_HASH) if row is None else (row[0], row[1])


def checked_id(read_id: str) -> str:
    """The id of a read. Raises ``InputError`` for one that is empty or too long."""
    if not check_text("read's id", read_id).strip() or len(read_id) > 200:
        raise InputError(f"'{read_id[:40]}' is not an id of a read: 1 to 200 characters.")
    return read_id


def next_row(ends: tuple[int, str, int, str], read_id: str, expected_previous: str | None) -> dict[str, Any]:
    """The place of the next event: numbers, links, time, software."""
    position, previous_in_store, sequence, previous = ends
    if expected_previous not in (None, previous):
        raise ConflictError(
            f"Read '{read_id}' was written by somebody else meanwhile; look at it again and repeat."
        )
    return {
        "format": FORMAT,
        "position": position + 1,
        "read_id": read_id,
        "sequence": sequence + 1,
        "previous": previous,
        "previous_in_store": previous_in_store,
        "utc": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "software": f"hcc-response {__version__}",
    }


def local_time(utc: str) -> str:
    """The same moment by this computer's clock with its offset from UTC (ICH E6(R3), 4.2.2)."""
    return datetime.fromisoformat(utc).astimezone().isoformat(timespec="seconds")


def keep(connection: Connection, data: bytes) -> str:
    """Store a contour once; its key."""
    key = blob_key(data)
    if connection.scalar(select(blobs.c.sha256).where(blobs.c.sha256 == key)) is None:
        connection.execute(insert(blobs).values(sha256=key, data=data))
    return key
