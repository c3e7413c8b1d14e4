"""What each target adds to the sum at a time point (RECIST 1.1, 4.3.2 and Appendix II)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.numbers import ZERO, length_text
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.quantities import quantity_named
from HCCResponseLib.response.types import LesionFinding, LesionState

_NOT_ASSESSED = frozenset({LesionState.NOT_EVALUABLE, LesionState.NOT_IMAGED})


@dataclass(frozen=True, slots=True)
class LesionSum:
    """The sum of one time point.

    Attributes:
        total: sum of what was measured (mm, mm² or mm³); None when nothing was.
        complete: every target of the baseline is accounted for.
        all_gone: complete, every non-nodal target 0 and every node normal: the condition for target CR.
        values: value by lesion id, for criteria that look at single lesions.
        notes: trace sentences about values that are not plain measurements.
    """

    total: Decimal | None
    complete: bool
    all_gone: bool
    values: Mapping[str, Decimal] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class ValueRule:
    """Which number stands for a lesion under a profile."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.quantity = quantity_named(profile.quantity)
        self.source = f"{profile.criterion}: {profile.source_of('too_small_mm')}"

    def measured(self, finding: LesionFinding) -> Decimal | None:
        """The reader's own value: long axis, short axis for nodes, product or volume; None when not written."""
        return self.quantity.measured(finding, self.profile.length_rounding_mm)

    def lacks_viable(self, finding: LesionFinding) -> bool:
        """Measured on the whole tumour where the criterion takes its viable part."""
        measured = finding.state is LesionState.MEASURED
        return measured and self.profile.needs_viable and finding.viable is False

    def default_too_small(self) -> Decimal:
        """5 mm, its square, or a sphere of that diameter; never scaled with the slice thickness."""
        return self.quantity.too_small(self.profile.too_small_mm)

    def value(self, finding: LesionFinding, notes: list[str]) -> Decimal | None:
        """What ``finding`` adds to the sum, or None when it was not assessed.

        Raises:
            RuleError: a negative length, or a size for a lesion that has disappeared.
        """
        if self.lacks_viable(finding):
            notes.append(
                f"{finding.lesion_id}: measured on the whole tumour; {self.profile.criterion} needs its viable part, "
                f"so it is not evaluable ({self.profile.source_of('quantity')})"
            )
            return None
        own = self.measured(finding)
        if own is not None and own < 0:
            raise RuleError(f"Lesion '{finding.lesion_id}' has the negative size {own}.")
        state = finding.state
        if state is LesionState.MEASURED:
            if own is None:
                notes.append(f"{finding.lesion_id}: no measurement written, so it is not evaluable, not 0 mm")
            return own
        if state in _NOT_ASSESSED:
            notes.append(f"{finding.lesion_id}: {state.value}, adds no number ({self.source})")
            return None
        if state is LesionState.TOO_SMALL and own is None:
            notes.append(
                f"{finding.lesion_id}: too small to measure, counted as {length_text(self.default_too_small())} "
                f"({self.source})"
            )
            return self.default_too_small()
        return self._gone(finding, own, notes) if state is LesionState.DISAPPEARED else own

    def _gone(self, finding: LesionFinding, own: Decimal | None, notes: list[str]) -> Decimal:
        if own:
            raise RuleError(f"Lesion '{finding.lesion_id}' has disappeared and yet has the size {own}.")
        gone = self.profile.disappeared_mm
        notes.append(f"{finding.lesion_id}: disappeared, counted as {length_text(gone)}")
        return gone

    def is_gone(self, value: Decimal, nodal: bool) -> bool:
        """Zero, or a node with a normal short axis."""
        if nodal and self.quantity.normal_nodes:
            return value < self.profile.node_pathological_short_mm
        return value <= self.profile.disappeared_mm


def baseline_sum(targets: Sequence[LesionFinding], rule: ValueRule) -> LesionSum:
    """The sum at baseline; no sum where a viable criterion has only the whole tumour of a target.

    Raises:
        RuleError: a target without a baseline measurement, twice the same lesion, or a sum of 0.
    """
    notes: list[str] = []
    values: dict[str, Decimal] = {}
    incomplete = False
    for target in targets:
        if target.lesion_id in values:
            raise RuleError(f"Lesion '{target.lesion_id}' is listed twice at baseline.")
        value = rule.value(target, notes)
        if rule.lacks_viable(target):
            incomplete = True
            continue
        if value is None or target.state is LesionState.DISAPPEARED:
            raise RuleError(f"Target '{target.lesion_id}' has no baseline measurement.")
        values[target.lesion_id] = value
    if incomplete:
        return LesionSum(None, False, False, values, tuple(notes))
    total = sum(values.values(), ZERO)
    if values and total <= 0:
        raise RuleError("The baseline sum must be larger than 0 mm; there is no target without a baseline.")
    return LesionSum(total if values else None, True, False, values, tuple(notes))


