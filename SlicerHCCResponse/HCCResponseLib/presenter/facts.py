"""What a reader says beyond contours and lengths, from the words of a form to values and back."""

from dataclasses import replace

from HCCResponseLib.response.types import VersusLast
from HCCResponseLib.review.decisions.decide import as_number
from HCCResponseLib.review.read.facts import Marker, Visit

NOT_SAID = "not said"


def answered(words: str) -> bool | None:
    """``yes``, ``no``, or nothing said."""
    return {"yes": True, "no": False}.get(words)


def answer_words(value: bool | None) -> str:
    """Back from :func:`answered`."""
    return NOT_SAID if value is None else "yes" if value else "no"


def compared(words: str) -> VersusLast | None:
    """``same``, ``larger``, ``smaller``, or nothing said."""
    return None if words == NOT_SAID else VersusLast(words)


def with_marker(visit: Visit, name: str, value: str, limit: str, unit: str) -> Visit:
    """A visit with this tumour marker; without a value the marker is taken off it.

    Raises:
        InputError: value or limit is not a number.
    """
    others = tuple(m for m in visit.markers if m.name.casefold() != name.casefold())
    if not value.strip():
        return replace(visit, markers=others)
    marker = Marker(name, as_number(value.strip()), as_number(limit.strip()), unit)
    return replace(visit, markers=(*others, marker))
