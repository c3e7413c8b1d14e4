"""Real tumours taken over into other livers: where they lie, how large they are, what they look like."""

import numpy as np
import pytest

from HCCResponseLib.nets.grown import BaseSource, grown_case
from HCCResponseLib.nets.prompts.pack import ScanFacts, whole
from HCCResponseLib.nets.transplants import draw_transplant, paint_transplant, real_tumours
from shapes import ball

SHAPE, SPACING = (60, 120, 120), (2.5, 2.0, 2.0)
FACTS = ScanFacts("a", "P1", "CC0", "drawn", SPACING, "mask", True, True)
LIVER = ball(SHAPE, (30, 60, 50), 28)
TUMOUR = ball(SHAPE, (30, 60, 50), 9)


@pytest.fixture(scope="module")
def scan():
    _, y, x = np.ogrid[tuple(slice(0, n) for n in SHAPE)]
    body = np.broadcast_to(((y - 60) / 55) ** 2 + ((x - 60) / 55) ** 2 < 1, SHAPE)
    stripes = np.broadcast_to(np.where((x // 4) % 2, 15, -15), SHAPE)
    hu = np.where(LIVER, 110, np.where(body, 40, -1000)) + TUMOUR * (stripes - 50)
    return whole(FACTS, hu.astype(np.int16), LIVER, TUMOUR.astype(np.uint8))


def test_a_real_tumour_is_known_by_its_difference_from_the_liver_around(scan):
    (tumour,) = real_tumours([scan])
    assert tumour.diameter_mm == pytest.approx((6 * TUMOUR.sum() * 10 / np.pi) ** (1 / 3))
    assert (
        -70 < tumour.away_hu.min() < tumour.away_hu.max() < -30
    )  # no liver and no air, outside of it either
    assert tumour.away_hu.std() > 10  # its texture


def test_a_speck_is_not_taken(scan):
    few = np.zeros_like(scan.lesions)
    few[30, 60, 48:52] = 1
    assert real_tumours([whole(FACTS, scan.hu, scan.liver, few)]) == ()


@pytest.mark.parametrize("size", [0.5, 1.0])
@pytest.mark.parametrize("diameter", [20.0, 40.0])
def test_it_has_the_size_that_was_asked_for_and_its_own_look(scan, diameter, size):
    (tumour,) = real_tumours([scan])
    liver, sizes = np.ones(SHAPE, bool), []
    for seed in range(6):
        rng, hu = np.random.default_rng(seed), np.full(SHAPE, 90, np.float32)
        shown = draw_transplant(rng, tumour, diameter)
        mask = paint_transplant(hu, SPACING, (30, 60, 60), shown, size, liver, 90.0)
        sizes.append((6 * mask.sum() * 10 / np.pi) ** (1 / 3) / (diameter * size))
        assert (hu[mask].mean() < 80) and (hu[mask].std() > 3)
        far = ~ball(SHAPE, (30, 60, 60), 40)
        assert (hu[far] == 90).all()
        assert mask[30, 60, 60]
    assert np.median(sizes) == pytest.approx(1, abs=0.25)


def test_it_lies_only_where_it_may(scan):
    (tumour,) = real_tumours([scan])
    hu = np.full(SHAPE, 90, np.float32)
    shown = draw_transplant(np.random.default_rng(0), tumour, 60.0)
    mask = paint_transplant(hu, SPACING, (3, 5, 5), shown, 1.0, LIVER, 90.0)
    assert not (mask & ~LIVER).any()


def test_grown_cases_hold_them_in_the_liver_they_belong_to(scan):
    source = BaseSource.of([scan])
    assert len(source.real) == 1
    rng, bulges, seen = np.random.default_rng(3), 0, 0
    for _ in range(25):
        case = grown_case(scan, scan.depth_mm(), rng, 60.0, source.real)
        for visit in (0, 1):
            assert not ((case.lesions[visit] > 0) & ~case.liver[visit]).any()
            bulges += ((case.lesions[visit] > 0) & ~scan.liver).any()
        seen += len(np.unique(case.lesions[0])) > 2
    assert seen > 5  # beside the real one
    assert bulges > 0
