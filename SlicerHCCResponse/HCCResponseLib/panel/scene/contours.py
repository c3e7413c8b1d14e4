"""Contours as segments and back, exactly: only the bounding box of a lesion is handed over."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.resample import bounding_box
from HCCResponseLib.panel.scene.nodes import ijk_to_ras

# Told apart by readers with colour-vision deficiency (after Okabe and Ito), bright enough on CT.
COLOURS = (
    (1.0, 0.69, 0.0),
    (0.34, 0.71, 0.91),
    (0.0, 0.78, 0.55),
    (0.94, 0.89, 0.26),
    (0.9, 0.45, 0.1),
    (0.83, 0.52, 0.75),
    (0.45, 0.6, 1.0),
    (0.75, 0.9, 0.45),
)


def set_contour(
    node: Any, name: str, mask: Mask | None, geometry: Geometry, colour: tuple[float, float, float]
) -> None:
    """Make segment ``name`` this mask, (z, y, x) on ``geometry``; without a mask the segment is empty."""
    import slicer

    segmentation = node.GetSegmentation()
    image = _oriented(mask, geometry)
    existing = segmentation.GetSegment(name)
    if existing is None:
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.SetColor(*colour)
        segment.AddRepresentation(_binary(), image)
        segmentation.AddSegment(segment, name)
        return
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    if mask is None or not mask.any():
        logic.ClearSegment(node, name)
    else:
        logic.SetBinaryLabelmapToSegment(image, node, name, logic.MODE_REPLACE)


def remove_contour(node: Any, name: str) -> None:
    """Remove a segment."""
    node.GetSegmentation().RemoveSegment(name)


def _binary() -> str:
    import slicer

    return str(slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName())


def _oriented(mask: Mask | None, geometry: Geometry) -> Any:
    import slicer

    image = slicer.vtkOrientedImageData()
    image.SetImageToWorldMatrix(ijk_to_ras(geometry))
    if mask is None or not mask.any():
        image.SetExtent(0, -1, 0, -1, 0, -1)
        image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
        return image
    box = bounding_box(mask, (1.0, 1.0, 1.0), 0)
    inner = np.ascontiguousarray(mask[box]).astype(np.uint8)
    z, y, x = ((s.start, s.stop - 1) for s in box)
    image.SetExtent(*(int(v) for v in (*x, *y, *z)))
    values = numpy_to_vtk(inner.reshape(-1), deep=True, array_type=vtk.VTK_UNSIGNED_CHAR)
    image.GetPointData().SetScalars(values)
    return image


def get_contour(node: Any, name: str, geometry: Geometry) -> Mask:
    """Mask of a segment on ``geometry``, (z, y, x); empty when the segment is empty or gone."""
    mask = np.zeros(geometry.size, bool)
    image = _segment_image(node, name, geometry)
    if image is None:
        return mask
    x0, x1, y0, y1, z0, z1 = image.GetExtent()
    inner = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(z1 - z0 + 1, y1 - y0 + 1, x1 - x0 + 1) > 0
    start, stop = (z0, y0, x0), (z1 + 1, y1 + 1, x1 + 1)
    low = [max(0, a) for a in start]
    high = [min(n, b) for n, b in zip(geometry.size, stop, strict=True)]
    if any(b <= a for a, b in zip(low, high, strict=True)):
        return mask
    here = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    there = tuple(slice(a - s, b - s) for a, b, s in zip(low, high, start, strict=True))
    mask[here] = inner[there]
    return mask


def _segment_image(node: Any, name: str, geometry: Geometry) -> Any | None:
    """A segment's label map on the grid's own voxels; resampled only if another tool put it on another grid."""
    import slicer

    if node.GetSegmentation().GetSegment(name) is None:
        return None
    image = slicer.vtkOrientedImageData()
    node.GetBinaryLabelmapRepresentation(name, image)
    if image.IsEmpty() or image.GetPointData().GetScalars() is None:
        return None
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    wanted = ijk_to_ras(geometry)
    if all(abs(matrix.GetElement(r, c) - wanted.GetElement(r, c)) < 1e-4 for r in range(4) for c in range(4)):
        return image
    reference = slicer.vtkOrientedImageData()
    reference.SetImageToWorldMatrix(wanted)
    reference.SetExtent(*(v for n in reversed(geometry.size) for v in (0, int(n) - 1)))
    out = slicer.vtkOrientedImageData()
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(image, reference, out)
    return out


def fingerprint(node: Any, name: str) -> tuple[object, ...] | None:
    """Changes when a segment's voxels do; ``None`` for an empty segment."""
    import slicer

    image = slicer.vtkOrientedImageData()
    if node.GetSegmentation().GetSegment(name) is None:
        return None
    node.GetBinaryLabelmapRepresentation(name, image)
    if image.IsEmpty() or image.GetPointData().GetScalars() is None:
        return None
    x0, x1, y0, y1, z0, z1 = image.GetExtent()
    values = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(z1 - z0 + 1, y1 - y0 + 1, x1 - x0 + 1)
    if not values.any():
        return None
    box = bounding_box(values > 0, (1.0, 1.0, 1.0), 0)
    inner = np.packbits(values[box] > 0)
    return (
        tuple(s.start + o for s, o in zip(box, (z0, y0, x0), strict=True)),
        values[box].shape,
        hash(inner.tobytes()),
    )
