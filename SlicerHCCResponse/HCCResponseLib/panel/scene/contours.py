"""Contours as segments and back, exactly: only the bounding box of a lesion is handed over."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from HCCResponseLib.imaging.boxes import Index, box_at, common_box, within
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.panel.scene.nodes import ijk_to_ras

# The application's name of what a segment is made of.
_LABEL_MAP = "Binary labelmap"
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
    node: Any, name: str, contour: Lesion | None, geometry: Geometry, colour: tuple[float, float, float]
) -> None:
    """Make segment ``name`` this contour on ``geometry``; without a contour the segment is empty."""
    import slicer

    segmentation = node.GetSegmentation()
    image = _oriented(contour, geometry)
    existing = segmentation.GetSegment(name)
    if existing is None:
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.SetColor(*colour)
        segment.AddRepresentation(_LABEL_MAP, image)
        segmentation.AddSegment(segment, name)
        return
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    if not contour:
        logic.ClearSegment(node, name)
    else:
        logic.SetBinaryLabelmapToSegment(image, node, name, logic.MODE_REPLACE)


def _oriented(contour: Lesion | None, geometry: Geometry) -> Any:
    import slicer

    image = slicer.vtkOrientedImageData()
    image.SetImageToWorldMatrix(ijk_to_ras(geometry))
    if not contour:
        image.SetExtent(0, -1, 0, -1, 0, -1)
        image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
        return image
    z, y, x = ((s.start, s.stop - 1) for s in contour.box)
    image.SetExtent(*x, *y, *z)
    values = numpy_to_vtk(
        contour.voxels.astype(np.uint8).reshape(-1), deep=True, array_type=vtk.VTK_UNSIGNED_CHAR
    )
    image.GetPointData().SetScalars(values)
    return image


def get_contour(node: Any, name: str, geometry: Geometry) -> Lesion:
    """Contour of a segment on ``geometry``; empty when the segment is empty, gone or outside of it."""
    image = _segment_image(node, name, geometry)
    if image is None:
        return Lesion.empty(geometry.size)
    corner, values = _values(image)
    seen = common_box(box_at(corner, values.shape), box_at((0, 0, 0), geometry.size))
    start = (seen[0].start, seen[1].start, seen[2].start)
    return Lesion(geometry.size, start, values[within(seen, corner)] > 0)


def _segment_image(node: Any, name: str, geometry: Geometry) -> Any | None:
    """A segment's label map on the grid's own voxels; resampled only if another tool put it on another grid."""
    import slicer

    image = _stored_image(node, name)
    if image is None:
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


def _stored_image(node: Any, name: str) -> Any | None:
    """A segment's label map as it is stored; ``None`` when the segment is empty or gone."""
    import slicer

    segment = node.GetSegmentation().GetSegment(name)
    if segment is None or not segment.GetRepresentation(_LABEL_MAP):
        return None
    image = slicer.vtkOrientedImageData()
    node.GetBinaryLabelmapRepresentation(name, image)
    return None if image.IsEmpty() or image.GetPointData().GetScalars() is None else image


def _values(image: Any) -> tuple[Index, npt.NDArray[Any]]:
    """First index (z, y, x) of an image's extent, and its values."""
    x0, x1, y0, y1, z0, z1 = image.GetExtent()
    values = vtk_to_numpy(image.GetPointData().GetScalars())
    return (z0, y0, x0), values.reshape(z1 - z0 + 1, y1 - y0 + 1, x1 - x0 + 1)
