"""iRECIST (Seymour 2017, Lancet Oncol 18:e143-e152): the state machine, one time point at a time.

States: none, open (an unconfirmed progression, iUPD, with its anchor), confirmed (iCPD). The anchor is the time point
of the first iUPD of the block: its target sum, its new lesions and the categories that progressed.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from HCCResponseLib.response.irecist.codes import to_immune
from HCCResponseLib.response.irecist.new_lesions import NewLesionBook, NewLesionFinding, NewLesionStatusNow
from HCCResponseLib.response.numbers import length_text
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.timepoint.overall import overall_response
from HCCResponseLib.response.timepoint.sums import LesionSum
from HCCResponseLib.response.timepoint.target import NO_TARGET, TargetHistory
from HCCResponseLib.response.types import NewLesionStatus, Response, TargetEvaluation, VersusLast

TARGET, NON_TARGET, NEW_LESION = "target", "non-target", "new lesion"
_SOURCE = "Seymour 2017, Table 2"


@dataclass(frozen=True, slots=True)
class ImmuneTimePoint:
    """What the machine needs of a follow-up.

    Attributes:
        date: date of the scan.
        current: target sum, mm.
        non_target: non-target response in RECIST spelling (PD stands for iUPD).
        versus_last: non-target disease compared with the last time point.
        new_lesions: new lesions with their size, mm.
        without_history: the target evaluation where the machine has no history: none, or a baseline without a sum.
    """

    date: date
    current: LesionSum
    non_target: Response
    versus_last: VersusLast | None = None
    new_lesions: tuple[NewLesionFinding, ...] = ()
    without_history: TargetEvaluation = NO_TARGET


@dataclass(frozen=True, slots=True)
class ImmuneOutcome:
    """The coded response of one time point.

    Attributes:
        response: iCR, iPR, iSD, NON-iCR/NON-iUPD, iUPD, iCPD, NE, NED or MISSING.
        used_for_state: False for a scan that came too early after an iUPD.
        warnings: what the reader should know.
        target: target evaluation in RECIST spelling.
        trace: rules that fired, in order.
    """

    response: Response
    used_for_state: bool
    warnings: tuple[str, ...]
    target: TargetEvaluation
    trace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sight:
    """A time point as the machine sees it: findings, target evaluation, base response, new lesions, causes of PD."""

    point: ImmuneTimePoint
    target: TargetEvaluation
    base: Response
    new: NewLesionStatusNow
    causes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Anchor:
    """The iUPD that waits for confirmation. Lengths in mm."""

    first: date
    last: date
    target_sum: Decimal | None
    non_target: Response
    causes: frozenset[str]


class ImmuneStateMachine:
    """Carries the state over the time points of one subject.

    Args:
        profile: the iRECIST fields and all RECIST thresholds.
        history: target history after the baseline; None without target disease.
    """

    def __init__(self, profile: Profile, history: TargetHistory | None) -> None:
        self.profile, self.history = profile, history
        self.book = NewLesionBook(profile)
        self.anchor: Anchor | None = None
        self.confirmed = False
        self.had_cr = False

    def step(self, point: ImmuneTimePoint) -> ImmuneOutcome:
        """Code the next time point.

        Raises:
            RuleError: impossible sizes or values.
        """
        early = self._too_early(point.date)
        memory = self.history.memory if self.history is not None else None
        target = self._target(point, early)
        base = overall_response(target.response, point.non_target, NewLesionStatus.NO, self.profile)
        new = self.book.look(point.new_lesions)
        causes = _causes(target.response, point.non_target, new)
        sight = _Sight(point, target, base.response, new, causes)
        warnings = list(new.warnings)
        if self.confirmed:
            response, why = Response.ICPD, ["iCPD: progression was confirmed before (Seymour 2017)"]
        elif early:
            response, why = self._early(sight, warnings)
        else:
            response, why = self._used(sight, warnings)
            self.book.commit(new)
        self.had_cr = self.had_cr or response is Response.ICR
        left = (
            self.history.leave_out(response, memory)
            if self.history is not None and memory is not None
            else ()
        )
        trace = (*target.trace, *base.trace, *why, *left)
        return ImmuneOutcome(response, not early, tuple(warnings), target, trace)

    def _too_early(self, when: date) -> bool:
        if self.anchor is None or self.confirmed:
            return False
        return (when - self.anchor.first).days < self.profile.irecist_confirm_min_days

    def _target(self, point: ImmuneTimePoint, early: bool) -> TargetEvaluation:
        if self.history is None:
            return point.without_history
        before = self.history.memory
        total = point.current.total
        back = self.had_cr and total is not None and total > 0 and not point.current.all_gone
        real = back and self.profile.cr_then_lesser in ("ask", "recurrence-is-pd")
        evaluation = self.history.evaluate(point.current, recurrence=real)
        if early and self.profile.irecist_early_scan == "ignore":
            self.history.recall(before)
        return evaluation

    def _early(self, sight: _Sight, warnings: list[str]) -> tuple[Response, list[str]]:
        days = (sight.point.date - self.anchor.first).days if self.anchor else 0
        source = self.profile.source_of("irecist_confirm_min_days")
        warnings.append(
            f"scan {days} days after the iUPD, earlier than {self.profile.irecist_confirm_min_days} days: "
            "not used to confirm or to clear it"
        )
        if sight.base is Response.NE and not sight.causes:
            return Response.NE, [f"NE: not evaluable, and too early after the iUPD ({source})"]
        return Response.IUPD, [f"iUPD: stays open, the scan is too early to confirm or clear it ({source})"]

    def _used(self, sight: _Sight, warnings: list[str]) -> tuple[Response, list[str]]:
        if self.anchor is None:
            return self._first(sight)
        since = self.anchor.first
        late = self._late(sight.point.date, warnings)
        confirmed = self._confirmations(self.anchor, sight)
        if confirmed and late and self.profile.irecist_late_scan == "new-iupd":
            self._open(sight)
            return Response.IUPD, [f"iUPD: {confirmed[0]}, but after the window, so it starts anew"]
        if confirmed:
            self.confirmed = True
            return Response.ICPD, [f"iCPD: {reason} ({_SOURCE})" for reason in confirmed]
        if sight.base in (Response.NE, Response.MISSING) or sight.new.not_evaluable:
            return Response.NE, [f"NE: not all evaluable, the iUPD of {since} stays open (Seymour 2017)"]
        blocked = _why_no_reset(self.anchor, sight)
        if blocked is not None:
            self._again(self.anchor, sight)
            return Response.IUPD, [f"iUPD: again, {blocked} ({_SOURCE})"]
        self.anchor = None
        self.book.settle()
        response = _immune(sight)
        return response, [f"{response.value}: no further growth, the iUPD of {since} is cleared ({_SOURCE})"]

    def _first(self, sight: _Sight) -> tuple[Response, list[str]]:
        if sight.causes:
            self._open(sight)
            causes = ", ".join(sorted(sight.causes))
            return Response.IUPD, [f"iUPD: first progression by {causes} ({_SOURCE})"]
        if sight.base is Response.NE or sight.new.not_evaluable:
            return Response.NE, [f"NE: not all evaluable ({_SOURCE})"]
        response = _immune(sight)
        return response, [f"{response.value}: no progression ({_SOURCE})"]

    def _open(self, sight: _Sight) -> None:
        when = sight.point.date
        self.anchor = Anchor(when, when, sight.target.sum, sight.point.non_target, sight.causes)
        self.book.anchor(sight.new)

    def _again(self, anchor: Anchor, sight: _Sight) -> None:
        """Another iUPD: the date of the block stays; the reference moves only where the protocol says so."""
        self.anchor = replace(anchor, last=sight.point.date)
        if self.profile.irecist_reference == "last-iupd":
            total = sight.target.sum if sight.target.complete else anchor.target_sum
            self.anchor = replace(self.anchor, target_sum=total)
            self.book.anchor(sight.new)

    def _late(self, when: date, warnings: list[str]) -> bool:
        limit = self.profile.irecist_confirm_max_days
        days = 0 if self.anchor is None else (when - self.anchor.last).days
        if days <= limit:
            return False
        warnings.append(f"scan {days} days after the iUPD, later than {limit} days: check the visit schedule")
        return True

    def _grown(self, now: Decimal | None, then: Decimal | None) -> bool:
        if now is None or then is None:
            return False
        limit = self.profile.irecist_confirm_increase_mm
        return now - then >= limit if self.profile.irecist_confirm_increase_inclusive else now - then > limit

    def _confirmations(self, anchor: Anchor, sight: _Sight) -> list[str]:
        """Criteria of iCPD that are met, relative to the iUPD."""
        found: list[str] = []
        total = sight.target.sum
        if TARGET in anchor.causes and total is not None and self._grown(total, anchor.target_sum):
            size = length_text(total)
            found.append(f"target sum up to {size} mm, at least the required growth since the iUPD")
        if NON_TARGET in anchor.causes and sight.point.versus_last is VersusLast.LARGER:
            found.append("non-target disease that was iUPD has grown further")
        if NEW_LESION in anchor.causes:
            found += self._new_lesion_growth(sight.new)
        found += [f"progression in a new category: {cause}" for cause in sorted(sight.causes - anchor.causes)]
        return found

    def _new_lesion_growth(self, new: NewLesionStatusNow) -> list[str]:
        grown = self._grown(new.sum_of_anchored, self.book.anchored_sum)
        checks = (
            (grown, "new target lesions have grown further"),
            (new.non_target_grown, "a new non-target lesion has grown"),
            (bool(new.additional), f"additional new lesions: {', '.join(new.additional)}"),
        )
        return [text for met, text in checks if met]


def _why_no_reset(anchor: Anchor, sight: _Sight) -> str | None:
    """Why an open iUPD is not cleared, or None when it is."""
    if sight.base is Response.PD:
        return "still progression against the nadir, no further growth"
    if NEW_LESION not in anchor.causes or sight.new.resolved:
        return None
    if sight.target.sum is not None and anchor.target_sum is not None:
        smaller = sight.target.sum < anchor.target_sum
    else:
        gone = sight.point.non_target is Response.CR and anchor.non_target is not Response.CR
        smaller = gone or sight.point.versus_last is VersusLast.SMALLER
    if smaller:
        return None
    return "the new lesion is still there and baseline disease is not smaller than at the iUPD"


def _immune(sight: _Sight) -> Response:
    """iRECIST spelling; no iCR while a new lesion is left."""
    response = to_immune(sight.base)
    return Response.IPR if response is Response.ICR and not sight.new.resolved else response


def _causes(target: Response, non_target: Response, new: NewLesionStatusNow) -> frozenset[str]:
    checks = (
        (target is Response.PD, TARGET),
        (non_target is Response.PD, NON_TARGET),
        (new.additional or new.progressed, NEW_LESION),
    )
    return frozenset(cause for met, cause in checks if met)
