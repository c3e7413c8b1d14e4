"""The prompt network as the second look of a run, with a record of what it was asked."""

from dataclasses import dataclass, field
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.jobs import Report
from HCCResponseLib.engines.environments import weights_at_hand
from HCCResponseLib.imaging.study import TimePointEntry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.prompt import Line
from HCCResponseLib.pipeline.engines import PROMPT, engine_named
from HCCResponseLib.pipeline.segmentation import EngineRunner
from HCCResponseLib.track.identity.second_look import Ask


@dataclass(frozen=True)
class SecondLook:
    """Asks the prompt network about places of one follow-up.

    Attributes:
        answers: what came of every line that was shown: provenance of the contour, or why there is none.
    """

    runner: EngineRunner
    point: TimePointEntry
    image: Volume
    report: Report
    answers: list[dict[str, Any]] = field(default_factory=list)

    def ask(self) -> Ask | None:
        """What can be asked; ``None`` where there are no weights for it."""
        weights = weights_at_hand(engine_named(PROMPT))
        if weights is None:
            return None

        def contour(line: Line) -> Lesion | None:
            try:
                drawn, provenance = self.runner.shown(self.point, self.image, line, weights, self.report)
            except InputError as problem:
                self.answers.append({"nothing": str(problem)})
                return None
            self.answers.append(provenance)
            return drawn

        return contour
