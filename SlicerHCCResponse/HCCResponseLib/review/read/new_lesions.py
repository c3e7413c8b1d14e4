"""New lesions over the visits of a read: candidate, equivocal, unequivocal or dismissed, and the date that counts."""

from dataclasses import dataclass
from datetime import date

from HCCResponseLib.response.endpoints.time_to_event import new_lesion_date
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import NewLesionStatus
from HCCResponseLib.review.read.records import Action
from HCCResponseLib.review.read.state import ReadState

_STATES = {Action.NEW: "unequivocal", Action.EQUIVOCAL: "equivocal", Action.DISMISS: "dismissed"}
_STATUS = {
    Action.NEW: NewLesionStatus.UNEQUIVOCAL,
    Action.EQUIVOCAL: NewLesionStatus.EQUIVOCAL,
    Action.DISMISS: NewLesionStatus.NO,
}


@dataclass(frozen=True)
class NewLesionHistory:
    """One candidate over the visits.

    Attributes:
        name: of the candidate, the same at every visit that shows it.
        states: (time point, candidate, equivocal, unequivocal or dismissed) in order.
        progression: date of the progression that it makes; ``None`` while no reader called it unequivocal.
        why: the rule behind the date.
    """

    name: str
    states: tuple[tuple[str, str], ...]
    progression: date | None
    why: str


def histories(state: ReadState, profile: Profile) -> list[NewLesionHistory]:
    """Every candidate over the visits; one that became certain later is dated back to the scan that first showed it."""
    if state.study is None:
        return []
    points = state.study.timepoints
    names = dict.fromkeys(
        name for p in points for name, row in state.rows.get(p.name, {}).items() if row.is_candidate
    )
    out = []
    for name in names:
        rows = [(p, row) for p in points if (row := state.row(p.name, name)) is not None and row.is_candidate]
        visits = [(p.date, _STATUS[row.decision.action]) for p, row in rows if row.decision is not None]
        when, why = new_lesion_date(visits, profile)
        states = ((p.name, _STATES[r.decision.action] if r.decision else "candidate") for p, r in rows)
        out.append(NewLesionHistory(name, tuple(states), when, why))
    return out
