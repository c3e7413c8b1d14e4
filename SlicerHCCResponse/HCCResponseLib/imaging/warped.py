"""A mask that a registration has moved: good for finding a place again, never for measuring."""

from __future__ import annotations

from dataclasses import dataclass

from HCCResponseLib.base.arrays import Mask


@dataclass(frozen=True, eq=False)
class WarpedMask:
    """A moved mask. It is no array on purpose: whatever measures refuses it, in the type checker and when it runs.

    Attributes:
        voxels: bool (z, y, x) on the grid it was moved to, for matching and as a prior.
    """

    voxels: Mask

    def __bool__(self) -> bool:
        """Whether any of it lies within the grid."""
        return bool(self.voxels.any())
