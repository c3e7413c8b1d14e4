"""What the tests of the store share: a filled store on either database, and a way around its guards."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, make_url, text

FIRST_VERSION = Path(__file__).resolve().parents[1] / "core" / "data" / "read_of_first_version.sql"


def first_version(path: Path) -> Path:
    """A file as the first version of the store wrote it: 13 events, 5 contours."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(FIRST_VERSION.read_text(encoding="utf-8"))
    return path


@contextmanager
def around_the_guards(where: str | Path) -> Iterator[Connection]:
    """A connection of somebody who may switch the triggers off, and did."""
    server = "://" in str(where)
    url = make_url(str(where)).set(drivername="postgresql+psycopg") if server else f"sqlite:///{where}"
    engine = create_engine(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if server:
            for table in ("events", "blobs"):
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        else:
            names = connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
            for name in names:
                connection.execute(text(f"DROP TRIGGER {name}"))
        yield connection
    engine.dispose()


def write_in_bulk(connection: Connection, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Add rows to the events as fast as the database takes them, through a connection around the guards."""
    raw: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        with raw.cursor() as cursor, cursor.copy(f"COPY events ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        raw.execute("VACUUM ANALYZE events")
    else:
        names = ", ".join(f'"{name}"' for name in columns)
        raw.execute("BEGIN")
        raw.executemany(f"INSERT INTO events ({names}) VALUES ({', '.join('?' * len(columns))})", rows)
        raw.execute("COMMIT")


def change(connection: Connection, table: str, column: str, value: Any, key: tuple[str, Any]) -> None:
    """Set one value in one row."""
    connection.execute(
        text(f'UPDATE {table} SET "{column}" = :value WHERE {key[0]} = :key'), {"value": value, "key": key[1]}
    )


# Text that breaks careless SQL, encodings or files.
NASTY = [
    "'; DROP TABLE events; --",
    '"; DELETE FROM events; --',
    "x'); UPDATE events SET actor = 'X'; --",
    "' OR '1'='1",
    "$$ ; TRUNCATE events; $$",
    "%s %(x)s :x ? {x} \\' \\",
    "Zoë\n\t\u2028 \U0001f600",
]
