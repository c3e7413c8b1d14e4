"""Real tumours taken over into other livers: where they lie, how large they are, what they look like."""

import numpy as np
import pytest
from scipy import ndimage

from HCCResponseLib.nets.grown import BaseSource, grown_case
from HCCResponseLib.nets.prompts.pack import ScanFacts, whole
from HCCResponseLib.nets.transplants import (
    draw_transplant,
    paint_transplant,
    real_tumours,
    treated_transplant,
)
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


def test_its_noise_is_that_of_the_scan_it_is_taken_into():
    """Else a network knows it by its noise: here the original is four times as noisy as the new liver."""
    rng = np.random.default_rng(5)
    noisy = np.where(LIVER, 110, 40) - 40 * TUMOUR + rng.normal(scale=24, size=SHAPE)
    source = whole(FACTS, noisy.astype(np.int16), LIVER, TUMOUR.astype(np.uint8))
    (tumour,) = real_tumours([source])
    for diameter in (14.0, 40.0):
        quiet = np.asarray(90 + rng.normal(scale=6, size=SHAPE), np.float32)
        hu, everywhere = quiet.copy(), np.ones(SHAPE, bool)
        shown = draw_transplant(rng, tumour, diameter)
        mask = paint_transplant(hu, SPACING, (30, 60, 60), shown, 1.0, everywhere, 90.0)
        inside = ndimage.binary_erosion(mask)
        fine = hu - ndimage.gaussian_filter(hu, 1.5)
        assert 4 < fine[inside].std() < 10, diameter


def test_a_treated_one_is_necrotic_or_bright_or_another_grey(scan):
    (tumour,) = real_tumours([scan])
    looks, liver = set(), np.ones(SHAPE, bool)
    for seed in range(12):
        rng = np.random.default_rng(seed)
        before = draw_transplant(rng, tumour, 36.0)
        after = treated_transplant(rng, before)
        first, second = (np.full(SHAPE, 120, np.float32) for _ in range(2))
        mask = paint_transplant(first, SPACING, (30, 60, 60), before, 1.0, liver, 120.0)
        again = paint_transplant(second, SPACING, (30, 60, 60), after, 1.0, liver, 120.0)
        assert np.array_equal(mask, again)
        inside = second[ndimage.binary_erosion(mask)]
        if after.lipiodol:
            assert np.mean(inside > 200) == pytest.approx(after.lipiodol, abs=0.2)
            repeated = np.full(SHAPE, 120, np.float32)
            paint_transplant(repeated, SPACING, (30, 60, 60), after, 1.0, liver, 120.0)
            assert np.array_equal(second, repeated)
            looks.add("lipiodol")
        elif after.core < 1:
            depth = ndimage.distance_transform_edt(mask, sampling=SPACING)
            assert np.median(second[depth >= after.core * depth.max()]) == pytest.approx(after.core_hu, abs=8)
            looks.add("necrosis")
        else:
            shift = np.median(inside) - np.median(first[ndimage.binary_erosion(mask)])
            assert shift == pytest.approx(after.offset_hu - before.offset_hu, abs=2)
            looks.add("grey")
    assert looks == {"lipiodol", "necrosis", "grey"}


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
