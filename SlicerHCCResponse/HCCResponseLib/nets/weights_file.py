"""The file of the base network's weights, and what it tells of itself without torch, which takes seconds to load."""

import zipfile
from pathlib import Path

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.base.files import sha256_of
from HCCResponseLib.base.resources import resource_path

DEFAULT_MODEL = "Models/base-unet.safetensors"


def weights_file(named: Path | None = None) -> Path:
    """The file of a base network; ``None`` is the shipped one.

    Raises:
        ModelError: it does not exist.
    """
    file = named or resource_path(DEFAULT_MODEL)
    if not file.is_file():
        raise ModelError(
            f"Model file '{file}' does not exist. Train one with 'hcc-response train' or name another."
        )
    return file


def weights_sha256(named: Path | None = None) -> str:
    """SHA-256 of that file, once its frame is found whole; what is in it is checked where it is loaded.

    Raises:
        ModelError: it does not exist, is cut short, or is no file of weights.
    """
    file = weights_file(named)
    if not (_is_safetensors(file) or zipfile.is_zipfile(file)):  # torch's own format is a ZIP file
        raise ModelError(
            f"Model file '{file}' cannot be read; it is damaged or not a model of this software."
        )
    return sha256_of(file)


def _is_safetensors(file: Path) -> bool:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy"):
            return True
    except SafetensorError:
        return False
