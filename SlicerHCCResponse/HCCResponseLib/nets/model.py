"""Models: a network with its working grid and where it came from; saving, loading, adapted ones beside their base."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import yaml

from HCCResponseLib.base import files
from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.nets.grids import Spacing, WorkingGrid
from HCCResponseLib.nets.network import FCD, FCDConfig
from HCCResponseLib.nets.weights import Weights, read_weights, write_weights

DEFAULT_MODEL = "Models/fcd-compact.safetensors"
sha256_of = files.sha256_of


@dataclass(frozen=True)
class Model:
    """A network with what is needed to use it.

    Attributes:
        network: in evaluation mode.
        grid: working voxel sizes.
        sha256: hash of the file it came from.
        base_sha256: for an adapted model, the hash of the base model; else ``None``.
        notes: free facts about the training, as stored.
        former_sha256: hashes of files of earlier formats with the same tensors.
    """

    network: FCD
    grid: WorkingGrid
    sha256: str = ""
    base_sha256: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)
    former_sha256: tuple[str, ...] = ()

    @property
    def spacing(self) -> Spacing:
        """Working voxel size (z, y, x) in mm of whole scans."""
        return self.grid.spacing

    @property
    def uses_prior(self) -> bool:
        """Whether it was made to contour with a registered earlier contour as second input channel."""
        recipe = self.notes.get("recipe") or {}
        return self.network.config.in_channels > 1 and bool(recipe.get("use_prior", True))


def save_model(path: Path, network: FCD, grid: WorkingGrid, notes: dict[str, Any]) -> str:
    """Write all weights; returns the SHA-256 of the file.

    Raises:
        StorageError: the disk is full or the folder not writable.
    """
    write_weights(path, Weights(network.config.as_dict(), grid, network.state_dict(), notes=notes))
    return sha256_of(path)


def save_adapted(path: Path, network: FCD, base: Model, notes: dict[str, Any]) -> str:
    """Write only the tensors that differ from ``base``; returns the SHA-256 of the file.

    Raises:
        StorageError: the disk is full or the folder not writable.
    """
    reference = base.network.state_dict()
    changed = {k: v for k, v in network.state_dict().items() if not torch.equal(v.cpu(), reference[k].cpu())}
    write_weights(path, Weights(network.config.as_dict(), base.grid, changed, base.sha256, notes))
    return sha256_of(path)


def load_model(path: Path | None = None, base: Path | None = None) -> Model:
    """Load a base or an adapted model.

    Args:
        path: the file; ``None`` is the shipped base model.
        base: for an adapted model, its base; ``None`` is the shipped one.

    Raises:
        ModelError: missing, damaged, of another architecture, or adapted from another base.
    """
    file = path or resource_path(DEFAULT_MODEL)
    weights = read_weights(file)
    return _build(file, weights, load_model(base) if weights.base_sha256 else None)


def load_adapted(path: Path, base: Model) -> Model:
    """Load an adapted model whose base is in memory already; raises as :func:`load_model`."""
    return _build(path, read_weights(path), base)


def _build(file: Path, weights: Weights, origin: Model | None) -> Model:
    network = FCD(FCDConfig.from_dict(weights.config))
    state = dict(weights.state)
    if origin is not None:
        if weights.base_sha256 not in (origin.sha256, *origin.former_sha256):
            raise ModelError(
                f"Adapted model '{file}' was made from another base model (SHA-256 {str(weights.base_sha256)[:12]}..., "
                f"here {origin.sha256[:12]}...). Adapt again, or name the right base model."
            )
        state = {**origin.network.state_dict(), **state}
    try:
        network.load_state_dict(state)
    except RuntimeError as problem:
        raise ModelError(
            f"Weights in '{file}' do not fit their own architecture; the file is damaged."
        ) from problem
    facts = (weights.base_sha256, weights.notes, weights.former_sha256)
    return Model(network.eval(), weights.grid, sha256_of(file), *facts)


def card_of(model: Path) -> dict[str, Any]:
    """The model card's facts: the YAML block at the head of the Markdown file beside the weights.

    Raises:
        ModelError: there is no card, or its hash is not that of the weights.
    """
    card = model.with_suffix(".md")
    if not card.is_file():
        raise ModelError(f"Model '{model}' has no card '{card.name}' beside it.")
    facts: dict[str, Any] = yaml.safe_load(card.read_text(encoding="utf-8").split("---")[1])
    if facts["sha256"] != sha256_of(model):
        raise ModelError(
            f"Model '{model}' is not the file that its card describes (SHA-256 differs); reinstall it."
        )
    return facts
