"""FCD: a three-dimensional fully convolutional DenseNet.

Source: Moon, Choi et al., Front Oncol 2026, 10.3389/fonc.2026.1775269 (five dense blocks of 2, 3, 4, 5, 7 layers,
growth rate 12); the layout of dense blocks and transitions follows Jegou et al., CVPR Workshops 2017
(one hundred layers tiramisu), in three dimensions.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from HCCResponseLib.base.errors import ModelError


@dataclass(frozen=True)
class FCDConfig:
    """Shape of an FCD network.

    Attributes:
        in_channels: 1 = CT; 2 = CT and the signed distance to a prior contour.
        out_channels: background, tumour; or background, liver, tumour.
        blocks: layers of each dense block on the way down; the last one is the bottleneck.
        growth: feature maps that each layer adds.
        first: feature maps of the first convolution.
        keep: share of feature maps that a transition down keeps (1 = all, as in the paper's family).
        dropout: probability in each dense layer.
    """

    in_channels: int = 1
    out_channels: int = 2
    blocks: tuple[int, ...] = (2, 3, 4, 5, 7)
    growth: int = 12
    first: int = 48
    keep: float = 1.0
    dropout: float = 0.0

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "FCDConfig":
        """The configuration of a checkpoint.

        Raises:
            ModelError: unknown or missing fields, so the checkpoint is of another architecture.
        """
        try:
            return FCDConfig(**{**values, "blocks": tuple(values["blocks"])})
        except (TypeError, KeyError) as problem:
            raise ModelError(f"The checkpoint does not describe an FCD network: {problem}.") from problem

    def build(self) -> "FCD":
        """A fresh network."""
        return FCD(self)


MOON2026 = FCDConfig()
COMPACT = FCDConfig(in_channels=2, out_channels=3, blocks=(1, 2, 3, 4, 4), growth=8, first=8, keep=0.6)


def _layer(channels: int, growth: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.InstanceNorm3d(channels, affine=True),
        nn.ReLU(inplace=True),
        nn.Conv3d(channels, growth, 3, padding=1, bias=False),
        nn.Dropout3d(dropout) if dropout else nn.Identity(),
    )


class DenseBlock(nn.Module):
    """Layers that each see the maps of all before them. Output: new maps, with the input before them if ``carry``."""

    def __init__(self, channels: int, layers: int, growth: int, dropout: float, carry: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_layer(channels + i * growth, growth, dropout) for i in range(layers))
        self.carry = carry
        self.out_channels = layers * growth + (channels if carry else 0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape (n, channels, z, y, x) to (n, out_channels, z, y, x)."""
        new: list[torch.Tensor] = []
        for layer in self.layers:
            new.append(layer(torch.cat([x, *new], 1)))
        return torch.cat([x, *new] if self.carry else new, 1)


class FCD(nn.Module):
    """Fully convolutional DenseNet, (n, in_channels, z, y, x) to (n, out_channels, z, y, x).

    Input sides must be multiples of :attr:`divisor`.
    """

    def __init__(self, config: FCDConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = nn.Conv3d(config.in_channels, config.first, 3, padding=1, bias=False)
        channels = config.first
        skips: list[int] = []
        self.down = nn.ModuleList()
        self.transition = nn.ModuleList()
        for layers in config.blocks[:-1]:
            block = DenseBlock(channels, layers, config.growth, config.dropout, carry=True)
            skips.append(block.out_channels)
            channels = max(config.growth, int(block.out_channels * config.keep))
            self.down.append(block)
            self.transition.append(self._transition(block.out_channels, channels))
        self.bottleneck = DenseBlock(channels, config.blocks[-1], config.growth, config.dropout, carry=False)
        channels = self.bottleneck.out_channels
        self.up = nn.ModuleList()
        self.decoder = nn.ModuleList()
        for layers, skip in zip(reversed(config.blocks[:-1]), reversed(skips), strict=True):
            self.up.append(nn.ConvTranspose3d(channels, channels, 2, stride=2))
            last = len(self.up) == len(config.blocks) - 1
            block = DenseBlock(channels + skip, layers, config.growth, config.dropout, carry=last)
            self.decoder.append(block)
            channels = block.out_channels
        self.head = nn.Conv3d(channels, config.out_channels, 1)

    @staticmethod
    def _transition(channels: int, kept: int) -> nn.Sequential:
        return nn.Sequential(
            nn.InstanceNorm3d(channels, affine=True),
            nn.ReLU(inplace=True),
            nn.Conv3d(channels, kept, 1, bias=False),
            nn.MaxPool3d(2),
        )

    @property
    def divisor(self) -> int:
        """Input sides must be multiples of this."""
        return int(2 ** (len(self.config.blocks) - 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Image (n, in_channels, z, y, x) to logits (n, out_channels, z, y, x)."""
        skips: list[torch.Tensor] = []
        x = self.stem(x)
        for block, transition in zip(self.down, self.transition, strict=True):
            x = block(x)
            skips.append(x)
            x = transition(x)
        x = self.bottleneck(x)
        for up, block in zip(self.up, self.decoder, strict=True):
            x = block(torch.cat([up(x), skips.pop()], 1))
        logits: torch.Tensor = self.head(x)
        return logits
