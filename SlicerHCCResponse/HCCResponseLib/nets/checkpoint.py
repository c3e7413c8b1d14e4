"""Checkpoints of trainings: written whole or not at all, and refused where they belong to something else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.base.files import write_atomically


def save_checkpoint(path: Path, kind: str, plan: Mapping[str, Any], content: Mapping[str, Any]) -> None:
    """Write what a training goes on from.

    Args:
        kind: name and version of the format; plan: plain values of what is trained.

    Raises:
        StorageError: the disk is full or the folder not writable.
    """
    everything = {"format": kind, "plan": dict(plan), **content}
    write_atomically(path, lambda temporary: torch.save(everything, temporary))


def load_checkpoint(
    path: Path, kind: str, plan: Mapping[str, Any], may_differ: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The content of a checkpoint of the same plan.

    Args:
        may_differ: entries of the plan that a training may go on with anew.

    Raises:
        ModelError: damaged, no checkpoint of this kind, or of another plan.
    """
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:
        raise ModelError(
            f"Checkpoint '{path}' cannot be read; it is damaged. Delete it to start from the beginning."
        ) from problem
    if not isinstance(content, dict) or content.get("format") != kind:
        raise ModelError(f"'{path}' is not a checkpoint of this training. Delete it or name another output.")
    different = sorted(k for k in plan if k not in may_differ and content["plan"].get(k) != plan[k])
    if different:
        raise ModelError(
            f"Checkpoint '{path}' is of a training with another {', '.join(different)}. "
            "Use the same options to go on, or delete it to start from the beginning."
        )
    return content
