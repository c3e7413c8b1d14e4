"""Prompts as readers give them, drawn from a mask: lines that are a little off, clicks, contours to be corrected."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import cdist

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.imaging.boxes import tight_box

Vector = npt.NDArray[np.float64]
# A reader may draw on another slice whose diameter is nearly the longest.
_NEARLY = 0.9
_SLOPPY_SHARE, _CAREFUL, _SLOPPY = 0.2, 0.04, 0.12


def longest_line(mask: Mask, spacing: tuple[float, float, float], rng: np.random.Generator | None) -> Vector:
    """Both ends (2, 3) in voxel indices of a longest in-plane line across a mask.

    Args:
        mask: not empty.
        rng: draws among the slices whose diameter is at least 0.9 of the longest; ``None``: the longest.
    """
    lines = {}
    counts = mask.sum((1, 2))
    # Slices with few voxels cannot hold the longest diameter; looking at all of them would be slow.
    for z in np.flatnonzero(counts >= 0.5 * counts.max()).tolist():
        lines[z] = _in_slice(mask[z], spacing[1:])
    best = max(length for length, _ in lines.values())
    chosen = [z for z, (length, _) in lines.items() if length >= (_NEARLY if rng else 1.0) * best]
    slice_number = chosen[int(rng.integers(len(chosen)))] if rng else chosen[0]
    ends = lines[slice_number][1]
    return np.column_stack([[slice_number] * 2, ends]).astype(np.float64)


def _in_slice(mask: Mask, spacing: tuple[float, float]) -> tuple[float, Vector]:
    """Length in mm and both ends (2, 2) in pixels; half a pixel longer at each end, as readers draw to the border."""
    border = mask & ~ndimage.binary_erosion(mask)
    points = np.argwhere(border).astype(np.float64)
    scaled = points * np.asarray(spacing)
    if len(points) > 12:
        try:
            hull = ConvexHull(scaled).vertices
            points, scaled = points[hull], scaled[hull]
        except QhullError:  # all on one line
            pass
    away = cdist(scaled, scaled)
    a, b = np.unravel_index(int(away.argmax()), away.shape)
    ends = points[[a, b]]
    along = ends[1] - ends[0]
    length = float(np.linalg.norm(along))
    grown = 0.5 * along / length if length > 0 else np.array([0.0, 0.5])
    ends = ends + np.array([-grown, grown])
    return float(away.max()) + float(np.mean(spacing)), ends


def sloppy(line: Vector, spacing: tuple[float, float, float], rng: np.random.Generator) -> Vector:
    """The line as a reader in a hurry draws it: ends off along and across, by up to a fifth of its length."""
    size = np.asarray(spacing)
    length = float(np.linalg.norm((line[1] - line[0]) * size))
    share = _SLOPPY if rng.random() < _SLOPPY_SHARE else _CAREFUL
    off = rng.normal(scale=share * length, size=(2, 3)) / size
    off[:, 0] = 0.0  # both ends stay on one slice
    return np.asarray(line + np.clip(off, -0.2 * length / size, 0.2 * length / size))


def click_inside(mask: Mask, rng: np.random.Generator) -> Vector:
    """A click near the middle of the deepest place, sometimes far from it; voxel index (3,)."""
    depth, first = _depth(mask)
    deep = np.argwhere(depth >= rng.uniform(0.3, 1.0) * depth.max())
    return np.asarray(deep[int(rng.integers(len(deep)))] + first, dtype=np.float64)


def _depth(mask: Mask) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """How deep every voxel lies in a mask that is not empty, within its box, and that box's first voxel.

    The edge of the array is no border of the mask.
    """
    box = tight_box(mask)
    assert box is not None
    wider = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in box)
    return ndimage.distance_transform_edt(mask[wider]), np.array([s.start for s in wider])


def faulty(mask: Mask, rng: np.random.Generator) -> Mask:
    """A contour of the mask with the faults that contours have: moved, too wide, too narrow, a part more or less."""
    side = mask.shape[0]
    smooth: Float32 = ndimage.gaussian_filter(
        mask.astype(np.float32), float(rng.uniform(0.8, 2.5)), mode="nearest"
    )
    waves = ndimage.gaussian_filter(rng.standard_normal(mask.shape, dtype=np.float32), side / 10)
    waves /= max(float(waves.std()), 1e-6)
    limit = float(np.clip(rng.normal(0.5, 0.15), 0.15, 0.85))
    found = smooth + np.float32(rng.uniform(0, 0.3)) * waves * (smooth > 0.02) > limit
    if rng.random() < 0.5:
        shift = rng.integers(-2, 3, 3)
        found = np.roll(found, tuple(int(s) for s in shift), (0, 1, 2))
    if rng.random() < 0.5:
        found = _changed_part(found, mask, rng)
    return np.asarray(found)


def _changed_part(found: Mask, mask: Mask, rng: np.random.Generator) -> Mask:
    """With a ball at the border taken away or added."""
    border = np.argwhere(mask & ~ndimage.binary_erosion(mask))
    centre = border[int(rng.integers(len(border)))]
    size = max(2.0, float(rng.uniform(0.2, 0.6)) * mask.sum() ** (1 / 3))
    axes = np.ogrid[tuple(slice(0, n) for n in mask.shape)]
    ball = sum((a - c) ** 2 for a, c in zip(axes, centre, strict=True)) < size**2
    return np.asarray(found & ~ball if rng.random() < 0.5 else found | ball)


def corrections(found: Mask, mask: Mask, count: int) -> tuple[list[Vector], list[Vector]]:
    """Clicks inside and outside, each in the middle of the largest fault that is left (no fault: no click)."""
    inside: list[Vector] = []
    outside: list[Vector] = []
    wrong = found ^ mask
    for _ in range(count):
        parts, number = ndimage.label(wrong)
        if not number:
            break
        largest = parts == int(np.bincount(parts.ravel())[1:].argmax()) + 1
        depth, first = _depth(largest)
        place = first + np.unravel_index(int(depth.argmax()), depth.shape)
        (inside if mask[tuple(place)] else outside).append(place.astype(np.float64))
        wrong = wrong & ~largest
    return inside, outside
