"""IDOL, intentional deep overfit learning: train the base network on, on one patient's accepted baseline.

Source: Chun et al., Med Phys 2022; for liver tumours Moon, Choi et al., Front Oncol 2026.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from HCCResponseLib.adapt.copies import Surroundings, draw_copy
from HCCResponseLib.adapt.recipe import Recipe, Trainable
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.jobs import Progress, Report
from HCCResponseLib.nets.losses import fcd_loss, tumour_logits
from HCCResponseLib.nets.network import FCD
from HCCResponseLib.nets.precision import TrainingDevice

_HELD_OUT = 6
_IMPROVEMENT = 0.004


@dataclass(frozen=True)
class Adaptation:
    """An adapted network and how it came about.

    Attributes:
        network: in evaluation mode.
        steps: optimiser steps taken.
        best_step: the step whose weights were kept.
        held_out_dice: Dice on held-out perturbed copies at each look, the first before any step.
    """

    network: FCD
    steps: int
    best_step: int
    held_out_dice: tuple[float, ...]


def adapt(
    base: FCD,
    cases: Sequence[Surroundings],
    recipe: Recipe,
    seed: int,
    report: Report,
    device: str = "cpu",
) -> Adaptation:
    """Overfit a copy of ``base`` to the accepted lesions.

    Args:
        base: stays as it is.
        cases: one crop for each accepted lesion.
        seed: same seed, same machine, same number of threads: same weights.
        device: ``cpu`` or ``cuda:N``; the adapted network comes back to the CPU.

    Raises:
        InputError: no lesion, or the recipe needs a prior channel that the base network does not have.
    """
    if not cases:
        raise InputError("There is no accepted lesion to adapt to.")
    if recipe.use_prior and base.config.in_channels < 2:
        raise InputError(
            f"Recipe '{recipe.name}' gives a prior contour, but this base model has no channel for it."
        )
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = copy.deepcopy(base).to(device).train()
    machine = TrainingDevice.on(device, recipe.precision)
    kept = _Average(network, recipe.average)
    watch = _Watch(recipe, _held_out(cases, recipe, seed), kept.network, machine)
    step = _learn(network, kept, watch, cases, recipe, rng, report)
    return Adaptation(
        watch.best(), step, step if watch.best_step is None else watch.best_step, tuple(watch.scores)
    )


def _learn(
    network: FCD,
    kept: _Average,
    watch: _Watch,
    cases: Sequence[Surroundings],
    recipe: Recipe,
    rng: np.random.Generator,
    report: Report,
) -> int:
    """All steps, or fewer where held-out copies stop improving; returns how many."""
    parameters = _trainable(network, recipe.trainable)
    optimiser = torch.optim.Adam(parameters, recipe.learning_rate)
    schedule = torch.optim.lr_scheduler.PolynomialLR(optimiser, recipe.steps, power=0.9)
    machine = watch.machine
    step = 0
    for step in range(1, recipe.steps + 1):
        image, target = draw_copy(cases[step % len(cases)], recipe, rng)
        with machine.autocast():
            logits = network(machine.batch_of(image, network.config.in_channels))
        loss = fcd_loss(tumour_logits(logits.float()), torch.from_numpy(target)[None].to(machine.device))
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimiser.step()
        schedule.step()
        kept.follow(network, step)
        done = f"step {step} of at most {recipe.steps}"
        report(Progress(f"Adapting to this patient, {done}", step / recipe.steps))
        if watch.enough(step):
            break
    return step


def _trainable(network: FCD, which: Trainable) -> list[torch.nn.Parameter]:
    wanted = {"all": None, "decoder": network.decoder_parameters(), "adapter": network.adapter_parameters()}[
        which
    ]
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(wanted is None or name in wanted)
    return [p for p in network.parameters() if p.requires_grad]


def _held_out(
    cases: Sequence[Surroundings], recipe: Recipe, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Perturbed copies that are never trained on."""
    if not recipe.check_every:
        return []
    rng = np.random.default_rng([seed, 1])
    return [draw_copy(cases[i % len(cases)], recipe, rng) for i in range(max(_HELD_OUT, 2 * len(cases)))]


class _Average:
    """Moving average of the weights: steadier than the last step of a short training with a batch of one."""

    def __init__(self, network: FCD, share: float) -> None:
        self._share = share
        self.network = copy.deepcopy(network) if share else network

    @torch.no_grad()
    def follow(self, network: FCD, step: int) -> None:
        """Move towards ``network``; early on faster, so that the start is soon forgotten."""
        if not self._share:
            return
        share = min(self._share, step / (step + 4))
        for mine, new in zip(self.network.parameters(), network.parameters(), strict=True):
            mine.lerp_(new, 1 - share)


class _Watch:
    """Early stopping: looks at held-out copies, keeps the best weights."""

    def __init__(
        self,
        recipe: Recipe,
        held_out: list[tuple[np.ndarray, np.ndarray]],
        network: FCD,
        machine: TrainingDevice,
    ) -> None:
        self._recipe, self._held_out, self._network, self.machine = recipe, held_out, network, machine
        self.scores: list[float] = []
        self.best_step: int | None = None
        self._best_state = copy.deepcopy(network.state_dict())
        self._best_score = -1.0
        self._since = 0
        if held_out:
            self._look(0)

    def _look(self, step: int) -> None:
        self._network.eval()
        overlap = total = 0
        for image, target in self._held_out:
            with torch.inference_mode(), self.machine.autocast():
                x = self.machine.batch_of(image, self._network.config.in_channels)
                found = tumour_logits(self._network(x)).argmax(1)[0].cpu().numpy()
            overlap += int(((found == 1) & (target == 1)).sum())
            total += int((found == 1).sum()) + int((target == 1).sum())
        self._network.train()
        score = 2 * overlap / max(total, 1)
        self.scores.append(round(score, 4))
        self._since += 1
        if score > self._best_score:
            self._since = 0 if score > self._best_score + _IMPROVEMENT else self._since
            self._best_score, self.best_step = score, step
            self._best_state = copy.deepcopy(self._network.state_dict())

    def enough(self, step: int) -> bool:
        if not self._held_out or step % self._recipe.check_every:
            return False
        self._look(step)
        return self._since >= self._recipe.patience

    def best(self) -> FCD:
        if self._held_out:
            self._network.load_state_dict(self._best_state)
        return self._network.cpu().eval()
