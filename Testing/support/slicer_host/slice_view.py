"""Pictures of the slice views without a screen: what the reader sees of the scene, drawn by the application's classes.

VTK draws through EGL (Debian: libegl1, libgl1-mesa-dri) or, where there is none, through its own software renderer.
"""

from pathlib import Path
from typing import Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

# What draws segmentations and markups into a slice view.
_MANAGERS = ("vtkMRMLSegmentationsDisplayableManager2D", "vtkMRMLMarkupsDisplayableManager")


def render_slice(
    path: str | Path,
    view: str = "Red",
    size: tuple[int, int] = (400, 400),
    offset: float | None = None,
    fit: bool = True,
) -> np.ndarray:
    """Draw a slice view (``Red`` axial, ``Yellow`` sagittal, ``Green`` coronal) of the scene into a PNG file.

    The volume, its window and level, and the layers are those of the view's nodes. ``size`` is (width, height) in
    pixels, ``offset`` the position of the slice in mm (None: where the view is), ``fit`` zooms to the volume.
    Returns the picture as an array of uint8 (row from top, column from left, red green blue).
    """
    logic = slicer.app.layoutManager().sliceWidget(view).sliceLogic()
    node = logic.GetSliceNode()
    node.SetDimensions(*size, 1)
    slicer.app.processEvents()
    if fit:
        logic.FitSliceToBackground()
    if offset is not None:
        logic.SetSliceOffset(offset)
    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)
    window.SetSize(*size)
    interactor = vtk.vtkGenericRenderWindowInteractor()
    interactor.SetRenderWindow(window)
    renderer = vtk.vtkRenderer()
    window.AddRenderer(renderer)
    renderer.AddViewProp(_image_of(logic))
    group = _displayable_managers(renderer, node)
    over = _over(view)
    for actor in over:
        renderer.AddViewProp(actor)
    try:
        window.Render()
        return _save(window, Path(path))
    finally:
        group.SetMRMLDisplayableNode(None)
        for actor in over:
            renderer.RemoveViewProp(actor)
            actor.ReleaseGraphicsResources(window)
        window.Finalize()


def _image_of(logic: Any) -> Any:
    """The blended layers, as the slice logic makes them, behind everything else."""
    mapper = vtk.vtkImageMapper()
    mapper.SetColorWindow(255)
    mapper.SetColorLevel(127.5)
    mapper.SetInputConnection(logic.GetImageDataConnection())
    actor = vtk.vtkActor2D()
    actor.SetMapper(mapper)
    actor.GetProperty().SetDisplayLocationToBackground()
    return actor


def _over(view: str) -> list[Any]:
    """What code has added to the view's own renderer."""
    own = slicer.app.layoutManager().sliceWidget(view).sliceView().renderWindow().GetRenderers()
    actors = own.GetFirstRenderer().GetViewProps()
    return [actors.GetItemAsObject(n) for n in range(actors.GetNumberOfItems())]


def _displayable_managers(renderer: Any, node: Any) -> Any:
    group = slicer.vtkMRMLDisplayableManagerGroup()
    group.SetRenderer(renderer)
    for name in _MANAGERS:
        manager = getattr(slicer, name)()
        manager.SetMRMLApplicationLogic(slicer.app.applicationLogic())
        group.AddDisplayableManager(manager)
    group.SetMRMLDisplayableNode(node)
    return group


def _save(window: Any, path: Path) -> np.ndarray:
    grabber = vtk.vtkWindowToImageFilter()
    grabber.SetInput(window)
    grabber.ReadFrontBufferOff()
    grabber.Update()
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = vtk.vtkPNGWriter()
    writer.SetFileName(str(path))
    writer.SetInputConnection(grabber.GetOutputPort())
    writer.Write()
    image = grabber.GetOutput()
    width, height, _ = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
    return np.ascontiguousarray(pixels[::-1, :, :3])
