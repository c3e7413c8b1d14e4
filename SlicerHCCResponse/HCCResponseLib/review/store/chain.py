"""An event and the hash that ties it to the ones before it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from HCCResponseLib.base.errors import InputError, StorageError

FIRST_HASH = "0" * 64
#: 3: written by software that signs with keys; a signature without a key after such an event is a forgery.
FORMAT = 3
_FORMATS = (1, 2, FORMAT)
MARK = "hcc-response event"
#: What the hash of today's format covers, in this order.
COVERED = (
    "format",
    "position",
    "read_id",
    "sequence",
    "previous",
    "previous_in_store",
    "utc",
    "actor",
    "role",
    "action",
    "item",
    "old",
    "new",
    "reason",
    "payload",
    "contours",
    "software",
    "profile",
)
#: What events of the first version did not have, so that nobody can give it to them later.
_NOT_IN_FORMAT_1 = ("role", "item", "old", "new", "reason", "contours", "profile")
#: The key of a stored payload that holds the local time of the computer that wrote the event.
LOCAL = "local"
#: The first version kept one read a file; the upgrade gives it this id.
DEFAULT_READ = "read-1"
#: The chain of what concerns no single read: users, roles, assignments.
STORE_LOG = "store"


@dataclass(frozen=True)
class Event:
    """One thing that happened in a read.

    Attributes:
        position: number within the store, from 1.
        read_id, sequence: which read, and number within it, from 1.
        utc: when it was stored, ISO 8601 in UTC.
        actor, role: who did it, and as what.
        action, item: what was done, and to what.
        old, new: the value before and after, in words; empty where there is none.
        reason: why, where a reason was asked for.
        payload: everything else, plain JSON.
        contours: keys of the stored contours (or locked passwords) that it brought or refers to.
        software, profile: version of the software; hash of the profile in force, or empty.
        previous, previous_in_store: hash of the event before it in its read, and in the whole store.
        hash: SHA-256 over all of the above.
        format: 1 for events of the first version, whose hash covers fewer fields; 2 before people had keys; else 3.
        local: the same moment by the clock of the computer that wrote it, ISO 8601 with its offset from UTC; empty for
            events from before it was noted. It is stored in the payload, so that the hash covers it.
    """

    position: int
    read_id: str
    sequence: int
    utc: str
    actor: str
    role: str
    action: str
    item: str
    old: str
    new: str
    reason: str
    payload: dict[str, Any]
    contours: tuple[str, ...]
    software: str
    profile: str
    previous: str
    previous_in_store: str
    hash: str
    format: int
    local: str = ""


def blob_key(data: bytes) -> str:
    """The hash under which a contour is stored."""
    return hashlib.sha256(data).hexdigest()


def event_hash(previous: str, utc: str, actor: str, action: str, payload: str, software: str) -> str:
    """Format 1: SHA-256 over the hash before and every field that an event of the first version had."""
    return _sha256([previous, utc, actor, action, payload, software])


def row_hash(row: Mapping[str, Any]) -> str:
    """The hash that a stored row must have, by its format."""
    if row["format"] == 1:
        return event_hash(*(row[c] for c in ("previous", "utc", "actor", "action", "payload", "software")))
    return _sha256([MARK, *(row[name] for name in COVERED)])


def _sha256(values: list[Any]) -> str:
    # Bytes where text belongs can only come from a changed file; their printed form never equals the text.
    return hashlib.sha256(json.dumps(values, default=repr).encode()).hexdigest()


def row_fault(row: Mapping[str, Any], sequence: int, previous: str) -> str | None:
    """What is wrong with a row that should be number ``sequence`` of its read, after hash ``previous``."""
    if row["sequence"] != sequence:
        return f"number {sequence} of the read is missing"
    if row["previous"] != previous:
        return "it does not follow the event before it"
    if row["format"] not in _FORMATS:
        return f"its format '{row['format']}' is unknown"
    if row["format"] == 1 and not _is_plain(row):
        return "fields were added to it"
    if row["hash"] != row_hash(row):
        return "it was changed"
    return None


def _is_plain(row: Mapping[str, Any]) -> bool:
    """Whether a row holds only what the upgrade gives to an event of the first version."""
    return (
        all(row[name] == "" for name in _NOT_IN_FORMAT_1)
        and row["read_id"] == DEFAULT_READ
        and row["position"] == row["sequence"]
        and row["previous_in_store"] == row["previous"]
    )


def contour_keys(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys of the contours that an event refers to; events of the first version name theirs in the payload."""
    if row["format"] == 1:
        key = json.loads(row["payload"]).get("mask")
        return (key,) if key else ()
    return tuple(row["contours"].split())


def to_event(row: Mapping[str, Any]) -> Event:
    """A row as an event. Raises ``StorageError`` where the payload is no JSON."""
    try:
        payload = json.loads(row["payload"])
        local = payload.pop(LOCAL, "")
        return Event(**{**row, "payload": payload, "contours": contour_keys(row), "local": local})
    except (ValueError, TypeError, AttributeError) as problem:
        raise StorageError(
            f"Event {row['sequence']} of read '{row['read_id']}' is damaged: {problem}."
        ) from problem


def check_text(name: str, value: str) -> str:
    """A text that every database stores as it is.

    Raises:
        InputError: it holds a NUL or half a surrogate pair, which databases refuse or cut.
    """
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as problem:
        raise InputError(f"The {name} holds characters that cannot be stored: {value!r}.") from problem
    if "\0" in value:
        raise InputError(f"The {name} holds a NUL character: {value!r}.")
    return value
