"""Whether the tissue in a place still differs from the patient's own liver, whatever a network draws there.

A place is held against many places of the same shape in healthy liver of the same scan: how far smoothed attenuation
lies from the liver's median, on average over the place. So vessels, texture and noise of this very patient are in what
counts as normal, and a necrotic centre with a bright rim does not average out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.imaging.boxes import bounding_box
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import Evidence

_SMOOTH_MM = 1.5
# The border of a place is left out: it may lie a little beside the lesion.
_BORDER_MM = 2.0
_FEWEST_VOXELS, _MOST_POINTS = 20, 3000
_PLACES, _FEWEST_PLACES, _WITHIN = 200, 40, 0.9
# No place is told from another below this, in HU.
_LEAST_SPREAD_HU = 1.0
# A place is "like" liver below both of the first limits, "unlike" above both of the others. Of 112 drawn lesions in
# three real livers and phantoms two, of 8 and 9 mm, were "like"; of nine places where one had been eight were.
_LIKE_SCORE, _LIKE_HU = 1.5, 8.0
_UNLIKE_SCORE, _UNLIKE_HU = 3.0, 4.0
_KNOWN_MARGIN_MM = 6.0


@dataclass(frozen=True)
class Difference:
    """How far a place differs from healthy liver: in HU, and in spreads of healthy places of the same shape."""

    hu: float
    score: float

    @property
    def is_like_liver(self) -> bool:
        """Nothing tells the place from healthy liver."""
        return self.score < _LIKE_SCORE and self.hu < _LIKE_HU

    @property
    def is_unlike_liver(self) -> bool:
        """The place is certainly no healthy liver."""
        return self.score > _UNLIKE_SCORE and self.hu > _UNLIKE_HU

    def facts(self) -> Evidence:
        """For the evidence."""
        return {"differs_from_liver_hu": round(self.hu, 1), "differs_from_liver": round(self.score, 1)}


@dataclass(frozen=True, eq=False)
class HealthyLiver:
    """Healthy liver of one scan.

    Attributes:
        tissue: where it is, (z, y, x).
        away_hu: how far smoothed attenuation lies from the median of the liver, (z, y, x).
        spacing: voxel size (z, y, x) in mm.
    """

    tissue: Mask
    away_hu: Float32
    spacing: tuple[float, float, float]

    @staticmethod
    def of(image: Volume, liver: Mask, known: Sequence[Lesion]) -> "HealthyLiver | None":
        """``None`` where there is too little of it.

        Args:
            liver: (z, y, x) on the image's grid; ``known``: what does not count as healthy, with 6 mm around it.
        """
        tissue = ndimage.binary_erosion(liver)
        for lesion in known:
            near = lesion.dilated(image.geometry.spacing, _KNOWN_MARGIN_MM)
            tissue[near.box] &= ~near.voxels
        if int(tissue.sum()) < 50 * _FEWEST_VOXELS:
            return None
        spacing = image.geometry.spacing
        # What lies farther away is never asked for, and smoothing takes time.
        box = bounding_box(tissue, spacing, 40.0)
        away = np.zeros(image.geometry.size, np.float32)
        smooth = ndimage.gaussian_filter(image.hu[box].astype(np.float32), [_SMOOTH_MM / s for s in spacing])
        away[box] = np.abs(smooth - np.float32(np.median(smooth[tissue[box]])))
        return HealthyLiver(tissue, away, spacing)

    @cached_property
    def _centres(self) -> npt.NDArray[np.int64]:
        """Indices (n, 3) of the tissue; every place asks for them."""
        return np.argwhere(self.tissue)

    def difference(self, place: Lesion, seed: int = 0) -> Difference | None:
        """How far a place differs; ``None`` where it is too small or the liver has no room for such places."""
        points = _core(place, self.spacing)
        if len(points) < _FEWEST_VOXELS:
            return None
        rng = np.random.default_rng(seed)
        if len(points) > _MOST_POINTS:
            points = points[np.sort(rng.choice(len(points), _MOST_POINTS, replace=False))]
        here = float(self.away_hu[tuple(points.T)].mean())
        healthy = self._elsewhere(points, rng)
        if len(healthy) < _FEWEST_PLACES:
            return None
        low, middle, high = np.percentile(healthy, (16, 50, 84))
        spread = max(float(high - low) / 2, _LEAST_SPREAD_HU)
        return Difference(here - float(middle), (here - float(middle)) / spread)

    def is_only_liver(self, place: Lesion, contour: Lesion) -> bool:
        """Whether neither a lesion's place nor what was drawn for it can be told from healthy liver."""
        there, drawn = self.difference(place), self.difference(contour)
        return bool(there and drawn and there.is_like_liver and drawn.is_like_liver)

    def _elsewhere(self, points: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
        """The same figure of places of this shape that lie in healthy liver."""
        centres = self._centres
        middle = points.mean(0).round().astype(np.int64)
        found = []
        for centre in centres[rng.integers(len(centres), size=10 * _PLACES)]:
            moved = points - middle + centre
            if (moved < 0).any() or (moved >= self.tissue.shape).any():
                continue
            index = tuple(moved.T)
            healthy = self.tissue[index]
            if healthy.mean() >= _WITHIN:
                found.append(float(self.away_hu[index][healthy].mean()))
            if len(found) == _PLACES:
                break
        return np.array(found)


def _core(place: Lesion, spacing: tuple[float, float, float]) -> npt.NDArray[np.int64]:
    """Indices (n, 3) of a place without its border, or the inner half of a small one."""
    if not place:
        return np.zeros((0, 3), np.int64)
    depth = ndimage.distance_transform_edt(np.pad(place.voxels, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    inner = depth > min(_BORDER_MM, 0.5 * float(depth.max()))
    return np.asarray(np.argwhere(inner) + np.asarray(place.start), np.int64)
