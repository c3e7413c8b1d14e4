"""Training a base model on synthetic subjects (Adam, polynomially decaying learning rate, FCD's loss)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from HCCResponseLib.engines.losses import fcd_loss
from HCCResponseLib.engines.network import COMPACT, FCD, FCDConfig
from HCCResponseLib.engines.pool import TrainingCase, sample_patch


@dataclass(frozen=True)
class TrainingPlan:
    """How a base model is trained.

    Attributes:
        network: the architecture.
        spacing: working voxel size (z, y, x) in mm.
        subjects: synthetic subjects to train on; further ones are held out for validation.
        validation_subjects: held-out subjects.
        steps: optimiser steps; ``patch`` is the side of the cubic patches in voxels, ``batch`` patches a step.
        learning_rate: start of the decay (1 - step / steps) ** 0.9.
        prior_share: share of patches that come with a prior contour.
        seed: of everything random.
    """

    network: FCDConfig = COMPACT
    spacing: tuple[float, float, float] = (2.0, 2.0, 2.0)
    subjects: int = 120
    validation_subjects: int = 8
    steps: int = 3000
    patch: int = 64
    batch: int = 1
    learning_rate: float = 1e-3
    prior_share: float = 0.5
    seed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the model card."""
        return asdict(self)


def train(
    plan: TrainingPlan,
    cases: Sequence[TrainingCase],
    report: Callable[[int, float, FCD], None],
    start: FCD | None = None,
) -> FCD:
    """Train from scratch or on from ``start``; ``report(step, loss, network)`` is called after every step.

    Returns:
        the network in evaluation mode.
    """
    torch.manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    network = (copy.deepcopy(start) if start else FCD(plan.network)).train()
    optimiser = torch.optim.Adam(network.parameters(), plan.learning_rate)
    schedule = torch.optim.lr_scheduler.PolynomialLR(optimiser, plan.steps, power=0.9)
    for step in range(1, plan.steps + 1):
        drawn = [_draw(cases, rng, plan) for _ in range(plan.batch)]
        image = torch.from_numpy(np.stack([d[0] for d in drawn])[:, : plan.network.in_channels])
        target = torch.from_numpy(np.stack([d[1] for d in drawn]))
        loss = fcd_loss(network(image), _merge(target, plan.network.out_channels))
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        report(step, float(loss.detach()), network)
    return network.eval()


def _draw(cases: Sequence[TrainingCase], rng: np.random.Generator, plan: TrainingPlan) -> tuple[Any, Any]:
    case = cases[int(rng.integers(len(cases)))]
    return sample_patch(
        case, rng, plan.patch, bool(plan.network.in_channels > 1 and rng.random() < plan.prior_share)
    )


def _merge(target: torch.Tensor, outputs: int) -> torch.Tensor:
    """With two outputs liver counts as background."""
    return target if outputs == 3 else (target == 2).long()


def validate(network: FCD, cases: Sequence[TrainingCase], patch: int, seed: int = 1) -> dict[str, float]:
    """Dice of the tumour on held-out patches, with and without prior, pooled over voxels."""
    rng = np.random.default_rng(seed)
    scores = {}
    for name, with_prior in (("without_prior", False), ("with_prior", True)):
        overlap = total = 0
        for case in cases:
            for _ in range(6):
                image, target = sample_patch(case, rng, patch, with_prior)
                with torch.inference_mode():
                    found = (
                        network(torch.from_numpy(image[None, : network.config.in_channels]))
                        .argmax(1)[0]
                        .numpy()
                    )
                tumour, truth = found == network.config.out_channels - 1, target == 2
                overlap += int((tumour & truth).sum())
                total += int(tumour.sum()) + int(truth.sum())
        scores[name] = 2 * overlap / max(total, 1)
    return scores
