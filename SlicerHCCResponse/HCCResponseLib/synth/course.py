"""The course of a disease over any number of visits, with the truth of every lesion's identity in the voxels.

Where :mod:`HCCResponseLib.synth.subject` draws the plain pair of the demonstration, this draws the hard ones: deep
breathing, a liver that shrinks and bends, lesions that split, merge, vanish and come back, other fields of view.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.synth.anatomy import FINE_TEXTURE, Anatomy, Waves, draw_anatomy
from HCCResponseLib.synth.lesions import SyntheticLesion, draw_lesion, treated
from HCCResponseLib.synth.render import Motion, render
from HCCResponseLib.synth.subject import free_place, other_phase

_GAP_MM = 7.0
# How much a drawn visit differs from the baseline at most: shift of the liver along the body and across it, loss of
# its volume as a share, amplitude and wavelength of its deformation; how differently the patient lies; how much of the
# field of view is missing at the top or the bottom.
_BREATHING_MM, _SHIFT_MM, _SHRINKAGE = 30.0, 6.0, 0.2
_WARP_MM, _WAVELENGTH_MM = 8.0, 150.0
_PATIENT_MM, _TURN_DEG, _CUT_MM = 15.0, 8.0, 20.0
_Xyz = tuple[float, float, float]


class CourseKind(StrEnum):
    """What a lesion does over the visits."""

    STABLE = "stable"
    SHRINKS = "shrinks"
    GROWS = "grows"
    VANISHES = "vanishes"
    RETURNS = "returns"
    NEW = "new"
    SPLITS = "splits"
    MERGES = "merges"


@dataclass(frozen=True)
class VisitPlan:
    """How one visit is scanned.

    Attributes:
        motion: against the first visit.
        spacing: (z, y, x) mm.
        low, high: corners of the field of view, LPS mm (x, y, z) about the phantom's centre.
    """

    motion: Motion
    spacing: _Xyz
    low: _Xyz
    high: _Xyz

    def geometry(self) -> Geometry:
        """The grid of this visit's scan."""
        extent = np.asarray(self.high)[::-1] - np.asarray(self.low)[::-1]
        z, y, x = (round(float(e) / s) for e, s in zip(extent, self.spacing, strict=True))
        return Geometry((z, y, x), self.spacing, self.low)


@dataclass(frozen=True)
class CourseVisit:
    """One visit: image, liver mask (tumours included) and the identity of every tumour voxel; all (z, y, x).

    Attributes:
        labels: uint8; value i + 1 is lesion i of the subject's names.
        motion: where everything lay.
    """

    volume: Volume
    liver: Mask
    labels: npt.NDArray[np.uint8]
    motion: Motion


@dataclass(frozen=True)
class CourseSubject:
    """All visits of one drawn patient; ``courses`` gives each lesion's course by name."""

    seed: int
    names: tuple[str, ...]
    courses: dict[str, CourseKind]
    visits: tuple[CourseVisit, ...]


def make_course(
    seed: int,
    wanted: Sequence[tuple[CourseKind, float]],
    plans: Sequence[VisitPlan],
    contrast_hu: float | None = None,
    fresh_texture: bool = False,
) -> CourseSubject:
    """Draw a patient; the same arguments give the same voxels.

    Args:
        wanted: course and in-plane diameter in mm of each site; a merging site holds two lesions of that size.
        plans: one for each visit, the first is the baseline.
        contrast_hu: of every tumour against liver; drawn for each if not given.
        fresh_texture: each visit has a fine texture of its own. The same one at every visit is a fingerprint by which
            tissue can be found again, and real livers have none.

    Raises:
        InputError: the lesions do not fit into the liver.
    """
    rng = np.random.default_rng(seed)
    anatomy = draw_anatomy(rng)
    sites = _sites(rng, anatomy, wanted, contrast_hu)
    names = tuple(lesion.lesion_id for site, _ in sites for lesion in site)
    courses = {lesion.lesion_id: course for site, course in sites for lesion in site}
    paths = [_path(rng, site, course, len(plans)) for site, course in sites]
    visits = []
    for number, plan in enumerate(plans):
        scanned = anatomy
        if number:
            noise = anatomy.noise_sd * rng.uniform(0.8, 1.3)
            scanned = replace(anatomy, noise_sd=noise, hu=other_phase(rng, anatomy.hu))
            if fresh_texture:
                own = np.random.default_rng((seed, number))
                scanned = replace(scanned, texture=Waves.draw(own, *FINE_TEXTURE))
        present = [lesion for path in paths for lesion in path[number]]
        motion = replace(plan.motion, liver_centre=anatomy.liver_centre)
        drawn = render(scanned, tuple(present), plan.geometry(), rng, motion, f"synthetic visit {number + 1}")
        table = np.array([0] + [1 + names.index(p.lesion_id) for p in present], np.uint8)
        visits.append(CourseVisit(drawn.volume, drawn.liver, table[drawn.lesions.labels], motion))
    return CourseSubject(seed, names, courses, tuple(visits))


