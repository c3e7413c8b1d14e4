"""Overlap and distances of two masks, on shapes whose answer can be worked out."""

import numpy as np
import pytest

from HCCResponseLib.evaluation.segmentation.surfaces import hausdorff95_mm, nearness, surface_dice
from shapes import ball

SPACING = (3.0, 1.0, 1.0)
CUBE = np.zeros((20, 40, 40), bool)
CUBE[6:14, 10:30, 10:30] = True


def test_a_mask_is_next_to_itself():
    same = nearness(CUBE, CUBE, SPACING)
    assert (same.dice, same.surface_dice, same.hausdorff95_mm) == (1, 1, 0)


@pytest.mark.parametrize(("axis", "step"), [(0, 3.0), (1, 1.0), (2, 1.0)])
def test_a_cube_moved_by_two_voxels_is_two_voxels_away(axis, step):
    moved = np.roll(CUBE, 2, axis)
    found = nearness(moved, CUBE, SPACING)
    side = CUBE.any(tuple(a for a in range(3) if a != axis)).sum()
    assert found.dice == pytest.approx(1 - 2 / side)
    assert found.hausdorff95_mm == pytest.approx(2 * step)
    # Only 6 mm along the body are more than the 2 mm that are allowed.
    assert found.surface_dice == pytest.approx(1.0) if step == 1.0 else found.surface_dice < 0.8


def test_what_is_far_away_has_nothing_in_common():
    here, there = ball((30, 30, 90), (15, 15, 15), 8), ball((30, 30, 90), (15, 15, 70), 8)
    found = nearness(here, there, (1.0, 1.0, 1.0))
    assert (found.dice, found.surface_dice) == (0, 0)
    assert found.hausdorff95_mm == pytest.approx(55, abs=4)


def test_nothing_has_no_surface():
    nothing = np.zeros_like(CUBE)
    assert nearness(nothing, nothing, SPACING) is None
    assert surface_dice(nothing, CUBE, SPACING) == 0
    assert hausdorff95_mm(nothing, CUBE, SPACING) is None
    assert nearness(nothing, CUBE, SPACING).dice == 0


def test_a_mask_at_the_border_of_the_scan_is_measured_as_within_it():
    whole = np.pad(CUBE, 3)
    cut, other = CUBE[6:14, 10:30, 10:30], np.roll(CUBE, 1, 2)[6:14, 10:30, 10:30]
    padded = nearness(np.pad(cut, 4), np.pad(other, 4), SPACING)
    assert nearness(cut, other, SPACING) == padded
    assert nearness(whole, whole, SPACING).hausdorff95_mm == 0
