"""Training cases: synthetic subjects on the working grid, kept on disk so that a second run starts at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.engines.normalise import network_input, prior_channel
from HCCResponseLib.errors import InputError
from HCCResponseLib.imaging.files import write_atomically
from HCCResponseLib.synth.lesions import Fate
from HCCResponseLib.synth.subject import SyntheticSubject, make_subject

# Training draws its seeds from here on; demonstration, tests and benchmark use smaller ones.
FIRST_TRAINING_SEED = 1_000_000
_FATES = (Fate.STABLE, Fate.SHRINKS, Fate.GROWS, Fate.VANISHES, Fate.NEW)
Scalar = TypeVar("Scalar", bound=np.generic)
_WEIGHTS = (0.2, 0.3, 0.15, 0.15, 0.2)


@dataclass(frozen=True)
class TrainingCase:
    """One subject on the working grid; arrays (z, y, x).

    Attributes:
        hu: both time points, int16.
        structure: both time points, uint8: 0 background, 1 liver, 2 tumour.
        followed: lesions known at baseline, at both time points, uint8.
        shift: patient shift between the visits in voxels (z, y, x); what rigid registration would undo.
        spacing: (z, y, x) mm.
    """

    hu: tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]
    structure: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]
    followed: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]
    shift: npt.NDArray[np.float64]
    spacing: tuple[float, float, float]


def draw_subject(seed: int, spacing: tuple[float, float, float]) -> SyntheticSubject:
    """A subject with one to five tumours of 8 to 100 mm; fewer or smaller ones where the liver has no room."""
    rng = np.random.default_rng(seed)
    for _ in range(20):
        count = int(rng.integers(1, 6))
        top = np.log(100.0 if count == 1 else 60.0)
        drawn = [
            (_FATES[int(rng.choice(len(_FATES), p=_WEIGHTS))], float(np.exp(rng.uniform(np.log(8.0), top))))
            for _ in range(count)
        ]
        try:
            return make_subject(seed, drawn, spacing)
        except InputError:
            continue
    raise InputError(f"Seed {seed} gives no liver with room for a tumour.")


def make_case(seed: int, spacing: tuple[float, float, float]) -> TrainingCase:
    """Draw one training case."""
    subject = draw_subject(seed, spacing)
    new = [t.label for t in subject.lesions if t.fate is Fate.NEW]
    hu, structure, followed = [], [], []
    for point in subject.timepoints:
        labels = point.lesions.labels
        hu.append(point.volume.hu)
        structure.append(np.where(labels > 0, 2, point.liver).astype(np.uint8))
        followed.append(np.asarray((labels > 0) & ~np.isin(labels, new), dtype=np.uint8))
    shift = np.asarray(subject.motion.patient_mm)[::-1] / np.asarray(spacing)
    return TrainingCase(
        (hu[0], hu[1]), (structure[0], structure[1]), (followed[0], followed[1]), shift, spacing
    )


def _cached(job: tuple[int, tuple[float, float, float], str]) -> str:
    seed, spacing, folder = job
    path = Path(folder) / f"case-{seed}-{'x'.join(f'{s:g}' for s in spacing)}.npz"
    if not path.is_file():
        case = make_case(seed, spacing)
        write_atomically(path, lambda temporary: _save(temporary, case))
    return str(path)


def _save(path: Path, case: TrainingCase) -> None:
    np.savez_compressed(
        path,
        hu=np.stack(case.hu),
        structure=np.stack(case.structure),
        followed=np.stack(case.followed),
        shift=case.shift,
        spacing=np.asarray(case.spacing),
    )


def load_case(path: str) -> TrainingCase:
    """Read a kept case."""
    with np.load(path) as data:
        hu, structure, followed = data["hu"], data["structure"], data["followed"]
        z, y, x = (float(s) for s in data["spacing"])
        shift = data["shift"]
    return TrainingCase(
        (hu[0], hu[1]), (structure[0], structure[1]), (followed[0], followed[1]), shift, (z, y, x)
    )


def build_pool(
    seeds: Sequence[int],
    spacing: tuple[float, float, float],
    folder: Path,
    workers: int,
    report: Callable[[int, int], None],
) -> list[TrainingCase]:
    """Draw or read the cases of the given seeds; ``report(done, total)`` is called after each."""
    jobs = [(seed, spacing, str(folder)) for seed in seeds]
    cases = []
    with ProcessPoolExecutor(max_workers=workers) as executor:
        for done, path in enumerate(executor.map(_cached, jobs), start=1):
            cases.append(load_case(path))
            report(done, len(jobs))
    return cases


def sample_patch(
    case: TrainingCase, rng: np.random.Generator, size: int, with_prior: bool
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """One random training patch.

    With a prior the image is the follow-up, the prior is the baseline contour displaced by a registration error, and
    only the followed lesions are tumour; without one, either visit and every tumour.

    Returns:
        input (2, size, size, size) and target (size, size, size) with 0 background, 1 liver, 2 tumour.
    """
    visit = 1 if with_prior else int(rng.integers(2))
    target = case.structure[visit]
    if with_prior:
        target = np.where((target == 2) & (case.followed[1] == 0), 1, target)
        focus = case.followed[0] if rng.random() < 0.5 else case.followed[1]
    else:
        focus = np.asarray(target == 2, dtype=np.uint8)
    corner = _corner(target, focus, rng, size)
    prior = np.zeros((size,) * 3, np.float32)
    if with_prior:
        error = rng.normal(scale=3.5, size=3) / np.asarray(case.spacing)
        start = np.rint(np.asarray(corner) - case.shift - error).astype(np.int64)
        prior = prior_channel(_cut(case.followed[0], start, size) > 0, (size,) * 3, case.spacing)
    image = _brightness(_cut(case.hu[visit], np.asarray(corner), size, -1024), rng)
    target = _cut(target, np.asarray(corner), size)
    return network_input(image, prior), target.astype(np.int64)


def _corner(
    target: npt.NDArray[np.generic], focus: npt.NDArray[np.generic], rng: np.random.Generator, size: int
) -> npt.NDArray[np.int64]:
    """Half of the patches lie on a tumour, a third on the liver, the rest anywhere."""
    draw = rng.random()
    choices = (
        np.flatnonzero(focus) if draw < 0.5 else np.flatnonzero(target) if draw < 0.83 else np.empty(0, int)
    )
    if len(choices):
        centre = np.asarray(np.unravel_index(int(rng.choice(choices)), target.shape))
        centre = centre + rng.integers(-size // 4, size // 4 + 1, 3)
    else:
        centre = rng.integers(0, np.asarray(target.shape))
    room = np.maximum(np.asarray(target.shape) - size, 0)
    return np.asarray(np.clip(centre - size // 2, 0, room), dtype=np.int64)


def _cut(
    array: npt.NDArray[Scalar], start: npt.NDArray[np.int64], size: int, fill: float = 0
) -> npt.NDArray[Scalar]:
    """A cube that may reach over the edge of the array, filled there."""
    out = np.full((size,) * 3, fill, array.dtype)
    source, place = [], []
    for s, n in zip(start, array.shape, strict=True):
        low, high = max(0, int(s)), min(n, int(s) + size)
        source.append(slice(low, max(low, high)))
        place.append(slice(low - int(s), max(low, high) - int(s)))
    if all(s.stop > s.start for s in source):
        out[tuple(place)] = array[tuple(source)]
    return out


def _brightness(hu: npt.NDArray[np.int16], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Random brightness scaling and, now and then, the smoothness of a resampled scan."""
    image = hu.astype(np.float32)
    if rng.random() < 0.4:
        image = ndimage.gaussian_filter(image, float(rng.uniform(0.3, 0.8)))
    inside = image > -200
    return np.where(inside, image * rng.uniform(0.85, 1.2) + rng.normal(scale=8.0), image).astype(np.float32)
