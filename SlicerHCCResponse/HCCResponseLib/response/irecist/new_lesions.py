"""New lesions in iRECIST: recorded apart, never added to the baseline's sum (Seymour 2017)."""

from dataclasses import dataclass, field
from decimal import Decimal

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.numbers import ZERO
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.timepoint.selection import organ_name_group
from HCCResponseLib.response.timepoint.target import is_pd
from HCCResponseLib.response.types import VersusLast


@dataclass(frozen=True, slots=True)
class NewLesionFinding:
    """A new lesion at one time point.

    Attributes:
        lesion_id: identity over the time points.
        target: True for a new target lesion, False for a new non-target lesion.
        organ: for the per-organ limit.
        size_mm: long axis (short axis for nodes), mm; 0 when gone; None when not evaluable.
        versus_last: compared with the last time point.
    """

    lesion_id: str
    target: bool
    organ: str
    size_mm: Decimal | None
    versus_last: VersusLast | None = None


@dataclass(frozen=True, slots=True)
class NewLesionStatusNow:
    """New lesions of one time point, compared with what was known.

    Attributes:
        additional: lesions that were never seen before.
        sum_of_anchored: sum of the new target lesions that were there at the iUPD, mm; what could not be measured
            adds nothing.
        non_target_grown: any new non-target lesion has grown.
        progressed: known new lesions meet the progression rule from their own nadir.
        not_evaluable: a known new lesion could not be assessed.
        resolved: no new lesion is left.
        sizes: size by lesion, mm; None where not evaluable.
        roles: True for new target lesions.
        warnings: what the reader should know.
    """

    additional: tuple[str, ...]
    sum_of_anchored: Decimal | None
    non_target_grown: bool
    progressed: bool
    not_evaluable: bool
    resolved: bool
    sizes: dict[str, Decimal | None]
    roles: dict[str, bool]
    warnings: tuple[str, ...]


@dataclass(slots=True)
class NewLesionBook:
    """What is known about the new lesions of one subject."""

    profile: Profile
    roles: dict[str, bool] = field(default_factory=dict)
    organs: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, Decimal | None] = field(default_factory=dict)
    nadir: Decimal | None = None
    anchored: frozenset[str] = frozenset()
    anchored_sum: Decimal | None = None

    def look(self, findings: tuple[NewLesionFinding, ...]) -> NewLesionStatusNow:
        """Compare a time point with what is known, without changing the book.

        Raises:
            RuleError: a negative size, or the same lesion twice.
        """
        rows = _by_id(findings)
        warnings: list[str] = []
        roles = dict(self.roles)
        additional = [key for key, row in rows.items() if key not in self.roles and row.size_mm != 0]
        for key in additional:
            roles[key] = self._within_limits(rows[key], roles, warnings)
        sizes = self._sizes(rows, additional, warnings)
        known = [key for key in rows if key in self.roles]
        grown = any(self._non_target_grown(rows[key]) for key in known if not roles[key])
        unmeasured = [key for key in known if rows[key].size_mm is None]
        return NewLesionStatusNow(
            additional=tuple(additional),
            sum_of_anchored=self._sum(sizes, roles, self.anchored),
            non_target_grown=grown,
            progressed=grown or self._progressed(sizes, roles),
            not_evaluable=any(roles[key] or rows[key].versus_last is None for key in unmeasured),
            resolved=all(size == 0 for size in sizes.values()),
            sizes=sizes,
            roles=roles,
            warnings=tuple(warnings),
        )

    def commit(self, now: NewLesionStatusNow) -> None:
        """Take a time point over that counts for the state."""
        if now.additional:
            self.nadir = None
        self.roles = now.roles
        self.sizes = now.sizes
        targets = [key for key, target in now.roles.items() if target]
        if targets and all(now.sizes.get(key) is not None for key in targets):
            total = self._sum(now.sizes, now.roles, frozenset(targets)) or ZERO
            self.nadir = total if self.nadir is None else min(self.nadir, total)

    def anchor(self, now: NewLesionStatusNow) -> None:
        """Remember the new lesions of an iUPD."""
        self.anchored = frozenset(key for key, target in now.roles.items() if target)
        self.anchored_sum = self._sum(now.sizes, now.roles, self.anchored)

    def settle(self) -> None:
        """Forget the anchor after a reset."""
        self.anchored, self.anchored_sum = frozenset(), None

    def _sum(
        self, sizes: dict[str, Decimal | None], roles: dict[str, bool], keys: frozenset[str]
    ) -> Decimal | None:
        found = [size for key in keys if roles.get(key) and (size := sizes.get(key)) is not None]
        return sum(found, ZERO) if found else None

    def _progressed(self, sizes: dict[str, Decimal | None], roles: dict[str, bool]) -> bool:
        if self.nadir is None:
            return False
        total = self._sum(sizes, roles, frozenset(key for key, target in self.roles.items() if target))
        return total is not None and is_pd(total, self.nadir, self.profile)

    def _sizes(
        self, rows: dict[str, NewLesionFinding], additional: list[str], warnings: list[str]
    ) -> dict[str, Decimal | None]:
        sizes: dict[str, Decimal | None] = {}
        for key in [*self.roles, *additional]:
            row = rows.get(key)
            if row is None:
                if self.sizes.get(key) != 0:
                    warnings.append(f"new lesion {key} is not listed any more and counts as gone")
                sizes[key] = ZERO
            else:
                sizes[key] = row.size_mm
        return sizes

    def _non_target_grown(self, row: NewLesionFinding) -> bool:
        if row.versus_last is not None:
            return row.versus_last is VersusLast.LARGER
        before = self.sizes.get(row.lesion_id)
        return row.size_mm is not None and before is not None and row.size_mm > before

    def _within_limits(
        self,
        row: NewLesionFinding,
        roles: dict[str, bool],
        warnings: list[str],
    ) -> bool:
        """Whether a new lesion may be a new target lesion (at most 5, 2 per organ)."""
        organ = organ_name_group(row.organ, self.profile)
        self.organs[row.lesion_id] = organ
        if not row.target:
            return False
        targets = [key for key, target in roles.items() if target]
        same = [key for key in targets if self.organs.get(key) == organ]
        profile = self.profile
        if len(targets) >= profile.new_target_limit or len(same) >= profile.new_target_limit_per_organ:
            warnings.append(
                f"{row.lesion_id} is over the limit of new target lesions and counts as new non-target"
            )
            return False
        return True


def _by_id(findings: tuple[NewLesionFinding, ...]) -> dict[str, NewLesionFinding]:
    rows: dict[str, NewLesionFinding] = {}
    for row in findings:
        if row.lesion_id in rows:
            raise RuleError(f"New lesion '{row.lesion_id}' is listed twice at one time point.")
        if row.size_mm is not None and row.size_mm < 0:
            raise RuleError(f"New lesion '{row.lesion_id}' has the negative size {row.size_mm}.")
        rows[row.lesion_id] = row
    return rows
