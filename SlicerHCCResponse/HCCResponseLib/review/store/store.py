"""A store: all reads of a study or a committee, and the one lock under which events are appended."""

import json
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, text

from HCCResponseLib.base.errors import StorageError
from HCCResponseLib.review.store import standings as table
from HCCResponseLib.review.store.chain import (
    FIRST_HASH,
    FORMAT,
    LOCAL,
    Event,
    blob_key,
    check_text,
    row_fault,
    row_hash,
    to_event,
)
from HCCResponseLib.review.store.engine import errors_of, reading, server_engine, sqlite_engine, writing
from HCCResponseLib.review.store.rights import Login, ends, ensure_rights, login_of, logins, reads_seen
from HCCResponseLib.review.store.rights import append as append_by_right
from HCCResponseLib.review.store.rows import checked_id, keep, last, local_time, next_row
from HCCResponseLib.review.store.schema import blobs, events
from HCCResponseLib.review.store.seal import Signer, sealed_payload
from HCCResponseLib.review.store.standings import Standing
from HCCResponseLib.review.store.upgrade import ensure_schema
from HCCResponseLib.review.store.verify import Finding, Hidden, check_chain, stored_rows

#: Contours asked for in one query.
_AT_ONCE = 500
_READ_IDS = text(
    "WITH RECURSIVE found(id) AS (SELECT min(read_id) FROM events UNION ALL "
    "SELECT (SELECT min(read_id) FROM events WHERE read_id > found.id) FROM found WHERE found.id IS NOT NULL) "
    "SELECT id FROM found WHERE id IS NOT NULL"
)


