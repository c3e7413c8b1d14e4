"""Models: a network with its working grid and where it came from; saving, loading, adapted ones beside their base.

A file is safetensors with everything else as JSON in its header; files of earlier versions are read too.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.base.files import sha256_of, write_atomically
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.nets.architectures import Network, config_as_dict, config_from_dict
from HCCResponseLib.nets.inputs import Spacing, WorkingGrid
from HCCResponseLib.nets.unet import UNet
from HCCResponseLib.nets.weights_file import DEFAULT_MODEL

FORMAT = "hcc-response-model/2"
FORMER_FORMAT = "hcc-response-model/1"
# One entry, since safetensors writes several in any order, and the same weights must give the same file.
_HEADER = "hcc-response"
_ZIP = b"PK\x03\x04"

State = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Model:
    """A network with what is needed to use it.

    Attributes:
        network: in evaluation mode.
        grid: working voxel sizes.
        sha256: hash of the file it came from.
        base_sha256: for an adapted model, the hash of the base model; else ``None``.
        notes: free facts about the training, as stored.
        former_sha256: hashes of files of earlier formats with the same tensors; what was adapted from them fits.
    """

    network: Network
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


def save_model(path: Path, network: Network, grid: WorkingGrid, notes: dict[str, Any]) -> str:
    """Write all weights, whatever the file's name ends in; returns the SHA-256 of the file.

    Raises:
        StorageError: the disk is full or the folder not writable.
    """
    return _write(path, network.state_dict(), Model(network, grid, notes=notes))


def save_adapted(path: Path, network: Network, base: Model, notes: dict[str, Any]) -> str:
    """Write only the tensors that differ from ``base``; returns the SHA-256 of the file.

    Raises:
        StorageError: the disk is full or the folder not writable.
    """
    reference = base.network.state_dict()
    changed = {k: v for k, v in network.state_dict().items() if not torch.equal(v.cpu(), reference[k].cpu())}
    return _write(path, changed, Model(network, base.grid, base_sha256=base.sha256, notes=notes))


def _write(path: Path, state: State, model: Model) -> str:
    header = {
        "format": FORMAT,
        "config": config_as_dict(model.network.config),
        **asdict(model.grid),
        "base_sha256": model.base_sha256,
        "former_sha256": model.former_sha256,
        "notes": model.notes,
    }
    # Weights of a U-Net are worth no more than half precision, and its files would be twice as large.
    half = isinstance(model.network, UNet)
    values = {k: (v.half() if half else v).detach().cpu().contiguous() for k, v in state.items()}
    metadata = {_HEADER: json.dumps(header, sort_keys=True)}
    write_atomically(path, lambda temporary: save_file(values, temporary, metadata))
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
    return _built(file, content, load_model(base) if content.get("base_sha256") else None)


def load_adapted(path: Path, base: Model) -> Model:
    """Load an adapted model whose base is in memory already; raises as :func:`load_model`."""
    return _built(path, _read(path), base)


def _read(path: Path) -> dict[str, Any]:
    """What a file holds; its content tells of which version it is, not its name."""
    if not path.is_file():
        raise ModelError(
            f"Model file '{path}' does not exist. Train one with 'hcc-response train' or name another."
        )
    try:
        content = _parsed(path)
    except Exception as problem:
        raise ModelError(
            f"Model file '{path}' cannot be read; it is damaged or not a model of this software."
        ) from problem
    if not isinstance(content, dict) or content.get("format") not in (FORMAT, FORMER_FORMAT):
        raise ModelError(f"Model file '{path}' is not in the format {FORMAT} or {FORMER_FORMAT}.")
    return content


def _parsed(path: Path) -> Any:
    with path.open("rb") as stream:
        former = stream.read(len(_ZIP)) == _ZIP  # torch's own format, in which earlier versions kept weights
    if former:
        return torch.load(path, map_location="cpu", weights_only=True)
    with safe_open(path, framework="pt") as file:
        header = json.loads((file.metadata() or {}).get(_HEADER, "{}"))
        return {**header, "state": {name: file.get_tensor(name) for name in file.keys()}}  # noqa: SIM118


def _built(file: Path, content: dict[str, Any], origin: Model | None) -> Model:
    network = config_from_dict(content["config"]).build()
    state, base_sha256 = content["state"], content.get("base_sha256")
    if origin is not None:
        if base_sha256 not in (origin.sha256, *origin.former_sha256):
            raise ModelError(
                f"Adapted model '{file}' was made from another base model (SHA-256 {str(base_sha256)[:12]}..., "
                f"here {origin.sha256[:12]}...). Adapt again, or name the right base model."
            )
        state = {**origin.network.state_dict(), **state}
    try:
        network.load_state_dict(state)
    except RuntimeError as problem:
        raise ModelError(
            f"Weights in '{file}' do not fit their own architecture; the file is damaged."
        ) from problem
    # Earlier weights have no fine grid or no overview.
    grid = WorkingGrid(*(_spacing(content.get(name)) for name in ("spacing", "fine", "overview")))
    former = tuple(content.get("former_sha256", ()))
    return Model(network.eval(), grid, sha256_of(file), base_sha256, content.get("notes", {}), former)


def _spacing(values: Any) -> Any:
    return None if values is None else tuple(float(v) for v in values)


def tensors_sha256(state: State) -> str:
    """SHA-256 over name, type, shape and values of all tensors: the same in every file format."""
    digest = hashlib.sha256()
    for name in sorted(state):
        values = state[name].detach().cpu().contiguous().numpy()
        digest.update(f"{name} {values.dtype.str} {list(values.shape)}\n".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()
