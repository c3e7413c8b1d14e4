"""Target response (RECIST 1.1, 4.3.1; mRECIST; the other criteria with their own thresholds from the profile)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.numbers import HUNDRED, length_text, percent_change, signed
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.timepoint.sums import LesionSum
from HCCResponseLib.response.types import Response, TargetEvaluation

_UNITS = {"diameter": "mm", "product": "mm²", "volume": "mm³"}


@dataclass(frozen=True, slots=True)
class TargetRule:
    """The thresholds of target response; all fields come from the profile."""

    pr_keep_percent: Decimal
    pd_percent: Decimal
    pd_inclusive: bool
    pd_absolute: Decimal
    against_nadir: bool
    per_lesion: bool
    keep_pr: bool
    incomplete_may_be_pd: bool
    unit: str
    source: str
    keep_source: str
    incomplete_source: str

    @classmethod
    def of(cls, profile: Profile) -> "TargetRule":
        """The rule under ``profile``."""
        section = (
            ", 4.3.1" if profile.criterion in {"RECIST 1.1", "iRECIST"} else f", {profile.criterion_version}"
        )
        absolute = "" if profile.pd_absolute_mm else ", no absolute rule"
        name = "RECIST 1.1" if profile.criterion == "iRECIST" else profile.criterion
        return cls(
            pr_keep_percent=HUNDRED - profile.pr_percent,
            pd_percent=profile.pd_percent,
            pd_inclusive=profile.pd_inclusive,
            pd_absolute=profile.pd_absolute_mm,
            against_nadir=profile.pd_reference == "nadir",
            per_lesion=profile.pd_per_lesion,
            keep_pr=profile.keep_pr,
            incomplete_may_be_pd=profile.incomplete_sum_may_be_pd,
            unit=_UNITS[profile.quantity.removeprefix("viable-")],
            source=f"{name}{section}{absolute}",
            keep_source=profile.source_of("keep_pr"),
            incomplete_source=profile.source_of("incomplete_sum_may_be_pd"),
        )

    def is_pr(self, total: Decimal, baseline: Decimal) -> bool:
        """At most 70 % of the baseline sum (inclusive), decided without division."""
        return total * HUNDRED <= baseline * self.pr_keep_percent

    def is_pd(self, total: Decimal, reference: Decimal) -> bool:
        """At least +20 % and +5 mm (both inclusive) above the reference, decided without division."""
        growth = total - reference
        if growth <= 0 or growth < self.pd_absolute:
            return False
        scaled, limit = growth * HUNDRED, reference * self.pd_percent
        return scaled >= limit if self.pd_inclusive else scaled > limit


class TargetHistory:
    """Carries baseline sum, nadir and "PR reached" from time point to time point.

    Args:
        rule: thresholds.
        baseline_sum: fixed reference for PR; must be larger than 0.
        prior_complete_sums: complete sums of earlier time points that are not evaluated again.

    Raises:
        RuleError: a baseline sum that is not positive, or a negative sum.
    """

    def __init__(
        self, rule: TargetRule, baseline_sum: Decimal, prior_complete_sums: Iterable[Decimal] = ()
    ) -> None:
        if baseline_sum <= 0:
            raise RuleError(
                f"The baseline sum must be larger than 0, not {baseline_sum}: a target needs a baseline."
            )
        self.rule = rule
        self.baseline = baseline_sum
        self.nadir = baseline_sum
        self.responded = False
        self._smallest: dict[str, Decimal] = {}
        for earlier in prior_complete_sums:
            if earlier < 0:
                raise RuleError(f"A sum cannot be negative: {earlier}.")
            self.nadir = min(self.nadir, earlier)
            self.responded = self.responded or rule.is_pr(earlier, baseline_sum)

    def seed_lesions(self, values: Mapping[str, Decimal]) -> None:
        """Remember single-lesion values of the baseline (criteria that judge single lesions, such as WHO)."""
        self._smallest.update(values)

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
            for lesion, value in current.values.items() if self.rule.per_lesion else ():
                self._smallest[lesion] = min(value, self._smallest.get(lesion, value))
        else:
            evaluation = self._incomplete(current)
        if evaluation.response in (Response.CR, Response.PR):
            self.responded = True
        elif evaluation.response is Response.PD:
            self.responded = False
        return evaluation

    def _grown_lesion(self, current: LesionSum) -> str | None:
        if not self.rule.per_lesion:
            return None
        for lesion, value in current.values.items():
            smallest = self._smallest.get(lesion)
            if smallest is not None and self.rule.is_pd(value, smallest):
                return lesion
        return None

    def _complete(self, current: LesionSum, total: Decimal, recurrence: bool) -> TargetEvaluation:
        rule, unit = self.rule, self.rule.unit
        reference = self.nadir if rule.against_nadir else self.baseline
        down, up = total - self.baseline, total - self.nadir
        percent_down, percent_up = percent_change(down, self.baseline), percent_change(up, self.nadir)
        grown = self._grown_lesion(current)
        if current.all_gone:
            arithmetic = Response.CR
            why = f"all targets gone or nodes normal, sum {length_text(total)} {unit}"
        elif recurrence:
            arithmetic = Response.PD
            why = f"tumour is back ({length_text(total)} {unit}) after an overall CR"
        elif rule.is_pd(total, reference):
            arithmetic = Response.PD
            why = self._growth_text(total, reference)
        elif grown is not None:
            arithmetic = Response.PD
            why = f"lesion {grown} alone has grown by {rule.pd_percent} % or more"
        elif rule.is_pr(total, self.baseline):
            arithmetic = Response.PR
            why = f"{length_text(total)} {unit} is {self._from_baseline(total)}"
        else:
            arithmetic = Response.SD
            why = (
                f"{length_text(total)} {unit} is {self._from_baseline(total)} "
                f"and {signed(up)} {unit} from the nadir of {length_text(self.nadir)} {unit}"
            )
        trace = [*current.notes, f"{arithmetic.value}: {why} ({rule.source})"]
        response = arithmetic
        if arithmetic is Response.SD and self.responded and rule.keep_pr:
            response = Response.PR
            trace.append(
                f"PR: partial response was reached before and is maintained without PD ({rule.keep_source})"
            )
        return TargetEvaluation(
            response, total, self.baseline, self.nadir, down, percent_down, up, percent_up, True, arithmetic,
            tuple(trace),
        )  # fmt: skip

    def _from_baseline(self, total: Decimal) -> str:
        percent = percent_change(total - self.baseline, self.baseline)
        return f"{percent} % from the baseline of {length_text(self.baseline)} {self.rule.unit}"

    def _growth_text(self, total: Decimal, reference: Decimal) -> str:
        unit, up = self.rule.unit, total - reference
        percent = percent_change(up, reference)
        relative = "" if percent is None else f" and +{percent} %"
        name = "nadir" if self.rule.against_nadir else "baseline"
        return (
            f"{length_text(total)} {unit} is {signed(up)} {unit}{relative} above the {name} of "
            f"{length_text(reference)} {unit}"
        )

    def _incomplete(self, current: LesionSum) -> TargetEvaluation:
        rule, total = self.rule, current.total
        reference = self.nadir if rule.against_nadir else self.baseline
        grown = self._grown_lesion(current)
        progressed = total is not None and (rule.is_pd(total, reference) or grown is not None)
        if progressed and rule.incomplete_may_be_pd and total is not None:
            up = total - self.nadir
            note = (
                f"PD: from an incomplete sum: {self._growth_text(total, reference)}; the missing targets cannot change "
                f"that ({rule.incomplete_source})"
            )
            return TargetEvaluation(
                Response.PD, total, self.baseline, self.nadir, None, None, up, percent_change(up, self.nadir), False,
                Response.PD, (*current.notes, note),
            )  # fmt: skip
        note = f"NE: not all targets were assessed; the sum is incomplete and is not a nadir ({rule.source})"
        return TargetEvaluation(
            Response.NE, total, self.baseline, self.nadir, None, None, None, None, False, Response.NE,
            (*current.notes, note),
        )  # fmt: skip
