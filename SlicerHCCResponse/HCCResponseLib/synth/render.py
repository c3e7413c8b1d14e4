"""Sampling an abdomen with its tumours on a voxel grid, as a CT scanner would."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.imaging.boxes import Box, tight_box
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import AIR_HU, LabelMap, Volume
from HCCResponseLib.synth.anatomy import Anatomy, Array, Points, Waves, ellipsoid, tube
from HCCResponseLib.synth.lesions import SyntheticLesion, paint


@dataclass(frozen=True)
class Motion:
    """Where the patient lies and how the liver sits.

    Attributes:
        patient_mm: shift of the whole patient (x, y, z).
        liver_mm: shift of the liver against the body (x, y, z); z is breathing.
        warp, warp_mm: smooth deformation of the liver and its amplitude.
        turn_deg: how far the patient has rolled about the long axis.
        liver_scale: linear size of the liver against the baseline, about ``liver_centre``; below 1 it has shrunk.
        organs_follow: share of the liver's breathing that diaphragm and other organs take part in.
        resected: the plane (unit normal, distance from ``liver_centre`` along it in mm) beyond which the liver was
            taken out; fat and bowel take its place.
    """

    patient_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    liver_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    warp: Waves | None = None
    warp_mm: float = 0.0
    turn_deg: float = 0.0
    liver_scale: float = 1.0
    liver_centre: tuple[float, float, float] = (0.0, 0.0, 0.0)
    organs_follow: float = 0.0
    resected: tuple[tuple[float, float, float], float] | None = None

    def kept(self, material: Points) -> Mask:
        """Which material points of the liver were not taken out."""
        if self.resected is None:
            return np.ones((1, 1, 1), bool)
        (nx, ny, nz), distance = self.resected
        x, y, z = (np.float32(c) for c in self.liver_centre)
        along = np.float32(nx) * (material.x - x) + np.float32(ny) * (material.y - y)
        return np.asarray(along + np.float32(nz) * (material.z - z) < distance)

    def body(self, p: Points) -> Points:
        """Scanner points to points of the patient's body."""
        moved = p.shifted(*self.patient_mm)
        if not self.turn_deg:
            return moved
        c, s = (np.float32(f(np.deg2rad(self.turn_deg))) for f in (np.cos, np.sin))
        return Points(c * moved.x + s * moved.y, c * moved.y - s * moved.x, moved.z)

    def organs(self, p: Points) -> Points:
        """Body points to material points of diaphragm, stomach, spleen and kidneys."""
        share = self.organs_follow * self.liver_mm[2]
        return p.shifted(0.0, 0.0, share) if share else p

    def material(self, p: Points) -> Points:
        """Body points to material points of the liver."""
        dx, dy, dz = self.liver_mm
        if self.warp is None:
            return self._unshrunk(p.shifted(dx, dy, dz))
        wave = np.float32(self.warp_mm) * self.warp(p)
        return self._unshrunk(p.shifted(dx + 0.5 * wave, dy + 0.5 * wave, dz + wave))

    def _unshrunk(self, p: Points) -> Points:
        if self.liver_scale == 1.0:
            return p
        grown = np.float32(1 / self.liver_scale)
        x, y, z = (np.float32(c) for c in self.liver_centre)
        return Points(x + (p.x - x) * grown, y + (p.y - y) * grown, z + (p.z - z) * grown)


@dataclass(frozen=True)
class Rendered:
    """One synthetic scan: image, liver mask (tumours included), lesions numbered in the order they were given."""

    volume: Volume
    liver: Mask
    lesions: LabelMap


def centred_geometry(size: tuple[int, int, int], spacing: tuple[float, float, float]) -> Geometry:
    """An axis-aligned grid around the phantom's centre."""
    half = [(n - 1) * s / 2 for n, s in zip(size, spacing, strict=True)]
    return Geometry(size, spacing, (-half[2], -half[1], -half[0]))


def sample_points(geometry: Geometry) -> Points:
    """Voxel centres of an axis-aligned grid as broadcastable LPS coordinates."""
    axes = [
        (o + np.arange(n) * s).astype(np.float32)
        for o, n, s in zip(reversed(geometry.origin), geometry.size, geometry.spacing, strict=True)
    ]
    return Points(axes[2][None, None, :], axes[1][None, :, None], axes[0][:, None, None])


def render(
    anatomy: Anatomy,
    lesions: tuple[SyntheticLesion, ...],
    geometry: Geometry,
    rng: np.random.Generator,
    motion: Motion | None = None,
    source: str = "synthetic",
) -> Rendered:
    """Draw the abdomen on an axis-aligned grid.

    Returns:
        image in HU (int16), liver mask, label map (lesion i of ``lesions`` has value i + 1); all (z, y, x).
    """
    motion = motion or Motion()
    p = motion.body(sample_points(geometry))
    material, organs = motion.material(p), motion.organs(p)
    hu = _body(anatomy, p)
    for kind, centre, radii in anatomy.blobs:
        hu[ellipsoid(organs, centre, radii) + 0.05 * anatomy.bumps(organs) < 1] = anatomy.hu[kind]
    _stomach_air(anatomy, organs, hu)
    liver = anatomy.liver(material) & _inside(anatomy, p, 12.0) & motion.kept(material)
    hu[liver] = anatomy.hu["liver"]
    for start, end, radius in anatomy.vessels:
        hu[tube(material, start, end, radius) & liver] = anatomy.hu["vessel"]
    hu[_inside(anatomy, p, anatomy.fat_mm + 16) & _above_diaphragm(anatomy, organs) & ~liver] = -850.0
    labels = np.zeros(geometry.size, np.uint8)
    for value, lesion in enumerate(lesions, start=1):
        _paint_in_box(hu, labels, liver, material, lesion, anatomy.hu["liver"], value)
    _bones(anatomy, p, hu)
    hu = hu + 5.0 * anatomy.texture(material) * (hu > -200)
    scan = _scanner(hu, geometry, anatomy.noise_sd, rng)
    return Rendered(Volume(scan, geometry, source), liver, LabelMap(labels, geometry, source))


