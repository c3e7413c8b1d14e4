"""IDOL, intentional deep overfit learning: train the base network on, on one patient's accepted baseline.

Source: Chun et al., Med Phys 2022; for liver tumours Moon, Choi et al., Front Oncol 2026.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from HCCResponseLib.adapt.copies import Surroundings, draw_copy
from HCCResponseLib.adapt.recipe import Recipe
from HCCResponseLib.adapt.uncertainty import LeastUncertain
from HCCResponseLib.base.arrays import Float32
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.jobs import Progress, Report
from HCCResponseLib.nets.architectures import Network
from HCCResponseLib.nets.losses import fcd_loss, tumour_logits
from HCCResponseLib.nets.precision import TrainingDevice

_HELD_OUT = 6
_Copy = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Adaptation:
    """An adapted network and how it came about.

    Attributes:
        network: in evaluation mode.
        steps: optimiser steps taken.
        best_step: the step whose weights were kept; 0 = those of the base network.
        held_out_dice: Dice on held-out perturbed copies before any step and after all steps; empty where the recipe
            keeps the last weights.
    """

    network: Network
    steps: int
    best_step: int
    held_out_dice: tuple[float, ...]


def adapt(
    base: Network,
    cases: Sequence[Surroundings],
    recipe: Recipe,
    seed: int,
    report: Report,
    device: str = "cpu",
    unseen: Sequence[Float32] = (),
) -> Adaptation:
    """Overfit a copy of ``base`` to the accepted lesions.

    Args:
        base: stays as it is.
        cases: one crop for each accepted lesion.
        seed: same seed, same machine, same number of threads: same weights.
        device: ``cpu`` or ``cuda:N``; the adapted network comes back to the CPU.
        unseen: inputs (channels, z, y, x) of what is to be contoured, for a recipe that chooses its weights on them.

    Raises:
        InputError: no lesion, or the recipe needs a prior channel that the base network does not have, or images to
            choose on that are not given.
    """
    if not cases:
        raise InputError("There is no accepted lesion to adapt to.")
    if recipe.use_prior and base.config.in_channels < 2:
        raise InputError(
            f"Recipe '{recipe.name}' gives a prior contour, but this base model has no channel for it."
        )
    if recipe.keep_certain and not unseen:
        raise InputError(f"Recipe '{recipe.name}' chooses its weights on the image that is to be contoured.")
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = copy.deepcopy(base).to(device).train()
    training_device = TrainingDevice.on(device, recipe.precision)
    held_out = _held_out(cases, recipe, seed)
    before = _dice(network, held_out, training_device)
    certain = LeastUncertain(unseen, recipe.steps, seed, training_device) if recipe.keep_certain else None
    _learn(network, training_device, cases, recipe, rng, report, certain)
    if certain is not None:
        certain.restore(network)
        return Adaptation(network.cpu().eval(), recipe.steps, certain.best_step, ())
    if not held_out:
        return Adaptation(network.cpu().eval(), recipe.steps, recipe.steps, ())
    after = _dice(network, held_out, training_device)
    scores = (round(before, 4), round(after, 4))
    if after > before:
        return Adaptation(network.cpu().eval(), recipe.steps, recipe.steps, scores)
    return Adaptation(copy.deepcopy(base).eval(), recipe.steps, 0, scores)


def _learn(
    network: Network,
    training_device: TrainingDevice,
    cases: Sequence[Surroundings],
    recipe: Recipe,
    rng: np.random.Generator,
    report: Report,
    certain: LeastUncertain | None,
) -> None:
    """All steps, in place; the lesions take turns."""
    parameters = list(network.parameters())
    optimiser = torch.optim.Adam(parameters, recipe.learning_rate)
    schedule = torch.optim.lr_scheduler.PolynomialLR(optimiser, recipe.steps, power=0.9)
    for step in range(1, recipe.steps + 1):
        image, target = draw_copy(cases[step % len(cases)], recipe, rng)
        with training_device.autocast():
            logits = network(training_device.batch_of(image, network.config.in_channels))
        truth = torch.from_numpy(target)[None].to(training_device.device)
        loss = fcd_loss(tumour_logits(logits.float()), truth)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimiser.step()
        schedule.step()
        if certain is not None:
            certain.look(network, step)
        stage = f"Adapting to this patient, step {step} of {recipe.steps}"
        report(Progress(stage, step / recipe.steps))


def _held_out(cases: Sequence[Surroundings], recipe: Recipe, seed: int) -> list[_Copy]:
    """Perturbed copies that are never trained on; none for a recipe that keeps the last weights."""
    if not recipe.keep_better:
        return []
    rng = np.random.default_rng([seed, 1])
    return [draw_copy(cases[i % len(cases)], recipe, rng) for i in range(max(_HELD_OUT, 2 * len(cases)))]


def _dice(network: Network, held_out: list[_Copy], training_device: TrainingDevice) -> float:
    """Dice coefficient of the tumour, pooled over all held-out copies; 0 where there are none."""
    network.eval()
    overlap = total = 0
    for image, target in held_out:
        with torch.inference_mode(), training_device.autocast():
            logits = network(training_device.batch_of(image, network.config.in_channels))
            found = tumour_logits(logits).argmax(1)[0].cpu().numpy()
        overlap += int(((found == 1) & (target == 1)).sum())
        total += int((found == 1).sum()) + int((target == 1).sum())
    network.train()
    return 2 * overlap / max(total, 1)
