"""A drawn abdomen: implicit shapes in patient millimetres, sampled on any grid.

Coordinates are LPS millimetres relative to the phantom's centre: x to the patient's left, y to the back, z to the
head. Every number is drawn from one random generator, so that a seed fixes the subject.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.arrays import Mask

Array = npt.NDArray[np.float32]
# Wavelength in mm and number of waves.
FINE_TEXTURE = (9.0, 10)


@dataclass(frozen=True)
class Points:
    """Sample points: three arrays (z, y, x) of LPS millimetres, broadcastable against each other."""

    x: Array
    y: Array
    z: Array

    def shifted(self, dx: Array | float, dy: Array | float, dz: Array | float) -> "Points":
        """The points moved by minus the given displacement (to look up material coordinates)."""
        return Points(
            np.asarray(self.x - dx, np.float32),
            np.asarray(self.y - dy, np.float32),
            np.asarray(self.z - dz, np.float32),
        )


@dataclass(frozen=True)
class Waves:
    """Smooth noise as a sum of plane waves: about unit variance, continuous, exact at any point."""

    vectors: npt.NDArray[np.float64]
    phases: npt.NDArray[np.float64]

    @staticmethod
    def draw(rng: np.random.Generator, wavelength_mm: float, count: int = 6) -> "Waves":
        """Random directions; wavelengths from 0.7 to 1.4 times ``wavelength_mm``."""
        direction = rng.normal(size=(count, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        scale = 2 * np.pi / (wavelength_mm * rng.uniform(0.7, 1.4, size=(count, 1)))
        return Waves(direction * scale, rng.uniform(0, 2 * np.pi, size=count))

    def __call__(self, p: Points) -> Array:
        """Noise at the points, shape of the broadcast points."""
        total: Array | float = 0.0
        for (kx, ky, kz), phase in zip(self.vectors, self.phases, strict=True):
            total = total + np.sin(
                np.float32(kx) * p.x + np.float32(ky) * p.y + np.float32(kz) * p.z + np.float32(phase)
            )
        return np.asarray(total * np.sqrt(2.0 / len(self.phases)), dtype=np.float32)


def ellipsoid(
    p: Points, centre: tuple[float, float, float], radii: tuple[float, float, float], angle: float = 0.0
) -> Array:
    """Normalised radius: below 1 inside. ``centre`` and ``radii`` are (x, y, z) mm, ``angle`` turns about z (rad)."""
    dx, dy, dz = p.x - centre[0], p.y - centre[1], p.z - centre[2]
    c, s = np.cos(angle), np.sin(angle)
    u, v = c * dx + s * dy, -s * dx + c * dy
    return np.asarray(
        np.sqrt((u / radii[0]) ** 2 + (v / radii[1]) ** 2 + (dz / radii[2]) ** 2), dtype=np.float32
    )


def tube(
    p: Points, start: tuple[float, float, float], end: tuple[float, float, float], radius: float
) -> Mask:
    """Points within ``radius`` mm of the segment from ``start`` to ``end`` (x, y, z)."""
    a, b = np.asarray(start), np.asarray(end)
    d = b - a
    rx, ry, rz = p.x - a[0], p.y - a[1], p.z - a[2]
    t = np.clip((rx * d[0] + ry * d[1] + rz * d[2]) / float(d @ d), 0, 1)
    return np.asarray((rx - t * d[0]) ** 2 + (ry - t * d[1]) ** 2 + (rz - t * d[2]) ** 2 < radius**2)


@dataclass(frozen=True)
class Anatomy:
    """All random choices of one abdomen; sizes in mm, attenuation in HU."""

    body: tuple[float, float]
    fat_mm: float
    liver_centre: tuple[float, float, float]
    liver_radii: tuple[float, float, float]
    left_lobe: tuple[float, float, float]
    dome_z: float
    hu: dict[str, float]
    noise_sd: float
    vessels: tuple[tuple[tuple[float, float, float], tuple[float, float, float], float], ...]
    bumps: Waves
    texture: Waves
    bowel: Waves
    blobs: tuple[tuple[str, tuple[float, float, float], tuple[float, float, float]], ...] = field(default=())

    def liver(self, p: Points) -> Mask:
        """Liver, tumours and vessels included, at material points ``p``."""
        wobble = np.float32(0.06) * self.bumps(p)
        right = ellipsoid(p, self.liver_centre, self.liver_radii)
        cx, cy, cz = self.liver_centre
        left_centre = (
            cx + self.liver_radii[0] * 0.95,
            cy - self.liver_radii[1] * 0.35,
            cz + self.liver_radii[2] * 0.2,
        )
        left = ellipsoid(p, left_centre, self.left_lobe, 0.2)
        return np.asarray(np.minimum(right, left) + wobble < 1.0)


def draw_anatomy(rng: np.random.Generator) -> Anatomy:
    """One random abdomen in the portal venous phase."""
    u = rng.uniform
    centre = (u(-75, -60), u(-15, 5), u(5, 25))
    radii = (u(62, 76), u(64, 80), u(62, 80))
    liver = u(75, 130)
    return Anatomy(
        body=(u(150, 172), u(105, 125)),
        fat_mm=u(8, 22),
        liver_centre=centre,
        liver_radii=radii,
        left_lobe=(u(55, 75), u(32, 45), u(35, 50)),
        dome_z=centre[2] + radii[2] * u(0.35, 0.55),
        hu={
            "liver": liver,
            "vessel": liver + u(25, 70),
            "spleen": liver + u(0, 35),
            "kidney": u(140, 220),
            "bone": u(180, 420),
            "aorta": u(130, 200),
            "muscle": u(45, 70),
            "fat": u(-115, -85),
            "stomach": u(0, 40),
        },
        noise_sd=u(8, 22),
        vessels=_draw_vessels(rng, centre, radii),
        bumps=Waves.draw(rng, 75.0),
        texture=Waves.draw(rng, *FINE_TEXTURE),
        bowel=Waves.draw(rng, 38.0, 8),
        blobs=_draw_blobs(rng),
    )


def _draw_blobs(
    rng: np.random.Generator,
) -> tuple[tuple[str, tuple[float, float, float], tuple[float, float, float]], ...]:
    u = rng.uniform
    return (
        ("stomach", (u(25, 60), u(-60, -35), u(15, 45)), (u(30, 45), u(25, 38), u(28, 45))),
        ("spleen", (u(85, 105), u(20, 40), u(15, 45)), (u(22, 32), u(32, 45), u(38, 52))),
        ("kidney", (u(55, 68), u(42, 55), u(-70, -45)), (u(22, 28), u(22, 28), u(45, 58))),
        ("kidney", (u(-72, -58), u(48, 60), u(-85, -60)), (u(22, 28), u(22, 28), u(45, 58))),
    )


def _draw_vessels(
    rng: np.random.Generator, centre: tuple[float, float, float], radii: tuple[float, float, float]
) -> tuple[tuple[tuple[float, float, float], tuple[float, float, float], float], ...]:
    """Portal and hepatic trees: a trunk that divides twice, thinner each time."""
    found = []
    for radius, root in ((6.0, np.array([0.35, 0.1, -0.35])), (5.0, np.array([0.3, 0.45, 0.5]))):
        ends = [(np.asarray(centre) + root * radii, np.array([-1.0, -0.15, -0.1]), radius)]
        for length in (38.0, 28.0, 22.0):
            grown = []
            for position, direction, r in ends:
                for _ in range(2):
                    turn = direction + rng.normal(scale=0.55, size=3)
                    turn /= np.linalg.norm(turn)
                    end = position + turn * length * rng.uniform(0.8, 1.2)
                    found.append((_xyz(position), _xyz(end), r * rng.uniform(0.75, 1.0)))
                    grown.append((end, turn, r * 0.68))
            ends = grown
    return tuple(found)


def _xyz(vector: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    return float(vector[0]), float(vector[1]), float(vector[2])
