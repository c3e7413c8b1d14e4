"""Training patches: magnified where a lesion is small, with a prior that lies where the lesion is."""

import numpy as np
import pytest
from scipy import ndimage

from HCCResponseLib.nets.inputs import PRIOR_REACH_MM, SMALL_MM, WorkingGrid
from HCCResponseLib.nets.patches import TrainingCase, sample_patch
from HCCResponseLib.nets.pool import build_pool, make_case
from shapes import ball

BOTH = WorkingGrid((2.0, 2.0, 2.0), (1.0, 1.0, 1.0))
COARSE = WorkingGrid((2.0, 2.0, 2.0))
SIZE = 32


@pytest.fixture(scope="module")
def case():
    """A large and a small stable lesion and a small new one; the liver has moved by (6, 0, -6) mm."""
    spacing, shape = (2.0, 1.5, 1.5), (70, 100, 100)
    hu, liver, lesions = [], [], []
    for visit, by in enumerate((np.zeros(3), np.array([3.0, 0.0, -4.0]))):
        labels = np.zeros(shape, np.uint8)
        places = [(1, (35, 30, 50), 25.0), (2, (35, 75, 40), 5.0), (3, (35, 75, 80), 5.0)]
        for value, centre, radius in places[: 2 + visit]:
            labels[ball(shape, np.asarray(centre) + by, radius, spacing)] = value
        inside = ball(shape, np.array([35, 50, 50]) + by, 70.0, spacing)
        hu.append(np.where(labels > 0, 40, np.where(inside, 100, 0)).astype(np.int16))
        liver.append(inside)
        lesions.append(labels)
    return TrainingCase(tuple(hu), tuple(liver), tuple(lesions), np.array([6.0, 0.0, -6.0]), spacing)


def patches(case, grid, with_prior, count=60):
    rng = np.random.default_rng(0)
    return [sample_patch(case, rng, SIZE, with_prior, grid) for _ in range(count)]


def test_small_lesions_are_seen_as_often_as_large_ones_and_magnified(case):
    few, many = 4 / 3 * np.pi * 5**3 / 8, 4 / 3 * np.pi * 5**3
    counts = np.array([int((t == 2).sum()) for _, t in patches(case, BOTH, True)])
    coarse = (counts > 0.6 * few) & (counts < 1.4 * few)
    fine = (counts > 0.6 * many) & (counts < 1.4 * many)
    assert 0.2 < fine.mean() < 0.5
    assert coarse.mean() > 0.02
    plain = np.array([int((t == 2).sum()) for _, t in patches(case, COARSE, True)])
    assert ((plain > 0.6 * many) & (plain < 1.4 * many)).mean() < 0.1


def test_the_prior_lies_on_the_lesion_after_the_livers_motion(case):
    gaps = []
    for image, target in patches(case, BOTH, True):
        assert image.shape == (2, SIZE, SIZE, SIZE)
        assert np.abs(image).max() <= 1
        mm = 1.0 if np.diff(image[1][:, 16, 16]).max() < 1.5 / PRIOR_REACH_MM else 2.0
        if (target == 2).any() and (image[1] > 0).any():
            middle = np.subtract(ndimage.center_of_mass(target == 2), ndimage.center_of_mass(image[1] > 0))
            gaps.append(float(np.linalg.norm(middle)) * mm)
    assert len(gaps) > 30
    assert np.median(gaps) < 6
    assert max(gaps) < 20


def test_with_a_prior_a_new_lesion_is_liver_and_without_it_is_tumour(case):
    new = TrainingCase(
        case.hu,
        case.liver,
        (np.zeros_like(case.lesions[0]), np.where(case.lesions[1] == 3, 3, 0)),
        case.shift_mm,
        case.spacing,
    )
    assert not any((t == 2).any() for _, t in patches(new, BOTH, True, 20))
    found = patches(new, BOTH, False, 40)
    assert any((t == 2).any() for _, t in found)
    assert all((i[1] == 0).all() for i, _ in found)


def test_the_target_is_where_the_image_shows_it_darker_or_as_often_as_drawn_brighter(case):
    brighter = []
    for image, target in patches(case, BOTH, False, 80):
        core = ndimage.binary_erosion(target == 2, iterations=2)
        if core.any() and (target == 1).any():
            contrast = image[0][core].mean() - np.median(image[0][target == 1])
            assert abs(contrast) > 0.2
            brighter.append(contrast > 0)
    assert 0.1 < np.mean(brighter) < 0.45


def test_a_drawn_subjects_shift_is_that_of_its_lesions(tmp_path):
    (drawn,) = build_pool([1_000_003], tmp_path, 1, lambda *_: None)
    again = make_case(1_000_003)
    assert np.array_equal(drawn.hu[1], again.hu[1])
    assert np.array_equal(drawn.lesions[1], again.lesions[1])
    both = [v for v in np.unique(drawn.lesions[0])[1:] if (drawn.lesions[1] == v).any()]
    assert both
    for value in both:
        first, second = (np.array(ndimage.center_of_mass(labels == value)) for labels in drawn.lesions)
        moved = (second - first) * np.asarray(drawn.spacing)
        assert np.abs(moved - drawn.shift_mm).max() < 5


def test_a_lesion_is_small_by_its_longest_side():
    scan = (2.5, 1.0, 1.0)
    box = (slice(0, 4), slice(0, int(SMALL_MM)), slice(0, 10))
    assert BOTH.of_lesion(box, scan) == BOTH.fine
    assert BOTH.of_lesion((box[0], slice(0, int(SMALL_MM) + 1), box[2]), scan) == BOTH.spacing
    assert COARSE.of_lesion(box, scan) == COARSE.spacing
