"""Bringing a store to today's tables: a new one, one of the first version, one of another version."""

import os
import sqlite3
import threading
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from HCCResponseLib.base.errors import StorageError
from HCCResponseLib.base.files import in_words
from HCCResponseLib.review.store.engine import is_archived, writing

HEAD = "0003"
_KNOWN = ("0001", "0002", HEAD)
#: What these tables lack costs time and nothing else, so that a closed read opens where nothing can be written.
_ENOUGH = ("0002", HEAD)
_MIGRATIONS = Path(__file__).with_name("migrations")
# Alembic keeps the running migration in a global of its module.
_one_at_a_time = threading.Lock()


def ensure_schema(engine: Engine, name: str, path: Path | None, create: bool = True) -> None:
    """Make or upgrade the tables in one transaction; a file that holds events is copied beside itself first.

    A kill at any moment leaves either the old tables or the new ones.

    Raises:
        StorageError: the store belongs to a later version, or to another program.
    """
    found = _revision_found(engine)
    if found == HEAD or (found in _ENOUGH and path is not None and is_archived(path)):
        return
    with _one_at_a_time, writing(engine) as connection:
        revision = _revision(connection, name)  # another process may have been first
        if revision == HEAD:
            return
        if revision is None and not create:
            raise StorageError(f"There are no reads in '{name}'.")
        if path is not None and revision is not None:
            _back_up(path, revision)
        _migrate(connection, revision)


def _revision_found(engine: Engine) -> str | None:
    """The quick answer for nearly every opening; what else may be the matter is found out later."""
    try:
        with engine.connect() as connection, connection.begin():
            found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return found
    except DatabaseError:
        return None


def _revision(connection: Connection, name: str) -> str | None:
    """The version of the tables; ``None`` where there are none yet."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if "alembic_version" not in tables:
        if {"events", "blobs"} <= set(tables):
            return "0001"
        raise StorageError(f"'{name}' is not a read of this software: it holds other tables.")
    revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if revision not in _KNOWN:
        raise StorageError(
            f"The read '{name}' was written by a later version of this software (tables {revision}); update it."
        )
    return str(revision)


def _migrate(connection: Connection, revision: str | None) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    if revision is not None:
        command.stamp(config, revision)
    command.upgrade(config, HEAD)


def backup_path(path: Path, revision: str) -> Path:
    """Where the copy of a file lies that was made before its tables were upgraded."""
    return path.with_name(f"{path.name}.before-upgrade-from-{revision}")


def _back_up(path: Path, revision: str) -> None:
    """A complete copy beside the file, through SQLite, so that what still lies in the write-ahead log is in it."""
    target = backup_path(path, revision)
    partial = target.with_name(target.name + ".partial")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
        source, copy = sqlite3.connect(path), sqlite3.connect(partial)
        try:
            source.backup(copy)
        finally:
            source.close()
            copy.close()
        with partial.open("rb+") as written:
            os.fsync(written.fileno())
        partial.replace(target)
    except (OSError, sqlite3.Error) as problem:
        partial.unlink(missing_ok=True)
        raise StorageError(
            f"The read '{path}' was not upgraded: its backup copy '{target}' cannot be written: {in_words(problem)}."
        ) from problem
