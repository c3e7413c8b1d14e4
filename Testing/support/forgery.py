"""What somebody does who may write to the database file and knows how events are hashed, but no password."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from HCCResponseLib.review.store import FIRST_HASH
from HCCResponseLib.review.store.chain import FORMAT, row_hash

_TEXTS = ("actor", "role", "action", "item", "old", "new", "reason", "contours", "profile")


def forge(path: Path, read_id: str, actor: str, action: str, payload: dict[str, Any], **fields: Any) -> int:
    """Append an event that continues both chains with right hashes; returns its number in the read."""
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        last = connection.execute("SELECT * FROM events ORDER BY position DESC LIMIT 1").fetchone()
        query = "SELECT * FROM events WHERE read_id = ? ORDER BY sequence DESC LIMIT 1"
        before = connection.execute(query, (read_id,)).fetchone()
        row = dict.fromkeys(_TEXTS, "") | {
            "format": FORMAT,
            "position": last["position"] + 1,
            "read_id": read_id,
            "sequence": before["sequence"] + 1 if before else 1,
            "previous": before["hash"] if before else FIRST_HASH,
            "previous_in_store": last["hash"],
            "utc": last["utc"],
            "software": last["software"],
            "actor": actor,
            "action": action,
        }
        row |= fields
        if "chain_head" in payload:
            payload = {**payload, "chain_head": row["previous"]}
        row["payload"] = json.dumps(payload, sort_keys=True)
        row["hash"] = row_hash(row)
        marks = ", ".join("?" for _ in row)
        connection.execute(f"INSERT INTO events ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    return int(row["sequence"])
