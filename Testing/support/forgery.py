"""What somebody does who may write to the database file and knows how events are hashed, but no password."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from HCCResponseLib.review.store import FIRST_HASH
from HCCResponseLib.review.store.chain import FORMAT, row_hash

_TEXTS = ("actor", "role", "action", "item", "old", "new", "reason", "contours", "profile")


def forge(
    path: Path, read_id: str, actor: str, action: str, payload: dict[str, Any], times: int = 1, **fields: Any
) -> int:
    """Append an event, or many alike, continuing both chains with right hashes; the number of the last in the read."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.row_factory = sqlite3.Row
        last = connection.execute("SELECT * FROM events ORDER BY position DESC LIMIT 1").fetchone()
        query = "SELECT * FROM events WHERE read_id = ? ORDER BY sequence DESC LIMIT 1"
        before = connection.execute(query, (read_id,)).fetchone() or {"sequence": 0, "hash": FIRST_HASH}
        fixed = dict.fromkeys(_TEXTS, "") | {"read_id": read_id, "actor": actor, "action": action}
        fixed |= {"format": FORMAT, "utc": last["utc"], "software": last["software"], **fields}
        for _ in range(times):
            row = fixed | {
                "position": last["position"] + 1,
                "sequence": before["sequence"] + 1,
                "previous": before["hash"],
                "previous_in_store": last["hash"],
            }
            head = {"chain_head": row["previous"]} if "chain_head" in payload else {}
            row["payload"] = json.dumps({**payload, **head}, sort_keys=True)
            row["hash"] = row_hash(row)
            marks = ", ".join("?" for _ in row)
            connection.execute(f"INSERT INTO events ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
            last = before = row
    return int(last["sequence"])
