"""A contour that a registration has moved: good for finding a place again, never for measuring."""

from dataclasses import dataclass

from HCCResponseLib.lesions.lesion import Lesion


@dataclass(frozen=True)
class WarpedContour:
    """A moved contour. It is no contour on purpose: whatever measures refuses it, in the type checker and when it runs.

    Attributes:
        lesion: its voxels on the grid it was moved to, for matching and as a prior.
    """

    lesion: Lesion

    def __bool__(self) -> bool:
        """Whether any of it lies within the grid."""
        return bool(self.lesion)
