"""Small parts of a scene for MRML tests: a volume, a segmentation, a line."""

import numpy as np


def add_volume(values, spacing=(2.0, 0.8, 0.7), origin=(-30.0, 12.0, 40.0), name="CT"):
    """A volume from an array (z, y, x) with spacing (z, y, x) in mm and the origin (x, y, z) in LPS."""
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    node.SetSpacing(spacing[2], spacing[1], spacing[0])
    node.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
    node.SetOrigin(-origin[0], -origin[1], origin[2])
    slicer.util.updateVolumeFromArray(node, values)
    node.CreateDefaultDisplayNodes()
    return node


def add_segment(volume, masks, name="Segmentation"):
    """A segmentation with one segment for each named mask (z, y, x) on the grid of a volume."""
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    for segment, (mask, color) in masks.items():
        node.GetSegmentation().AddEmptySegment(segment, segment, color)
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), node, segment, volume)
    return node


def add_line(first, second, name="Long axis"):
    """A line between two points (right, anterior, superior) in mm."""
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", name)
    node.CreateDefaultDisplayNodes()
    node.AddControlPoint(*first)
    node.AddControlPoint(*second)
    return node


def phantom():
    """Values (z, y, x) of a block of 60 HU in -100 HU, and a mask inside of it."""
    values = np.full((20, 64, 64), -100, np.int16)
    values[5:15, 16:48, 16:48] = 60
    mask = np.zeros(values.shape, bool)
    mask[8:12, 24:40, 24:40] = True
    return values, mask
