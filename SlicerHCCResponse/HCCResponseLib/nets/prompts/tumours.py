"""Tumours painted into real livers on the scan's own grid, as training samples of the prompt network."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.imaging.boxes import Box
from HCCResponseLib.synth.anatomy import Points, Waves
from HCCResponseLib.synth.lesions import SyntheticLesion, draw_lesion, treated

Vector = npt.NDArray[np.float64]
_ROUND, _LOBED = 0.5, 0.35
LIPIODOL_HU = 220.0
_MARGIN_VOXELS = 6  # the grain is told from a smoothed scan


@dataclass(frozen=True)
class Tumour:
    """A tumour of one or several lobes, in mm from the middle of the first one.

    Attributes:
        lobes: the first one carries contrast, core and lipiodol.
        edge_mm: how wide the border is smeared; infiltrative ones have wide borders.
        rim_hu: of a rim of 2 to 4 mm against the rest (capsule, arterial or late enhancement); 0 = none.
        mosaic_hu: amplitude of coarse patches inside.
        calcified: share of the inside that is calcified.
    """

    lobes: tuple[SyntheticLesion, ...]
    edge_mm: float
    rim_hu: float
    mosaic_hu: float
    calcified: float

    def reach(self) -> float:
        """Distance in mm from the origin beyond which neither the tumour nor its border extends."""
        return self.edge_mm + max(float(np.linalg.norm(x.centre)) + x.reach() for x in self.lobes)

    def radius(self, p: Points) -> Float32:
        """Normalised radius, below 1 inside."""
        found = self.lobes[0].radius(p)
        for lobe in self.lobes[1:]:
            found = np.minimum(found, lobe.radius(p))
        return np.asarray(found, dtype=np.float32)


def draw_tumour(rng: np.random.Generator, diameter_mm: float) -> Tumour:
    """A random tumour about the origin, of about this diameter: round, lobulated, or infiltrative."""
    kind = rng.random()
    first = draw_lesion(rng, "T", (0.0, 0.0, 0.0), diameter_mm * (0.75 if kind > _ROUND else 1.0))
    first = replace(first, contrast_hu=_contrast(rng), roughness=float(rng.uniform(0.02, 0.10)))
    lobes, edge = [first], float(rng.uniform(0.7, 2.0))
    if kind > _ROUND:
        lobes += [_lobe(rng, first, diameter_mm) for _ in range(int(rng.integers(1, 4)))]
    if kind > _ROUND + _LOBED:
        rough = float(rng.uniform(0.10, 0.20))
        lobes = [replace(lobe, roughness=rough) for lobe in lobes]
        edge = float(rng.uniform(2.0, 5.0))
    edge = min(edge, 0.15 * diameter_mm)  # a small one would be all border
    if rng.random() < 0.35:
        lobes[0] = treated(rng, lobes[0])
    rim = float(rng.choice([-1, 1]) * rng.uniform(12, 45)) if rng.random() < 0.35 else 0.0
    mosaic = float(rng.uniform(5, 20)) if rng.random() < 0.4 else 2.0
    return Tumour(
        tuple(lobes), edge, rim, mosaic, float(rng.uniform(0.02, 0.1)) if rng.random() < 0.05 else 0.0
    )


def _contrast(rng: np.random.Generator) -> float:
    """Attenuation against the liver in HU: mostly darker, sometimes brighter, never invisible."""
    if rng.random() < 0.25:
        return float(rng.uniform(15, 60))
    return -float(rng.uniform(12, 75))


def _lobe(rng: np.random.Generator, first: SyntheticLesion, diameter_mm: float) -> SyntheticLesion:
    r = diameter_mm / 2
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    x, y, z = (direction * r * rng.uniform(0.35, 0.7)).tolist()
    size = r * rng.uniform(0.35, 0.65, 3)
    return replace(
        first,
        centre=(x, y, z),
        radii=(float(size[0]), float(size[1]), float(size[2])),
        angle=float(rng.uniform(0, np.pi)),
        shape=Waves.draw(rng, max(10.0, diameter_mm * 0.6)),
    )


def paint_tumour(hu: Float32, p: Points, tumour: Tumour, allowed: Mask, level: float) -> Mask:
    """Paint a tumour into ``hu`` (in place), with the grain of the scan that lies under it.

    Args:
        hu: (z, y, x); p: its voxel centres, an axis each: x (1, 1, n), y (1, n, 1), z (n, 1, 1).
        allowed: where tissue may become tumour.
        level: attenuation of the liver around.

    Returns:
        its mask, (z, y, x).
    """
    mask = np.zeros(hu.shape, bool)
    box = _reached(p, tumour.reach())
    if box is not None:
        z, y, x = box
        points = Points(p.x[:, :, x], p.y[:, y], p.z[z])
        mask[box] = _painted(hu[box], points, tumour, allowed[box], level)
    return mask


def _reached(p: Points, reach: float) -> Box | None:
    """Index box of the voxels within reach of the origin, with a margin for filters; ``None``: no voxel is."""
    found = []
    for axis in (p.z, p.y, p.x):
        inside = np.flatnonzero(np.abs(axis.ravel()) <= reach)
        if not len(inside):
            return None
        found.append(slice(max(int(inside[0]) - _MARGIN_VOXELS, 0), int(inside[-1]) + 1 + _MARGIN_VOXELS))
    z, y, x = found
    return z, y, x


def _painted(hu: Float32, p: Points, tumour: Tumour, allowed: Mask, level: float) -> Mask:
    """Paint into ``hu`` (in place), which reaches beyond the tumour on all sides; the tumour's mask."""
    radius = np.broadcast_to(tumour.radius(p), hu.shape)
    mask = np.asarray((radius < 1) & allowed)
    if not mask.any():
        return mask
    value = _values(tumour, p, radius, level, mask) + grain_of(hu, mask)
    scale = min(tumour.lobes[0].radii)
    inside = np.clip(0.5 + (1 - radius) * scale / tumour.edge_mm, 0, 1)
    near = (radius < 1 + tumour.edge_mm / scale) & allowed
    mixed = hu * (1 - inside) + value * inside
    hu[near] = mixed[near]
    return mask


def grain_of(hu: Float32, mask: Mask) -> Float32:
    """The scan's own noise, (z, y, x), as strong at most as it is usual inside the mask."""
    grain = hu - ndimage.gaussian_filter(hu, 1.5)
    spread = 1.4826 * float(np.median(np.abs(grain[mask]))) + 1.0
    # Borders of vessels and of the liver are no grain.
    return np.asarray(np.clip(grain, -2.5 * spread, 2.5 * spread), dtype=np.float32)


def _values(tumour: Tumour, p: Points, radius: Float32, level: float, mask: Mask) -> Float32:
    """Attenuation of the tumour without grain, (z, y, x)."""
    first = tumour.lobes[0]
    pattern = np.broadcast_to(first.pattern(p), radius.shape)
    value = np.full(radius.shape, level + first.contrast_hu, np.float32) + tumour.mosaic_hu * pattern
    if tumour.rim_hu:
        depth = (1 - radius) * min(first.radii)
        value = np.where(depth < 3.0, value + tumour.rim_hu, value)
    if first.core:
        value = np.where(radius < first.core, first.core_hu + 3.0 * pattern, value)
    for share, bright in ((first.lipiodol, LIPIODOL_HU), (tumour.calcified, LIPIODOL_HU)):
        if share:
            threshold = np.quantile(pattern[mask], 1 - share)
            value = np.where(pattern > threshold, bright + 80.0 * np.abs(pattern), value)
    return np.asarray(value, dtype=np.float32)
