"""Real tumours taken over into other livers: their own texture and outline, turned, resized, differently bright.

Painted tumours have a pattern and a border that a network learns to know them by; a real one of 117 mm that is 30 HU
darker than its liver is then taken for liver. The noise is that of the scan they are taken into, for the same reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.imaging.boxes import bounding_box
from HCCResponseLib.nets.inputs import Spacing
from HCCResponseLib.nets.prompts.pack import PackedScan
from HCCResponseLib.nets.prompts.tumours import LIPIODOL_HU, grain_of

Vector = npt.NDArray[np.float64]
# How small real tumours become in mm, and how much larger at most: enlarged, a small one is a smear.
SMALLEST_MM, ENLARGED = 12.0, 1.4
_FEWEST_VOXELS = 100
_AROUND_MM = 15.0
# What is finer is noise. Resized, a tumour is smoothed by this share of a new voxel, too, else its noise comes back.
_TEXTURE_MM, _RESIZED = 1.5, 0.4
_LEAST_SHARE = 0.05
# Kinds of treated tumours as those of synth.lesions.treated; lipiodol lies in patches of about this size.
_PATCH_MM = 2.5


@dataclass(frozen=True, eq=False)
class RealTumour:
    """One real tumour; arrays (z, y, x).

    Attributes:
        away_hu: attenuation against the liver around, without noise; outside of the tumour that of the nearest voxel
            inside.
        share: 1 inside, 0 outside, in between at the border.
        spacing: (z, y, x) mm; diameter_mm: of a sphere of its volume.
    """

    away_hu: Float32
    share: Float32
    spacing: Spacing
    diameter_mm: float


def real_tumours(scans: Sequence[PackedScan]) -> tuple[RealTumour, ...]:
    """Every real tumour of some scans that is large enough to have a texture."""
    found = []
    for scan in scans:
        for value in np.unique(scan.lesions)[1:]:
            mask = scan.lesions == value
            if mask.sum() >= _FEWEST_VOXELS:
                found.append(_taken(scan, mask))
    return tuple(found)


def _taken(scan: PackedScan, mask: Mask) -> RealTumour:
    spacing = scan.facts.spacing
    box = bounding_box(mask, spacing, _AROUND_MM)
    inside, hu = mask[box], scan.hu[box].astype(np.float32)
    around = scan.liver[box] & (scan.lesions[box] == 0) & ~ndimage.binary_dilation(inside)
    level = np.median(hu[around]) if around.sum() >= _FEWEST_VOXELS else np.median(scan.hu[scan.liver])
    core = ndimage.binary_erosion(inside)
    core = core if core.any() else inside
    nearest = ndimage.distance_transform_edt(
        ~core, sampling=spacing, return_distances=False, return_indices=True
    )
    diameter = (6 * float(mask.sum()) * float(np.prod(spacing)) / np.pi) ** (1 / 3)
    texture = ndimage.gaussian_filter(hu[tuple(nearest)], [_TEXTURE_MM / s for s in spacing])
    return RealTumour(
        texture - np.float32(level),
        ndimage.gaussian_filter(inside.astype(np.float32), 0.5),
        spacing,
        diameter,
    )


@dataclass(frozen=True, eq=False)
class Transplant:
    """How a real tumour is shown elsewhere.

    Attributes:
        matrix: from mm there to mm in the original; border: standard deviation of its blur in voxels.
        core: depth, as a share of the greatest, from which on it is necrotic, at ``core_hu``; 1 = nowhere.
        lipiodol: share of the tumour that is bright with it; patches: seed of where.
    """

    tumour: RealTumour
    matrix: Vector
    gain: float
    offset_hu: float
    border: float
    core: float = 1.0
    core_hu: float = 0.0
    lipiodol: float = 0.0
    patches: int = 0


def draw_transplant(rng: np.random.Generator, tumour: RealTumour, diameter_mm: float) -> Transplant:
    """A real tumour at about this diameter, turned at random about the body's axis and a little about the others."""
    a, b, c = rng.uniform(-np.pi, np.pi), rng.normal(scale=0.4), rng.normal(scale=0.4)
    turned = _about(a, (1, 2)) @ _about(b, (0, 1)) @ _about(c, (0, 2))
    sides = np.diag(rng.choice([-1.0, 1.0], 3) * np.exp(rng.normal(scale=0.12, size=3)))
    matrix = turned @ sides * (tumour.diameter_mm / diameter_mm)
    return Transplant(
        tumour, matrix, float(rng.uniform(0.6, 1.5)), float(rng.normal(scale=8)), float(rng.uniform(0.3, 1.0))
    )


