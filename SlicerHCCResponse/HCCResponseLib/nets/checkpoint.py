"""Checkpoints of a training: everything that the next step depends on, so that a killed run can go on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.base.files import write_atomically

_FORMAT = "hcc-response-training/1"


@dataclass
class TrainingState:
    """A training under way.

    Attributes:
        network, optimiser, schedule: as they are after ``step`` steps.
        rng: draws the samples.
        step: steps done.
        losses: of every step so far.
        scores: validation Dice by step, where it was looked at.
    """

    network: torch.nn.Module
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    rng: np.random.Generator
    step: int
    losses: list[float]
    scores: dict[int, dict[str, float]]


def save_checkpoint(path: Path, state: TrainingState, plan: dict[str, Any]) -> None:
    """Write a checkpoint; a kill leaves the one before.

    Raises:
        StorageError: the disk is full or the folder not writable.
    """
    content = {
        "format": _FORMAT,
        "plan": plan,
        "network": state.network.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "schedule": state.schedule.state_dict(),
        "rng": state.rng.bit_generator.state,
        "torch_rng": torch.get_rng_state(),
        "step": state.step,
        "losses": list(state.losses),
        "scores": dict(state.scores),
    }
    write_atomically(path, lambda temporary: torch.save(content, temporary))


def load_checkpoint(path: Path, state: TrainingState, plan: dict[str, Any]) -> None:
    """Put ``state`` where the checkpoint left off.

    Raises:
        ModelError: damaged, or of a training with another plan.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:
        raise ModelError(
            f"Checkpoint '{path}' cannot be read; it is damaged. Delete it to start from the beginning."
        ) from problem
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ModelError(f"'{path}' is not a checkpoint of a training. Delete it or name another output.")
    different = sorted(k for k in plan if content["plan"].get(k) != plan[k])
    if different:
        raise ModelError(
            f"Checkpoint '{path}' is of a training with another {', '.join(different)}. "
            "Use the same options to go on, or delete it to start from the beginning."
        )
    state.network.load_state_dict(content["network"])
    state.optimiser.load_state_dict(content["optimiser"])
    state.schedule.load_state_dict(content["schedule"])
    state.rng.bit_generator.state = content["rng"]
    torch.set_rng_state(content["torch_rng"])
    state.step = int(content["step"])
    state.losses[:] = content["losses"]
    state.scores.update(content["scores"])
