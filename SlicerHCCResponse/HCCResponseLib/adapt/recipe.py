"""How a network is adapted to one patient. A new recipe is a new entry here."""

from dataclasses import dataclass, replace
from typing import Literal

from HCCResponseLib.base.errors import InputError

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Recipe:
    """Parameters of an adaptation.

    Attributes:
        name: as given on the command line.
        source: where it comes from.
        steps: optimiser steps (batch of one).
        learning_rate: of Adam, at the start of the polynomial decay.
        patch: side of the cubic patches in voxels of the working grid.
        margin_mm: surroundings of each lesion that are learned from, on every side.
        crop_room: at least so many voxels more than the patch are cut out, so that random crops differ.
        use_prior: give the displaced baseline contour as second input channel.
        prior_error_mm: standard deviation along each axis of the displacement of that contour.
        deform: vary size and shape of the lesion and its surroundings.
        treated: share of copies that show the lesion as after treatment: necrosis, lipiodol, shift of attenuation.
        gone: share of copies without the lesion.
        precision: ``bfloat16`` halves the time of a step on processors that calculate in it; elsewhere, and when
            ``float32``, single precision is used.
        keep_better: of the weights before any step and after all steps, keep those that contour held-out perturbed
            copies better; else keep the last ones.
    """

    name: str
    source: str
    steps: int
    learning_rate: float = 1e-3
    patch: int = 64
    margin_mm: float = 26.0
    crop_room: int = 0
    use_prior: bool = True
    prior_error_mm: float = 4.0
    deform: bool = True
    treated: float = 0.6
    gone: float = 0.08
    precision: Precision = "float32"
    keep_better: bool = True
    keep_certain: bool = False


QUICK = Recipe(
    name="quick",
    source="IDOL (Chun et al., Med Phys 2022) with registered prior and treated copies; docs/models.md",
    steps=35,
    learning_rate=3e-4,
    prior_error_mm=3.0,
    treated=0.3,
    gone=0.03,
    precision="bfloat16",
)
MOON2026 = Recipe(
    name="moon2026",
    source="Moon, Choi et al., Front Oncol 2026, 10.3389/fonc.2026.1775269: 350 epochs, last checkpoint",
    steps=350,
    use_prior=False,
    deform=False,
    treated=0.0,
    gone=0.0,
    keep_better=False,
    crop_room=16,
)
# Chooses on the follow-up itself, so it is there for the benchmark and no recipe of the command.
CHUN2026 = replace(
    MOON2026,
    name="chun2026",
    source="Chun ... Brock, Med Phys, 10.1002/mp.70206: IDOL, stopped by voxel uncertainty; adapt/uncertainty.py",
    keep_certain=True,
)
RECIPES = {recipe.name: recipe for recipe in (QUICK, MOON2026)}


def recipe_named(name: str) -> Recipe:
    """Look a recipe up. Raises ``InputError`` for an unknown name."""
    if name not in RECIPES:
        raise InputError(f"There is no recipe '{name}'; known are {', '.join(RECIPES)}.")
    return RECIPES[name]
