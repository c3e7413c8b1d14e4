"""Training the prompt network from a pack alone: resumable, within a time limit, on a CPU or a GPU."""

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset

from HCCResponseLib.nets.card import plain_values
from HCCResponseLib.nets.checkpoint import load_checkpoint, save_checkpoint
from HCCResponseLib.nets.losses import fcd_loss
from HCCResponseLib.nets.precision import TrainingDevice
from HCCResponseLib.nets.prompts.network import PromptNetwork
from HCCResponseLib.nets.prompts.samples import Livers, draw_sample

_FORMAT = "hcc-response-prompt-training/1"
Batch = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class PromptPlan:
    """How the prompt network is trained.

    Attributes:
        steps: optimiser steps; with ``minutes`` the training ends at whichever comes first, and the learning rate falls
            with the larger share of the two.
        minutes: time limit of all parts of the training together; 0 = none. With one, a run cannot be repeated exactly.
        batch: samples a step.
        learning_rate: after ``warm_up`` steps; it falls to zero as a cosine.
        average: weight of the past in the averaged weights that are kept, at most.
        seed: of everything random.
    """

    network: PromptNetwork = field(default_factory=PromptNetwork)
    steps: int = 4000
    minutes: float = 0.0
    batch: int = 2
    learning_rate: float = 2e-3
    warm_up: int = 50
    average: float = 0.995
    seed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the model card and the checkpoint."""
        return plain_values(asdict(self))  # type: ignore[no-any-return]


@dataclass
class PromptTraining:
    """A training under way.

    Attributes:
        network: as it learns; averaged: what is kept of it.
        losses: of every step.
        seconds: spent so far, in all parts.
    """

    network: torch.nn.Module
    averaged: torch.nn.Module
    optimiser: torch.optim.Optimizer
    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def step(self) -> int:
        """Steps that are done."""
        return len(self.losses)


class _Samples(IterableDataset[tuple[np.ndarray, np.ndarray]]):
    """Endless samples; every worker and every part of a training draws others."""

    def __init__(self, livers: Livers, plan: PromptPlan, first: int) -> None:
        super().__init__()
        self.livers, self.plan, self.first = livers, plan, first

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        info = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self.plan.seed, self.first, info.id if info else 0))
        while True:
            image, mask = draw_sample(self.livers, rng, self.plan.network.side)
            yield image, mask.astype(np.int64)


def train_prompts(
    plan: PromptPlan,
    livers: Livers,
    report: Callable[[PromptTraining], None],
    checkpoint: Path | None = None,
    device: str = "cpu",
    workers: int = 1,
    every_s: float = 60.0,
) -> PromptTraining:
    """Train from scratch or on from a checkpoint; ``report`` after every step.

    Args:
        checkpoint: written every ``every_s`` seconds and at the end; read first where it is there.
        workers: processes that draw samples.

    Raises:
        ModelError: the checkpoint is damaged or of another plan.
        StorageError: it cannot be written.
    """
    training_device = TrainingDevice.on(device, "bfloat16")
    state = _fresh(plan, training_device)
    if checkpoint and checkpoint.is_file():
        _resume(checkpoint, state, plan)
    data = DataLoader(
        _Samples(livers, plan, state.step),
        batch_size=plan.batch,
        num_workers=workers,
        persistent_workers=workers > 0,
        prefetch_factor=4 if workers else None,
    )
    batches = iter(data)
    saved = last = time.monotonic()
    while _progress(plan, state) < 1:
        state.losses.append(_step(plan, state, next(batches), training_device))
        now = time.monotonic()
        state.seconds, last = state.seconds + now - last, now
        report(state)
        if checkpoint and now - saved > every_s:
            _save(checkpoint, state, plan)
            saved = now
    if checkpoint:
        _save(checkpoint, state, plan)
    state.averaged.cpu().eval()
    return state


def _progress(plan: PromptPlan, state: PromptTraining) -> float:
    limit = state.seconds / (60 * plan.minutes) if plan.minutes else 0.0
    return max(state.step / plan.steps, limit)


def _fresh(plan: PromptPlan, training_device: TrainingDevice) -> PromptTraining:
    torch.manual_seed(plan.seed)
    network = plan.network.build().to(training_device.device).train()
    averaged = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), plan.learning_rate, weight_decay=1e-4)
    return PromptTraining(network, averaged, optimiser)


def _step(plan: PromptPlan, state: PromptTraining, batch: Batch, training_device: TrainingDevice) -> float:
    image, target = (b.to(training_device.device, non_blocking=True) for b in batch)
    rise = min(1.0, (state.step + 1) / max(plan.warm_up, 1))
    for group in state.optimiser.param_groups:
        group["lr"] = plan.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * _progress(plan, state)))
    with training_device.autocast():
        logits = state.network(image)
    loss = fcd_loss(logits.float(), target)
    state.optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), 5.0)
    state.optimiser.step()
    keep = min(plan.average, (state.step + 1) / (state.step + 10))
    with torch.no_grad():
        for kept, new in zip(state.averaged.parameters(), state.network.parameters(), strict=True):
            kept.lerp_(new, 1 - keep)
    return float(loss.detach())


def _save(path: Path, state: PromptTraining, plan: PromptPlan) -> None:
    content = {
        "network": state.network.state_dict(),
        "averaged": state.averaged.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "losses": state.losses,
        "seconds": state.seconds,
    }
    save_checkpoint(path, _FORMAT, plan.as_dict(), content)


def _resume(path: Path, state: PromptTraining, plan: PromptPlan) -> None:
    # More time or more steps may be given to a training that goes on.
    content = load_checkpoint(path, _FORMAT, plan.as_dict(), ("steps", "minutes"))
    state.network.load_state_dict(content["network"])
    state.averaged.load_state_dict(content["averaged"])
    state.optimiser.load_state_dict(content["optimiser"])
    state.losses, state.seconds = list(content["losses"]), float(content["seconds"])
