"""How far known places and parts lie apart, computed only where it is asked for or can decide."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.lesion import Lesion

Float = npt.NDArray[np.float64]
_MOST_POINTS = 1500


class Gaps:
    """Distances in mm between the voxels of places (rows) and those of parts (columns), all on one grid.

    Of large lesions some 1500 to 3000 voxels count, evenly taken.

    Attributes:
        at_least: what no gap is smaller than, from the boxes around the voxels; infinite for an empty place.
        centre: distance of the centres; infinite for an empty place.
    """

    def __init__(self, places: Sequence[Lesion], parts: Sequence[Lesion], geometry: Geometry) -> None:
        self._places = [points_of(one, geometry) for one in places]
        self._parts = [points_of(one, geometry) for one in parts]
        self.centre = _apart(_middles(self._places), _middles(self._parts))
        self.at_least = _boxes_apart(_corners(self._places), _corners(self._parts))
        self.between = cache(self._between)

    def _between(self, place: int, part: int) -> float:
        """The gap of one pair that shares no voxel."""
        return smallest_distance(self._places[place], self._parts[part])

    def nearest(self, part: int, shared: npt.NDArray[np.int64]) -> float | None:
        """The smallest gap of a part to any place; ``None`` where there is no place with a voxel.

        Args:
            shared: voxels that each place has in common with the part.
        """
        if shared.any():
            return 0.0
        best = np.inf
        for place in np.argsort(self.at_least[:, part]):
            if self.at_least[place, part] >= best:
                break
            best = min(best, self.between(int(place), part))
        return None if np.isinf(best) else best


def points_of(lesion: Lesion, geometry: Geometry) -> Float:
    """Centres of its voxels in mm, (n, 3), thinned."""
    if not lesion:
        return np.zeros((0, 3))
    return geometry.index_to_lps(lesion.indices()[:: max(1, lesion.count // _MOST_POINTS)])


def smallest_distance(first: Float, second: Float) -> float:
    """The smallest distance between two sets of points.

    A pair that is near for certain gives a bound; only points whose distance to the other set's box is within it can
    do better, which leaves a handful of a thousand.
    """
    near = first[_to_box(first, second).argmin()]
    bound = float(np.sqrt(((second - near) ** 2).sum(1).min())) * (1 + 1e-9)
    some = first[_to_box(first, second) <= bound]
    others = second[_to_box(second, first) <= bound]
    return float(cdist(some, others).min())


def _to_box(points: Float, others: Float) -> Float:
    """How far each point lies outside of the box around the others."""
    outside = np.maximum(np.maximum(others.min(0) - points, points - others.max(0)), 0)
    return np.asarray(np.sqrt((outside**2).sum(1)))


def _middles(sets: Sequence[Float]) -> Float:
    return np.array([one.mean(0) if len(one) else [np.inf] * 3 for one in sets]).reshape(-1, 3)


def _corners(sets: Sequence[Float]) -> tuple[Float, Float]:
    """Lowest and highest corner of the box around each set; an empty one lies infinitely far away."""
    nowhere = [np.inf] * 3
    low = np.array([one.min(0) if len(one) else nowhere for one in sets]).reshape(-1, 3)
    high = np.array([one.max(0) if len(one) else nowhere for one in sets]).reshape(-1, 3)
    return low, high


def _apart(first: Float, second: Float) -> Float:
    return np.asarray(np.linalg.norm(first[:, None] - second[None], axis=2))


def _boxes_apart(first: tuple[Float, Float], second: tuple[Float, Float]) -> Float:
    below = first[0][:, None] - second[1][None]
    above = second[0][None] - first[1][:, None]
    return np.asarray(np.linalg.norm(np.maximum(np.maximum(below, above), 0), axis=2))
