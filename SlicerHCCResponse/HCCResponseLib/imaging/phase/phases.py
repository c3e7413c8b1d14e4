"""Contrast phases, what a CT is said to be, and the one that counts when the picture says something else."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """When after the injection of contrast medium a CT was taken."""

    NATIVE = "unenhanced"
    ARTERIAL = "arterial"
    PORTAL = "portal venous"
    DELAYED = "delayed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PhaseFinding:
    """A contrast phase with what speaks for it.

    Attributes:
        why: for a reader, without a full stop.
        aorta_hu: attenuation of the aorta, HU; ``None`` where no enhanced aorta was found or looked for.
        tissue_hu: upper quartile of the soft tissue, HU; ``None`` where it was not measured.
    """

    phase: Phase
    why: str
    aorta_hu: float | None = None
    tissue_hu: float | None = None


# Words of series descriptions and of study files. "Pre" alone means before contrast, "pre-TACE" does not; a series
# that is named by two phases holds both or is called after the protocol, and says nothing.
_WORDS = {
    Phase.NATIVE: r"nativ\w*|unenhanced|non[ -]?(contrast|enhanced)|without( contrast)?|plain|pre[ -]?contrast|"
    r"pre(?![ -]?(op|tace|treat|rfa|abl|tx|ther|inter|rt|proc))",
    Phase.ARTERIAL: r"(late |early )?(arterial|arteriell\w*|art)|hap|lap|pancreatic",
    Phase.PORTAL: r"portal([ -]?ven\w*)?|portoven\w*|pv|pvp|venous|ven",
    Phase.DELAYED: r"delay\w*|equilibrium|late(?! art)|spät\w*",
}
# Seconds from the start of the injection that leave no doubt; between them lies no answer.
_SECONDS = {Phase.ARTERIAL: (18.0, 45.0), Phase.PORTAL: (55.0, 100.0), Phase.DELAYED: (150.0, 1200.0)}
_ENHANCED = (Phase.ARTERIAL, Phase.PORTAL, Phase.DELAYED)


def phase_in_words(text: str) -> Phase:
    """The phase that a description names; unknown where it names none or several."""
    plain = text.lower().replace("_", " ")
    named = [phase for phase, words in _WORDS.items() if re.search(rf"\b({words})(?![\w])", plain)]
    return named[0] if len(named) == 1 else Phase.UNKNOWN


def phase_of_delay(seconds: float | None) -> Phase:
    """The phase by the time from the start of the injection to the acquisition, s."""
    for phase, (first, last) in _SECONDS.items():
        if seconds is not None and first <= seconds <= last:
            return phase
    return Phase.UNKNOWN


def phase_that_counts(said: PhaseFinding, seen: PhaseFinding) -> PhaseFinding:
    """One phase from what is said of a CT and what its picture shows.

    Whether there is contrast medium at all the picture decides, since a network sees nothing else. Delayed and portal
    venous look alike, so there the word counts. Any other contradiction leaves the phase unknown.
    """
    numbers = (seen.aorta_hu, seen.tissue_hu)
    if said.phase is Phase.UNKNOWN:
        return seen
    both = f"{said.why}; {seen.why}"
    if seen.phase in (Phase.UNKNOWN, said.phase):
        return PhaseFinding(said.phase, both, *numbers)
    if (said.phase, seen.phase) == (Phase.DELAYED, Phase.PORTAL):
        return PhaseFinding(Phase.DELAYED, both, *numbers)
    against = f"{said.why}, but {seen.why}"
    enhanced = said.phase in _ENHANCED and seen.phase in _ENHANCED
    return PhaseFinding(Phase.UNKNOWN if enhanced else seen.phase, against, *numbers)
