"""A longitudinal subject with known truth: baseline, follow-up, lesion identities, diameters, fates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.jobs import Progress, Report, ignore_progress
from HCCResponseLib.synth.anatomy import Anatomy, Points, Waves, draw_anatomy
from HCCResponseLib.synth.lesions import Fate, SyntheticLesion, draw_lesion, treated
from HCCResponseLib.synth.render import Motion, Rendered, centred_geometry, render

DEMO_FATES = (
    (Fate.SHRINKS, 44.0),
    (Fate.GROWS, 26.0),
    (Fate.VANISHES, 16.0),
    (Fate.NEW, 22.0),
)
_Xyz = tuple[float, float, float]
_OverTime = tuple[SyntheticLesion | None, SyntheticLesion | None]
_SCALE = {Fate.STABLE: (0.95, 1.05), Fate.SHRINKS: (0.5, 0.62), Fate.GROWS: (1.4, 1.6), Fate.NEW: (1.0, 1.0)}


@dataclass(frozen=True)
class LesionTruth:
    """What is true of one lesion.

    Attributes:
        lesion_id: identity over time.
        fate: what became of it.
        diameters_mm: true longest axial diameter at each time point; ``None`` before it appears, 0 once gone.
        label: its value in the label maps of both time points.
    """

    lesion_id: str
    fate: Fate
    diameters_mm: tuple[float | None, float | None]
    label: int


@dataclass(frozen=True)
class SyntheticSubject:
    """Baseline and follow-up of one drawn patient."""

    subject_id: str
    seed: int
    dates: tuple[date, date]
    timepoints: tuple[Rendered, Rendered]
    lesions: tuple[LesionTruth, ...]
    motion: Motion
    true_category: str


def make_subject(
    seed: int,
    fates: Sequence[tuple[Fate, float]] = DEMO_FATES,
    spacing: tuple[float, float, float] = (2.5, 1.4, 1.4),
    field_of_view_mm: tuple[float, float, float] = (210.0, 250.0, 345.0),
    contrast_hu: float | None = None,
    report: Report = ignore_progress,
) -> SyntheticSubject:
    """Draw a subject; the same arguments give the same voxels.

    Args:
        seed: of the one random generator that draws everything.
        fates: (fate, in-plane diameter in mm at first appearance) of each lesion.
        spacing: voxel size (z, y, x) in mm.
        field_of_view_mm: extent (z, y, x) in mm.
        contrast_hu: of every tumour against liver; drawn for each (-65 to -22, or 25 to 60) if not given.
        report: told before each scan is drawn.

    Raises:
        InputError: the lesions do not fit into the liver.
    """
    rng = np.random.default_rng(seed)
    anatomy = draw_anatomy(rng)
    placed = _place(rng, anatomy, fates, contrast_hu)
    pairs = [over_time(rng, fate, lesion) for (fate, _), lesion in zip(fates, placed, strict=True)]
    motion = Motion(
        patient_mm=tuple(rng.uniform(-6, 6, 3)),
        liver_mm=(float(rng.uniform(-3, 3)), float(rng.uniform(-4, 4)), float(rng.uniform(-10, 10))),
        warp=Waves.draw(rng, 160.0),
        warp_mm=float(rng.uniform(0.5, 2.0)),
    )
    size = tuple(round(f / s) for f, s in zip(field_of_view_mm, spacing, strict=True))
    geometry = centred_geometry((size[0], size[1], size[2]), spacing)
    gone = _nothing(placed[0])
    report(Progress("Drawing the baseline scan", 0.0))
    baseline = render(anatomy, tuple(a or gone for a, _ in pairs), geometry, rng, source="synthetic baseline")
    later = replace(
        anatomy, noise_sd=anatomy.noise_sd * rng.uniform(0.8, 1.3), hu=other_phase(rng, anatomy.hu)
    )
    report(Progress("Drawing the follow-up scan", 0.5))
    follow = render(later, tuple(b or gone for _, b in pairs), geometry, rng, motion, "synthetic follow-up")
    truths = truths_of(fates, placed, pairs)
    return SyntheticSubject(
        f"SYNTH-{seed:04d}",
        seed,
        (date(2026, 1, 12), date(2026, 3, 16)),
        (baseline, follow),
        truths,
        motion,
        category_of_truth(truths),
    )


def truths_of(
    fates: Sequence[tuple[Fate, float]], lesions: Sequence[SyntheticLesion], pairs: Sequence[_OverTime]
) -> tuple[LesionTruth, ...]:
    """What is true of every lesion, labelled from 1 on in the order they were asked for."""
    return tuple(
        LesionTruth(
            lesion.lesion_id,
            fate,
            (a.longest_diameter_mm() if a else None, b.longest_diameter_mm() if b else 0.0),
            label,
        )
        for label, ((fate, _), lesion, (a, b)) in enumerate(zip(fates, lesions, pairs, strict=True), start=1)
    )


def _place(
    rng: np.random.Generator,
    anatomy: Anatomy,
    fates: Sequence[tuple[Fate, float]],
    contrast_hu: float | None,
) -> tuple[SyntheticLesion, ...]:
    """Random places deep enough in the liver and apart from each other, largest lesion first."""
    chosen: dict[int, SyntheticLesion] = {}
    order = sorted(range(len(fates)), key=lambda i: -fates[i][1])
    for index in order:
        fate, diameter = fates[index]
        room = diameter / 2 * (1.6 if fate is Fate.GROWS else 1.15)
        centre = free_place(rng, anatomy, room, chosen.values(), tries=4000, growth=1.6)
        if centre is None:
            raise InputError(
                f"No room in the phantom's liver for a lesion of {diameter:g} mm; draw fewer or smaller."
            )
        chosen[index] = draw_lesion(rng, f"L{index + 1}", centre, diameter, contrast_hu)
    return tuple(chosen[i] for i in range(len(fates)))


def free_place(
    rng: np.random.Generator,
    anatomy: Anatomy,
    room: float,
    others: Iterable[SyntheticLesion],
    *,
    tries: int,
    growth: float,
) -> _Xyz | None:
    """A random place for a sphere of ``room`` mm in the liver, away from body wall and the others grown so much."""
    for _ in range(tries):
        offset = rng.uniform(-1.3, 1.3, 3) * np.asarray(anatomy.liver_radii)
        x, y, z = (float(v) for v in np.asarray(anatomy.liver_centre) + offset)
        if _is_free(anatomy, (x, y, z), room, others, growth):
            return x, y, z
    return None


def _is_free(
    anatomy: Anatomy, centre: _Xyz, room: float, others: Iterable[SyntheticLesion], growth: float
) -> bool:
    sphere = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1], [0, 0, 0]])
    probe = (np.asarray(centre) + (room + 4.0) * sphere).astype(np.float32)
    if not anatomy.liver(Points(probe[:, 0], probe[:, 1], probe[:, 2])).all():
        return False
    if ((np.asarray(centre)[:2] / (np.asarray(anatomy.body) - 14 - room)) ** 2).sum() >= 1:
        return False
    for other in others:
        gap = float(np.linalg.norm(np.asarray(centre) - np.asarray(other.centre)))
        if gap < room + growth * max(other.radii) + 10.0:
            return False
    return True


def over_time(rng: np.random.Generator, fate: Fate, lesion: SyntheticLesion) -> _OverTime:
    if fate is Fate.NEW:
        return None, lesion
    if fate is Fate.VANISHES:
        return lesion, None
    low, high = _SCALE[fate]
    later = lesion.scaled(float(rng.uniform(low, high)))
    return lesion, treated(rng, later) if fate is not Fate.GROWS else later


def _nothing(like: SyntheticLesion) -> SyntheticLesion:
    return replace(like, lesion_id="", centre=(1e4, 1e4, 1e4), radii=(0.1, 0.1, 0.1))


def other_phase(rng: np.random.Generator, hu: dict[str, float]) -> dict[str, float]:
    """Slightly other contrast timing at a later visit."""
    shift = float(rng.normal(scale=8))
    return {
        k: v + (shift if k in ("liver", "vessel", "spleen", "kidney", "aorta") else 0.0)
        for k, v in hu.items()
    }


def category_of_truth(truths: Sequence[LesionTruth]) -> str:
    """RECIST 1.1 by construction, from true diameters of the two largest baseline lesions (4.3.1, one organ)."""
    if any(t.fate is Fate.NEW for t in truths):
        return "PD"
    followed = sorted((t for t in truths if t.diameters_mm[0]), key=lambda t: -(t.diameters_mm[0] or 0))[:2]
    before = sum(t.diameters_mm[0] or 0 for t in followed)
    after = sum(t.diameters_mm[1] or 0 for t in followed)
    if after == 0:
        return "CR" if all(t.diameters_mm[1] == 0 for t in truths) else "PR"
    if after - before >= 0.2 * before and after - before >= 5:
        return "PD"
    return "PR" if after <= 0.7 * before else "SD"
