"""Training a base model (Adam, FCD's loss) that can be killed at any step and goes on from its last checkpoint."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.nets.architectures import Network, NetworkConfig
from HCCResponseLib.nets.card import plain_values
from HCCResponseLib.nets.checkpoint import load_checkpoint, save_checkpoint
from HCCResponseLib.nets.inputs import WorkingGrid
from HCCResponseLib.nets.losses import fcd_loss
from HCCResponseLib.nets.network import COMPACT
from HCCResponseLib.nets.patches import TrainingCase, sample_patch
from HCCResponseLib.nets.precision import TrainingDevice

_FORMAT = "hcc-response-training/1"


@dataclass(frozen=True)
class TrainingPlan:
    """How a base model is trained.

    Attributes:
        network: the architecture.
        spacing: working voxel size (z, y, x) in mm; ``fine``: of small lesions.
        subjects: synthetic subjects to train on; further ones are held out for validation.
        validation_subjects: held-out subjects.
        steps: optimiser steps; ``patch`` is the side of the cubic patches in voxels, ``batch`` patches a step.
        learning_rate: after the warm-up.
        schedule: ``polynomial``, (1 - step / steps) ** 0.9 as published, or ``cosine``; both end at zero.
        warm_up: steps over which the learning rate rises from a hundredth.
        precision: ``bfloat16`` where the processor calculates in it, else single precision.
        prior_share: share of patches that come with a prior contour.
        seed: of everything random.

    Raises:
        InputError: an unknown schedule or precision.
    """

    network: NetworkConfig = COMPACT
    spacing: tuple[float, float, float] = (2.0, 2.0, 2.0)
    fine: tuple[float, float, float] = (1.0, 1.0, 1.0)
    subjects: int = 120
    validation_subjects: int = 8
    steps: int = 3000
    patch: int = 64
    batch: int = 1
    learning_rate: float = 1e-3
    schedule: str = "polynomial"
    warm_up: int = 0
    precision: str = "float32"
    prior_share: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.schedule not in ("polynomial", "cosine"):
            raise InputError(f"There is no schedule '{self.schedule}'; known are polynomial and cosine.")
        if self.precision not in ("float32", "bfloat16"):
            raise InputError(f"There is no precision '{self.precision}'; known are float32 and bfloat16.")

    @property
    def grid(self) -> WorkingGrid:
        """Both voxel sizes."""
        return WorkingGrid(self.spacing, self.fine)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the model card and the checkpoint."""
        return plain_values(asdict(self))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class CheckpointPolicy:
    """What is written and looked at on the way.

    Attributes:
        checkpoint: file to go on from, if it is there, and to write; ``None`` = none.
        every: steps between checkpoints.
        held_out: cases for validation; ``validate_every``: steps between looks at them (0 = never).
    """

    checkpoint: Path | None = None
    every: int = 100
    held_out: Sequence[TrainingCase] = ()
    validate_every: int = 0


@dataclass(frozen=True)
class Trained:
    """A finished training: network in evaluation mode, loss of every step, validation Dice by step.

    ``resumed_at``: the step of the checkpoint it went on from, 0 for a run in one go.
    """

    network: Network
    losses: tuple[float, ...]
    scores: dict[int, dict[str, float]]
    resumed_at: int = 0


def train(
    plan: TrainingPlan,
    cases: Sequence[TrainingCase],
    report: Callable[[int, float], None],
    start: Network | None = None,
    policy: CheckpointPolicy | None = None,
    device: str = "cpu",
) -> Trained:
    """Train from scratch, on from ``start``, or on from a checkpoint; ``report(step, loss)`` after every step.

    Stopped and started again, the losses and weights are those of an undisturbed run (same machine and number of
    threads). ``device`` is ``cpu`` or ``cuda:N``; the trained network comes back to the CPU.

    Raises:
        ModelError: the checkpoint is damaged or of another plan.
        StorageError: a checkpoint cannot be written.
    """
    policy = policy or CheckpointPolicy()
    training_device = TrainingDevice.on(device, plan.precision)
    state = _fresh(plan, start, training_device)
    if policy.checkpoint and policy.checkpoint.is_file():
        _resume(policy.checkpoint, state, plan)
    resumed_at, network = state.step, state.network
    while state.step < plan.steps:
        state.losses.append(_step(plan, state, cases, training_device))
        state.step += 1
        report(state.step, state.losses[-1])
        if policy.validate_every and state.step % policy.validate_every == 0:
            state.scores[state.step] = validate(network.eval(), policy.held_out, plan.patch, plan.grid)
            network.train()
        if policy.checkpoint and (state.step % policy.every == 0 or state.step == plan.steps):
            _save(policy.checkpoint, state, plan)
    return Trained(network.cpu().eval(), tuple(state.losses), dict(state.scores), resumed_at)


