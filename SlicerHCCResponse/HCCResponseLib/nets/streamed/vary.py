"""Samples varied on the device that learns: bent, turned, brighter, noisier. Cheap on a GPU, and bearable on a CPU."""

from dataclasses import dataclass

import torch
from torch.nn import functional

from HCCResponseLib.nets.streamed.samples import Batch

_GRID = 5


@dataclass(frozen=True)
class Variation:
    """How far samples are varied.

    Attributes:
        classes: of the target.
        scans: how many of the first channels are attenuation; the others only move along.
        turn: standard deviation of the rotation about each axis (z, y, x) in radians.
        zoom: standard deviation of the logarithm of the size along each axis.
        bend: standard deviation of the smooth displacement, as a share of half the side.
        mirrored: along any axis; not for a network that has to tell left from right.
        noise: largest standard deviation of added noise, in units of the channels.
    """

    classes: int
    scans: int = 1
    turn: tuple[float, float, float] = (0.15, 0.08, 0.08)
    zoom: float = 0.10
    bend: float = 0.03
    mirrored: bool = False
    noise: float = 0.06

    def __call__(self, image: torch.Tensor, target: torch.Tensor) -> Batch:
        """Image (n, channels, z, y, x) and classes (n, z, y, x), varied."""
        if self.mirrored:
            image, target = _mirrored(image, target)
        grid = self._grid(image)
        moved = functional.grid_sample(image, grid, padding_mode="border", align_corners=False)
        shares = functional.one_hot(target, self.classes).movedim(-1, 1).to(image.dtype)
        shares = functional.grid_sample(shares, grid, padding_mode="border", align_corners=False)
        return self._looks(moved), shares.argmax(1)

    def _grid(self, image: torch.Tensor) -> torch.Tensor:
        """Where every voxel comes from, (n, z, y, x, 3) in the convention of ``grid_sample``."""
        n, device = image.shape[0], image.device
        a, b, c = (torch.randn(n, device=device) * s for s in self.turn)
        turned = _about(a, (0, 1)) @ _about(b, (0, 2)) @ _about(c, (1, 2))
        size = torch.exp(torch.randn(n, 1, 3, device=device) * self.zoom)
        matrix = torch.cat([turned * size, torch.zeros(n, 3, 1, device=device)], 2)
        grid = functional.affine_grid(matrix, list(image.shape), align_corners=False)
        bent = torch.randn(n, 3, _GRID, _GRID, _GRID, device=device) * self.bend
        bent = functional.interpolate(bent, image.shape[2:], mode="trilinear", align_corners=True)
        return grid + bent.movedim(1, -1)

    def _looks(self, image: torch.Tensor) -> torch.Tensor:
        """Other contrast and noise in the channels that are attenuation."""
        n, device = image.shape[0], image.device
        per_sample = (n, 1, 1, 1, 1)
        gain = torch.exp(torch.randn(per_sample, device=device) * 0.08)
        offset = torch.randn(per_sample, device=device) * 0.04
        noise = torch.rand(per_sample, device=device) * self.noise
        scans = image[:, : self.scans]
        looks = scans * gain + offset + torch.randn_like(scans) * noise
        return torch.cat([looks.clamp(-1, 1), image[:, self.scans :]], 1)


def _about(angle: torch.Tensor, axes: tuple[int, int]) -> torch.Tensor:
    """Rotations (n, 3, 3) in the plane of two axes; ``grid_sample`` counts them x, y, z."""
    i, j = axes
    found = torch.eye(3, device=angle.device).repeat(len(angle), 1, 1)
    found[:, i, i] = found[:, j, j] = torch.cos(angle)
    found[:, i, j], found[:, j, i] = -torch.sin(angle), torch.sin(angle)
    return found


def _mirrored(image: torch.Tensor, target: torch.Tensor) -> Batch:
    """The whole batch along some axes, rows for columns now and then."""
    axes = [axis for axis in (1, 2, 3) if torch.rand(()) < 0.5]
    image, target = image.flip([a + 1 for a in axes]), target.flip(axes)
    if image.shape[3] == image.shape[4] and torch.rand(()) < 0.5:
        image, target = image.transpose(3, 4), target.transpose(2, 3)
    return image, target
