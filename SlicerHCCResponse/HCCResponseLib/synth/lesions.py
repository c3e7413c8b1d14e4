"""Tumours of the phantom: distorted ellipsoids with rim, necrotic core and treated appearances."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.synth.anatomy import Array, Points, Waves, ellipsoid


class Fate(StrEnum):
    """What becomes of a lesion between baseline and follow-up."""

    STABLE = "stable"
    SHRINKS = "shrinks"
    GROWS = "grows"
    VANISHES = "vanishes"
    NEW = "new"


@dataclass(frozen=True)
class SyntheticLesion:
    """One tumour at one time point, in material coordinates of the liver.

    Attributes:
        lesion_id: identity over time.
        centre: LPS mm (x, y, z).
        radii: semi-axes in mm (x, y, z).
        angle: turn about z in radians.
        shape: smooth distortion of the outline; ``roughness`` is its relative amplitude.
        contrast_hu: attenuation of the viable part minus liver.
        core: relative radius of the necrotic core (0 = none) and ``core_hu`` its attenuation in HU.
        lipiodol: share of the lesion that holds lipiodol (0 = none).
        pattern: noise that places lipiodol and heterogeneity.
    """

    lesion_id: str
    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    angle: float
    shape: Waves
    pattern: Waves
    roughness: float = 0.08
    contrast_hu: float = -35.0
    core: float = 0.0
    core_hu: float = 20.0
    lipiodol: float = 0.0

    def radius(self, p: Points) -> Array:
        """Normalised radius, below 1 inside, at material points."""
        return np.asarray(
            ellipsoid(p, self.centre, self.radii, self.angle) + np.float32(self.roughness) * self.shape(p)
        )

    def scaled(self, factor: float) -> "SyntheticLesion":
        """The same tumour with every semi-axis multiplied by ``factor``."""
        x, y, z = self.radii
        return replace(self, radii=(x * factor, y * factor, z * factor))

    def reach(self) -> float:
        """Distance in mm from the centre beyond which the lesion cannot extend."""
        return max(self.radii) * (1 + 2.5 * self.roughness) + 1.0

    def longest_diameter_mm(self, step_mm: float = 0.4) -> float:
        """True longest diameter over axial planes, from the formula of the outline, not from voxels."""
        reach = self.reach()
        axis = np.arange(-reach, reach + step_mm, step_mm, dtype=np.float32)
        y, x = np.meshgrid(axis + self.centre[1], axis + self.centre[0], indexing="ij")
        best = 0.0
        for dz in np.linspace(-0.5, 0.5, 11) * self.radii[2]:
            plane = Points(x, y, np.float32(self.centre[2] + dz))  # type: ignore[arg-type]
            best = max(best, _caliper(self.radius(plane) < 1.0, step_mm))
        return best


def _caliper(mask: Mask, step_mm: float) -> float:
    points = np.argwhere(mask).astype(np.float64) * step_mm
    if len(points) < 4:
        return 0.0
    hull = points[ConvexHull(points).vertices]
    return float(pdist(hull).max()) + step_mm


def draw_lesion(
    rng: np.random.Generator,
    lesion_id: str,
    centre: tuple[float, float, float],
    diameter_mm: float,
    contrast_hu: float | None = None,
) -> SyntheticLesion:
    """A random untreated tumour of about the given in-plane diameter; contrast against liver drawn if not given."""
    r = diameter_mm / 2
    hyper = rng.random() < 0.2
    return SyntheticLesion(
        lesion_id=lesion_id,
        centre=centre,
        radii=(r, r * rng.uniform(0.7, 1.0), r * rng.uniform(0.7, 1.0)),
        angle=float(rng.uniform(0, np.pi)),
        shape=Waves.draw(rng, max(12.0, diameter_mm * 0.9)),
        pattern=Waves.draw(rng, max(6.0, diameter_mm * 0.3)),
        roughness=float(rng.uniform(0.03, 0.10)),
        contrast_hu=_contrast(rng, hyper, contrast_hu),
        core=float(rng.uniform(0.35, 0.75)) if diameter_mm > 25 and rng.random() < 0.5 else 0.0,
        core_hu=float(rng.uniform(5, 35)),
    )


def _contrast(rng: np.random.Generator, hyper: bool, wanted: float | None) -> float:
    """Drawn even when it is given, so that everything after it stays the same."""
    drawn = float(rng.uniform(25, 60) if hyper else -rng.uniform(22, 65))
    return drawn if wanted is None else wanted


def treated(rng: np.random.Generator, lesion: SyntheticLesion) -> SyntheticLesion:
    """The lesion after embolisation or systemic treatment: necrosis, lipiodol or a shift of attenuation."""
    kind = rng.integers(4)
    if kind == 0:
        return replace(lesion, core=float(rng.uniform(0.7, 0.95)), core_hu=float(rng.uniform(5, 40)))
    if kind == 1:
        return replace(lesion, lipiodol=float(rng.uniform(0.15, 0.9)))
    if kind == 2:
        return replace(lesion, contrast_hu=lesion.contrast_hu + float(rng.normal(scale=15)))
    return lesion


def paint(hu: Array, p: Points, lesion: SyntheticLesion, liver_hu: float) -> Mask:
    """Paint one lesion into ``hu`` (in place); returns its mask, of the broadcast shape of ``p``."""
    radius = lesion.radius(p)
    mask = np.asarray(radius < 1.0)
    if not mask.any():
        return mask
    pattern = lesion.pattern(p)
    value = np.full(hu.shape, liver_hu + lesion.contrast_hu, np.float32) + 4.0 * pattern
    if lesion.core:
        value = np.where(radius < lesion.core, lesion.core_hu + 3.0 * pattern, value)
    if lesion.lipiodol:
        threshold = np.quantile(pattern[mask], 1 - lesion.lipiodol)
        value = np.where(pattern > threshold, 220.0 + 160.0 * np.abs(pattern), value)
    edge = np.clip((1.0 - radius) * min(lesion.radii) / 1.5, 0, 1)
    hu[mask] = (hu * (1 - edge) + value * edge)[mask]
    return mask
