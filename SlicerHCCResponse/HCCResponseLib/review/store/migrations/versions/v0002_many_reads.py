"""Several reads in one store, one chain a read and one over all; who, role, object, old, new, reason, profile.

Events of the first version keep every byte: they become read ``read-1`` with format 1, whose hash covers the fields
that they had. The database itself then refuses update, delete and anything that does not continue the chain.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_KEPT = "utc, actor, action, payload, software, previous, hash"
_TEXTS = (
    "utc", "actor", "role", "action", "item", "old", "new", "reason", "payload", "contours", "software", "profile",
    "previous", "previous_in_store", "hash",
)  # fmt: skip
_NEW_TEXTS = ("role", "item", "old", "new", "reason", "contours", "profile")


def upgrade() -> None:
    """Build the new table, copy, let the old one go, set the guards."""
    op.rename_table("events", "events_0001")
    _create_events()
    copy = (
        "INSERT INTO events (position, read_id, sequence, format, previous_in_store, "
        f"{', '.join(_NEW_TEXTS)}, {_KEPT}) "
        f"SELECT sequence, 'read-1', sequence, 1, previous, {', '.join(chr(39) * 2 for _ in _NEW_TEXTS)}, {_KEPT} "
        "FROM events_0001 ORDER BY sequence"
    )
    op.execute(copy)
    op.drop_table("events_0001")
    guards = _sqlite_guards() if op.get_context().dialect.name == "sqlite" else _postgresql_guards()
    for statement in guards:
        op.execute(sa.text(statement))


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("position", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("read_id", sa.Text, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("format", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in _TEXTS),
        sa.PrimaryKeyConstraint("position", name="pk_events"),
        sa.UniqueConstraint("read_id", "sequence", name="uq_events_read"),
    )


_BREAKS_THE_CHAIN = """
    NEW.position <> 1 + (SELECT coalesce(max(position), 0) FROM events)
    OR NEW.sequence <> 1 + (SELECT coalesce(max(sequence), 0) FROM events WHERE read_id = NEW.read_id)
    OR NEW.previous_in_store <> coalesce(
        (SELECT hash FROM events ORDER BY position DESC LIMIT 1), '{first}')
    OR NEW.previous <> coalesce(
        (SELECT hash FROM events WHERE read_id = NEW.read_id ORDER BY sequence DESC LIMIT 1), '{first}')
""".format(first="0" * 64)


def _sqlite_guards() -> list[str]:
    """Insertion is guarded too: INSERT OR REPLACE would delete a row without asking the trigger of DELETE."""
    refused = [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"
        for table in ("events", "blobs")
        for verb in ("UPDATE", "DELETE")
    ]
    broken = _BREAKS_THE_CHAIN
    return [
        *(f"DROP TRIGGER IF EXISTS blobs_no_{verb}" for verb in ("update", "delete")),
        *refused,
        f"CREATE TRIGGER events_in_order BEFORE INSERT ON events WHEN {broken} "
        "BEGIN SELECT RAISE(ABORT, 'events are append-only: this one does not continue the chain'); END",
        "CREATE TRIGGER blobs_no_replace BEFORE INSERT ON blobs "
        "WHEN EXISTS (SELECT 1 FROM blobs WHERE sha256 = NEW.sha256) "
        "BEGIN SELECT RAISE(ABORT, 'blobs are append-only'); END",
    ]


def _postgresql_guards() -> list[str]:
    return [
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% are append-only', TG_TABLE_NAME; END $$",
        *(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            for table in ("events", "blobs")
        ),
        f"CREATE FUNCTION events_in_order() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {_BREAKS_THE_CHAIN} THEN "
        "RAISE EXCEPTION 'events are append-only: this one does not continue the chain'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER events_in_order BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION events_in_order()",
    ]
