"""The decided read under the other criteria that its profile wants read in parallel: secondary, never its category."""

from dataclasses import dataclass

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.read import parallel_evaluations
from HCCResponseLib.review.read.category import findings
from HCCResponseLib.review.read.state import ReadState


@dataclass(frozen=True)
class ParallelReading:
    """One criterion of ``parallel_criteria``.

    Attributes:
        categories: (time point, category) of every follow-up; "open question" where only the reader can tell.
        why: why there are none; empty otherwise.
    """

    criterion: str
    categories: tuple[tuple[str, str], ...] = ()
    why: str = ""

    @property
    def words(self) -> str:
        """In one line, as panel and report show it."""
        found = ", ".join(f"{category} at {point}" for point, category in self.categories)
        return f"{self.criterion}: {found or self.why or 'baseline only'}"


def parallel_readings(state: ReadState, profile: Profile) -> tuple[ParallelReading, ...]:
    """A complete read under every criterion in the profile's ``parallel_criteria``, in their order.

    A criterion that needs other contours (the viable part, or the whole tumour) says so and keeps none of the others.

    Raises:
        IncompleteReadError: decisions are missing.
    """
    if not profile.parallel_criteria:
        return ()
    found = findings(state, profile)
    readings = []
    for name in profile.parallel_criteria:
        one = profile.with_overrides({"parallel_criteria": [name]}, "one after the other")
        try:
            [evaluation] = parallel_evaluations(found, one)
        except RuleError as problem:
            readings.append(ParallelReading(name, why=str(problem)))
            continue
        later = [p for p in evaluation.time_points if not p.is_baseline]
        overall = tuple((p.name, str(p.overall or "open question")) for p in later)
        readings.append(ParallelReading(evaluation.criterion, overall))
    return tuple(readings)
