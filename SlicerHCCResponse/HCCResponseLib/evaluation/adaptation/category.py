"""RECIST 1.1 category from two visits' measurements, by the same rules as a read."""

from collections.abc import Mapping
from datetime import date

from HCCResponseLib.measure import LesionMeasurement, as_candidate
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.read import evaluate_read
from HCCResponseLib.response.timepoint.selection import select_targets
from HCCResponseLib.response.types import LesionFinding, LesionRole, LesionState, TimePointFindings

_ORGAN = "liver"


def category_between(
    before: Mapping[str, LesionMeasurement],
    after: Mapping[str, LesionMeasurement | None],
    dates: tuple[date, date],
) -> str | None:
    """Overall response at the second visit; ``None`` where the rules ask a reader first.

    Args:
        before: measurement of each followed lesion at baseline.
        after: the same at follow-up, ``None`` for a lesion that is gone.
        dates: of the visits.
    """
    profile = load_profile("recist-1.1")
    chosen = select_targets([as_candidate(m, n, _ORGAN) for n, m in before.items()], profile).selected
    role = {n: LesionRole.TARGET if n in chosen else LesionRole.NON_TARGET for n in before}
    visits = [
        TimePointFindings(name, day, tuple(_finding(n, found.get(n), role[n]) for n in before))
        for name, day, found in zip(("baseline", "follow-up"), dates, (before, after), strict=True)
    ]
    overall = evaluate_read(visits, profile).latest.overall
    return None if overall is None else overall.value


def _finding(name: str, found: LesionMeasurement | None, role: LesionRole) -> LesionFinding:
    if found is None:
        return LesionFinding(name, _ORGAN, False, role, LesionState.DISAPPEARED)
    short = found.short_axis.length_mm if found.short_axis else None
    return LesionFinding(name, _ORGAN, False, role, LesionState.MEASURED, found.long_axis.length_mm, short)
