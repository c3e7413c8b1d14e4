"""Best response and progression date of coded iRECIST time points (Seymour 2017, Table 3)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.endpoints.best import DatedAnswer, best_response
from HCCResponseLib.response.endpoints.visits import Assessment, check_dates
from HCCResponseLib.response.irecist.codes import to_immune, to_recist
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import Response

_RESPONSES = (Response.ICR, Response.IPR, Response.ISD, Response.NON_ICR_NON_IUPD, Response.NED)
_BLANK = frozenset({Response.NE, Response.MISSING})
IMMUNE_VALUES = frozenset({*_RESPONSES, *_BLANK, Response.IUPD, Response.ICPD})
_PROGRESSED = {
    Response.ICPD: "iCPD: progression without a response before it (Seymour 2017, Table 3)",
    Response.IUPD: "iUPD: progression, never confirmed, never cleared (Seymour 2017, Table 3)",
}


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


def irecist_best(
    responses: Sequence[Response], dates: Sequence[date | None] | None, profile: Profile
) -> ImmuneBest:
    """iBOR until iCPD as printed, and the date of progression; :func:`immune_best_response` adds what needs dates.

    The date is that of the first iUPD of the block that is confirmed, or of the last block that nothing cleared. An
    iUPD that a later iCR, iPR or iSD cleared is ignored.

    Args:
        responses: coded time points in order.
        dates: their dates, as many as responses; entries may be None.
        profile: field ``missing_is``.

    Raises:
        RuleError: a value that is not an iRECIST response, iCPD without an earlier iUPD, dates out of order.
    """
    _check(responses, dates)
    end = responses.index(Response.ICPD) if Response.ICPD in responses else None
    course = list(responses if end is None else responses[: end + 1])
    best, why = _best(course, profile)
    index = _block_start(course)
    when = dates[index] if dates is not None and index is not None else None
    trace = [why]
    if index is not None:
        kind = "confirmed" if end is not None else "not confirmed and not cleared"
        trace.append(
            f"progression at time point {index + 1}: first iUPD of the block that is {kind} (Seymour 2017)"
        )
    return ImmuneBest(best, end is not None, index, when, tuple(trace))


def immune_course(visits: Sequence[Assessment]) -> tuple[Assessment, ...]:
    """iRECIST time points as the questions about response take them: in RECIST spelling, up to iCPD.

    An iUPD is neither a response nor an end, so it stands like a time point that could not be evaluated; iCPD ends the
    course, whatever is recorded after it (Seymour 2017).

    Raises:
        RuleError: dates out of order, a value that is not an iRECIST response, iCPD without an earlier iUPD.
    """
    _check([visit.response for visit in visits], [visit.date for visit in visits])
    course: list[Assessment] = []
    for visit in visits:
        open_ = visit.response is Response.IUPD
        course.append(replace(visit, response=Response.NE if open_ else to_recist(visit.response)))
        if visit.response is Response.ICPD:
            break
    return tuple(course)


def immune_best_response(
    visits: Sequence[Assessment], reference: date | None, profile: Profile, first_pd: date | None = None
) -> DatedAnswer[Response]:
    """iBOR with its date, by the same rules as under RECIST 1.1: minimum SD time, confirmation, end of the course.

    Args:
        visits: coded iRECIST time points in time order.
        reference: start of treatment or randomisation, for the minimum SD time.
        profile: ``confirmation``, ``sd_min_days`` and all fields about them.
        first_pd: date of the first PD where it is known from elsewhere; nothing after it counts.

    Raises:
        RuleError: dates out of order, a value that is not an iRECIST response, a needed reference date that is missing.
        ReaderDecisionNeededError: iCR is followed by iPR and the answer depends on which of them was right.
    """
    course = immune_course(visits)
    found = best_response(course, reference, profile, first_pd)
    if found.answer not in (Response.PD, Response.NE, Response.MISSING):
        answer = to_immune(found.answer)
        note = f"{answer.value}: best before confirmed progression (Seymour 2017, Table 3)"
        return DatedAnswer(answer, found.date, (*found.trace, note))
    last = first_pd if profile.stop_at_first_pd else None
    counted = [visit for visit in visits[: len(course)] if last is None or visit.date <= last]
    for code in (Response.ICPD, Response.IUPD):
        when = next((visit.date for visit in counted if visit.response is code), None)
        if when is not None:
            return DatedAnswer(code, when, (*found.trace, _PROGRESSED[code]))
    # A CR that came back by the reader's decision: one scan is never a confirmed progression.
    return replace(found, answer=to_immune(found.answer))


def _best(course: Sequence[Response], profile: Profile) -> tuple[Response, str]:
    for response in _RESPONSES:
        if response in course:
            return response, f"{response.value}: best before confirmed progression (Seymour 2017, Table 3)"
    for code, why in _PROGRESSED.items():
        if code in course:
            return code, why
    if all(response is Response.MISSING for response in course):
        response = Response(profile.missing_is)
        return response, f"{response.value}: no assessment ({profile.source_of('missing_is')})"
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
        if response not in IMMUNE_VALUES:
            raise RuleError(f"'{response.value}' is not an iRECIST time-point response.")
        if response is Response.ICPD and not seen:
            raise RuleError("iCPD needs an earlier iUPD: progression is never confirmed on one scan.")
        seen = seen or response is Response.IUPD
    if dates is None:
        return
    if len(dates) != len(responses):
        raise RuleError(f"There are {len(responses)} responses and {len(dates)} dates.")
    check_dates(when for when in dates if when is not None)
