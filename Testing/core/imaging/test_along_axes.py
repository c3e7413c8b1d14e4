"""Interpolation along the axes gives what a general transform gives, clipped distances what whole ones give."""

import numpy as np
import pytest
from scipy import ndimage

from HCCResponseLib.imaging.along_axes import interpolated
from HCCResponseLib.nets.inputs import signed_distance


@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_general_transform(seed):
    rng = np.random.default_rng(seed)
    array = rng.normal(size=rng.integers(1, 30, 3)).astype(np.float32)
    start, step = rng.uniform(-6, 12, 3), rng.uniform(0.3, 1.9, 3)
    wanted = ndimage.affine_transform(
        array, step, start, (16,) * 3, order=1, mode="constant", cval=-7, output=np.float32
    )
    assert np.allclose(interpolated(array, start, step, 16, -7.0), wanted, atol=1e-5)


def test_masks_and_whole_numbers_are_read_as_they_are():
    mask = np.zeros((4, 4, 4), bool)
    mask[1] = True
    found = interpolated(mask, np.zeros(3), np.array([0.5, 1, 1]), 4, 0.0)
    assert found[:, 0, 0].tolist() == [0.0, 0.5, 1.0, 0.5]
    wide = np.full((3, 3, 3), 30_000, np.int16)
    assert (interpolated(wide, np.zeros(3), np.ones(3), 3, 0.0) == 30_000).all()


@pytest.mark.parametrize("seed", range(4))
def test_clipped_distances_are_those_of_the_whole_mask(seed):
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.normal(size=(30, 40, 50)), 4)
    mask, spacing = noise > np.quantile(noise, 0.96), tuple(rng.uniform(0.7, 2, 3))
    whole = ndimage.distance_transform_edt(mask, sampling=spacing)
    whole -= ndimage.distance_transform_edt(~mask, sampling=spacing)
    found = signed_distance(mask, spacing, 9.0)
    assert np.allclose(found, np.clip(whole / 9.0, -1, 1), atol=1e-6)


def test_an_empty_mask_has_no_distance():
    assert not signed_distance(np.zeros((4, 5, 6), bool), (1.0, 1.0, 1.0), 3.0).any()
