"""What a criterion has to provide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import ReadEvaluation, TimePointFindings


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion: its name, its profile, and how it evaluates a whole read.

    Attributes:
        name: as written in profiles and cases.
        profile: name of the shipped profile with its defaults.
        evaluate: from the findings of a read to its evaluation.
        immune: True for criteria whose progression needs confirmation (iRECIST).
    """

    name: str
    profile: str
    evaluate: Callable[[Sequence[TimePointFindings], Profile], ReadEvaluation]
    immune: bool = False
