"""Which part of a follow-up is which lesion: links with their evidence, and how a reader changes them.

A set of links is never changed. What a reader relinks gives a new set that keeps the one before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.lesions.proposal import Evidence

SOFTWARE = "software"


class LinkKind(StrEnum):
    """What became of a lesion, or what a part of the follow-up is."""

    MATCHED = "matched"
    SPLIT = "split"
    MERGED = "merged"
    VANISHED = "vanished"
    NEW = "new"
    OUT_OF_VIEW = "out of the field of view"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Link:
    """One lesion with its parts at follow-up, or one part that belongs to no known lesion.

    Attributes:
        name: the lesion; ``None`` for a part that may be new.
        parts: numbers of the follow-up's parts, from 1, the largest first; a split lesion has several.
        outcome: what that means.
        confidence: 0 to 1, from the distance to the next best explanation and the trust in the registration there.
        evidence: figures and remarks.
        merged_with: the other lesions in the same part.
        by: software, or the reader who linked it.
    """

    name: str | None
    parts: tuple[int, ...]
    outcome: LinkKind
    confidence: float
    evidence: Evidence = field(default_factory=dict)
    merged_with: tuple[str, ...] = ()
    by: str = SOFTWARE


@dataclass(frozen=True)
class LinkSet:
    """All links of one time point.

    Attributes:
        time_point: the follow-up; ``links``: lesions first, then parts without a lesion.
        reason: why a reader made it, and ``before``: the set that it replaces.
    """

    time_point: str
    links: tuple[Link, ...]
    reason: str = ""
    before: "LinkSet | None" = None

    @property
    def words(self) -> str:
        """For the log: the lesions with their parts."""
        return "; ".join(
            f"{link.name or 'no lesion'}: {', '.join(map(str, link.parts)) or 'no part'}"
            for link in self.links
        )

    def of(self, name: str) -> Link:
        """The link of a lesion.

        Raises:
            InputError: there is no such lesion.
        """
        for link in self.links:
            if link.name == name:
                return link
        known = ", ".join(sorted(n.name for n in self.links if n.name)) or "none"
        raise InputError(f"There is no lesion '{name}' at '{self.time_point}'; lesions there: {known}.")

    def new(self) -> tuple[Link, ...]:
        """Parts that belong to no known lesion."""
        return tuple(link for link in self.links if link.name is None)

    def owners(self) -> dict[int, tuple[str, ...]]:
        """Names of the lesions in each part; empty for a part without one."""
        found: dict[int, tuple[str, ...]] = {}
        for link in self.links:
            for part in link.parts:
                found[part] = found.get(part, ()) + ((link.name,) if link.name else ())
        return found

    def history(self) -> tuple["LinkSet", ...]:
        """This set and all that it replaced, the latest first."""
        return (self, *(self.before.history() if self.before else ()))


def relink(links: LinkSet, owners: Mapping[int, Sequence[str]], reader: str, reason: str = "") -> LinkSet:
    """A new set in which a reader says to which lesions the given parts belong; the old one is kept in it.

    Args:
        owners: lesion names by part: none = it may be new, one = that lesion, several = merged; a lesion that stands
            at several parts has split.

    Raises:
        InputError: no reader, an unknown part or an unknown lesion.
    """
    if not reader.strip():
        raise InputError("A changed link names no reader.")
    now = links.owners()
    for part, names in owners.items():
        if part not in now:
            raise InputError(f"There is no part {part} at '{links.time_point}'; parts there: {sorted(now)}.")
        for name in names:
            links.of(name)
        now[part] = tuple(dict.fromkeys(names))
    named = [_relinked(link, now, reader) for link in links.links if link.name is not None]
    known = {link.parts: link for link in links.new()}
    loose = [
        known.get((part,)) or Link(None, (part,), LinkKind.NEW, 1.0, by=reader)
        for part, names in now.items()
        if not names
    ]
    return LinkSet(links.time_point, (*named, *loose), reason, links)


def _relinked(link: Link, owners: Mapping[int, tuple[str, ...]], reader: str) -> Link:
    assert link.name is not None
    parts = tuple(part for part, names in sorted(owners.items()) if link.name in names)
    others = tuple(sorted({n for part in parts for n in owners[part]} - {link.name}))
    if set(parts) == set(link.parts) and set(others) == set(link.merged_with):
        return link
    return replace(
        link, parts=parts, outcome=outcome_of(parts, others), confidence=1.0, merged_with=others, by=reader
    )


def outcome_of(parts: Sequence[int], others: Sequence[str]) -> LinkKind:
    """What a lesion's parts and the other lesions in them mean."""
    if not parts:
        return LinkKind.VANISHED
    if others:
        return LinkKind.MERGED
    return LinkKind.SPLIT if len(parts) > 1 else LinkKind.MATCHED


def links_to_json(links: LinkSet) -> dict[str, Any]:
    """A set of links as plain JSON, without the sets that it replaced: they have records of their own."""
    return {
        "time_point": links.time_point,
        "reason": links.reason,
        "links": [{**vars(one), "outcome": one.outcome.value} for one in links.links],
    }


def links_from_json(value: Mapping[str, Any], before: LinkSet | None = None) -> LinkSet:
    """Back from :func:`links_to_json`, in front of the set that it replaced."""
    links = tuple(
        Link(
            one["name"],
            tuple(one["parts"]),
            LinkKind(one["outcome"]),
            one["confidence"],
            one["evidence"],
            tuple(one["merged_with"]),
            one["by"],
        )
        for one in value["links"]
    )
    return LinkSet(value["time_point"], links, value["reason"], before)