def follow_up_sum(
    baseline: Mapping[str, LesionFinding], findings: Iterable[LesionFinding], rule: ValueRule
) -> LesionSum:
    """The sum at a follow-up, with split and merged lesions.

    Parts of a split lesion are added; an inseparable merge counts once with one diameter. A target that is
    not listed was not assessed, so that a forgotten lesion can never look like shrinkage.

    Raises:
        RuleError: a target that the baseline does not have, twice the same lesion, or a merge without its
            measurement.
    """
    rows: dict[str, LesionFinding] = {}
    for finding in findings:
        if finding.lesion_id in rows:
            raise RuleError(f"Lesion '{finding.lesion_id}' is listed twice at one time point.")
        rows[finding.lesion_id] = finding
    return _Follower(baseline, rows, rule).sum()


class _Follower:
    """Walks over the baseline's targets and finds what stands for each at a follow-up."""

    def __init__(
        self, baseline: Mapping[str, LesionFinding], rows: Mapping[str, LesionFinding], rule: ValueRule
    ) -> None:
        self.baseline, self.rows, self.rule = baseline, rows, rule
        self.notes: list[str] = []
        self.values: dict[str, Decimal] = {}
        self.complete = True
        self.gone = True
        self.parts: dict[str, list[LesionFinding]] = {}
        self.carrier: dict[str, str] = {}
        self._link()

    def _link(self) -> None:
        for row in self.rows.values():
            if row.parent is not None:
                self._check_parent(row)
                self.parts.setdefault(row.parent, []).append(row)
            if row.members and not any(key in self.baseline or key in self.rows for key in row.members):
                raise RuleError(f"Lesion '{row.lesion_id}' is a merge of lesions that the baseline lacks.")
            for member in row.members:
                if self.carrier.setdefault(member, row.lesion_id) != row.lesion_id:
                    raise RuleError(f"Lesion '{member}' is in two merges at one time point.")
        for lesion_id, row in self.rows.items():
            if lesion_id not in self.baseline and row.parent is None and not row.members:
                raise RuleError(f"Target '{lesion_id}' has no baseline measurement.")

    def _check_parent(self, row: LesionFinding) -> None:
        seen = {row.lesion_id}
        parent = row.parent
        while parent is not None and parent not in self.baseline:
            above = self.rows.get(parent)
            if above is None or parent in seen:
                raise RuleError(
                    f"Lesion '{row.lesion_id}' is part of '{row.parent}', which the baseline lacks."
                )
            seen.add(parent)
            parent = above.parent

    def sum(self) -> LesionSum:
        counted: set[str] = set()
        for lesion_id in self.baseline:
            self._add(lesion_id, counted)
        total = sum(self.values.values(), ZERO) if self.values else None
        return LesionSum(total, self.complete, self.complete and self.gone, self.values, tuple(self.notes))

    def _add(self, lesion_id: str, counted: set[str]) -> None:
        carrier = self.carrier.get(lesion_id)
        if carrier is not None and carrier != lesion_id:
            self._merged_away(lesion_id, carrier)
            if carrier not in self.baseline and carrier not in counted:
                counted.add(carrier)
                self._add(carrier, counted)
            return
        row = self.rows.get(lesion_id)
        parts = self.parts.get(lesion_id)
        if parts:
            for part in self._counted_parts(lesion_id, parts):
                self._add(part.lesion_id, counted)
            if row is None or row.state is LesionState.SPLIT:
                return
        self._take(lesion_id, row)

    def _counted_parts(self, lesion_id: str, parts: list[LesionFinding]) -> list[LesionFinding]:
        """All parts of a split lesion, or the largest one where the charter says so."""
        if self.rule.profile.split_policy == "add-parts":
            self.notes.append(
                f"{lesion_id}: split, the parts {', '.join(p.lesion_id for p in parts)} are added "
                "(RECIST 1.1, 4.3.2: parts are neither new lesions nor extra targets)"
            )
            return parts
        largest = max(parts, key=lambda part: self.rule.measured(part) or ZERO)
        source = self.rule.profile.source_of("split_policy")
        self.notes.append(f"{lesion_id}: split, only the largest part {largest.lesion_id} counts ({source})")
        return [largest]

    def _merged_away(self, lesion_id: str, carrier: str) -> None:
        row = self.rows.get(lesion_id)
        if row is not None and row.state is not LesionState.MERGED and self.rule.measured(row):
            raise RuleError(
                f"Lesion '{lesion_id}' is merged into '{carrier}' and yet has its own measurement."
            )
        self.notes.append(f"{lesion_id}: merged into {carrier}, adds nothing of its own (RECIST 1.1, 4.3.2)")

    def _take(self, lesion_id: str, row: LesionFinding | None) -> None:
        if row is None:
            self.notes.append(f"{lesion_id}: not listed at this time point, so it was not assessed")
            self.complete = False
            return
        if row.state is LesionState.MERGED and not row.members and self.rule.measured(row) is None:
            raise RuleError(
                f"Lesion '{lesion_id}' is merged, but no lesion of this time point lists it among its members."
            )
        if row.members and self.rule.profile.merge_policy == "not-evaluable":
            source = self.rule.profile.source_of("merge_policy")
            self.notes.append(f"{lesion_id}: an inseparable merge, not evaluable ({source})")
            self.complete = False
            return
        value = self.rule.value(row, self.notes)
        if value is None:
            self.complete = False
            return
        self.values[lesion_id] = value
        root = self.baseline.get(lesion_id)
        if not self.rule.is_gone(value, row.nodal if root is None else root.nodal):
            self.gone = False