def _inside(anatomy: Anatomy, p: Points, depth_mm: float) -> Mask:
    a, b = anatomy.body
    return np.asarray(ellipsoid(p, (0, 0, 0), (a - depth_mm, b - depth_mm, 1e4)) < 1)


def _body(anatomy: Anatomy, p: Points) -> Array:
    """Air, fat, muscle and a mix of fat and bowel, on the full grid."""
    shape = np.broadcast_shapes(p.x.shape, p.y.shape, p.z.shape)
    hu = np.full(shape, AIR_HU, np.float32)
    hu[np.broadcast_to(_inside(anatomy, p, 0), shape)] = anatomy.hu["fat"]
    hu[np.broadcast_to(_inside(anatomy, p, anatomy.fat_mm), shape)] = anatomy.hu["muscle"]
    cavity = np.broadcast_to(_inside(anatomy, p, anatomy.fat_mm + 16), shape)
    wave = anatomy.bowel(p)
    bowel = np.where(wave > 0.2, 35.0, anatomy.hu["fat"]) + np.where(wave > 1.9, -600.0, 0.0)
    hu[cavity] = bowel[cavity]
    back = np.broadcast_to((p.y > 45) & (np.abs(p.x) < 70), shape) & cavity
    hu[back] = anatomy.hu["muscle"]
    return hu


def _above_diaphragm(anatomy: Anatomy, p: Points) -> Mask:
    dome = anatomy.dome_z + 38 - 0.004 * (p.x**2 + p.y**2)
    return np.asarray((p.z > dome) & (np.abs(p.x) > 22))


def _stomach_air(anatomy: Anatomy, p: Points, hu: Array) -> None:
    _, (cx, cy, cz), (rx, ry, rz) = anatomy.blobs[0]
    air = (ellipsoid(p, (cx, cy, cz), (rx * 0.9, ry * 0.9, rz * 0.9)) < 1) & (p.y < cy - ry * 0.4)
    hu[np.broadcast_to(air, hu.shape)] = -900.0


def _bones(anatomy: Anatomy, p: Points, hu: Array) -> None:
    back = anatomy.body[1] * 0.55
    shape = hu.shape
    vertebra = ellipsoid(p, (0, back, 0), (24, 20, 1e4))
    hu[np.broadcast_to(vertebra < 1, shape)] = anatomy.hu["bone"]
    hu[np.broadcast_to(vertebra < 0.82, shape)] = anatomy.hu["bone"] * 0.55
    hu[np.broadcast_to(ellipsoid(p, (0, back + 26, 0), (9, 9, 1e4)) < 1, shape)] = 30.0
    hu[np.broadcast_to(ellipsoid(p, (12, back - 32, 0), (11, 11, 1e4)) < 1, shape)] = anatomy.hu["aorta"]
    hu[np.broadcast_to(ellipsoid(p, (-16, back - 32, 0), (12, 9, 1e4)) < 1, shape)] = anatomy.hu["vessel"]
    ring = _inside(anatomy, p, anatomy.fat_mm + 4) & ~_inside(anatomy, p, anatomy.fat_mm + 12)
    ribs = ring & (np.sin((p.z + 0.35 * p.y) * (2 * np.pi / 32.0)) > 0.45) & (np.abs(p.x) > 35)
    hu[np.broadcast_to(ribs, shape)] = anatomy.hu["bone"]


def _paint_in_box(
    hu: Array,
    labels: npt.NDArray[np.uint8],
    liver: Mask,
    material: Points,
    lesion: SyntheticLesion,
    liver_hu: float,
    value: int,
) -> None:
    where = box_of(lesion, material, np.ones(hu.shape, bool))
    if where is None:
        return
    box, local = where
    part = hu[box].copy()
    mask = paint(part, local, lesion, liver_hu) & liver[box]
    hu[box][liver[box]] = part[liver[box]]
    labels[box][mask] = value


def box_of(lesion: SyntheticLesion, material: Points, within: Mask) -> tuple[Box, Points] | None:
    """Where a lesion can be: its formula is costly on a whole scan. Index box and material points in it."""
    coordinates = [np.broadcast_to(a, within.shape) for a in (material.x, material.y, material.z)]
    near = within.copy()
    for a, c in zip(coordinates, lesion.centre, strict=True):
        near &= np.abs(a - c) < lesion.reach()
    box = tight_box(near)
    return None if box is None else (box, Points(*(np.ascontiguousarray(a[box]) for a in coordinates)))


def _scanner(
    hu: Array, geometry: Geometry, noise_sd: float, rng: np.random.Generator
) -> npt.NDArray[np.int16]:
    """Blur of the reconstruction, correlated noise, whole HU."""
    blur = [0.35 * 2.0 / s for s in geometry.spacing]
    smooth = ndimage.gaussian_filter(hu, blur)
    noise = ndimage.gaussian_filter(rng.standard_normal(hu.shape, dtype=np.float32), (0.4, 0.7, 0.7))
    noise *= np.float32(noise_sd / max(float(noise.std()), 1e-6))
    return np.asarray(np.clip(np.rint(smooth + noise), AIR_HU, 3071), dtype=np.int16)
