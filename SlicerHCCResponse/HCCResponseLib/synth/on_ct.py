"""Tumours grown in a real CT with a liver mask: a longitudinal subject on a true background."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.errors import GeometryError, InputError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import AIR_HU, LabelMap, Volume
from HCCResponseLib.synth.anatomy import Array, Points, Waves
from HCCResponseLib.synth.lesions import Fate, SyntheticLesion, draw_lesion, paint
from HCCResponseLib.synth.render import Motion, Rendered, box_of, sample_points
from HCCResponseLib.synth.subject import SyntheticSubject, category_of_truth, over_time, truths_of

_FEWEST_VOXELS = 1000
_ADDED_NOISE_HU = 6.0
_GAP_MM = 8.0


def make_subject_on_ct(
    seed: int,
    image: Volume,
    liver: Mask,
    fates: Sequence[tuple[Fate, float]],
    contrast_hu: float | None = None,
) -> SyntheticSubject:
    """Grow tumours in a liver and make a follow-up of them: another size, treated, moved, with other noise.

    Both visits are the same scan, so the background of the follow-up is the baseline's, displaced by breathing and
    shifted in attenuation; what is easier than in two real visits, and what is not, is said in docs/benchmark.md.

    Args:
        seed: of the one random generator that draws everything.
        image: axis-aligned CT; ``liver``: mask on its grid, (z, y, x).
        fates: (fate, in-plane diameter in mm at first appearance) of each lesion.
        contrast_hu: of every tumour against liver; drawn for each if not given.

    Raises:
        InputError: the mask holds no liver, or the lesions do not fit into it.
        GeometryError: mask and image differ in shape, or the image is not axis-aligned.
    """
    _require_usable(image, liver)
    rng = np.random.default_rng(seed)
    lesions = _place(rng, image.geometry, liver, fates, contrast_hu)
    pairs = [over_time(rng, fate, one) for (fate, _), one in zip(fates, lesions, strict=True)]
    motion = Motion(
        liver_mm=(float(rng.uniform(-3, 3)), float(rng.uniform(-4, 4)), float(rng.uniform(-8, 8))),
        warp=Waves.draw(rng, 160.0),
        warp_mm=float(rng.uniform(0.5, 2.0)),
    )
    still = _render(image, liver, [a for a, _ in pairs], Motion(), 0.0, rng)
    moved = _render(image, liver, [b for _, b in pairs], motion, float(rng.normal(scale=8)), rng)
    truths = truths_of(fates, lesions, pairs)
    dates = (date(2026, 1, 12), date(2026, 3, 16))
    return SyntheticSubject(
        f"GROWN-{seed:04d}", seed, dates, (still, moved), truths, motion, category_of_truth(truths)
    )


def _require_usable(image: Volume, liver: Mask) -> None:
    if liver.shape != image.geometry.size:
        raise GeometryError(f"The liver mask {liver.shape} does not lie on image '{image.source}'.")
    if not np.allclose(image.geometry.direction, np.eye(3).ravel(), atol=1e-3):
        raise GeometryError(f"Image '{image.source}' is not axis-aligned; resample it first.")
    if int(liver.sum()) < _FEWEST_VOXELS:
        raise InputError(f"The liver mask of image '{image.source}' is empty or far too small.")


def _place(
    rng: np.random.Generator,
    geometry: Geometry,
    liver: Mask,
    fates: Sequence[tuple[Fate, float]],
    contrast_hu: float | None,
) -> list[SyntheticLesion]:
    """Random places deep enough in the liver and apart from each other, largest lesion first."""
    depth = ndimage.distance_transform_edt(liver, sampling=geometry.spacing)
    chosen: dict[int, SyntheticLesion] = {}
    for index in sorted(range(len(fates)), key=lambda i: -fates[i][1]):
        fate, diameter = fates[index]
        room = diameter / 2 * (1.6 if fate is Fate.GROWS else 1.1)
        free = np.argwhere(depth > room * 0.85)
        if not len(free):
            raise InputError(
                f"No room in the liver for a lesion of {diameter:.0f} mm; draw fewer or smaller."
            )
        x, y, z = geometry.index_to_lps(free[int(rng.integers(len(free)))])
        lesion = draw_lesion(rng, f"L{index + 1}", (float(x), float(y), float(z)), diameter, contrast_hu)
        chosen[index] = lesion
        away = _distance_to(geometry, lesion.centre)
        depth = np.minimum(depth, np.maximum(away - room - _GAP_MM, 0))
    return [chosen[i] for i in range(len(fates))]


def _distance_to(geometry: Geometry, place: tuple[float, float, float]) -> Array:
    """Distance in mm of every voxel from an LPS point, (z, y, x)."""
    centre = geometry.lps_to_index(place)
    axes = np.ogrid[tuple(slice(0, n) for n in geometry.size)]
    squares = [((a - c) * s) ** 2 for a, c, s in zip(axes, centre, geometry.spacing, strict=True)]
    return np.asarray(np.sqrt(squares[0] + squares[1] + squares[2]), dtype=np.float32)


def _render(
    image: Volume,
    liver: Mask,
    lesions: Sequence[SyntheticLesion | None],
    motion: Motion,
    shift_hu: float,
    rng: np.random.Generator,
) -> Rendered:
    """The scan as it looks with the material moved and the lesions painted, with some noise of its own."""
    geometry = image.geometry
    points = sample_points(geometry)
    material = motion.material(points)
    index = _indices(material, geometry)
    hu = ndimage.map_coordinates(
        image.hu.astype(np.float32), index, order=1, mode="constant", cval=AIR_HU, output=np.float32
    )
    here = ndimage.map_coordinates(liver.astype(np.float32), index, order=1, output=np.float32) > 0.5
    hu[here] += np.float32(shift_hu)
    level = float(np.median(hu[here]))
    labels = np.zeros(geometry.size, np.uint8)
    for value, lesion in enumerate(lesions, start=1):
        if lesion is not None:
            _paint(hu, labels, here, material, lesion, level, value)
    noise = ndimage.gaussian_filter(rng.standard_normal(hu.shape, dtype=np.float32), (0.4, 0.7, 0.7))
    hu += np.where(hu > -900, noise * np.float32(_ADDED_NOISE_HU / max(float(noise.std()), 1e-6)), 0)
    scan = np.asarray(np.clip(np.rint(hu), AIR_HU, 3071), dtype=np.int16)
    source = f"grown in {image.source}"
    return Rendered(Volume(scan, geometry, source), np.asarray(here), LabelMap(labels, geometry, source))


def _indices(p: Points, geometry: Geometry) -> Array:
    """Material points (LPS mm) to continuous voxel indices (3, z, y, x)."""
    found = [
        (a - o) / s
        for a, o, s in zip((p.z, p.y, p.x), reversed(geometry.origin), geometry.spacing, strict=True)
    ]
    return np.stack([np.broadcast_to(a, geometry.size) for a in found]).astype(np.float32)


def _paint(
    hu: Array,
    labels: npt.NDArray[np.uint8],
    liver: Mask,
    material: Points,
    lesion: SyntheticLesion,
    level: float,
    value: int,
) -> None:
    """Paint one lesion where it lies in the liver, keeping the texture of the scan underneath."""
    where = box_of(lesion, material, liver)
    if where is None:
        return
    box, local = where
    part = np.full(hu[box].shape, level, np.float32)
    mask = paint(part, local, lesion, level) & liver[box]
    texture = hu[box] - ndimage.gaussian_filter(hu[box], 2.0)
    hu[box][mask] = (part + texture)[mask]
    labels[box][mask] = value
