"""Effects of the segment editor that tests need, on the application's own logic.

The way of each is that of the application's effect: keep a state for undo, compute a label map on the grid of the
source volume, hand it to the logic, which masks it and clears the segment before it writes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from vtk.util.numpy_support import vtk_to_numpy

from .record import RECORD

Array = npt.NDArray[Any]


@contextmanager
def working(what: str) -> Iterator[None]:
    """While an effect works: a dialog that opens now stops it half-way in the application."""
    RECORD.working.append(what)
    try:
        yield
    finally:
        RECORD.working.pop()


class Effect:
    """One effect with its parameters, which the editor's node keeps."""

    def __init__(self, name: str, node: Any, logic: Any) -> None:
        self.name, self._node, self.logic = name, node, logic

    def self(self) -> "Effect":
        """The Python object of a scripted effect."""
        return self

    def setParameter(self, name: str, value: str) -> None:
        """Keep a parameter in the editor's node."""
        self._node.SetAttribute(f"{self.name}.{name}", str(value))

    def parameter(self, name: str) -> str:
        """A parameter as text."""
        return str(self._node.GetAttribute(f"{self.name}.{name}") or "")

    def number(self, name: str, default: float) -> float:
        """A parameter as a number."""
        return float(self.parameter(name) or default)

    def modify(self, mask: Array, mode: Any) -> None:
        """Hand a mask (z, y, x; on the source volume's grid) to the logic."""
        with working(self.name):
            self.logic.ResetModifierLabelmapToDefault()
            image = self.logic.GetModifierLabelmap()
            values(image)[...] = mask
            image.Modified()
            node, segment = self._node.GetSegmentationNode(), self._node.GetSelectedSegmentID()
            self.logic.ModifySegmentByLabelmap(node, segment, image, mode, False, False)

    def selected(self) -> Array:
        """The selected segment as a mask on the source volume's grid."""
        self.logic.ResetModifierLabelmapToDefault()
        self.logic.UpdateSelectedSegmentLabelmap()
        image = self.logic.GetSelectedSegmentLabelmap()
        return values(self.logic.GetModifierLabelmap() if image.IsEmpty() else image) > 0

    def spacing(self) -> tuple[float, ...]:
        """Of that grid in mm, (z, y, x)."""
        return tuple(self.logic.GetModifierLabelmap().GetSpacing()[::-1])


class Replacing(Effect):
    """An effect that computes the segment anew at a press of Apply."""

    def onApply(self) -> None:
        """What the button does."""
        with working(self.name):
            self.logic.SaveStateForUndo()
        self.modify(self.changed(), self.logic.ModificationModeSet)

    def changed(self) -> Array:
        """The segment as it will be."""
        raise NotImplementedError


class Margin(Replacing):
    """Grows or shrinks by ``MarginSizeMm``."""

    def changed(self) -> Array:
        size, mask, spacing = self.number("MarginSizeMm", 3.0), self.selected(), self.spacing()
        if size < 0 or not mask.any():
            return mask & (ndimage.distance_transform_edt(mask, spacing) > -size)
        return np.asarray(ndimage.distance_transform_edt(~mask, spacing) <= size)


class Smoothing(Replacing):
    """Median of ``KernelSizeMm``."""

    def changed(self) -> Array:
        size, mask = self.number("KernelSizeMm", 3.0), self.selected()
        kernel = [2 * int(size / s / 2) + 1 for s in self.spacing()]
        return np.asarray(ndimage.median_filter(mask.astype(np.uint8), kernel)) > 0


class Islands(Replacing):
    """Keeps the largest island."""

    def changed(self) -> Array:
        parts, count = ndimage.label(self.selected())
        return parts == 1 + np.argmax(np.bincount(parts.reshape(-1))[1:]) if count else parts > 0


class Threshold(Replacing):
    """What lies between ``MinimumThreshold`` and ``MaximumThreshold`` in the source volume."""

    def changed(self) -> Array:
        self.logic.ResetModifierLabelmapToDefault()
        self.logic.UpdateAlignedSourceVolume()
        found = values(self.logic.GetAlignedSourceVolume())
        return (found >= self.number("MinimumThreshold", 0.0)) & (
            found <= self.number("MaximumThreshold", 1e9)
        )


class Brush(Effect):
    """Paint and Erase: strokes come one by one."""

    def stroke(self, mask: Array) -> None:
        """A stroke over these voxels; what the mouse does in the application."""
        mode = self.logic.ModificationModeAdd if self.name == "Paint" else self.logic.ModificationModeRemove
        with working(self.name):
            self.logic.SaveStateForUndo()
        self.modify(mask, mode)


EFFECTS: dict[str, type[Effect]] = {
    "Paint": Brush,
    "Erase": Brush,
    "Margin": Margin,
    "Smoothing": Smoothing,
    "Islands": Islands,
    "Threshold": Threshold,
}


def values(image: Any) -> Array:
    """Voxels of an image as (z, y, x), not copied."""
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
