"""The synthetic subject: deterministic, with a truth that its voxels bear out."""

from collections import Counter

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.synth.lesions import Fate
from HCCResponseLib.synth.subject import DEMO_FATES, make_subject

COARSE = (3.0, 2.0, 2.0)


@pytest.fixture(scope="module")
def subject():
    return make_subject(11, spacing=COARSE)


def test_same_seed_same_voxels(subject):
    again = make_subject(11, spacing=COARSE)
    for a, b in zip(subject.timepoints, again.timepoints, strict=True):
        assert np.array_equal(a.volume.hu, b.volume.hu)
        assert np.array_equal(a.lesions.labels, b.lesions.labels)
    assert subject.lesions == again.lesions


def test_another_seed_is_another_patient(subject):
    other = make_subject(12, spacing=COARSE)
    assert not np.array_equal(subject.timepoints[0].volume.hu, other.timepoints[0].volume.hu)


def test_fates_are_as_asked(subject):
    assert [t.fate for t in subject.lesions] == [f for f, _ in DEMO_FATES]
    baseline, follow_up = (set(np.unique(p.lesions.labels)) - {0} for p in subject.timepoints)
    assert baseline == {1, 2, 3}
    assert follow_up == {1, 2, 4}
    assert subject.true_category == "PD"


def plain_longest(mask: np.ndarray, spacing: tuple[float, float, float]) -> float:
    """Longest distance between voxel centres of one slice, plus a voxel: no code of the product."""
    best = 0.0
    for plane in mask:
        points = np.argwhere(plane) * np.asarray(spacing[1:])
        if len(points) > 1:
            best = max(best, float(pdist(points).max()) + spacing[1])
    return best


def test_true_diameters_agree_with_the_voxels(subject):
    for visit, point in enumerate(subject.timepoints):
        for truth in subject.lesions:
            diameter = truth.diameters_mm[visit]
            if diameter:
                voxels = plain_longest(point.lesions.labels == truth.label, COARSE)
                assert abs(voxels - diameter) <= 3.0, (truth, voxels)


def test_the_liver_moves_and_holds_every_lesion(subject):
    centres = [np.argwhere(p.liver).mean(0) * np.asarray(COARSE) for p in subject.timepoints]
    assert np.linalg.norm(centres[1] - centres[0]) > 3
    for point in subject.timepoints:
        assert point.liver[point.lesions.labels > 0].all()


def test_it_looks_like_ct(subject):
    image = subject.timepoints[0].volume
    assert image.hu.dtype == np.int16
    assert np.percentile(image.hu, 5) < -900
    liver = image.hu[subject.timepoints[0].liver]
    assert 60 < np.median(liver) < 150
    assert liver.std() > 5


@pytest.mark.parametrize(
    ("fates", "category"),
    [
        (((Fate.SHRINKS, 40.0),), "PR"),
        (((Fate.GROWS, 30.0),), "PD"),
        (((Fate.VANISHES, 25.0),), "CR"),
        (((Fate.STABLE, 30.0),), "SD"),
        (((Fate.STABLE, 30.0), (Fate.NEW, 15.0)), "PD"),
    ],
)
def test_category_by_construction(fates, category):
    assert make_subject(5, fates, spacing=(6.0, 4.0, 4.0)).true_category == category


def test_too_many_lesions_are_refused():
    with pytest.raises(InputError, match="No room in the phantom's liver"):
        make_subject(1, [(Fate.STABLE, 90.0)] * 6, spacing=(6.0, 4.0, 4.0))


def test_training_seeds_are_disjoint_from_the_demonstration():
    from HCCResponseLib.nets.pool import FIRST_TRAINING_SEED
    from HCCResponseLib.synth.plain_case import DEMO_SEED

    assert DEMO_SEED < FIRST_TRAINING_SEED
    assert Counter(f for f, _ in DEMO_FATES) == Counter((Fate.SHRINKS, Fate.GROWS, Fate.VANISHES, Fate.NEW))
