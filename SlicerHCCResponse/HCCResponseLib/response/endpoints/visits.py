"""Coded time points: a date and an overall response. Order, truncation at progression, blank time points."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import Response

OVERALL_VALUES = frozenset(
    {
        Response.CR,
        Response.PR,
        Response.SD,
        Response.NON_CR_NON_PD,
        Response.PD,
        Response.NE,
        Response.NED,
        Response.MISSING,
    }
)


@dataclass(frozen=True, slots=True)
class Assessment:
    """One coded time point."""

    date: date
    response: Response


def check_dates(dates: Iterable[date]) -> None:
    """Dates must be in time order, no two the same.

    Raises:
        RuleError: otherwise, naming the dates.
    """
    for earlier, later in pairwise(dates):
        if later <= earlier:
            raise RuleError(f"Dates out of order: {later} does not come after {earlier}.")


def check_responses(visits: Sequence[Assessment], profile: Profile) -> None:
    """Every value must be an overall response, in RECIST spelling.

    Raises:
        RuleError: otherwise, naming the value.
    """
    for visit in visits:
        if visit.response not in OVERALL_VALUES:
            raise RuleError(f"'{visit.response.value}' is not an overall response of {profile.criterion}.")


def prepared(visits: Sequence[Assessment], profile: Profile, first_pd: date | None) -> tuple[Assessment, ...]:
    """Visits up to the first PD, with blanks read as the profile says (``missing_is``, ``stop_at_first_pd``).

    Args:
        first_pd: date of the first PD where it is known from elsewhere; it only cuts and is not a visit of its own.

    Raises:
        RuleError: dates out of order, or a value that is not an overall response of this criterion.
    """
    check_dates(visit.date for visit in visits)
    check_responses(visits, profile)
    kept: list[Assessment] = []
    for visit in visits:
        if profile.stop_at_first_pd and first_pd is not None and visit.date > first_pd:
            break
        blank = visit.response is Response.MISSING
        kept.append(replace(visit, response=Response(profile.missing_is)) if blank else visit)
        if profile.stop_at_first_pd and visit.response is Response.PD:
            break
    return tuple(kept)


def before_therapy(
    visits: Sequence[Assessment], new_therapy: date | None
) -> tuple[tuple[Assessment, ...], tuple[str, ...]]:
    """Visits up to the start of another anticancer therapy, and a sentence where it ends the course.

    A response under another therapy is no response to this one (FDA 2007, Appendix 3; admiralonco). As for
    time-to-event, a visit on the day itself still counts.

    Raises:
        RuleError: dates out of order.
    """
    check_dates(visit.date for visit in visits)
    if new_therapy is None:
        return tuple(visits), ()
    kept = tuple(visit for visit in visits if visit.date <= new_therapy)
    if len(kept) == len(visits):
        return kept, ()
    note = f"new anticancer therapy on {new_therapy}: nothing after it counts (FDA 2007, Appendix 3)"
    return kept, (note,)
