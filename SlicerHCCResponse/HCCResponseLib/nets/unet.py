"""A three-dimensional U-Net on blocks of 2 x 2 x 2 voxels: the base network and the prompt network.

Source: Ronneberger et al., MICCAI 2015, with the choices of nnU-Net (Isensee et al., Nat Methods 2021): instance
normalisation, leaky rectifiers, strided convolutions on the way down.
"""

from dataclasses import dataclass

import torch
from torch import nn

BLOCK = 2


@dataclass(frozen=True)
class UNetConfig:
    """Shape of a U-Net.

    Attributes:
        in_channels: of the image.
        out_channels: logits of each voxel.
        filters: feature maps of each level, each at half the resolution of the one before; the first level has the
            resolution of the blocks, half of the image's.
    """

    in_channels: int = 2
    out_channels: int = 3
    filters: tuple[int, ...] = (24, 48, 96, 160)

    def build(self) -> "UNet":
        """A fresh network."""
        return UNet(self)


def _twice(before: int, after: int, stride: int) -> nn.Sequential:
    """Two convolutions, the first with a stride."""
    layers: list[nn.Module] = []
    for channels, step in ((before, stride), (after, 1)):
        layers += [
            nn.Conv3d(channels, after, 3, stride=step, padding=1, bias=False),
            nn.InstanceNorm3d(after, affine=True),
            nn.LeakyReLU(0.01, inplace=True),
        ]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """(n, in_channels, z, y, x) to logits (n, out_channels, z, y, x); sides are multiples of :attr:`divisor`.

    Every block of voxels is seen as one with more channels, and each of its voxels gets an answer of its own: the
    finest level is the dearest one on a processor, and this halves the time.
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        voxels, filters = BLOCK**3, config.filters
        before = (config.in_channels * voxels, *filters)
        self.down = nn.ModuleList(
            _twice(a, b, 1 if level == 0 else 2)
            for level, (a, b) in enumerate(zip(before, filters, strict=False))
        )
        pairs = list(zip(filters[1:], filters[:-1], strict=True))[::-1]
        self.widen = nn.ModuleList(nn.ConvTranspose3d(a, b, 2, stride=2, bias=False) for a, b in pairs)
        self.up = nn.ModuleList(_twice(2 * b, b, 1) for _, b in pairs)
        self.head = nn.Conv3d(filters[0], config.out_channels * voxels, 1)

    @property
    def divisor(self) -> int:
        """Input sides must be multiples of this."""
        return int(BLOCK * 2 ** (len(self.config.filters) - 1))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Image (n, in_channels, z, y, x) to logits (n, out_channels, z, y, x)."""
        x, skips = blocks_of(image), []
        for level in self.down:
            x = level(x)
            skips.append(x)
        skips.pop()
        for widen, level in zip(self.widen, self.up, strict=True):
            x = level(torch.cat([widen(x), skips.pop()], 1))
        return voxels_of(self.head(x), self.config.out_channels)


def blocks_of(image: torch.Tensor) -> torch.Tensor:
    """(n, c, z, y, x) to (n, 8 c, z / 2, y / 2, x / 2)."""
    n, _, *sides = image.shape
    z, y, x = (side // BLOCK for side in sides)
    apart = image.reshape(n, -1, z, BLOCK, y, BLOCK, x, BLOCK)
    return apart.permute(0, 1, 3, 5, 7, 2, 4, 6).reshape(n, -1, z, y, x)


def voxels_of(logits: torch.Tensor, outputs: int) -> torch.Tensor:
    """(n, 8 outputs, z, y, x) to (n, outputs, 2 z, 2 y, 2 x)."""
    n, _, z, y, x = logits.shape
    apart = logits.reshape(n, outputs, BLOCK, BLOCK, BLOCK, z, y, x).permute(0, 1, 5, 2, 6, 3, 7, 4)
    return apart.reshape(n, outputs, z * BLOCK, y * BLOCK, x * BLOCK)
