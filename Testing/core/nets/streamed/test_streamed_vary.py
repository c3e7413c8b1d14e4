"""Samples varied on the device: image and classes stay together, and nothing is lost."""

import pytest
import torch

from HCCResponseLib.nets.streamed.vary import Variation


@pytest.fixture
def ball():
    axis = torch.arange(32.0) - 15.5
    away = (axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + (axis[None, None, :] - 4) ** 2).sqrt()
    target = (away < 8).long()[None].repeat(4, 1, 1, 1)
    image = torch.stack([target[:, :, :, :].float(), away[None].repeat(4, 1, 1, 1) / 40], 1)
    return image, target


def test_image_and_classes_move_together(ball):
    torch.manual_seed(0)
    image, target = Variation(2, noise=0.0, mirrored=True)(*ball)
    inside, outside = image[:, 0][target == 1], image[:, 0][target == 0]
    assert inside.median() > 0.7
    assert outside.median() < 0.3
    # The second channel only moves along: its values are not made brighter.
    assert image[:, 1].max() <= ball[0][:, 1].max() + 1e-6
    assert not torch.equal(target, ball[1])


def test_nothing_to_vary_changes_nothing(ball):
    still = Variation(2, turn=(0.0, 0.0, 0.0), zoom=0.0, bend=0.0, noise=0.0)
    _, target = still(*ball)
    assert torch.equal(target, ball[1])


def test_left_stays_left_unless_it_may_be_mirrored(ball):
    torch.manual_seed(1)
    _, target = Variation(2, zoom=0.0)(*ball)
    columns = torch.arange(32.0)
    middle = (target.sum((1, 2)) * columns).sum(1) / target.sum((1, 2, 3))
    assert (middle > 16).all()


def test_sizes_differ(ball):
    torch.manual_seed(2)
    _, target = Variation(2, zoom=0.2)(*ball)
    assert target.sum((1, 2, 3)).float().std() > 50
