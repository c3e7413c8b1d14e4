"""Best response and progression date of coded iRECIST time points (Seymour 2017, Table 3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.endpoints.visits import check_dates
from HCCResponseLib.response.types import Response

_RESPONSES = (Response.ICR, Response.IPR, Response.ISD, Response.NON_ICR_NON_IUPD, Response.NED)
_BLANK = frozenset({Response.NE, Response.MISSING})
_ALLOWED = frozenset({*_RESPONSES, *_BLANK, Response.IUPD, Response.ICPD})


@dataclass(frozen=True, slots=True)
class ImmuneBest:
    """Best response over a sequence.

    Attributes:
        best_response: iBOR.
        icpd: progression was confirmed.
        progression_index: 0-based index of the time point that dates the progression; None without.
        progression_date: its date, when dates were given.
        trace: why.
    """

    best_response: Response
    icpd: bool
    progression_index: int | None
    progression_date: date | None
    trace: tuple[str, ...]


def irecist_best(responses: Sequence[Response], dates: Sequence[date | None] | None = None) -> ImmuneBest:
    """iBOR until iCPD, and the date of progression.

    The date is that of the first iUPD of the block that is confirmed, or of the last block that nothing cleared. An
    iUPD that a later iCR, iPR or iSD cleared is ignored.

    Args:
        responses: coded time points in order.
        dates: their dates, as many as responses; entries may be None.

    Raises:
        RuleError: a value that is not an iRECIST response, iCPD without an earlier iUPD, dates out of order.
    """
    _check(responses, dates)
    end = responses.index(Response.ICPD) if Response.ICPD in responses else None
    course = list(responses if end is None else responses[: end + 1])
    best, why = _best(course)
    index = _block_start(course)
    when = dates[index] if dates is not None and index is not None else None
    trace = [why]
    if index is not None:
        kind = "confirmed" if end is not None else "not confirmed and not cleared"
        trace.append(
            f"progression at time point {index + 1}: first iUPD of the block that is {kind} (Seymour 2017)"
        )
    return ImmuneBest(best, end is not None, index, when, tuple(trace))


def _best(course: Sequence[Response]) -> tuple[Response, str]:
    for response in _RESPONSES:
        if response in course:
            return response, f"{response.value}: best before confirmed progression (Seymour 2017, Table 3)"
    if Response.ICPD in course:
        return Response.ICPD, "iCPD: progression without a response before it (Seymour 2017, Table 3)"
    if Response.IUPD in course:
        return Response.IUPD, "iUPD: progression, never confirmed, never cleared (Seymour 2017, Table 3)"
    if course and all(response is Response.MISSING for response in course):
        return Response.MISSING, "MISSING: every time point was left blank"
    return Response.NE, "NE: nothing evaluable (Seymour 2017, Table 3)"


def _block_start(course: Sequence[Response]) -> int | None:
    start: int | None = None
    for index, response in enumerate(course):
        if response in (Response.IUPD, Response.ICPD):
            start = index if start is None else start
        elif response not in _BLANK:
            start = None
    return start


def _check(responses: Sequence[Response], dates: Sequence[date | None] | None) -> None:
    seen = False
    for response in responses:
        if response not in _ALLOWED:
            raise RuleError(f"'{response.value}' is not an iRECIST time-point response.")
        if response is Response.ICPD and not seen:
            raise RuleError("iCPD needs an earlier iUPD: progression is never confirmed on one scan.")
        seen = seen or response is Response.IUPD
    if dates is None:
        return
    if len(dates) != len(responses):
        raise RuleError(f"There are {len(responses)} responses and {len(dates)} dates.")
    check_dates(when for when in dates if when is not None)
