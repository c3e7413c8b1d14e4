"""Opening the database behind a store: SQLite with owner-only rights, or PostgreSQL; their errors in our words."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from HCCResponseLib.base.errors import InputError, StorageError
from HCCResponseLib.base.files import in_words

WRITING = "hcc_writing"
#: Seconds that a writer waits for another one.
PATIENCE = 20
#: Key of PostgreSQL's advisory lock that orders all appends to a store.
LOCK = 0x48434352_45414453
#: A commit waits for the disk, more where the server is set so. And one client that stands still in the middle of
#: writing must not stop the whole committee.
_SERVER_SETTINGS = f"""
    SELECT set_config('lock_timeout', '{PATIENCE}s', false),
        set_config('idle_in_transaction_session_timeout', '60s', false),
        set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
            THEN 'on' ELSE current_setting('synchronous_commit') END, false)
"""


def sqlite_engine(path: Path) -> Engine:
    """The engine of a file, made with owner-only rights where it is new; the files beside it inherit them.

    Raises:
        StorageError: it cannot be created.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        owner_only(path)
    except OSError as problem:
        raise StorageError(f"The read '{path}' cannot be created: {in_words(problem)}.") from problem
    archived = is_archived(path)
    address = path.resolve().as_uri() + "?immutable=1" if archived else str(path)

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, uri=archived, timeout=PATIENCE, check_same_thread=False)

    engine = create_engine(URL.create("sqlite", database=str(path)), creator=connect)

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _: Any) -> None:
        # SQLAlchemy opens the transaction itself, for writing at once where it will write, so that writers queue.
        connection.isolation_level = None
        # A changed byte must reach the check of the chain, not stop the reading of the row.
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(WRITING)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def is_archived(path: Path) -> bool:
    """A closed read where nothing may be written, such as a disc: SQLite opens it without its files beside it."""
    writable = os.access(path, os.W_OK) or os.access(path.parent, os.W_OK)
    return not writable and not path.with_name(path.name + "-wal").exists()


def owner_only(path: Path) -> None:
    """Take everybody else's rights from a file of ours. Windows has no such rights; there the folder's hold."""
    if os.name == "posix":
        for file in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            if file.exists() and file.stat().st_uid == os.geteuid() and file.stat().st_mode & 0o077:
                file.chmod(file.stat().st_mode & 0o700)


def server_engine(url: str) -> Engine:
    """The engine of a PostgreSQL database; a commit returns when it is on the server's disk.

    Raises:
        InputError: the URL is not one of PostgreSQL, or its driver is missing.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() != "postgresql":
            raise InputError(f"Reads are kept in SQLite or PostgreSQL, not in '{parsed.drivername}'.")
        engine = create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    except (ArgumentError, ValueError) as problem:
        raise InputError(f"'{url.partition('@')[2] or url}' is not the URL of a database.") from problem
    except ModuleNotFoundError as problem:
        raise InputError("PostgreSQL needs its driver: pip install 'hcc-response[committee]'.") from problem

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _: Any) -> None:
        connection.autocommit = True  # one way to the server and back, not three
        connection.execute(_SERVER_SETTINGS)
        connection.autocommit = False

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the only right to append, from its start to its end."""
    with engine.connect().execution_options(**{WRITING: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction in which every query sees the store at the moment of the first one."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextmanager
def errors_of(name: str, what: str) -> Iterator[None]:
    """Database errors as ``StorageError``; ``what`` says what could not be done to the read."""
    try:
        yield
    except (
        SQLAlchemyError,
        UnicodeError,
    ) as problem:  # the driver decodes the names of a damaged file's tables
        raise _explained(name, what, problem) from problem


def _explained(name: str, what: str, problem: Exception) -> StorageError:
    cause = getattr(problem, "orig", problem)
    # What a server says besides, of the function and the line, helps no reader.
    said = getattr(getattr(cause, "diag", None), "message_primary", None)
    reason = " ".join(str(said or cause).split())
    if "is full" in reason or "No space left" in reason:
        return StorageError(
            f"No room left on the disk for the read '{name}'. The last decision was not stored; "
            "all before it are safe. Free some space and repeat it."
        )
    if "not a database" in reason:
        return StorageError(f"'{name}' is not a read of this software (no SQLite file).")
    if "malformed" in reason or "invalid page" in reason or isinstance(problem, UnicodeError):
        return StorageError(
            f"The read '{name}' is damaged and cannot be {what}: {reason}. Restore the latest backup copy."
        )
    return StorageError(f"The read '{name}' cannot be {what}: {reason}.")
