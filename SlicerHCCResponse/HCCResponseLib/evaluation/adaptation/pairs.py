"""Pairs of visits with known truth for the benchmark: what is drawn."""

import numpy as np

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.synth.lesions import Fate
from HCCResponseLib.synth.on_ct import make_subject_on_ct
from HCCResponseLib.synth.subject import SyntheticSubject, make_subject

# The first hundred have been looked at closely while recipes changed: figures are taken from 20,100 on.
# No seed below a million is ever trained on (nets/pool.py). Recipes are chosen on the development seeds only.
TEST_SEEDS = 20_000
DEVELOPMENT_SEEDS = 30_000
FIELD_OF_VIEW_MM = (180.0, 230.0, 330.0)
_FATES = (Fate.STABLE, Fate.SHRINKS, Fate.GROWS, Fate.VANISHES)
_SHARES = (0.3, 0.35, 0.25, 0.1)
_COUNTS = (0.4, 0.35, 0.25)
_SMALLEST_MM = 12.0
_LARGEST_MM = (80.0, 60.0, 45.0)


def draw_fates(rng: np.random.Generator) -> list[tuple[Fate, float]]:
    """One to three lesions as (fate, diameter in mm), 12 mm and more.

    The first never vanishes, so that there is something to contour.
    """
    count = int(rng.choice(3, p=_COUNTS)) + 1
    drawn = []
    for index in range(count):
        fate = _FATES[int(rng.choice(len(_FATES), p=_SHARES))]
        if index == 0 and fate is Fate.VANISHES:
            fate = Fate.SHRINKS
        drawn.append((fate, float(np.exp(rng.uniform(np.log(_SMALLEST_MM), np.log(_LARGEST_MM[count - 1]))))))
    return drawn


def draw_pair(seed: int, background: tuple[Volume, Mask] | None) -> SyntheticSubject:
    """Baseline and follow-up of one seed, in a drawn abdomen or in a real CT with its liver mask (z, y, x).

    Raises:
        InputError: no room for tumours.
    """
    rng = np.random.default_rng([seed, 2026])
    for _ in range(20):
        fates = draw_fates(rng)
        try:
            if background is None:
                return make_subject(seed, fates, field_of_view_mm=FIELD_OF_VIEW_MM)
            return make_subject_on_ct(seed, *background, fates)
        except InputError:
            continue
    raise InputError(f"Seed {seed} gives no liver with room for a tumour.")
