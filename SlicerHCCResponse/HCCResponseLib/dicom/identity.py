"""Identifiers that are the same whenever they are made of the same words, so that an object is known again."""

import uuid

_OURS = uuid.uuid5(uuid.NAMESPACE_URL, "https://github.com/SlicerHCCResponse")


def uid_of(*words: str) -> str:
    """A UID (PS3.5, B.2: derived from a UUID) of these words."""
    return f"2.25.{uuid.uuid5(_OURS, chr(0).join(words)).int}"
