"""The tables of a store. The migrations make them; this is what queries are written against."""

from dataclasses import fields

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

from HCCResponseLib.review.store.chain import LOCAL, Event

metadata = MetaData()

events = Table(
    "events",
    metadata,
    # A column for each field of an event; what is no number is stored as text.
    *(
        Column(
            one.name,
            Integer if one.type is int else Text,
            primary_key=one.name == "position",
            autoincrement=False,
            nullable=False,
        )
        for one in fields(Event)
        # The payload holds it.
        if one.name != LOCAL
    ),
    UniqueConstraint("read_id", "sequence", name="uq_events_read"),
    Index("ix_events_action", "read_id", "action", "item"),
)
blobs = Table(
    "blobs",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
# Not part of the log: derived from it, see standings.py.
standings = Table(
    "standings",
    metadata,
    Column("read_id", Text, primary_key=True),
    Column("position", Integer, nullable=False, index=True),
    Column("given", Integer, nullable=False),
    Column("reader", Text, nullable=False, index=True),
    Column("assignment", Text, nullable=False),
    Column("life", Text, nullable=False),
)
