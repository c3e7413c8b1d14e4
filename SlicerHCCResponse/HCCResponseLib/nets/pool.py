"""Training cases drawn by this software, kept on disk so that a second run starts at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.nets.patches import TrainingCase
from HCCResponseLib.synth.lesions import Fate
from HCCResponseLib.synth.subject import SyntheticSubject, make_subject

# Training draws its seeds from here on; demonstration, tests and benchmark use smaller ones.
FIRST_TRAINING_SEED = 1_000_000
_FATES = (Fate.STABLE, Fate.SHRINKS, Fate.GROWS, Fate.VANISHES, Fate.NEW)
_WEIGHTS = (0.2, 0.3, 0.15, 0.15, 0.2)
_FIELD_OF_VIEW_MM = (190.0, 240.0, 335.0)
_SLICES_MM, _PIXELS_MM = (1.5, 4.0), (1.2, 2.0)


def draw_subject(seed: int) -> SyntheticSubject:
    """A subject with one to five tumours of 8 to 100 mm, in slices of 1.5 to 4 mm.

    Fewer or smaller tumours where the liver has no room.

    Raises:
        InputError: no drawn tumours fit into this liver.
    """
    rng = np.random.default_rng(seed)
    slices, pixels = float(rng.uniform(*_SLICES_MM)), float(rng.uniform(*_PIXELS_MM))
    for _ in range(20):
        count = int(rng.integers(1, 6))
        top = np.log(100.0 if count == 1 else 60.0)
        drawn = [
            (_FATES[int(rng.choice(len(_FATES), p=_WEIGHTS))], float(np.exp(rng.uniform(np.log(8.0), top))))
            for _ in range(count)
        ]
        try:
            return make_subject(seed, drawn, (slices, pixels, pixels), _FIELD_OF_VIEW_MM)
        except InputError:
            continue
    raise InputError(f"Seed {seed} gives no liver with room for a tumour.")


def make_case(seed: int) -> TrainingCase:
    """Draw one training case, on the drawn scan's own grid; raises as :func:`draw_subject`."""
    subject = draw_subject(seed)
    first, second = subject.timepoints
    shift = np.add(subject.motion.patient_mm, subject.motion.liver_mm)[::-1]
    return TrainingCase(
        (first.volume.hu, second.volume.hu),
        (first.liver, second.liver),
        (first.lesions.labels, second.lesions.labels),
        shift.astype(np.float64),
        first.volume.geometry.spacing,
    )


def _cached(job: tuple[int, str]) -> str:
    seed, folder = job
    path = Path(folder) / f"subject-{seed}.npz"
    if not path.is_file():
        case = make_case(seed)
        write_atomically(path, lambda temporary: _save(temporary, case))
    return str(path)


def _save(path: Path, case: TrainingCase) -> None:
    np.savez_compressed(
        path,
        hu=np.stack(case.hu),
        liver=np.stack(case.liver),
        lesions=np.stack(case.lesions),
        shift_mm=case.shift_mm,
        spacing=np.asarray(case.spacing),
    )


def load_case(path: str) -> TrainingCase:
    """Read a case that :func:`build_pool` has kept."""
    with np.load(path) as data:
        hu, liver, lesions = data["hu"], data["liver"], data["lesions"]
        z, y, x = (float(s) for s in data["spacing"])
        shift = data["shift_mm"]
    return TrainingCase((hu[0], hu[1]), (liver[0], liver[1]), (lesions[0], lesions[1]), shift, (z, y, x))


def build_pool(
    seeds: Sequence[int], folder: Path, workers: int, report: Callable[[int, int], None]
) -> list[TrainingCase]:
    """Draw the cases of the given seeds, or read those that are there.

    Args:
        folder: where cases are kept, one file a seed.
        workers: processes that draw at the same time.
        report: called with (done, total) after each.
    """
    jobs = [(seed, str(folder)) for seed in seeds]
    cases = []
    with ProcessPoolExecutor(max_workers=workers) as executor:
        for done, path in enumerate(executor.map(_cached, jobs), start=1):
            cases.append(load_case(path))
            report(done, len(jobs))
    return cases
