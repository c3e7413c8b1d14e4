"""The prompt network: weights as safetensors, facts in the header."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.base.files import sha256_of, write_atomically
from HCCResponseLib.nets.prompts.channels import CHANNELS
from HCCResponseLib.nets.unet import UNetConfig
from HCCResponseLib.nets.windows import InferenceSettings

FORMAT = "hcc-response-prompt-model/1"
_HEADER = "hcc-response"


@dataclass(frozen=True)
class PromptNetwork:
    """Shape of the network.

    Attributes:
        filters: feature maps of each level, each at half the resolution of the one before.
        side: voxels along each side of the cube that it sees, a multiple of ``2 ** levels``.
    """

    filters: tuple[int, ...] = (24, 48, 96, 160)
    side: int = 64

    def config(self) -> UNetConfig:
        """Of the network, (n, 5, side, side, side) to logits (n, 2, side, side, side): background, lesion."""
        return UNetConfig(CHANNELS, 2, self.filters)

    def build(self) -> torch.nn.Module:
        """A fresh network."""
        return self.config().build()


@dataclass(frozen=True)
class PromptModel:
    """A network with its weights, in evaluation mode, and where they came from."""

    network: torch.nn.Module
    shape: PromptNetwork
    sha256: str
    notes: dict[str, Any] = field(default_factory=dict)


def save_prompt_model(
    path: Path, network: torch.nn.Module, shape: PromptNetwork, notes: dict[str, Any]
) -> str:
    """Write the weights in half precision, which is all that they are worth; returns the file's SHA-256.

    Raises:
        StorageError: the disk is full or the folder not writable.
    """
    header = {"format": FORMAT, "network": asdict(shape), "notes": notes}
    values = {k: v.detach().cpu().half().contiguous() for k, v in network.state_dict().items()}
    metadata = {_HEADER: json.dumps(header, sort_keys=True)}
    write_atomically(path, lambda temporary: save_file(values, temporary, metadata))
    return sha256_of(path)


def load_prompt_model(path: Path) -> PromptModel:
    """Load a prompt network.

    Raises:
        ModelError: missing, damaged, or weights of another network.
    """
    if not path.is_file():
        raise ModelError(f"Model file '{path}' does not exist. Train one with 'hcc-response prompts train'.")
    try:
        with safe_open(path, framework="pt") as stored:
            header = json.loads((stored.metadata() or {}).get(_HEADER, "{}"))
            state = {name: stored.get_tensor(name).float() for name in stored.keys()}  # noqa: SIM118
    except Exception as problem:
        raise ModelError(f"Model file '{path}' cannot be read; it is damaged or no model.") from problem
    if header.get("format") != FORMAT:
        raise ModelError(f"Model file '{path}' holds no prompt network; those have the format {FORMAT}.")
    values = header["network"]
    shape = PromptNetwork(tuple(values["filters"]), int(values["side"]))
    network = shape.build()
    try:
        network.load_state_dict(state)
    except RuntimeError as problem:
        raise ModelError(
            f"Weights in '{path}' do not fit their own network; the file is damaged."
        ) from problem
    return PromptModel(network.eval(), shape, sha256_of(path), header["notes"])


def warm_up(model: PromptModel, inference: InferenceSettings) -> None:
    """Look once at an empty cube, so that the first lesion waits for nothing that is made only once."""
    look(model, torch.zeros(1, CHANNELS, *[model.shape.side] * 3), inference)


def look(model: PromptModel, channels: torch.Tensor, inference: InferenceSettings) -> torch.Tensor:
    """Logits (n, 2, side, side, side) in float32 for channels (n, 5, side, side, side)."""
    kind = inference.number_type()
    reduced = torch.autocast(inference.device.partition(":")[0], dtype=kind, enabled=kind is not None)
    network = model.network.to(inference.device)
    with torch.inference_mode(), reduced:
        found: torch.Tensor = network(channels.to(inference.device)).float()
    return found
