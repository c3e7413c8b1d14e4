"""The two tables of a store. The migrations make them; this is what queries are written against."""

from dataclasses import fields

from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

from HCCResponseLib.review.store.chain import Event

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
    ),
    UniqueConstraint("read_id", "sequence", name="uq_events_read"),
)
blobs = Table(
    "blobs",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
