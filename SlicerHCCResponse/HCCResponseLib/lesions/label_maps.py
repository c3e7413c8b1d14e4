"""Many lesions at once: from a label map and back, and how far two sets of lesions lie in each other."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.imaging.boxes import Index, box_at, common_box, within
from HCCResponseLib.lesions.lesion import Lesion, require_one_grid

Labels = npt.NDArray[Any]


def lesions_of(labels: Labels) -> dict[int, Lesion]:
    """Every lesion of a label map (z, y, x) by its value, ascending; 0 is background. Reads the map once."""
    shape = (labels.shape[0], labels.shape[1], labels.shape[2])
    found = {}
    for value, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is not None:
            start = (box[0].start, box[1].start, box[2].start)
            found[value] = Lesion(shape, start, labels[box] == value)
    return found


def label_map(lesions: Sequence[Lesion], shape: Index, values: Sequence[int] | None = None) -> Labels:
    """Whole numbers (z, y, x), 0 where no lesion is; where lesions overlap the later one stands.

    As narrow a type as the numbers need: uint8 up to 255, then uint16.

    Args:
        values: number of each lesion; 1 for the first, 2 for the next and so on when not given.
    """
    values = range(1, len(lesions) + 1) if values is None else values
    labels = np.zeros(shape, np.min_scalar_type(max(values, default=0)))
    for value, lesion in zip(values, lesions, strict=True):
        labels[lesion.box][lesion.voxels] = value
    return labels


def without_overlap(lesions: Mapping[str, Lesion]) -> list[list[str]]:
    """Names in groups whose lesions do not overlap: all in one where none do; each joins the first that has room."""
    groups: list[list[str]] = []
    for name, lesion in lesions.items():
        free = (one for one in groups if not any(lesion.overlap(lesions[other]) for other in one))
        group = next(free, None)
        if group is None:
            groups.append([name])
        else:
            group.append(name)
    return groups


def overlap_table(first: Sequence[Lesion], second: Sequence[Lesion]) -> npt.NDArray[np.int64]:
    """How many voxels each lesion of ``first`` (row) has in common with each of ``second`` (column).

    The joint histogram of the two: ``second`` is painted as one label map, and each lesion of ``first`` counts the
    labels in its place. The work grows with the voxels of the lesions, not with the number of pairs. Lesions of
    either side may overlap each other: what does not fit into one label map goes into a further one.

    Raises:
        GeometryError: their grids differ in shape.
    """
    table = np.zeros((len(first), len(second)), np.int64)
    if not table.size:
        return table
    require_one_grid([*first, *second])
    for start, layer in _layers(second):
        size = len(second) + 1
        for row, lesion in enumerate(first):
            box = common_box(lesion.box, box_at(start, layer.shape))
            here = layer[within(box, start)][lesion.voxels[within(box, lesion.start)]]
            table[row] += np.bincount(here, minlength=size)[1:]
    return table


def _layers(lesions: Sequence[Lesion]) -> list[tuple[Index, Labels]]:
    """Label maps over the box of all lesions, with its start; several only where lesions overlap each other."""
    some = [one for one in lesions if one]
    if not some:
        return []
    low = np.min([one.start for one in some], axis=0)
    high = np.max([np.add(one.start, one.voxels.shape) for one in some], axis=0)
    start = (int(low[0]), int(low[1]), int(low[2]))
    layers: list[Labels] = []
    for value, lesion in enumerate(lesions, start=1):
        box = within(lesion.box, start)
        if not lesion:
            continue
        free = next((one for one in layers if not one[box][lesion.voxels].any()), None)
        if free is None:
            free = np.zeros(high - low, np.min_scalar_type(len(lesions)))
            layers.append(free)
        free[box][lesion.voxels] = value
    return [(start, one) for one in layers]
