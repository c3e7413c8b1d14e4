"""What a person's signature on an event covers: every field of it but the signature itself and the hash."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Protocol

from HCCResponseLib.review.store.chain import COVERED, LOCAL, Event

_MARK = "hcc-response signature"
#: The key of a payload that holds the signature.
SEAL = "signature"


class Signer(Protocol):
    """An unlocked key.

    Attributes:
        key: fingerprint of the public key.
    """

    @property
    def key(self) -> str:
        """Fingerprint of the public key."""
        ...

    def sign(self, content: bytes) -> str:
        """The signature over these bytes, base64."""
        ...


def sealed_payload(row: Mapping[str, Any], payload: Mapping[str, Any], signer: Signer) -> str:
    """The payload of an event as stored JSON, with the fingerprint of the key and the signature over the whole event.

    Args:
        row: all other fields as they will be stored.
    """
    # Through JSON once, so that what is signed is what a later reader of the file finds.
    plain = {**json.loads(json.dumps(payload, default=str)), "key": signer.key}
    plain[SEAL] = signer.sign(_content({**row, "payload": plain}))
    return json.dumps(plain, sort_keys=True)


def sealed_content(event: Event) -> bytes:
    """The bytes that the signature of a stored event was made over."""
    row = {one.name: getattr(event, one.name) for one in fields(event)}
    payload = {**event.payload, LOCAL: event.local} if event.local else event.payload
    return _content({**row, "payload": payload, "contours": " ".join(event.contours)})


def _content(row: Mapping[str, Any]) -> bytes:
    bare = {name: value for name, value in row["payload"].items() if name != SEAL}
    flat = {**row, "payload": json.dumps(bare, sort_keys=True)}
    return json.dumps([_MARK, *(flat[name] for name in COVERED)]).encode()
