"""Our nodes in a scene: standard classes, tagged so that they are found again, filed in the subject hierarchy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.geometry import Geometry, lps_to_ras
from HCCResponseLib.imaging.volumes import Volume

SUBJECT, TIME_POINT, KIND, LESION = (f"HCCResponse.{k}" for k in ("Subject", "TimePoint", "Kind", "Lesion"))
VOLUME, CONTOURS, LONG_AXIS, SHORT_AXIS, SUM_TABLE, SUM_SERIES, SUM_CHART, LIMIT_SERIES = (
    "volume",
    "contours",
    "long axis",
    "short axis",
    "sum table",
    "sum series",
    "sum chart",
    "limit series",
)
Tag = tuple[str, str, str, str]


def tag(node: Any, subject: str, kind: str, time_point: str = "", lesion: str = "") -> None:
    """Mark a node as ours, so that it is found again in a saved scene."""
    for key, value in ((SUBJECT, subject), (KIND, kind), (TIME_POINT, time_point), (LESION, lesion)):
        node.SetAttribute(key, value)


def untag(node: Any) -> None:
    """Let a node go: it stays in the scene, and is not ours any more."""
    for key in (SUBJECT, KIND, TIME_POINT, LESION):
        node.RemoveAttribute(key)


def tag_of(node: Any) -> Tag | None:
    """(subject, kind, time point, lesion) of a node of ours, else ``None``."""
    if node is None or not node.GetAttribute(KIND):
        return None
    return tuple(node.GetAttribute(k) or "" for k in (SUBJECT, KIND, TIME_POINT, LESION))  # type: ignore[return-value]


def our_nodes(scene: Any, subject: str) -> Iterator[Any]:
    """All nodes of one subject's read."""
    for number in range(scene.GetNumberOfNodes()):
        node = scene.GetNthNode(number)
        found = tag_of(node)
        if found is not None and found[0] == subject:
            yield node


def find(scene: Any, subject: str, kind: str, time_point: str = "", lesion: str = "") -> Any | None:
    """The node of ours with exactly this tag."""
    wanted = (subject, kind, time_point, lesion)
    return next((n for n in our_nodes(scene, subject) if tag_of(n) == wanted), None)


def ijk_to_ras(geometry: Geometry) -> Any:
    """``vtkMatrix4x4`` from voxel (i, j, k) to RAS mm."""
    cosines = np.asarray(geometry.direction, dtype=np.float64).reshape(3, 3)
    columns = cosines * np.asarray(geometry.spacing)[::-1]
    matrix = vtk.vtkMatrix4x4()
    origin = lps_to_ras(geometry.origin)
    for row, sign in enumerate((-1.0, -1.0, 1.0)):
        for column in range(3):
            matrix.SetElement(row, column, sign * float(columns[row, column]))
        matrix.SetElement(row, 3, float(origin[row]))
    return matrix


def geometry_of(node: Any) -> Geometry:
    """Grid of a volume node. Raises ``InputError`` for a node without image or under a transform."""
    image = node.GetImageData()
    if image is None:
        raise InputError(f"Volume '{node.GetName()}' holds no image.")
    if node.GetParentTransformNode() is not None:
        raise InputError(
            f"Volume '{node.GetName()}' is moved by a transform. Harden or remove the transform first: diameters are "
            "measured on the acquired slices."
        )
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    full = np.array([[matrix.GetElement(r, c) for c in range(4)] for r in range(3)])
    full[:2] *= -1
    spacing = np.linalg.norm(full[:, :3], axis=0)
    nx, ny, nz = image.GetDimensions()
    direction = tuple(float(v) for v in (full[:, :3] / spacing).reshape(-1))
    sx, sy, sz = (float(v) for v in spacing)
    x, y, z = (float(v) for v in full[:, 3])
    return Geometry((nz, ny, nx), (sz, sy, sx), (x, y, z), direction)


def volume_from_node(node: Any) -> Volume:
    """A CT volume from the scene as the library takes it.

    Raises:
        InputError: no image, several components, or moved by a transform.
    """
    geometry = geometry_of(node)
    image = node.GetImageData()
    if image.GetNumberOfScalarComponents() != 1:
        raise InputError(
            f"Volume '{node.GetName()}' is not a CT volume: it has several values in each voxel."
        )
    values = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(geometry.size)
    if not np.issubdtype(values.dtype, np.integer):
        if not np.isfinite(values).all():
            raise InputError(f"Volume '{node.GetName()}' holds values that are not numbers.")
        values = np.rint(values)
    hu = np.clip(values, -32768, 32767).astype(np.int16)
    return Volume(hu, geometry, source=node.GetName())


def add_volume(scene: Any, image: Volume, name: str) -> Any:
    """A scalar volume node with this image."""
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    data = vtk.vtkImageData()
    data.SetDimensions(*(int(n) for n in reversed(image.geometry.size)))
    scalars = numpy_to_vtk(np.ascontiguousarray(image.hu).reshape(-1), deep=True, array_type=vtk.VTK_SHORT)
    data.GetPointData().SetScalars(scalars)
    node.SetIJKToRASMatrix(ijk_to_ras(image.geometry))
    node.SetAndObserveImageData(data)
    node.CreateDefaultDisplayNodes()
    return node


def file_under(scene: Any, node: Any, subject: str, time_point: str) -> None:
    """Put a node into the folder of its subject and time point."""
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    nothing = slicer.vtkMRMLSubjectHierarchyNode.GetInvalidItemID()
    top = _folder(hierarchy, hierarchy.GetSceneItemID(), f"HCC Response {subject}")
    place = _folder(hierarchy, top, time_point) if time_point else top
    item = hierarchy.GetItemByDataNode(node)
    if item == nothing:
        hierarchy.CreateItem(place, node)
    else:
        hierarchy.SetItemParent(item, place)


def _folder(hierarchy: Any, parent: int, name: str) -> int:
    import slicer

    found = hierarchy.GetItemChildWithName(parent, name)
    if found != slicer.vtkMRMLSubjectHierarchyNode.GetInvalidItemID():
        return int(found)
    return int(hierarchy.CreateFolderItem(parent, name))
