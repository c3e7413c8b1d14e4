"""Training a network on a stream of samples: resumable, within a time limit, on a CPU or a GPU."""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from HCCResponseLib.nets.architectures import Network, NetworkConfig, config_as_dict
from HCCResponseLib.nets.card import plain_values
from HCCResponseLib.nets.checkpoint import load_checkpoint, save_checkpoint
from HCCResponseLib.nets.losses import fcd_loss
from HCCResponseLib.nets.precision import TrainingDevice
from HCCResponseLib.nets.streamed.samples import Batch, Source, Stream
from HCCResponseLib.nets.streamed.vary import Variation

_FORMAT = "hcc-response-streamed-training/1"


@dataclass(frozen=True)
class StreamPlan:
    """How a network is trained.

    Attributes:
        network: its shape.
        steps: optimiser steps; with ``minutes`` the training ends at whichever comes first, and the learning rate falls
            with the larger share of the two.
        minutes: time limit of all parts of the training together; 0 = none. With one, a run cannot be repeated exactly.
        batch: samples a step.
        learning_rate: after ``warm_up`` steps; it falls to zero as a cosine.
        average: weight of the past in the averaged weights that are kept, at most.
        kept: samples from which a batch is picked, where other processes draw them.
        seed: of everything random.
    """

    network: NetworkConfig
    steps: int = 4000
    minutes: float = 0.0
    batch: int = 2
    learning_rate: float = 2e-3
    warm_up: int = 50
    average: float = 0.998
    kept: int = 256
    seed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the model card and the checkpoint."""
        values = {**asdict(self), "network": config_as_dict(self.network)}
        return plain_values(values)  # type: ignore[no-any-return]


@dataclass
class StreamTraining:
    """A training under way.

    Attributes:
        network: as it learns; averaged: what is kept of it.
        losses: of every step.
        seconds: spent so far, in all parts.
        drawn: samples that were drawn, in all parts.
    """

    network: Network
    averaged: Network
    optimiser: torch.optim.Optimizer
    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0
    drawn: int = 0

    @property
    def step(self) -> int:
        """Steps that are done."""
        return len(self.losses)


def train_on_stream(
    plan: StreamPlan,
    source: Source,
    vary: Variation,
    report: Callable[[StreamTraining], None],
    checkpoint: Path | None = None,
    device: str = "cpu",
    workers: int = 1,
    every_s: float = 60.0,
    start: torch.nn.Module | None = None,
) -> StreamTraining:
    """Train from scratch, on from ``start``, or on from a checkpoint; ``report`` after every step.

    Args:
        vary: applied to every batch, on the device.
        checkpoint: written every ``every_s`` seconds and at the end; read first where it is there.
        workers: processes that draw samples; 0: drawn in between, and the same run twice gives the same weights.

    Raises:
        ModelError: the checkpoint is damaged or of another plan.
        StorageError: it cannot be written.
    """
    training_device = TrainingDevice.on(device, "bfloat16")
    torch.backends.cudnn.benchmark = device != "cpu"  # every batch has the same shape
    state = _fresh(plan, training_device, start)
    if checkpoint and checkpoint.is_file():
        _resume(checkpoint, state, plan)
    stream = Stream(source, (plan.seed, state.step), plan.batch, workers, plan.kept, device)
    before = state.drawn
    saved = last = time.monotonic()
    while _progress(plan, state) < 1:
        state.losses.append(_step(plan, state, vary(*stream.take()), training_device))
        now = time.monotonic()
        state.seconds, last = state.seconds + now - last, now
        state.drawn = before + stream.drawn
        report(state)
        if checkpoint and now - saved > every_s:
            _save(checkpoint, state, plan)
            saved = now
    if checkpoint:
        _save(checkpoint, state, plan)
    state.averaged.cpu().eval()
    return state


def _progress(plan: StreamPlan, state: StreamTraining) -> float:
    limit = state.seconds / (60 * plan.minutes) if plan.minutes else 0.0
    return max(state.step / plan.steps, limit)


def _fresh(
    plan: StreamPlan, training_device: TrainingDevice, start: torch.nn.Module | None
) -> StreamTraining:
    torch.manual_seed(plan.seed)
    network = plan.network.build()
    if start is not None:
        network.load_state_dict(start.state_dict())
    # In this order of the axes a step takes two thirds of the time, on a CPU and on a GPU.
    network = network.to(training_device.device).train()
    network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    averaged = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), plan.learning_rate, weight_decay=1e-4)
    return StreamTraining(network, averaged, optimiser)


def _step(plan: StreamPlan, state: StreamTraining, batch: Batch, training_device: TrainingDevice) -> float:
    image, target = batch
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


def _save(path: Path, state: StreamTraining, plan: StreamPlan) -> None:
    content = {
        "network": state.network.state_dict(),
        "averaged": state.averaged.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "losses": state.losses,
        "seconds": state.seconds,
        "drawn": state.drawn,
    }
    save_checkpoint(path, _FORMAT, plan.as_dict(), content)


def _resume(path: Path, state: StreamTraining, plan: StreamPlan) -> None:
    # More time or more steps may be given to a training that goes on.
    content = load_checkpoint(path, _FORMAT, plan.as_dict(), ("steps", "minutes"))
    state.network.load_state_dict(content["network"])
    state.averaged.load_state_dict(content["averaged"])
    state.optimiser.load_state_dict(content["optimiser"])
    state.losses, state.seconds = list(content["losses"]), float(content["seconds"])
    state.drawn = int(content["drawn"])
