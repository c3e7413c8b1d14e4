"""Date of progression and time-to-event endpoints (FDA 2007 endpoint guidance, Appendix 3; EMA 2012; admiralonco).

Days are counted as end - start + 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.endpoints.schedule import VisitSchedule
from HCCResponseLib.response.endpoints.visits import OVERALL_VALUES, Assessment, check_dates
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import NewLesionStatus, Response


class Reason(StrEnum):
    """What a progression was seen in."""

    SUM = "sum"
    NEW_LESION = "new-lesion"
    NON_TARGET = "non-target"


class Endpoint(StrEnum):
    """Progression-free survival, time to progression, overall survival, duration of response."""

    PFS = "PFS"
    TTP = "TTP"
    OS = "OS"
    DOR = "DoR"


_ADEQUATE = OVERALL_VALUES - {Response.NE, Response.MISSING}


@dataclass(frozen=True, slots=True)
class TimeToEvent:
    """Outcome of a time-to-event analysis.

    Attributes:
        event: True for an event, False when censored.
        date: date of the event or of censoring.
        days: date - start + 1.
        reason: why, in words.
        trace: rules that fired, in order.
    """

    event: bool
    date: date
    days: int
    reason: str
    trace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What is known about a subject after the start date.

    Attributes:
        start: randomisation or first dose; for DoR treatment start or the first response.
        visits: coded time points in time order.
        baseline_done: there was a baseline assessment.
        death: date of death.
        last_alive: date last known alive.
        new_therapy: start of another anticancer therapy.
        clinical_progression: date of a progression without images.
        schedule: planned assessments.
    """

    start: date
    visits: tuple[Assessment, ...] = ()
    baseline_done: bool = True
    death: date | None = None
    last_alive: date | None = None
    new_therapy: date | None = None
    clinical_progression: date | None = None
    schedule: VisitSchedule = field(default_factory=VisitSchedule)


def time_to_event(endpoint: Endpoint, known: FollowUp, profile: Profile) -> TimeToEvent:
    """PFS, TTP, OS or DoR under the profile's censoring convention.

    Raises:
        RuleError: dates out of order.
    """
    _check(known)
    if endpoint is Endpoint.OS:
        return _survival(known)
    if endpoint is Endpoint.DOR:
        known = _from_response(known)
    return _Progression(endpoint, known, profile).outcome()


def _check(known: FollowUp) -> None:
    check_dates(visit.date for visit in known.visits)
    dates = {
        "death": known.death,
        "last alive": known.last_alive,
        "new therapy": known.new_therapy,
        "clinical progression": known.clinical_progression,
    }
    for name, when in dates.items():
        if when is not None and when < known.start:
            raise RuleError(f"Dates out of order: {name} ({when}) is before the start ({known.start}).")
        if when is not None and known.death is not None and when > known.death:
            raise RuleError(f"Dates out of order: {name} ({when}) is after death ({known.death}).")
    if known.visits and known.death is not None and known.visits[-1].date > known.death:
        raise RuleError(f"Dates out of order: a time point ({known.visits[-1].date}) is after death.")


def _survival(known: FollowUp) -> TimeToEvent:
    if known.death is not None:
        return _outcome(known, True, known.death, "death", "event: death (OS)")
    last = known.last_alive or (known.visits[-1].date if known.visits else None) or known.start
    why = "last known alive"
    return _outcome(known, False, max(last, known.start), why, f"censored: {why} (OS)")


def _from_response(known: FollowUp) -> FollowUp:
    """Duration of response starts with the first CR or PR; later visits count (RECIST 1.1, 4.6)."""
    for index, visit in enumerate(known.visits):
        if visit.response in (Response.CR, Response.PR) and visit.date >= known.start:
            return replace(known, start=visit.date, visits=known.visits[index:], baseline_done=True)
        if visit.response is Response.PD and visit.date >= known.start:
            break
    return replace(known, baseline_done=True)


def _outcome(known: FollowUp, event: bool, when: date, reason: str, *trace: str) -> TimeToEvent:
    return TimeToEvent(event, when, (when - known.start).days + 1, reason, trace)


