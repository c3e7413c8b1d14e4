"""The two tables of a store. The migrations make them; this is what queries are written against."""

from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("read_id", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("format", Integer, nullable=False),
    Column("utc", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("contours", Text, nullable=False),
    Column("software", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("previous_in_store", Text, nullable=False),
    Column("hash", Text, nullable=False),
    UniqueConstraint("read_id", "sequence", name="uq_events_read"),
)
blobs = Table(
    "blobs",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