def treated_transplant(rng: np.random.Generator, shown: Transplant) -> Transplant:
    """The tumour after embolisation or systemic treatment: necrosis, lipiodol or a shift of attenuation."""
    kind = rng.integers(3)
    if kind == 0:
        return replace(shown, core=float(rng.uniform(0.05, 0.4)), core_hu=float(rng.uniform(5, 40)))
    if kind == 1:
        share, seed = float(rng.uniform(0.15, 0.9)), int(rng.integers(2**31))
        return replace(shown, lipiodol=share, patches=seed)
    return replace(shown, offset_hu=shown.offset_hu + float(rng.normal(scale=15)))


def _about(angle: float, axes: tuple[int, int]) -> Vector:
    i, j = axes
    found = np.eye(3)
    found[i, i] = found[j, j] = np.cos(angle)
    found[i, j], found[j, i] = -np.sin(angle), np.sin(angle)
    return found


def paint_transplant(
    hu: Float32,
    spacing: Spacing,
    place: Sequence[int],
    shown: Transplant,
    size: float,
    allowed: Mask,
    level: float,
) -> Mask:
    """Paint a real tumour into ``hu`` (z, y, x) in place, about a voxel; its mask.

    Args:
        size: in sizes of the transplant, as at another visit.
        allowed: where tissue may become tumour; level: attenuation of the liver there.
    """
    source, matrix = shown.tumour, shown.matrix / size
    half = 0.75 * np.linalg.norm(np.asarray(source.share.shape) * source.spacing) / 2
    reach = half / float(np.cbrt(abs(np.linalg.det(matrix))))
    low = [max(int(p - reach / s), 0) for p, s in zip(place, spacing, strict=True)]
    high = [min(int(p + reach / s) + 2, n) for p, s, n in zip(place, spacing, hu.shape, strict=True)]
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    to_source = matrix * np.asarray(spacing)[None, :] / np.asarray(source.spacing)[:, None]
    middle = (np.asarray(source.share.shape) - 1) / 2
    offset = middle - to_source @ (np.asarray(place, float) - low)
    shape = tuple(b - a for a, b in zip(low, high, strict=True))
    share = ndimage.affine_transform(source.share, to_source, offset, shape, order=1, cval=0.0)
    coarser = _RESIZED * np.linalg.norm(to_source, axis=1)
    smooth = ndimage.gaussian_filter(source.away_hu, np.where(coarser > _RESIZED, coarser, 0))
    away = ndimage.affine_transform(smooth, to_source, offset, shape, order=1, mode="nearest")
    mask = np.zeros(hu.shape, bool)
    mask[box] = (share > 0.5) & allowed[box]
    if mask[box].any():
        weight = ndimage.gaussian_filter(mask[box].astype(np.float32), shown.border)
        weight[weight < _LEAST_SHARE] = 0
        tumour = level + shown.gain * away + np.float32(shown.offset_hu)
        tumour = _treated(tumour, shown, mask[box], spacing)
        tumour = tumour + grain_of(hu[box], mask[box])
        hu[box] = hu[box] * (1 - weight) + tumour * weight
    return mask


def _treated(hu: Float32, shown: Transplant, mask: Mask, spacing: Spacing) -> Float32:
    """Necrosis and lipiodol in it."""
    if shown.core < 1:
        depth = ndimage.distance_transform_edt(mask, sampling=spacing)
        dead = depth >= shown.core * depth.max()
        hu = np.where(dead, hu - np.median(hu[mask & dead]) + np.float32(shown.core_hu), hu)
    if shown.lipiodol:
        rough = np.random.default_rng(shown.patches).standard_normal(hu.shape, np.float32)
        pattern = ndimage.gaussian_filter(rough, [_PATCH_MM / s for s in spacing])
        pattern /= pattern.std()
        bright = pattern > np.quantile(pattern[mask], 1 - shown.lipiodol)
        hu = np.where(bright, LIPIODOL_HU + 80.0 * np.abs(pattern), hu)
    return np.asarray(hu, dtype=np.float32)
