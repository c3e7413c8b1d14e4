"""Networks that a model file can hold, by what its header says of their shape."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.nets.network import FCD, FCDConfig
from HCCResponseLib.nets.unet import UNet, UNetConfig

Network = FCD | UNet
NetworkConfig = FCDConfig | UNetConfig
_KIND = "architecture"
_UNET = "unet"


def config_as_dict(config: NetworkConfig) -> dict[str, Any]:
    """Plain values for a header; those of an FCD carry no name, as in files of earlier versions."""
    named = {_KIND: _UNET} if isinstance(config, UNetConfig) else {}
    return {**named, **asdict(config)}


def config_from_dict(values: Mapping[str, Any]) -> NetworkConfig:
    """The shape that a header describes.

    Raises:
        ModelError: an unknown architecture, or unknown or missing fields.
    """
    kind = values.get(_KIND)
    if kind is None:
        return FCDConfig.from_dict(dict(values))
    if kind != _UNET:
        raise ModelError(f"The model file holds a network of an unknown architecture, '{kind}'.")
    rest = {k: v for k, v in values.items() if k != _KIND}
    try:
        return UNetConfig(**{**rest, "filters": tuple(rest["filters"])})
    except (TypeError, KeyError) as problem:
        raise ModelError(f"The model file does not describe a U-Net: {problem}.") from problem
