"""What a signature is bound to: hashes of the profile and of everything that was proposed and decided."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from HCCResponseLib.response.profiles.load import LATER, Profile
from HCCResponseLib.review.store import Event

#: How the hash of the content is made now; 1 left out links and study.
CONTENT_VERSION = 2
_CONTENT_1 = ("proposal", "decision", "undo", "site", "non-target", "answer")
#: What happens around a read; everything else is what was signed.
_WORKFLOW = ("assigned", "signed", "amended", "closed", "adjudicated", "result")


def values_hash(profile: Profile) -> str:
    """SHA-256 of a profile's name and values: another citation for the same value changes nothing."""
    return _sha256({n: v for n, v in _as_ever(profile).items() if n not in ("title", "sources")})


def hash_with_sources(profile: Profile) -> str:
    """SHA-256 over title and sources, too, as earlier versions noted it."""
    return _sha256(_as_ever(profile))


def _as_ever(profile: Profile) -> dict[str, Any]:
    """A profile without the fields that earlier versions did not have, where their value changes nothing."""
    values = profile.model_dump(mode="json")
    left_out = {name for name, value in LATER.items() if values[name] == value}
    kept = {name: value for name, value in values.items() if name not in left_out}
    return {**kept, "sources": {n: s for n, s in kept["sources"].items() if n not in left_out}}


def content_hash(
    events: Iterable[Event], names: list[str], time_point: str, version: int = CONTENT_VERSION
) -> str:
    """SHA-256 of all that was proposed, linked, decided, undone and judged up to a time point, in order.

    Args:
        names: the time points in order.
        version: 1 for signatures of earlier versions, which left out links and study.
    """
    wanted = names[: names.index(time_point) + 1]
    content = [[e.actor, e.action, e.payload] for e in events if _belongs(e, wanted, version)]
    return _sha256(content)


def _belongs(event: Event, wanted: list[str], version: int) -> bool:
    point = event.payload.get("time_point")
    if version == 1:
        return event.action in _CONTENT_1 and point in wanted
    return event.action not in _WORKFLOW and (point is None or point in wanted)


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