class Store:
    """All reads in one database. Threads may share it; each has its own transaction.

    Attributes:
        name: what messages call it.
        path: the file; ``None`` for a server.
        login: on a server, who we are there when we do not own the database: what is hidden from this login is not
            found by anything here.
    """

    def __init__(
        self,
        engine: Engine,
        name: str,
        path: Path | None,
        login: Login | None = None,
        has_logins: bool = False,
    ) -> None:
        """Made by :func:`open_store`. ``has_logins``: whether the database notes the login of each event."""
        self.name = name
        self.path = path
        self.login = login
        self._has_logins = has_logins
        self._engine = engine
        self._local = threading.local()
        self._rights: tuple[bool, bool] | None = None

    def close(self) -> None:
        """Let the database go."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the only right to append: what is read inside is the last word, what is appended comes right after.

        Everything that this thread does with the store inside takes part. An error takes all of it back. Inside
        another transaction it is part of that one, and an error that is caught there takes back this part alone.

        Raises:
            StorageError: it could not be stored; nothing of it was.
        """
        assert self._reader() is None, "what is read in one moment would not see what is written in it"
        outer = self._current()
        if outer is not None:
            with errors_of(self.name, "written"), outer.begin_nested():
                yield
            return
        with errors_of(self.name, "written"), writing(self._engine) as connection:
            self._local.connection = connection
            try:
                yield
            finally:
                self._local.connection = None

    @property
    def writing(self) -> bool:
        """Whether this thread is inside a transaction, so that what it reads may still be taken back."""
        return self._current() is not None

    def _current(self) -> Connection | None:
        return getattr(self._local, "connection", None)

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """Let everything that this thread reads inside be as it is now, whatever others append meanwhile.

        And one way to a server and back for each question, not five. Nothing is appended inside.
        """
        with self._reading() as connection:
            outer = self._reader()
            self._local.reader = connection
            try:
                yield
            finally:
                self._local.reader = outer

    def _reader(self) -> Connection | None:
        return getattr(self._local, "reader", None)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        current = self._current() or self._reader()
        with errors_of(self.name, "read"):
            if current is not None:
                yield current
            else:
                with reading(self._engine) as connection:
                    yield connection

    def append(
        self,
        read_id: str,
        words: Mapping[str, str],
        payload: Mapping[str, Any],
        contours: Sequence[bytes],
        expected_previous: str | None,
        signer: Signer | None = None,
    ) -> Event:
        """Write one event at the end of a read; arguments and errors as of :meth:`ReadStore.append`.

        Args:
            words: actor, action, role, item, old, new, reason and profile of the event.
            signer: key of the person who signs the event, all of it.
        """
        with self.transaction():
            connection = self._current()
            assert connection is not None
            row = next_row(self._ends(connection, checked_id(read_id)), read_id, expected_previous)
            row |= {name: check_text(name, str(text)) for name, text in words.items()}
            row["contours"] = " ".join(map(blob_key, contours))
            payload = {**payload, LOCAL: local_time(row["utc"])}
            plain = json.dumps(payload, sort_keys=True, default=str)
            row["payload"] = plain if signer is None else sealed_payload(row, payload, signer)
            row["hash"] = row_hash(row)
            if self.login is not None:
                append_by_right(connection, row, contours)
            else:
                for data in contours:
                    keep(connection, data)
                connection.execute(insert(events), row)
            if self._standings_rights(connection)[1]:
                table.follow(connection, row)
            return to_event(row)

    def _ends(self, connection: Connection, read_id: str) -> tuple[int, str, int, str]:
        """Number and hash of the last event of the store, then of a read."""
        if self.login is not None:
            return ends(connection, read_id)
        return (*last(connection, None), *last(connection, read_id))

    def events(self, read_id: str, after: int = 0) -> list[Event]:
        """The events of a read in order, those after number ``after``, checked along the chain.

        Raises:
            StorageError: the file is damaged, or an event does not fit the chain.
        """
        query = select(events).where(events.c.read_id == read_id, events.c.sequence >= max(after, 1))
        with self._reading() as connection:
            rows = [dict(r) for r in connection.execute(query.order_by(events.c.sequence)).mappings()]
        before = rows.pop(0) if after and rows and rows[0]["sequence"] == after else None
        previous = before["hash"] if before else FIRST_HASH
        for number, row in enumerate(rows, start=after + 1 if before else 1):
            fault = row_fault(row, number, previous)
            if fault is not None:
                raise self._not_as_written(row, fault)
            previous = row["hash"]
        return [to_event(row) for row in rows]

    def head(self, read_id: str | None = None) -> str:
        """Hash of the last event of a read, or of the store; ``FIRST_HASH`` where there is none."""
        with self._reading() as connection:
            if read_id is None and self.login is not None:
                return ends(connection, None)[1]
            return last(connection, read_id)[1]

    def reads(self) -> list[str]:
        """The ids of all reads that have events, sorted."""
        with self._reading() as connection:
            if self.login is not None and not self.login.sees_all:
                return sorted(reads_seen(connection))
            return sorted(connection.scalars(_READ_IDS))

    def blobs(self, keys: Iterable[str]) -> dict[str, bytes]:
        """Stored contours by their hashes; those that are missing or damaged are left out."""
        wanted = sorted(set(keys))
        found: dict[str, bytes] = {}
        with self._reading() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                query = select(blobs).where(blobs.c.sha256.in_(wanted[start : start + _AT_ONCE]))
                found.update((row.sha256, row.data) for row in connection.execute(query))
        return {k: data for k, data in found.items() if isinstance(data, bytes) and blob_key(data) == k}

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """Every event as it is stored, unchecked, in the order of the store."""
        with self._reading() as connection, closing(stored_rows(connection, None)) as rows:
            yield from rows

    def last_sequence(self, read_id: str) -> int:
        """Number of the last event of a read; 0 where there is none."""
        with self._reading() as connection:
            return last(connection, read_id)[0]

    def some_events(
        self,
        read_id: str,
        actions: Collection[str],
        until: int | None = None,
        *,
        actors: Collection[str] | None = None,
        items: Collection[str] | None = None,
    ) -> list[Event]:
        """The events of some kinds, in order, without reading the others of a long log.

        Args:
            until: number of the last event that is asked for; ``None``: of the read.
            actors: only what these did.
            items: only what was done to these.

        Each is checked by its own hash. Whether others are missing between them is for :meth:`events` and
        :meth:`check`.

        Raises:
            StorageError: the file is damaged, or an event was changed.
        """
        # "+ 0" keeps the database from going through the whole log in order instead of to these events.
        number = events.c.sequence + 0
        query = select(events).where(events.c.read_id == read_id, events.c.action.in_(actions))
        for column, wanted in ((events.c.actor, actors), (events.c.item, items)):
            if wanted is not None:
                query = query.where(column.in_(wanted))
        if until is not None:
            query = query.where(number <= until)
        with self._reading() as connection:
            rows = [dict(r) for r in connection.execute(query.order_by(number)).mappings()]
        for row in rows:
            self._check_own_hash(row)
        return [to_event(row) for row in rows]

    def standings(self, reader: str | None = None) -> list[Standing]:
        """How far every read is, or every one of a reader, in the order of their assignments.

        From the table of standings and what the log holds beyond it; where this login may, the table is brought up to
        date. A read that nobody assigned is left out.

        Raises:
            StorageError: the file is damaged, or an event beyond the table is not as it was written.
        """
        with self._reading() as connection:
            may_read, may_write = self._standings_rights(connection)
            last = table.last_taken_in(connection) if may_read else 0
            fresh = list(table.later_rows(connection, last))
            known = table.held(connection, None if fresh else reader) if may_read else {}
        changed = self._take_in(known, fresh)
        if changed and may_write and not self.writing:
            # A place where nothing can be written is as good as one where nothing needs to be.
            with suppress(StorageError):
                self._note(last, fresh[-1]["position"], [known[name] for name in changed])
        given = [s for s in known.values() if s.given and reader in (None, s.reader)]
        return sorted(given, key=lambda s: s.given)

    def rebuild_standings(self) -> None:
        """Make the table of standings anew from the log, where this login may. Errors as :meth:`standings`."""
        with self.transaction(), self._reading() as connection:
            if self._standings_rights(connection)[1]:
                known: dict[str, Standing] = {}
                self._take_in(known, table.later_rows(connection, 0))
                table.emptied(connection)
                table.put(connection, known.values())

    def check_standings(self) -> str:
        """What the table of standings says otherwise than the log; empty where nothing, or where there is none."""
        with self._reading() as connection:
            return table.difference(connection) if self._standings_rights(connection)[0] else ""

    def _standings_rights(self, connection: Connection) -> tuple[bool, bool]:
        if self._rights is None:
            self._rights = table.rights(connection)
        return self._rights

    def _take_in(self, known: dict[str, Standing], rows: Iterable[Mapping[str, Any]]) -> set[str]:
        changed = set()
        for row in rows:
            self._check_own_hash(row)
            try:
                changed |= table.taken_in(known, [row])
            except ValueError as problem:
                raise self._not_as_written(row, str(problem)) from problem
        return changed

    def _note(self, last: int, position: int, rows: Sequence[Standing]) -> None:
        """Write rows that were taken in up to a position, unless somebody else has done so meanwhile."""
        with self.transaction(), self._reading() as connection:
            nobody_else = table.last_taken_in(connection) == last
            if nobody_else and table.sees_all(connection, last, position):
                table.put(connection, rows)

    def _check_own_hash(self, row: Mapping[str, Any]) -> None:
        if row["hash"] != row_hash(row):
            raise self._not_as_written(row, "it was changed")

    def _not_as_written(self, row: Mapping[str, Any], fault: str) -> StorageError:
        return StorageError(
            f"Event {row['sequence']} of read '{row['read_id']}' in '{self.name}' is not as it was written: {fault}. "
            "Restore a backup copy."
        )

    def signs_since(self) -> int | None:
        """Position of the first event by software that signs with keys; ``None`` where there is none yet."""
        with self._reading() as connection:
            first = select(func.min(events.c.position)).where(events.c.format >= FORMAT)
            found: int | None = connection.scalar(first)
            return found

    def check(self, read_id: str | None = None, expected_head: str | None = None) -> Finding:
        """Go along the chain of a read, or of the whole store, and say what is found.

        What this login may not see is counted, not looked at; a read that it may not see at all is a ``StorageError``.

        Args:
            expected_head: a hash that was noted down; it must still be in the chain.
        """
        with self._reading() as connection:
            if self.login is None:
                return check_chain(connection, read_id, expected_head)
            seen = None if self.login.sees_all else tuple(reads_seen(connection))
            hidden = Hidden(self.login.name, seen, ends(connection, read_id)[0])
            return check_chain(connection, read_id, expected_head, hidden)

    def logins(self, read_id: str | None = None) -> dict[int, str]:
        """By position, the login under which the server took an event in; nothing in a file."""
        if not self._has_logins:
            return {}
        with self._reading() as connection:
            return logins(connection, read_id)


def open_store(where: str | Path, create: bool = True) -> Store:
    """Open a store, or make it: a path is a SQLite file, ``postgresql://...`` a database.

    Tables of an earlier version are brought up to date; a file is copied beside itself before.

    Raises:
        InputError: a URL that cannot be used.
        StorageError: it cannot be opened, or is not such a store.
        AccessError: on a server, a login that has no account.
    """
    login, rights = None, False
    if isinstance(where, str) and "://" in where:
        engine, path = server_engine(where), None
        name = engine.url.render_as_string(hide_password=True).replace("+psycopg", "")
    else:
        path = Path(where)
        if not create and not path.is_file():
            raise StorageError(f"The file '{path}' does not exist.")
        engine, name = sqlite_engine(path), str(path)
    try:
        with errors_of(name, "opened"):
            ensure_schema(engine, name, path, create)
            if path is None:
                rights = ensure_rights(engine)
                login = login_of(engine, name)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, name, path, login, rights)
