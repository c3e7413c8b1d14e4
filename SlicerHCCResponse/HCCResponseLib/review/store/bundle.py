"""A copy of a whole store for somebody else to check: one SQLite file, all events with their hashes, no passwords."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.review.store.schema import events
from HCCResponseLib.review.store.store import Store

_COLUMNS = [column.name for column in events.columns]
#: What stands in place of a password's hash, which an earlier version kept in the event itself.
LEFT_OUT = "left out"


def write_bundle(store: Store, accounts: Store | None, secret: Collection[str], path: Path) -> int:
    """Copy all events and contours; returns how many events of the store.

    The tables are ``events``, ``blobs`` and ``accounts``, the log of the accounts of a store that has none of its own.

    Args:
        accounts: where the accounts are, when not in the store.
        secret: actions whose blobs hold locked keys and hashes of passwords; these stay behind.

    Raises:
        StorageError: the file cannot be written.
    """
    count = 0

    def write(target: Path) -> None:
        nonlocal count
        with closing(sqlite3.connect(target)) as connection, connection:
            connection.execute("CREATE TABLE blobs (sha256 TEXT PRIMARY KEY, data BLOB NOT NULL)")
            count = _copy(connection, "events", store, secret)
            _copy(connection, "accounts", accounts, secret)

    write_atomically(path, write)
    return count


def _copy(connection: sqlite3.Connection, table: str, store: Store | None, secret: Collection[str]) -> int:
    columns = ", ".join(f'"{name}"' for name in _COLUMNS)
    connection.execute(f"CREATE TABLE {table} ({columns})")
    rows = _open_rows(store, secret) if store else iter(())
    marks = ", ".join("?" for _ in _COLUMNS)
    count, wanted = 0, dict[str, None]()
    for row in rows:
        connection.execute(
            f"INSERT INTO {table} ({columns}) VALUES ({marks})", [row[name] for name in _COLUMNS]
        )
        wanted |= dict.fromkeys([] if row["action"] in secret else row["contours"].split())
        count += 1
    for key in wanted:
        for data in store.blobs([key]).values() if store else ():
            connection.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?)", (key, data))
    return count


def _open_rows(store: Store, secret: Collection[str]) -> Iterator[Mapping[str, Any]]:
    """Rows as they are stored, without the hashes of passwords that events of earlier versions hold."""
    for row in store.rows():
        if row["action"] in secret and "hash" in (said := json.loads(row["payload"])):
            yield {**row, "payload": json.dumps({**said, "hash": LEFT_OUT}, sort_keys=True)}
        else:
            yield row
