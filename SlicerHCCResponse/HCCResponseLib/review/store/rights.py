"""Who may see and add what on a server: the rights that ``Resources/Store/rights.sql`` puts into the database.

A login of the database belongs to the account of the same name. It reads through row-level security and adds through
one function, which looks again at everything that the software looked at. The owner of the tables is bound by neither.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, text

from HCCResponseLib.base.errors import AccessError
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.review.store.chain import COVERED, FIRST_HASH, FORMAT, MARK
from HCCResponseLib.review.store.engine import LOCK, writing
from HCCResponseLib.review.store.schema import events

#: One more with each change of what is put into the database, so that an older one is brought up to date.
VERSION = 1
_PUT_IN = text("""
    SELECT coalesce(obj_description(to_regprocedure('hcc_append(jsonb, bytea[])'), 'pg_proc'), '0')::integer,
        pg_has_role(relowner, 'USAGE'), relnamespace::regnamespace::text FROM pg_class WHERE oid = 'events'::regclass
""")
_LOGIN = text(
    "SELECT session_user::text FROM pg_class WHERE oid = 'events'::regclass AND row_security_active(oid)"
)
_SIGHT = text("SELECT hcc_has_account(), hcc_sees_everything()")


@dataclass(frozen=True)
class Login:
    """A login of the database that does not own it.

    Attributes:
        name: of the login and of its account.
        sees_all: a manager's or an auditor's, who sees every event.
    """

    name: str
    sees_all: bool


def ensure_rights(engine: Engine) -> bool:
    """Put the rights into a database of ours where they are missing or older; returns whether they are there.

    Only who owns the tables can; for everybody else all stays as it is.
    """
    with engine.connect() as connection, connection.begin():
        version, owner, _ = connection.execute(_PUT_IN).one()
    if version < VERSION and owner:
        with writing(engine) as connection:
            version, _, schema = connection.execute(_PUT_IN).one()
            if version < VERSION:
                _run(connection, statements(schema))
                version = VERSION
    return bool(version)


def statements(schema: str) -> str:
    """The statements of ``rights.sql`` for tables in this schema (its name as it stands in SQL)."""
    columns = {name: events.c[name].type.python_type for name in COVERED}
    covered = [f"e.{name}" if kind is int else f"hcc_json(e.{name})" for name, kind in columns.items()]
    filled = {
        "schema": schema,
        "lock": str(LOCK),
        "format": str(FORMAT),
        "version": str(VERSION),
        "covered": ", ".join([f"'{json.dumps(MARK)}'", *covered]),
    }
    script = resource_path("Store/rights.sql").read_text(encoding="utf-8")
    for name, value in filled.items():
        script = script.replace(f"{{{name}}}", value)
    return script


def _run(connection: Connection, script: str) -> None:
    # Past SQLAlchemy, which takes colons for parameters and wants one statement at a time.
    driver: Any = connection.connection.driver_connection
    driver.execute(script)


def login_of(engine: Engine, name: str) -> Login | None:
    """Who the database takes us for; ``None`` for its owner, and where there are no rights yet.

    Raises:
        AccessError: a login without an account.
    """
    with engine.connect() as connection, connection.begin():
        login = connection.scalar(_LOGIN)
        if login is None:
            return None
        known, sees_all = connection.execute(_SIGHT).one()
    if not known:
        raise AccessError(
            f"The login '{login}' of the database has no account in '{name}'. A login belongs to the account of the "
            "same name; a manager makes it with 'hcc-response read users add'."
        )
    return Login(login, sees_all)


def ends(connection: Connection, read_id: str | None) -> tuple[int, str, int, str]:
    """Number and hash of the last event of the store, then of a read, from the database's own function."""
    found = connection.execute(text("SELECT * FROM hcc_ends(:read)"), {"read": read_id}).one()
    return found[0] or 0, found[1] or FIRST_HASH, found[2] or 0, found[3] or FIRST_HASH


def reads_seen(connection: Connection) -> list[str]:
    """The chains of which a login sees events that does not see all: the store's log and some reads."""
    return list(connection.scalars(text("SELECT hcc_reads_seen()")))


def append(connection: Connection, row: Mapping[str, Any], contours: Sequence[bytes]) -> None:
    """Hand a row with its contours to the database's own function, which refuses what this login may not add."""
    statement = text("SELECT hcc_append(CAST(:event AS jsonb), CAST(:contours AS bytea[]))")
    connection.execute(statement, {"event": json.dumps(row), "contours": list(contours)})


def logins(connection: Connection, read_id: str | None) -> dict[int, str]:
    """By position, the login under which the server took an event in; none for events of earlier versions."""
    query = "SELECT position, login FROM events WHERE login <> ''"
    if read_id is not None:
        query += " AND read_id = :read"
    query += " ORDER BY position"
    return {row[0]: row[1] for row in connection.execute(text(query), {"read": read_id} if read_id else {})}