def _sites(
    rng: np.random.Generator,
    anatomy: Anatomy,
    wanted: Sequence[tuple[CourseKind, float]],
    contrast_hu: float | None,
) -> list[tuple[tuple[SyntheticLesion, ...], CourseKind]]:
    """Places for every site, the largest first; lesions are named in the order that was asked for."""
    rooms = {CourseKind.MERGES: 2.0, CourseKind.GROWS: 1.4}
    taken: list[SyntheticLesion] = []
    sites: dict[int, tuple[tuple[SyntheticLesion, ...], CourseKind]] = {}
    for index in sorted(range(len(wanted)), key=lambda i: -wanted[i][1] * rooms.get(wanted[i][0], 1.0)):
        course, diameter = wanted[index]
        room = 0.5 * diameter * rooms.get(course, 1.1) + (_GAP_MM if course is CourseKind.MERGES else 0)
        centre = free_place(rng, anatomy, room, taken, tries=6000, growth=1.2)
        if centre is None:
            raise InputError(
                f"No room in the phantom's liver for a lesion with {room:.0f} mm around it; draw fewer."
            )
        name = ("N" if course is CourseKind.NEW else "L") + str(index + 1)
        lesion = draw_lesion(rng, name, centre, diameter, contrast_hu)
        taken.append(replace(lesion, radii=(room / 1.2, room / 1.2, room / 1.2)))
        sites[index] = (_pair(rng, lesion) if course is CourseKind.MERGES else (lesion,)), course
    return [sites[i] for i in range(len(wanted))]


def _pair(rng: np.random.Generator, like: SyntheticLesion) -> tuple[SyntheticLesion, ...]:
    """Two round lesions beside each other with a gap that a reader sees."""
    radius = max(like.radii)
    axis = _direction(rng)
    away = (radius + _GAP_MM / 2) * axis
    round_one = replace(like, radii=(radius, radius, radius), roughness=0.03, core=0.0)
    return tuple(
        replace(round_one, lesion_id=like.lesion_id + part, centre=_moved(like.centre, sign * away))
        for part, sign in (("a", -1.0), ("b", 1.0))
    )


def _path(
    rng: np.random.Generator, site: tuple[SyntheticLesion, ...], course: CourseKind, visits: int
) -> list[tuple[SyntheticLesion, ...]]:
    """The lesions of a site at every visit."""
    lesion = site[0]
    out: list[tuple[SyntheticLesion, ...]] = [() if course is CourseKind.NEW else site]
    axis = _direction(rng)
    for number in range(1, visits):
        factor = float(rng.uniform(0.85, 1.0) if course is CourseKind.RETURNS else rng.uniform(0.95, 1.05))
        if course is CourseKind.VANISHES or (course is CourseKind.RETURNS and number == 1):
            out.append(())
        elif course is CourseKind.MERGES:
            # Spheres of radius r at a distance of 2 r + gap meet once they are this much larger.
            radius = max(lesion.radii)
            out.append(tuple(m.scaled((radius + _GAP_MM / 2 + 3.0) / radius * factor) for m in site))
        elif course is CourseKind.SPLITS:
            out.append(_parts(lesion, axis, factor))
        else:
            step = {CourseKind.SHRINKS: 0.62, CourseKind.GROWS: 1.25}.get(course, 1.0)
            later = lesion.scaled(factor * step)
            out.append((later if course in (CourseKind.GROWS, CourseKind.NEW) else treated(rng, later),))
    return out


def _parts(
    lesion: SyntheticLesion, axis: npt.NDArray[np.float64], factor: float
) -> tuple[SyntheticLesion, ...]:
    """What is left of a lesion that died in the middle: two parts within its old outline."""
    least = min(lesion.radii)
    away = 0.62 * least * axis
    radius = 0.36 * least * factor
    part = replace(lesion, radii=(radius, radius, radius), core=0.0, roughness=0.03)
    return tuple(replace(part, centre=_moved(lesion.centre, sign * away)) for sign in (-1.0, 1.0))


def _direction(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    vector = rng.normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector))


def _moved(centre: _Xyz, by: npt.NDArray[np.float64]) -> _Xyz:
    x, y, z = np.asarray(centre) + by
    return float(x), float(y), float(z)


def draw_plans(rng: np.random.Generator, visits: int = 2, strength: float = 1.0) -> list[VisitPlan]:
    """Random visits over a small field that holds the liver: slices of 2.5 to 5 mm, cut differently each time.

    Args:
        strength: factor on how much the liver breathes, shrinks and bends and the patient turns.
    """
    out = []
    for number in range(visits):
        slices, pixels = float(rng.choice([2.5, 3.0, 4.0, 5.0])), float(rng.uniform(1.8, 2.4))
        spacing = (slices, pixels, pixels)
        low, high = (-165.0, -120.0, -105.0), (75.0, 120.0, 130.0)
        if not number:
            out.append(VisitPlan(Motion(), spacing, low, high))
            continue
        u = rng.uniform
        breath = float(u(-1, 1) * _BREATHING_MM * strength)
        patient = tuple(float(v) for v in u(-_PATIENT_MM, _PATIENT_MM, 3))
        motion = Motion(
            patient_mm=(patient[0], patient[1], patient[2]),
            liver_mm=(float(u(-1, 1) * _SHIFT_MM), float(u(-1, 1) * _SHIFT_MM), breath),
            warp=Waves.draw(rng, _WAVELENGTH_MM),
            warp_mm=float(u(0.2, 1.0) * _WARP_MM * strength),
            turn_deg=float(u(-1, 1) * _TURN_DEG * strength),
            liver_scale=float((1 - u(0, _SHRINKAGE) * strength) ** (1 / 3)),
            organs_follow=0.8,
        )
        off = np.asarray(patient) + np.array([0.0, 0.0, breath])
        cut = np.array([0.0, 0.0, float(u(-_CUT_MM, _CUT_MM))])
        x, y, z = np.asarray(low) + off + np.maximum(cut, 0)
        a, b, c = np.asarray(high) + off + np.minimum(cut, 0)
        out.append(VisitPlan(motion, spacing, (float(x), float(y), float(z)), (float(a), float(b), float(c))))
    return out
