"""From the drawn pixels of one slice to the region that is measured: holes, spikes, parts."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.measure.convention import Convention, HoleRule, PartRule

_CROSS = ndimage.generate_binary_structure(2, 1)
_SQUARE = ndimage.generate_binary_structure(2, 2)


@dataclass(frozen=True)
class Regions:
    """What is measured on one slice.

    Attributes:
        regions: usually one; several only when the largest parts have exactly equal area.
        left_out: number of further parts that the convention leaves out.
    """

    regions: tuple[Mask, ...]
    left_out: int = 0


def measured_regions(drawn: Mask, convention: Convention, opening_px: int) -> Regions:
    """The region(s) of one slice that ``convention`` measures.

    Args:
        drawn: bool (y, x), with at least one pixel of background all around.
        convention: hole, part and connectivity rules.
        opening_px: radius of the opening (0: none), which may differ from the convention's for a tiny lesion.
    """
    region = fill_holes(drawn, convention.connectivity) if convention.holes is HoleRule.FILLED else drawn
    region = opened(region, opening_px)
    structure = _SQUARE if convention.connectivity == 8 else _CROSS
    labels, count = ndimage.label(region, structure)
    if count == 0:
        return Regions(())
    if count == 1 or convention.parts is PartRule.TIED:
        return Regions((region,))
    areas = np.bincount(labels.ravel())[1:]
    largest = np.flatnonzero(areas == areas.max()) + 1
    return Regions(tuple(labels == one for one in largest), count - 1)


def fill_holes(region: Mask, connectivity: int = 8) -> Mask:
    """Fill what the outside cannot reach; a background of 4-connectivity where the lesion has 8, and back."""
    return np.asarray(ndimage.binary_fill_holes(region, _CROSS if connectivity == 8 else _SQUARE))


def opened(region: Mask, radius_px: int) -> Mask:
    """2D opening with a 4-neighbour cross, iterated: drops what is thinner than 2 r + 1 pixels.

    Args:
        region: bool (y, x), with at least one pixel of background all around.
        radius_px: 0 leaves it as it is.
    """
    return np.asarray(ndimage.binary_opening(region, _CROSS, radius_px)) if radius_px else region