@dataclass
class _TrainingState:
    """A training under way: everything that the next step depends on, as it is after ``step`` steps."""

    network: Network
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    rng: np.random.Generator
    step: int
    losses: list[float]
    scores: dict[int, dict[str, float]]


def _fresh(plan: TrainingPlan, start: Network | None, training_device: TrainingDevice) -> _TrainingState:
    torch.manual_seed(plan.seed)
    network = (copy.deepcopy(start) if start else plan.network.build()).to(training_device.device).train()
    optimiser = torch.optim.Adam(network.parameters(), plan.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: learning_rate_share(plan, step))
    return _TrainingState(network, optimiser, schedule, np.random.default_rng(plan.seed), 0, [], {})


def _save(path: Path, state: _TrainingState, plan: TrainingPlan) -> None:
    content = {
        "network": state.network.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "schedule": state.schedule.state_dict(),
        "rng": state.rng.bit_generator.state,
        "torch_rng": torch.get_rng_state(),
        "step": state.step,
        "losses": state.losses,
        "scores": state.scores,
    }
    save_checkpoint(path, _FORMAT, plan.as_dict(), content)


def _resume(path: Path, state: _TrainingState, plan: TrainingPlan) -> None:
    """Put ``state`` where the checkpoint left off."""
    content = load_checkpoint(path, _FORMAT, plan.as_dict())
    for name in ("network", "optimiser", "schedule"):
        getattr(state, name).load_state_dict(content[name])
    state.rng.bit_generator.state = content["rng"]
    torch.set_rng_state(content["torch_rng"])
    state.step, state.losses, state.scores = int(content["step"]), content["losses"], content["scores"]


def learning_rate_share(plan: TrainingPlan, step: int) -> float:
    """Learning rate after so many steps, as a share of the plan's, 0 to 1."""
    if step < plan.warm_up:
        return 0.01 + 0.99 * step / plan.warm_up
    left = 1 - (step - plan.warm_up) / max(plan.steps - plan.warm_up, 1)
    return float(left**0.9 if plan.schedule == "polynomial" else 0.5 - 0.5 * np.cos(np.pi * left))


def _step(
    plan: TrainingPlan, state: _TrainingState, cases: Sequence[TrainingCase], training_device: TrainingDevice
) -> float:
    drawn = [_draw(cases, state.rng, plan) for _ in range(plan.batch)]
    channels = plan.network.in_channels
    image = torch.cat([training_device.batch_of(d[0][:channels], channels) for d in drawn])
    target = torch.from_numpy(np.stack([d[1] for d in drawn])).to(training_device.device)
    with training_device.autocast():
        logits = state.network(image)
    loss = fcd_loss(logits.float(), _merge(target, plan.network.out_channels))
    state.optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), 5.0)
    state.optimiser.step()
    state.schedule.step()
    return float(loss.detach())


def _draw(cases: Sequence[TrainingCase], rng: np.random.Generator, plan: TrainingPlan) -> tuple[Any, Any]:
    case = cases[int(rng.integers(len(cases)))]
    with_prior = bool(plan.network.in_channels > 1 and rng.random() < plan.prior_share)
    return sample_patch(case, rng, plan.patch, with_prior, plan.grid)


def _merge(target: torch.Tensor, outputs: int) -> torch.Tensor:
    """With two outputs liver counts as background."""
    return target if outputs == 3 else (target == 2).long()


def validate(
    network: Network, cases: Sequence[TrainingCase], patch: int, grid: WorkingGrid
) -> dict[str, float]:
    """Dice coefficient of the tumour on held-out patches, pooled over voxels: ``without_prior``, ``with_prior``.

    Args:
        network: in evaluation mode, on any device.
        patch: side in voxels; six patches are drawn from each case.
    """
    training_device = TrainingDevice(str(next(network.parameters()).device), False)
    rng = np.random.default_rng(1)
    scores, channels = {}, network.config.in_channels
    for name, with_prior in (("without_prior", False), ("with_prior", True)):
        overlap = total = 0
        for case in cases:
            for _ in range(6):
                image, target = sample_patch(case, rng, patch, with_prior, grid)
                with torch.inference_mode():
                    given = training_device.batch_of(image[:channels], channels)
                    found = network(given).argmax(1)[0].cpu().numpy()
                tumour, truth = found == network.config.out_channels - 1, target == 2
                overlap += int((tumour & truth).sum())
                total += int(tumour.sum()) + int(truth.sum())
        scores[name] = 2 * overlap / max(total, 1)
    return scores
