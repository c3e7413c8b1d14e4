"""Masks for training where a scan has none: livers by attenuation with written corrections, lesions by outlines.

What somebody corrected or drew is a small file of its own, so that a mask is made again by a command and never has to
be handed on.
"""

from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy import ndimage
from skimage.draw import polygon

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.yaml_files import load_checked_yaml
from HCCResponseLib.imaging.volumes import Volume

Spacing = tuple[float, float, float]
# In mm: smoothing; thickest bridge to a neighbour that is broken; vessels that are closed; reach of the border; crumbs.
_SMOOTH, _BRIDGE, _VESSEL, _BORDER, _CRUMB = 1.2, 5.0, 6.0, 4.0, 2.5
_PARTIAL_HU = 15.0
_FAT_HU = -30


class Region(BaseModel):
    """A polygon of (column, row) on all slices from the first to the last one, both included; voxel indices."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    slices: tuple[int, int]
    polygon: tuple[tuple[float, float], ...]


class LiverCorrections(BaseModel):
    """How the liver of one scan is found; all positions are voxel indices of that very scan.

    ``source``: where the scan comes from, for people; ``image_sha256``: of its voxels and geometry; ``hu``: window of
    the smoothed liver; ``seed``: (slice, row, column) in it; ``box``: first and end index along slices, rows and
    columns; ``cut``: what is not liver; ``add``: what is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    source: str
    image_sha256: str
    hu: tuple[float, float]
    seed: tuple[int, int, int]
    box: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
    cut: tuple[Region, ...] = ()
    add: tuple[Region, ...] = ()


class Lesion(BaseModel):
    """One lesion: its outlines, joined."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    outlines: tuple[Region, ...] = Field(min_length=1)


class DrawnLesions(BaseModel):
    """Lesions that somebody outlined on one scan; ``source`` and ``image_sha256`` as of :class:`LiverCorrections`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    source: str
    image_sha256: str
    lesions: tuple[Lesion, ...] = Field(min_length=1)


def read_drawn_lesions(path: Path) -> DrawnLesions:
    """Read a file of outlined lesions (YAML).

    Raises:
        InputError: missing, an unknown or impossible value; the message names it.
    """
    return load_checked_yaml(path, DrawnLesions, "Outlined lesions")


def lesions_as_drawn(image: Volume, given: DrawnLesions) -> Mask:
    """All lesions of a scan, (z, y, x).

    Raises:
        InputError: another scan than they were outlined on, or a lesion that lies outside of it.
    """
    _require_same_scan(image, given.image_sha256, "outlines")
    drawn = np.zeros(image.geometry.size, bool)
    for lesion in given.lesions:
        one = _drawn(lesion.outlines, image.geometry.size)
        if not one.any():
            raise InputError(f"Lesion '{lesion.name}' does not lie within '{image.source}'.")
        drawn |= one
    return drawn


def read_corrections(path: Path) -> LiverCorrections:
    """Read a file of corrections (YAML).

    Raises:
        InputError: missing, an unknown or impossible value; the message names it.
    """
    return load_checked_yaml(path, LiverCorrections, "Liver corrections")


def liver_by_attenuation(image: Volume, given: LiverCorrections) -> Mask:
    """The liver of a scan, (z, y, x): the connected tissue of the window, without what is cut off, vessels included.

    Raises:
        InputError: another scan than the corrections were made for, a box that reaches beyond it, a seed outside of the
            box, or no liver at the seed.
    """
    _require_same_scan(image, given.image_sha256, "corrections")
    _require_within(given, image.geometry.size)
    box = tuple(slice(a, b) for a, b in given.box)
    cut = _drawn(given.cut, image.geometry.size)[box]
    seed = tuple(s - a for s, (a, _) in zip(given.seed, given.box, strict=True))
    hu = image.hu[box].astype(np.float32)
    found = np.zeros(image.geometry.size, bool)
    found[box] = _grown(hu, given.hu, seed, cut, image.geometry.spacing)
    return np.asarray(found | _drawn(given.add, image.geometry.size))


def _require_same_scan(image: Volume, named: str, what: str) -> None:
    if image.sha256 != named:
        raise InputError(
            f"These {what} are for another scan than '{image.source}': they name the SHA-256 "
            f"{named}, this scan has {image.sha256}."
        )


def _require_within(given: LiverCorrections, size: tuple[int, int, int]) -> None:
    axes = ("slices", "rows", "columns")
    for axis, count, (first, end), seed in zip(axes, size, given.box, given.seed, strict=True):
        if not 0 <= first < end <= count:
            raise InputError(
                f"Box {first} to {end} of the {axis} does not lie within the {count} of the scan."
            )
        if not first <= seed < end:
            raise InputError(f"Seed {seed} of the {axis} lies outside of the box, {first} to {end}.")


def _drawn(regions: tuple[Region, ...], size: tuple[int, int, int]) -> Mask:
    drawn = np.zeros(size, bool)
    for region in regions:
        columns, rows = zip(*region.polygon, strict=True)
        inside = polygon(rows, columns, size[1:])
        for z in range(max(region.slices[0], 0), min(region.slices[1] + 1, size[0])):
            drawn[z][inside] = True
    return drawn


def _grown(
    hu: Float32, window: tuple[float, float], seed: tuple[int, ...], cut: Mask, spacing: Spacing
) -> Mask:
    low, high = window
    smooth = ndimage.gaussian_filter(hu, [_SMOOTH / s for s in spacing])
    core = _opened((smooth > low) & (smooth < high) & ~cut, _BRIDGE, spacing) & ~cut
    parts, _ = ndimage.label(core)
    if not parts[seed]:
        raise InputError("There is no liver at the seed; look at the window and at what is cut off.")
    core = parts == parts[seed]
    near = ndimage.distance_transform_edt(~core, sampling=spacing) < _BORDER
    found = core | (near & (smooth > low - _PARTIAL_HU) & (smooth < high + _PARTIAL_HU) & ~cut)
    found = _closed(found, _VESSEL, spacing) & ~cut
    for z in range(len(found)):
        found[z] = ndimage.binary_fill_holes(found[z])
    found = _opened(found & (hu > _FAT_HU) & ~cut, _CRUMB, spacing)
    parts, _ = ndimage.label(found)
    return np.asarray(parts == int(np.bincount(parts.ravel())[1:].argmax()) + 1)


def _opened(mask: Mask, radius_mm: float, spacing: Spacing) -> Mask:
    inner = ndimage.distance_transform_edt(mask, sampling=spacing) > radius_mm
    if not inner.any():
        return np.asarray(inner)
    return np.asarray(ndimage.distance_transform_edt(~inner, sampling=spacing) <= radius_mm)


def _closed(mask: Mask, radius_mm: float, spacing: Spacing) -> Mask:
    """Padded, so that the edge of the scan takes nothing away."""
    pad = [int(np.ceil(radius_mm / s)) + 1 for s in spacing]
    padded = np.pad(mask, [(p, p) for p in pad])
    outer = ndimage.distance_transform_edt(~padded, sampling=spacing) <= radius_mm
    inner = ndimage.distance_transform_edt(outer, sampling=spacing) > radius_mm
    return np.asarray(inner[tuple(slice(p, -p) for p in pad)])
