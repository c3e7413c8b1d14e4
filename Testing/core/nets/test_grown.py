"""Tumours grown in whole scans: where they may lie, what becomes of them, what is no tumour."""

from itertools import islice

import numpy as np
import pytest

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.nets import grown
from HCCResponseLib.nets.grown import BaseSource, grown_case
from HCCResponseLib.nets.inputs import WITH_OVERVIEW
from HCCResponseLib.nets.pool import FIRST_TRAINING_SEED, make_case
from HCCResponseLib.nets.prompts.pack import ScanFacts, cropped, whole


def _facts(name, entire):
    return ScanFacts(name, "P1", "CC0", "drawn", (2.5, 2.0, 2.0), "mask", False, entire)


@pytest.fixture(scope="module")
def drawn():
    z, y, x = np.ogrid[0:60, 0:120, 0:120]
    body = ((y - 60) / 55) ** 2 + ((x - 60) / 55) ** 2 < 1
    liver = ((z - 30) * 2.5) ** 2 + ((y - 60) * 2.0) ** 2 + ((x - 45) * 2.0) ** 2 < 60**2
    noise = np.random.default_rng(0).normal(scale=6, size=liver.shape)
    hu = np.where(liver, 110, np.where(np.broadcast_to(body, liver.shape), 40, -1000)) + noise
    return hu.astype(np.int16), liver, np.zeros(liver.shape, np.uint8)


def test_a_whole_scan_is_cropped_to_the_body(drawn):
    hu, liver, lesions = drawn
    scan = whole(_facts("a", True), hu, liver, lesions)
    assert scan.hu.shape[0] == 60
    assert scan.hu.shape[1] < 120
    assert scan.liver.sum() == liver.sum()
    assert scan.hu.min() == -200
    with pytest.raises(InputError, match="'a' shows no liver"):
        whole(_facts("a", True), hu, np.zeros_like(liver), lesions)


def test_tumours_lie_in_the_liver_and_take_their_course(drawn):
    scan = whole(_facts("a", True), *drawn)
    depth, rng = scan.depth_mm(), np.random.default_rng(1)
    seen = {"only first": 0, "only second": 0, "both": 0, "none": 0}
    for _ in range(25):
        case = grown_case(scan, depth, rng)
        first, second = case.lesions
        assert not (first.astype(bool) & ~case.liver[0]).any()
        numbers = set(np.unique(first)) | set(np.unique(second))
        if numbers == {0}:
            seen["none"] += 1
        for number in numbers - {0}:
            there = (first == number).any(), (second == number).any()
            seen[
                {(True, True): "both", (True, False): "only first", (False, True): "only second"}[there]
            ] += 1
            if there == (True, True):
                assert ((first == number) & (second == number)).any()
        changed = np.abs(case.hu[0] - scan.hu) > 0
        assert not changed[scan.liver == 0].any() or changed[scan.liver == 0].mean() < 0.01
    assert min(seen.values()) > 0


def test_a_shade_is_liver_and_its_vessels_run_on(drawn, monkeypatch):
    hu, liver, lesions = drawn
    hu = hu.copy()
    hu[:, 58:62, :][liver[:, 58:62, :]] += 60
    scan = whole(_facts("a", True), hu, liver, lesions)
    monkeypatch.setattr(grown, "_COUNTS", (1.0,))
    monkeypatch.setattr(grown, "_CYSTS", 0.0)
    monkeypatch.setattr(grown, "_SHADES", 3.0)
    seen = 0
    for seed in range(8):
        case = grown_case(scan, scan.depth_mm(), np.random.default_rng(seed))
        assert not any(visit.any() for visit in case.lesions)
        assert np.array_equal(case.liver[0], scan.liver)
        change = [visit.astype(int) - scan.hu for visit in case.hu]
        for one in change:
            assert not one[~scan.liver].any()
            assert np.abs(one).max() <= 8 * 22
            seen += np.abs(one).max() > 5
        # Smooth: what is brighter by 60 stays so against its neighbours.
        vessel, beside = change[0][:, 59:61], change[0][:, 55:57]
        assert abs(float(np.median(vessel)) - float(np.median(beside))) < 12
    assert seen > 5


def test_real_lesions_stay(drawn):
    hu, liver, lesions = drawn
    lesions = lesions.copy()
    lesions[28:32, 55:65, 40:50] = 1
    scan = whole(_facts("a", True), hu, liver, lesions)
    for seed in range(5):
        case = grown_case(scan, scan.depth_mm(), np.random.default_rng(seed))
        for visit in case.lesions:
            assert np.array_equal(visit == 1, scan.lesions == 1)


def test_drawn_subjects_are_new_ones_again_and_again(drawn, monkeypatch):
    """Six were drawn at first and shown for the whole training."""
    seeds = []
    case = make_case(FIRST_TRAINING_SEED)
    monkeypatch.setattr(grown, "make_case", lambda seed: seeds.append(seed) or case)
    source = BaseSource.of([whole(_facts("a", True), *drawn)], side=16, drawn=1.0)
    list(islice(source.samples(np.random.default_rng(4)), 800))
    assert 10 < len(set(seeds)) < 40


def test_patches_come_from_whole_and_cropped_scans(drawn):
    scans = [whole(_facts("a", True), *drawn), cropped(_facts("b", False), *drawn)]
    source = BaseSource.of(scans, side=32, drawn=0.0)
    assert source.grid == WITH_OVERVIEW
    with_prior = tumour = 0
    for image, target in islice(source.samples(np.random.default_rng(2)), 60):
        assert image.shape == (2, 32, 32, 32)
        assert target.shape == (32, 32, 32)
        assert set(np.unique(target)) <= {0, 1, 2}
        with_prior += bool(image[1].any())
        tumour += bool((target == 2).any())
    assert 5 < with_prior < 40
    assert tumour > 10


def test_cropped_scans_alone_are_refused(drawn):
    with pytest.raises(InputError, match="make another pack with --whole"):
        BaseSource.of([cropped(_facts("b", False), *drawn)])
