"""Lesions of one read as SDTM knows them: link identifiers, and the records of one lesion at one time point."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from HCCResponseLib.report.sdtm import terms
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.timepoint.measurability import is_normal_node
from HCCResponseLib.response.timepoint.sums import ValueRule
from HCCResponseLib.response.types import (
    LesionFinding,
    LesionRole,
    LesionState,
    NewLesionStatus,
    TimePointFindings,
)

_PREFIX = {LesionRole.TARGET: "T", LesionRole.NON_TARGET: "NT", LesionRole.NEW: "NEW"}


@dataclass
class LinkBook:
    """Link identifiers of one read: ``R1-T01``, ``R1-T01.1`` for a part, ``R1-T01/T02`` for a merge.

    The prefix names the evaluator, since readers choose their lesions independently.
    """

    prefix: str
    known: dict[str, str] = field(default_factory=dict)

    def link(self, lesion: LesionFinding) -> tuple[str, str, bool]:
        """Identifier, how it came to be (TUTESTCD), and whether it is seen for the first time."""
        if lesion.members:
            return self._kept("+".join((lesion.lesion_id, *lesion.members)), self._merged(lesion), "TUMERGE")
        if lesion.parent is not None:
            parent = self.known[lesion.parent]
            count = sum(k.startswith(f"{parent}.") for k in self.known.values())
            return self._kept(lesion.lesion_id, f"{parent}.{count + 1}", "TUSPLIT")
        letters = f"{self.prefix}-{_PREFIX[lesion.role]}"
        count = sum(k.removeprefix(letters).isdigit() and k.startswith(letters) for k in self.known.values())
        return self._kept(lesion.lesion_id, f"{letters}{count + 1:02d}", "TUMIDENT")

    def _kept(self, key: str, link: str, test: str) -> tuple[str, str, bool]:
        fresh = key not in self.known
        return self.known.setdefault(key, link), test, fresh

    def _merged(self, lesion: LesionFinding) -> str:
        ids = dict.fromkeys(self.known[m] for m in (lesion.lesion_id, *lesion.members) if m in self.known)
        first, *others = ids
        return "/".join((first, *(o.removeprefix(f"{self.prefix}-") for o in others)))


@dataclass(frozen=True)
class MeasuredResult:
    """One TR record: test, result as written, standardised result, or why there is none."""

    test: str
    original: str | None
    standard: str | None
    number: Decimal | None = None
    reason: str | None = None


def results(lesion: LesionFinding, point: TimePointFindings, profile: Profile) -> Iterator[MeasuredResult]:
    """The records of one lesion at one time point; none for a lesion that another one stands for."""
    if lesion.state is LesionState.SPLIT or (lesion.state is LesionState.MERGED and not lesion.members):
        return
    length = "LPERP" if lesion.nodal else "LDIAM"
    judged = "LNSTATE" if lesion.nodal else "TUMSTATE"
    reason = terms.NOT_ASSESSED.get(lesion.state)
    state = _state(lesion, point, profile)
    if lesion.role is LesionRole.TARGET:
        yield _length(lesion, length, ValueRule(profile))
        if lesion.nodal and reason is None:
            yield MeasuredResult(judged, state, state)
        return
    if reason is not None:
        yield MeasuredResult(judged, None, None, None, reason)
        return
    yield MeasuredResult(judged, state, state)
    axis = lesion.short_mm if lesion.nodal else lesion.long_mm
    sized = axis is not None or lesion.state is LesionState.TOO_SMALL
    if sized and (lesion.nodal or lesion.role is LesionRole.NEW):
        yield _length(lesion, length, ValueRule(profile))


def _length(lesion: LesionFinding, test: str, rule: ValueRule) -> MeasuredResult:
    if lesion.state in terms.NOT_ASSESSED:
        return MeasuredResult(test, None, None, None, terms.NOT_ASSESSED[lesion.state])
    value = rule.value(lesion, [])
    if value is None:
        return MeasuredResult(test, None, None, None, terms.NOT_WRITTEN)
    own = rule.measured(lesion)
    axis = lesion.short_mm if lesion.nodal else lesion.long_mm
    if lesion.state is LesionState.TOO_SMALL and own is None:
        return MeasuredResult(test, terms.TOO_SMALL, format(value, "f"), value)
    written = value if own is None or axis is None else axis
    return MeasuredResult(test, format(written, "f"), format(value, "f"), value)


def _state(lesion: LesionFinding, point: TimePointFindings, profile: Profile) -> str:
    if lesion.state is LesionState.DISAPPEARED:
        return terms.ABSENT
    if lesion.role is LesionRole.NEW:
        certain = point.new_lesion is NewLesionStatus.UNEQUIVOCAL
        return terms.UNEQUIVOCAL if certain else terms.EQUIVOCAL
    if not lesion.nodal:
        return terms.PRESENT
    normal = is_normal_node(lesion.short_mm, profile)
    return terms.NON_PATHOLOGICAL if normal else terms.PATHOLOGICAL
