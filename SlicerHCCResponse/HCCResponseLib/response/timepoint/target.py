"""Target response (RECIST 1.1, 4.3.1; mRECIST; the other criteria with their own thresholds from the profile)."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.numbers import HUNDRED, length_text, percent_change, signed
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.timepoint.sums import LesionSum
from HCCResponseLib.response.types import Response, TargetEvaluation

NO_TARGET = TargetEvaluation(
    Response.NA, None, None, None, None, None, None, None, True, Response.NA,
    ("NA: no target lesions at baseline",),
)  # fmt: skip


def is_pr(total: Decimal, baseline: Decimal, profile: Profile) -> bool:
    """At most 70 % of the baseline sum (inclusive), decided without division."""
    return total * HUNDRED <= baseline * (HUNDRED - profile.pr_percent)


def is_pd(total: Decimal, reference: Decimal, profile: Profile) -> bool:
    """At least +20 % and +5 mm (both inclusive) above the reference, decided without division."""
    growth = total - reference
    if growth <= 0 or growth < profile.pd_absolute_mm:
        return False
    scaled, limit = growth * HUNDRED, reference * profile.pd_percent
    return scaled >= limit if profile.pd_inclusive else scaled > limit


def _source(profile: Profile) -> str:
    """The rule in words, with its place in the paper."""
    of_recist = profile.criterion in {"RECIST 1.1", "iRECIST"}
    name = "RECIST 1.1, 4.3.1" if of_recist else f"{profile.criterion}, {profile.criterion_version}"
    return name if profile.pd_absolute_mm else f"{name}, no absolute rule"


class TargetMemory(NamedTuple):
    """What a :class:`TargetHistory` carries from one time point to the next."""

    nadir: Decimal
    responded: bool
    smallest: dict[str, Decimal]


class TargetHistory:
    """Carries baseline sum, nadir and "PR reached" from time point to time point.

    Args:
        profile: the thresholds.
        baseline_sum: fixed reference for PR; must be larger than 0.
        prior_complete_sums: complete sums of earlier time points that are not evaluated again.

    Raises:
        RuleError: a baseline sum that is not positive, or a negative sum.
    """

    def __init__(
        self, profile: Profile, baseline_sum: Decimal, prior_complete_sums: Iterable[Decimal] = ()
    ) -> None:
        if baseline_sum <= 0:
            raise RuleError(
                f"The baseline sum must be larger than 0, not {baseline_sum}: a target needs a baseline."
            )
        self.profile = profile
        self._unit = profile.unit
        self._source = _source(profile)
        self.baseline = baseline_sum
        self.nadir = baseline_sum
        self.responded = False
        self._smallest: dict[str, Decimal] = {}
        for earlier in prior_complete_sums:
            if earlier < 0:
                raise RuleError(f"A sum cannot be negative: {earlier}.")
            self.nadir = min(self.nadir, earlier)
            self.responded = self.responded or is_pr(earlier, baseline_sum, profile)

    def seed_lesions(self, values: Mapping[str, Decimal]) -> None:
        """Remember single-lesion values of the baseline (criteria that judge single lesions, such as WHO)."""
        self._smallest.update(values)

    @property
    def memory(self) -> TargetMemory:
        """Nadir, "PR reached" and the smallest single lesions so far."""
        return TargetMemory(self.nadir, self.responded, dict(self._smallest))

    def recall(self, memory: TargetMemory) -> None:
        """Go back to an earlier memory: the time point since then does not count."""
        self.nadir, self.responded, self._smallest = memory

    def leave_out(self, overall: Response, memory: TargetMemory) -> tuple[str, ...]:
        """Forget a time point that was not evaluable over all, where ``nadir_policy`` says so, and why (D9)."""
        if overall not in (Response.NE, Response.MISSING) or self.profile.nadir_policy == "complete-sums":
            return ()
        self.recall(memory)
        return (
            f"the time point is not evaluable and is no nadir ({self.profile.source_of('nadir_policy')})",
        )

    def evaluate(self, current: LesionSum, recurrence: bool = False) -> TargetEvaluation:
        """Target response of the next time point; updates nadir and "PR reached".

        Args:
            current: the time point's sum.
            recurrence: an overall CR was established before and the reader confirmed that it was real, so
                that any return of tumour is PD without the absolute rule (RECIST 1.1, Table 3, footnote;
                EORTC).

        Raises:
            RuleError: a negative sum.
        """
        if current.total is not None and current.total < 0:
            raise RuleError(f"A sum cannot be negative: {current.total}.")
        nadir = self.nadir
        if current.complete and current.total is not None:
            evaluation = self._complete(current, current.total, recurrence)
            self.nadir = min(nadir, current.total)
            for lesion, value in current.values.items() if self.profile.pd_per_lesion else ():
                self._smallest[lesion] = min(value, self._smallest.get(lesion, value))
        else:
            evaluation = self._incomplete(current)
        if evaluation.response in (Response.CR, Response.PR):
            self.responded = True
        elif evaluation.response is Response.PD:
            self.responded = False
        return evaluation

    def _grown_lesion(self, current: LesionSum) -> str | None:
        for lesion, value in current.values.items() if self.profile.pd_per_lesion else ():
            smallest = self._smallest.get(lesion)
            if smallest is not None and is_pd(value, smallest, self.profile):
                return lesion
        return None

    @property
    def _reference(self) -> Decimal:
        """The sum that growth is judged against."""
        return self.nadir if self.profile.pd_reference == "nadir" else self.baseline

    def _complete(self, current: LesionSum, total: Decimal, recurrence: bool) -> TargetEvaluation:
        profile, unit = self.profile, self._unit
        down, up = total - self.baseline, total - self.nadir
        percent_down, percent_up = percent_change(down, self.baseline), percent_change(up, self.nadir)
        grown = self._grown_lesion(current)
        if current.all_gone:
            arithmetic = Response.CR
            why = f"all targets gone or nodes normal, sum {length_text(total)} {unit}"
        elif recurrence:
            arithmetic = Response.PD
            why = f"tumour is back ({length_text(total)} {unit}) after an overall CR"
        elif is_pd(total, self._reference, profile):
            arithmetic = Response.PD
            why = self._growth_text(total)
        elif grown is not None:
            arithmetic = Response.PD
            why = f"lesion {grown} alone has grown by {profile.pd_percent} % or more"
        elif is_pr(total, self.baseline, profile):
            arithmetic = Response.PR
            why = f"{length_text(total)} {unit} is {self._from_baseline(total)}"
        else:
            arithmetic = Response.SD
            why = (
                f"{length_text(total)} {unit} is {self._from_baseline(total)} "
                f"and {signed(up)} {unit} from the nadir of {length_text(self.nadir)} {unit}"
            )
        trace = [*current.notes, f"{arithmetic.value}: {why} ({self._source})"]
        response = arithmetic
        if arithmetic is Response.SD and self.responded and profile.keep_pr:
            response = Response.PR
            source = profile.source_of("keep_pr")
            trace.append(f"PR: partial response was reached before and is maintained without PD ({source})")
        return TargetEvaluation(
            response, total, self.baseline, self.nadir, down, percent_down, up, percent_up, True, arithmetic,
            tuple(trace),
        )  # fmt: skip

    def _from_baseline(self, total: Decimal) -> str:
        percent = percent_change(total - self.baseline, self.baseline)
        return f"{percent} % from the baseline of {length_text(self.baseline)} {self._unit}"

    def _growth_text(self, total: Decimal) -> str:
        unit, reference = self._unit, self._reference
        up = total - reference
        percent = percent_change(up, reference)
        relative = "" if percent is None else f" and +{percent} %"
        return (
            f"{length_text(total)} {unit} is {signed(up)} {unit}{relative} above the {self.profile.pd_reference} of "
            f"{length_text(reference)} {unit}"
        )

    def _incomplete(self, current: LesionSum) -> TargetEvaluation:
        profile, total = self.profile, current.total
        grown = self._grown_lesion(current) is not None
        may = profile.incomplete_sum_may_be_pd
        if may and total is not None and (grown or is_pd(total, self._reference, profile)):
            up = total - self.nadir
            note = (
                f"PD: from an incomplete sum: {self._growth_text(total)}; the missing targets cannot change that "
                f"({profile.source_of('incomplete_sum_may_be_pd')})"
            )
            return TargetEvaluation(
                Response.PD, total, self.baseline, self.nadir, None, None, up, percent_change(up, self.nadir), False,
                Response.PD, (*current.notes, note),
            )  # fmt: skip
        note = f"NE: not all targets were assessed; the sum is incomplete and is not a nadir ({self._source})"
        return TargetEvaluation(
            Response.NE, total, self.baseline, self.nadir, None, None, None, None, False, Response.NE,
            (*current.notes, note),
        )  # fmt: skip
