"""What the software proposes to a reader: one lesion, or one candidate for a new lesion, at one time point."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.measure import LesionMeasurement
from HCCResponseLib.response.types import LesionState

Evidence = dict[str, float | str | bool | list[float] | None]


# What a reader must know of every place that is called empty; the figures are from docs/tracking.md.
UNSEEN_ERRORS = (
    "The registration can be wrong without a sign: of 500 places that were off by more than 10 mm in drawn pairs its "
    "checks put 265 in doubt and missed 235."
)


#: How the origin of a row begins that a reader has added.
ADDED_BY = "added by "

# Key of the evidence that says why a scan is none of those that what proposed the row was made for.
OUTSIDE_DOMAIN = "outside_domain"
# Evidence of a contour that a second network has drawn where the first had drawn nothing.
SECOND_LOOK = "second_look"


OUTSIDE_WORDS = "Proposed on a scan that the network was not made for."


def domain_words(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """What the facts of a visit's proposals say of the domain of what made them, one sentence each.

    Empty in reads from before this was checked.
    """
    said = (facts.get(key, {}).get("words", ()) for key in ("domain", "domain_of_known_lesions"))
    return tuple(dict.fromkeys(words for some in said for words in some))


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
        prompt: of a contour from a reader's line or clicks, those (LPS mm) with engine and weights; plain values.
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
    prompt: Mapping[str, Any] | None = None

    @property
    def says_disappeared(self) -> bool:
        """Whether a known lesion is proposed as disappeared, which is a suggestion."""
        return self.kind is ProposalKind.LESION and self.state is LesionState.DISAPPEARED

    @property
    def outside_domain(self) -> str:
        """Why the scan is none of those that what proposed the row was made for; empty where it is one."""
        return str(self.evidence.get(OUTSIDE_DOMAIN) or "")

    @property
    def is_second_look(self) -> bool:
        """Whether the network that knows this lesion has drawn nothing, and another one has."""
        return SECOND_LOOK in self.evidence

    @property
    def needs_a_look(self) -> bool:
        """Whether only a reader who looks can take it over."""
        return self.says_disappeared or bool(self.outside_domain) or self.is_second_look