class _Progression:
    """PFS, TTP or DoR of one subject."""

    def __init__(self, endpoint: Endpoint, known: FollowUp, profile: Profile) -> None:
        self.endpoint, self.known, self.profile = endpoint, known, profile
        self.fda = profile.censoring.removeprefix("fda-") if profile.censoring.startswith("fda-") else ""
        self.visits = [visit for visit in known.visits if visit.date >= known.start]
        self.stop = known.new_therapy if self.fda else None

    def outcome(self) -> TimeToEvent:
        if not self.known.baseline_done:
            return self._no_baseline()
        candidates = [self._progressed(), self._died(), self._claimed()]
        events = [entry for entry in candidates if entry is not None and not self._after_therapy(entry[0])]
        if not events:
            return self._censored("no event")
        first, reason = min(events)
        missed = self._missed_before(first, reason)
        if missed:
            return self._censored(f"{reason} after {missed} missed assessments", before=first)
        when = self._reported(first, reason)
        return _outcome(self.known, True, when, reason, f"event: {reason} on {when} ({self._source()})")

    def _source(self) -> str:
        return f"{self.endpoint}, {self.profile.censoring}, {self.profile.source_of('censoring')}"

    def _no_baseline(self) -> TimeToEvent:
        death = self.known.death
        if death is not None and not self.fda and self.endpoint is not Endpoint.TTP:
            return _outcome(self.known, True, death, "death", f"event: death, no baseline ({self._source()})")
        why = "no baseline assessment"
        note = f"censored at start: {why} ({self._source()})"
        return _outcome(self.known, False, self.known.start, why, note)

    def _progressed(self) -> tuple[date, str] | None:
        return next(((v.date, "progression") for v in self.visits if v.response is Response.PD), None)

    def _died(self) -> tuple[date, str] | None:
        if self.known.death is None or self.endpoint is Endpoint.TTP:
            return None
        return self.known.death, "death"

    def _claimed(self) -> tuple[date, str] | None:
        claim = self.known.clinical_progression
        return (claim, "clinical progression") if claim is not None and self.fda == "c" else None

    def _after_therapy(self, when: date) -> bool:
        return self.stop is not None and when > self.stop

    def _adequate(self, before: date | None) -> list[Assessment]:
        return [
            visit
            for visit in self.visits
            if visit.response in _ADEQUATE
            and (before is None or visit.date < before)
            and not self._after_therapy(visit.date)
        ]

    def _missed_before(self, when: date, reason: str) -> int:
        """Missed assessments right before an event, where the convention censors for them; else 0."""
        counts = {"a": ("progression", "death"), "b": ("death",), "c": ("death",)}.get(self.fda, ())
        seen = self._adequate(when)
        if reason not in counts or (reason == "death" and not seen):
            return 0
        own = when if reason == "progression" else None
        last = seen[-1].date if seen else self.known.start
        schedule, window = self.known.schedule, self.profile.visit_window_days
        missed = schedule.missed([v.date for v in seen], last, when, own, window)
        return missed if missed >= self.profile.missed_visits_censor else 0

    def _reported(self, when: date, reason: str) -> date:
        """B and C: a progression between scheduled assessments is dated at the next scheduled one."""
        if self.fda not in ("b", "c") or reason == "death":
            return when
        planned = self.known.schedule.next_from(when, self.profile.visit_window_days)
        if planned is None:
            return when
        return min(planned, self.known.death) if self.known.death is not None else planned

    def _censored(self, why: str, before: date | None = None) -> TimeToEvent:
        seen = self._adequate(before)
        when = seen[-1].date if seen else self.known.start
        if self.stop is not None and why == "no event":
            why = "new anticancer therapy"
        what = "last adequate assessment" if seen else "start"
        note = f"censored at {what} {when}: {why} ({self._source()})"
        return _outcome(self.known, False, when, why, note)


def progression_date(
    scan_dates: Mapping[str, date], reason: Reason, region: str | None, profile: Profile
) -> tuple[date, str]:
    """Date of a progression whose scans lie on several days, and why.

    A sum is complete with its last scan, so its date is the last; a new lesion or a non-target lesion was seen on the
    scan of its region.

    Args:
        scan_dates: date by scanned region.
        reason: what progressed.
        region: where it was seen; needed for new and non-target lesions when dates differ.

    Raises:
        RuleError: no scans, an unknown region, or a region that is needed and missing.
    """
    if not scan_dates:
        raise RuleError("No scan dates are given.")
    if region is not None and region not in scan_dates:
        raise RuleError(f"There is no scan of the region '{region}'.")
    if reason is Reason.SUM:
        which = profile.date_of_sum_event
        when = max(scan_dates.values()) if which == "last" else min(scan_dates.values())
        source = profile.source_of("date_of_sum_event")
        return when, f"{when}: {which} scan of the time point, for a sum ({source})"
    if reason is Reason.NEW_LESION and profile.date_of_new_lesion == "last":
        when = max(scan_dates.values())
        return when, f"{when}: last scan of the time point ({profile.source_of('date_of_new_lesion')})"
    if region is None and len(set(scan_dates.values())) > 1:
        raise RuleError(
            f"The region of the {reason.value} progression is needed, since the scans are on several days."
        )
    when = scan_dates[region] if region is not None else min(scan_dates.values())
    where = region or "the scan"
    return when, f"{when}: first observed in {where} ({profile.source_of('date_of_new_lesion')})"


def new_lesion_date(
    visits: Sequence[tuple[date, NewLesionStatus | None]], profile: Profile
) -> tuple[date | None, str]:
    """Date of a new lesion that was equivocal at first: that of the first scan that showed it.

    Returns:
        The date and why; None while no lesion is unequivocal.

    Raises:
        RuleError: dates out of order.
    """
    check_dates(when for when, _ in visits)
    first: date | None = None
    for when, status in visits:
        if status is NewLesionStatus.UNEQUIVOCAL:
            if first is None or not profile.equivocal_back_dating:
                return when, f"{when}: unequivocal new lesion (RECIST 1.1, 4.3.5)"
            source = profile.source_of("equivocal_back_dating")
            return first, f"{first}: first scan that showed the lesion ({source})"
        if status is NewLesionStatus.EQUIVOCAL:
            first = when if first is None else first
        elif status is NewLesionStatus.NO:
            first = None
    return None, "no progression: no new lesion has become unequivocal"
