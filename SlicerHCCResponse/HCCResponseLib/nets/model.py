"""Weights on disk: saving, loading, hashes, and checkpoints that hold only what an adaptation changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import yaml

from HCCResponseLib.base import files
from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.nets.grids import Spacing, WorkingGrid
from HCCResponseLib.nets.network import FCD, FCDConfig

FORMAT = "hcc-response-model/1"
DEFAULT_MODEL = "Models/fcd-compact.pt"
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
    """

    network: FCD
    grid: WorkingGrid
    sha256: str = ""
    base_sha256: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)

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
    """Write all weights; returns the SHA-256 of the file."""
    content = {
        "format": FORMAT,
        "config": network.config.as_dict(),
        **_grid_to_plain(grid),
        "state": {k: v.detach().cpu().clone() for k, v in network.state_dict().items()},
        "notes": notes,
    }
    write_atomically(path, lambda temporary: torch.save(content, temporary))
    return sha256_of(path)


def save_adapted(path: Path, network: FCD, base: Model, notes: dict[str, Any]) -> str:
    """Write only the tensors that differ from ``base``; returns the SHA-256 of the file."""
    reference = base.network.state_dict()
    changed = {
        k: v.detach().cpu().clone()
        for k, v in network.state_dict().items()
        if not torch.equal(v.cpu(), reference[k])
    }
    content = {
        "format": FORMAT,
        "config": network.config.as_dict(),
        **_grid_to_plain(base.grid),
        "base_sha256": base.sha256,
        "state": changed,
        "notes": notes,
    }
    write_atomically(path, lambda temporary: torch.save(content, temporary))
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
    content = _read(file)
    base_hash = content.get("base_sha256")
    return _build(file, content, load_model(base) if base_hash else None)


def load_adapted(path: Path, base: Model) -> Model:
    """Load an adapted model whose base is in memory already; raises as :func:`load_model`."""
    return _build(path, _read(path), base)


def _build(file: Path, content: dict[str, Any], origin: Model | None) -> Model:
    network = FCD(FCDConfig.from_dict(content["config"]))
    state = dict(content["state"])
    base_hash = content.get("base_sha256")
    if origin is not None:
        if origin.sha256 != base_hash:
            raise ModelError(
                f"Adapted model '{file}' was made from another base model (SHA-256 {str(base_hash)[:12]}..., "
                f"here {origin.sha256[:12]}...). Adapt again, or name the right base model."
            )
        state = {**origin.network.state_dict(), **state}
    try:
        network.load_state_dict(state)
    except RuntimeError as problem:
        raise ModelError(
            f"Weights in '{file}' do not fit their own architecture; the file is damaged."
        ) from problem
    notes = content.get("notes", {})
    return Model(network.eval(), _grid_from_plain(content), sha256_of(file), base_hash, notes)


def _grid_to_plain(grid: WorkingGrid) -> dict[str, Any]:
    return {"spacing": list(grid.spacing), "fine": None if grid.fine is None else list(grid.fine)}


def _grid_from_plain(content: dict[str, Any]) -> WorkingGrid:
    """Weights from before small lesions were magnified have no fine grid."""
    fine = content.get("fine")
    return WorkingGrid(_spacing(content["spacing"]), None if fine is None else _spacing(fine))


def _spacing(values: list[float]) -> Spacing:
    z, y, x = (float(v) for v in values)
    return z, y, x


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise ModelError(
            f"Model file '{file}' does not exist. Train one with 'hcc-response train' or name another."
        )
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as problem:
        raise ModelError(
            f"Model file '{file}' cannot be read; it is damaged or not a model of this software."
        ) from problem
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelError(f"Model file '{file}' is not in the format {FORMAT}.")
    return content


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
