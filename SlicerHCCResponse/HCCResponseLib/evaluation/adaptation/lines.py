"""The prompt network in the benchmark: the method ``line``, and the second look of ours.

``line``: at every visit the reader draws a line through each lesion, and nothing is adapted.

The lines are drawn from the truth as readers draw them, a fifth of them carelessly (nets/prompts/simulate.py). A lesion
that is gone gets none: that it is gone, the reader has seen. So this method is told more than the others.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from HCCResponseLib.base.errors import InputError, ModelError
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.prompt import Line, Lps, Prompts
from HCCResponseLib.nets.prompts.contour import contour_from_prompts
from HCCResponseLib.nets.prompts.network import PromptModel, load_prompt_model
from HCCResponseLib.nets.prompts.simulate import longest_line, sloppy
from HCCResponseLib.track.identity.second_look import Ask


def prompt_model(named: Path | None) -> PromptModel:
    """The network that contours by lines: the named one, else the one at hand.

    Raises:
        ModelError: there is none, or it cannot be read.
    """
    from HCCResponseLib.engines.environments import weights_at_hand
    from HCCResponseLib.engines.registry import engine_named

    file = named or weights_at_hand(engine_named("prompt"))
    if file is None:
        raise ModelError("The methods 'line' and 'ours' need a prompt network; name one with --prompt-model.")
    return load_prompt_model(file)


def contours_by_lines(
    model: PromptModel, image: Volume, truth: Mapping[str, Lesion | None], seed: int
) -> dict[str, Lesion | None]:
    """Each lesion's contour on the image's grid, from one line; ``None`` where there is none to show or to find."""
    found: dict[str, Lesion | None] = {}
    ask = ask_about(model, image)
    for number, (name, lesion) in enumerate(sorted(truth.items())):
        found[name] = None
        if lesion is not None:
            line = _drawn(lesion, image, np.random.default_rng((seed, number)))
            found[name] = ask(line)
    return found


def ask_about(model: PromptModel, image: Volume) -> Ask:
    """What the second look of a follow-up asks."""

    def ask(line: Line) -> Lesion | None:
        try:
            drawn = contour_from_prompts(model, image, Prompts(line))
        except InputError:
            return None
        z, y, x = (s.start for s in drawn.box)
        return Lesion(image.geometry.size, (z, y, x), drawn.mask)

    return ask


def _drawn(lesion: Lesion, image: Volume, rng: np.random.Generator) -> Line:
    spacing = image.geometry.spacing
    line = sloppy(longest_line(lesion.voxels, spacing, rng), spacing, rng) + np.asarray(lesion.start)
    ends = np.clip(line, 0, np.asarray(image.geometry.size) - 1)

    def lps(index: np.ndarray) -> Lps:
        x, y, z = image.geometry.index_to_lps(index).tolist()
        return x, y, z

    return Line(lps(ends[0]), lps(ends[1]))
