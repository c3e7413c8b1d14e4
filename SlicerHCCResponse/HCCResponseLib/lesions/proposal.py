"""What the software proposes to a reader: one lesion, or one candidate for a new lesion, at one time point."""

from dataclasses import dataclass, field
from enum import StrEnum

from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.measure import LesionMeasurement
from HCCResponseLib.response.types import LesionState

Evidence = dict[str, float | str | bool | list[float] | None]


# What a reader must know of every place that is called empty; the figures are from docs/tracking.md.
UNSEEN_ERRORS = (
    "The registration can be wrong without a sign: of 500 places that were off by more than 10 mm in drawn pairs its "
    "checks put 265 in doubt and missed 235."
)


def place_words(evidence: Evidence) -> str:
    """How exactly a lesion's place was carried to this visit, for a reader; empty where nothing was estimated."""
    error = evidence.get("place_error_mm")
    return f"Place carried to about {error:.0f} mm (estimated)." if isinstance(error, float) else ""


class ProposalKind(StrEnum):
    """A lesion that is already known, or a candidate for a new one."""

    LESION = "lesion"
    CANDIDATE = "candidate"


class Suggestion(StrEnum):
    """What the software would answer about a candidate; the reader decides."""

    NEW = "new"
    EQUIVOCAL = "equivocal"


@dataclass(frozen=True)
class Proposal:
    """One row for the reader.

    Attributes:
        time_point: name of the visit.
        name: lesion name, the same over all visits; candidates have names of their own.
        kind: lesion or candidate.
        state: what was found of it: measured, split, merged, too small, disappeared, not evaluable, not imaged.
        contour: on the original grid of the visit's image; ``None`` when there is nothing.
        measurement: of that contour, on original slices.
        origin: engine or reader that it came from.
        suggestion: for candidates.
        evidence: figures and remarks that speak for or against it.
        viable: the contour is the viable (arterially enhancing) part of the tumour, not the whole of it.
        parts: of a split lesion, the measurement of each part, the longest first.
        merged_into: of a merged lesion, the one whose contour and diameter stand for both.
    """

    time_point: str
    name: str
    kind: ProposalKind
    state: LesionState
    contour: Lesion | None
    measurement: LesionMeasurement | None
    origin: str
    suggestion: Suggestion | None = None
    evidence: Evidence = field(default_factory=dict)
    viable: bool = False
    parts: tuple[LesionMeasurement, ...] = ()
    merged_into: str | None = None

    @property
    def needs_a_look(self) -> bool:
        """Whether only a reader who looks can decide it: that a lesion has disappeared is a suggestion."""
        return self.kind is ProposalKind.LESION and self.state is LesionState.DISAPPEARED
