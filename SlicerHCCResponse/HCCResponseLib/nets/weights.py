"""Files of weights: safetensors with everything else as JSON in its header; files of earlier versions are read too."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.nets.grids import Spacing, WorkingGrid

FORMAT = "hcc-response-model/2"
FORMER_FORMAT = "hcc-response-model/1"
# One entry, since safetensors writes several in any order, and the same weights must give the same file.
_HEADER = "hcc-response"
_ZIP = b"PK\x03\x04"

State = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Weights:
    """What a file of weights holds.

    Attributes:
        config: of the network, as plain values.
        grid: working voxel sizes.
        state: tensors by name; of adapted weights only those that differ from the base's.
        base_sha256: for adapted weights, the SHA-256 of the base model's file; else ``None``.
        notes: free facts about the training, plain values.
        former_sha256: of files of earlier formats that held these very tensors; what was adapted from them fits.
    """

    config: dict[str, Any]
    grid: WorkingGrid
    state: State
    base_sha256: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)
    former_sha256: tuple[str, ...] = ()


def write_weights(path: Path, weights: Weights) -> None:
    """Write a file, whatever its name ends in; the same weights give the same bytes.

    Raises:
        StorageError: the disk is full or the folder not writable.
    """
    grid = weights.grid
    header = {
        "format": FORMAT,
        "config": weights.config,
        "spacing": list(grid.spacing),
        "fine": None if grid.fine is None else list(grid.fine),
        "base_sha256": weights.base_sha256,
        "former_sha256": list(weights.former_sha256),
        "notes": weights.notes,
    }
    state = {k: v.detach().cpu().contiguous() for k, v in weights.state.items()}
    metadata = {_HEADER: json.dumps(header, sort_keys=True)}
    write_atomically(path, lambda temporary: save_file(state, temporary, metadata))


def read_weights(path: Path) -> Weights:
    """Read a file of this version or of an earlier one; its content tells which, not its name.

    Raises:
        ModelError: missing, damaged, or not a model of this software.
    """
    if not path.is_file():
        raise ModelError(
            f"Model file '{path}' does not exist. Train one with 'hcc-response train' or name another."
        )
    try:
        content = _read_former(path) if _starts_as_zip(path) else _read_safetensors(path)
    except Exception as problem:
        raise ModelError(
            f"Model file '{path}' cannot be read; it is damaged or not a model of this software."
        ) from problem
    if not isinstance(content, dict) or content.get("format") not in (FORMAT, FORMER_FORMAT):
        raise ModelError(f"Model file '{path}' is not in the format {FORMAT} or {FORMER_FORMAT}.")
    # Weights from before small lesions were magnified have no fine grid.
    fine = content.get("fine")
    return Weights(
        content["config"],
        WorkingGrid(_spacing(content["spacing"]), None if fine is None else _spacing(fine)),
        content["state"],
        content.get("base_sha256"),
        content.get("notes", {}),
        tuple(content.get("former_sha256", ())),
    )


def _starts_as_zip(path: Path) -> bool:
    """As torch's own files do, in which earlier versions kept weights."""
    with path.open("rb") as stream:
        return stream.read(len(_ZIP)) == _ZIP


def _read_former(path: Path) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)


def _read_safetensors(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="pt") as file:
        header: dict[str, Any] = json.loads((file.metadata() or {}).get(_HEADER, "{}"))
        return {**header, "state": {name: file.get_tensor(name) for name in file.keys()}}  # noqa: SIM118


def _spacing(values: list[float]) -> Spacing:
    z, y, x = (float(v) for v in values)
    return z, y, x


def tensors_sha256(state: State) -> str:
    """SHA-256 over name, type, shape and values of all tensors: the same in every file format."""
    digest = hashlib.sha256()
    for name in sorted(state):
        values = state[name].detach().cpu().contiguous().numpy()
        digest.update(f"{name} {values.dtype.str} {list(values.shape)}\n".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()
