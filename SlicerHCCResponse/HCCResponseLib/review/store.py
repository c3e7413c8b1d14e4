"""The read on disk: one append-only table of events in one SQLite file, each carrying the hash of the one before.

Nothing is ever changed or deleted: triggers refuse it. Every append is one transaction that is on the disk when it
returns (write-ahead log, full synchronisation), so a crash leaves the last completed decision readable.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from HCCResponseLib import __version__
from HCCResponseLib.errors import StorageError

FIRST_HASH = "0" * 64
_metadata = MetaData()
_events = Table(
    "events",
    _metadata,
    Column("sequence", Integer, primary_key=True),
    Column("utc", String(32), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("action", String(40), nullable=False),
    Column("payload", Text, nullable=False),
    Column("software", String(40), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
)
_blobs = Table(
    "blobs",
    _metadata,
    Column("sha256", String(64), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
_TRIGGERS = [
    f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
    f"BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"
    for table in ("events", "blobs")
    for verb in ("UPDATE", "DELETE")
]


@dataclass(frozen=True)
class Event:
    """One thing that happened in a read. ``payload`` is plain JSON."""

    sequence: int
    utc: str
    actor: str
    action: str
    payload: dict[str, Any]
    software: str
    previous: str
    hash: str


def event_hash(previous: str, utc: str, actor: str, action: str, payload: str, software: str) -> str:
    """SHA-256 over the hash before and every field of the event."""
    return hashlib.sha256(json.dumps([previous, utc, actor, action, payload, software]).encode()).hexdigest()


class ReadStore:
    """The store of one subject's read."""

    def __init__(self, path: Path) -> None:
        """Open the file, or create it with owner-only rights.

        Raises:
            StorageError: it cannot be opened, or is not such a store.
        """
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as problem:
            raise StorageError(f"The read '{self.path}' cannot be created: {problem}.") from problem
        self._engine = _engine(self.path)
        try:
            with self._engine.begin() as connection:
                _metadata.create_all(connection)
                for trigger in _TRIGGERS:
                    connection.execute(text(trigger))
        except SQLAlchemyError as problem:
            self._engine.dispose()
            raise self._error("opened", problem) from problem

    def close(self) -> None:
        """Let the file go."""
        self._engine.dispose()

    def append(self, actor: str, action: str, payload: dict[str, Any], blobs: Sequence[bytes] = ()) -> Event:
        """Write one event, with the contours it refers to, in one transaction.

        Raises:
            StorageError: disk full, file read-only or damaged; nothing of this event was written.
        """
        words = json.dumps(payload, sort_keys=True, default=str)
        utc = datetime.now(UTC).isoformat(timespec="milliseconds")
        try:
            with self._engine.begin() as connection:
                previous = connection.scalar(
                    select(_events.c.hash).order_by(_events.c.sequence.desc()).limit(1)
                )
                before = previous or FIRST_HASH
                software = f"hcc-response {__version__}"
                digest = event_hash(before, utc, actor, action, words, software)
                for data in blobs:
                    _keep(connection, data)
                row = {"utc": utc, "actor": actor, "action": action, "payload": words, "software": software}
                done = connection.execute(insert(_events).values(**row, previous=before, hash=digest))
                sequence = int(done.inserted_primary_key[0])  # type: ignore[index]
        except SQLAlchemyError as problem:
            raise self._error("written", problem) from problem
        return Event(sequence, utc, actor, action, json.loads(words), software, before, digest)

    def events(self) -> list[Event]:
        """All events in order. Raises ``StorageError`` for a damaged file."""
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(select(_events).order_by(_events.c.sequence)).all()
        except SQLAlchemyError as problem:
            raise self._error("read", problem) from problem
        return [
            Event(r.sequence, r.utc, r.actor, r.action, json.loads(r.payload), r.software, r.previous, r.hash)
            for r in rows
        ]

    def blob(self, sha256: str) -> bytes:
        """A stored contour by its hash. Raises ``StorageError`` when it is not there or damaged."""
        try:
            with self._engine.connect() as connection:
                data = connection.scalar(select(_blobs.c.data).where(_blobs.c.sha256 == sha256))
        except SQLAlchemyError as problem:
            raise self._error("read", problem) from problem
        if data is None or hashlib.sha256(data).hexdigest() != sha256:
            raise StorageError(f"Contour {sha256[:12]}... is missing from '{self.path}' or damaged.")
        return bytes(data)

    def verify(self) -> int | None:
        """Sequence number of the first event that does not fit the chain; ``None`` when all do."""
        previous = FIRST_HASH
        with self._engine.connect() as connection:
            for number, r in enumerate(
                connection.execute(select(_events).order_by(_events.c.sequence)), start=1
            ):
                expected = event_hash(previous, r.utc, r.actor, r.action, r.payload, r.software)
                if r.sequence != number or r.previous != previous or r.hash != expected:
                    return int(r.sequence)
                previous = r.hash
        return None

    def _error(self, what: str, problem: SQLAlchemyError) -> StorageError:
        reason = str(getattr(problem, "orig", problem))
        if "full" in reason:
            return StorageError(
                f"No room left on the disk for the read '{self.path}'. The last decision was not stored; "
                "all before it are safe. Free some space and repeat it."
            )
        if isinstance(problem, DatabaseError) and "not a database" in reason:
            return StorageError(f"'{self.path}' is not a read of this software (no SQLite file).")
        return StorageError(f"The read '{self.path}' cannot be {what}: {reason}.")


def blob_key(data: bytes) -> str:
    """The hash under which a contour is stored."""
    return hashlib.sha256(data).hexdigest()


def _keep(connection: Connection, data: bytes) -> None:
    key = blob_key(data)
    if not connection.scalar(select(func.count()).select_from(_blobs).where(_blobs.c.sha256 == key)):
        connection.execute(insert(_blobs).values(sha256=key, data=data))


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 20})

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _: Any) -> None:
        # SQLAlchemy opens the transaction itself, at once for writing, so that two writers queue.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
