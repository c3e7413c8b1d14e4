"""An index that leads to events of one kind, and the table of standings, which the first look at all reads fills."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add both; nothing that was there is touched."""
    op.create_index("ix_events_action", "events", ["read_id", "action", "item"])
    op.create_table(
        "standings",
        sa.Column("read_id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("position", "given")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("reader", "assignment", "life")),
    )
    for name in ("position", "reader"):
        op.create_index(f"ix_standings_{name}", "standings", [name])
