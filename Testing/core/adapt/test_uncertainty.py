"""Stopping by uncertainty: what it looks at, what it keeps, and that nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from HCCResponseLib.adapt.copies import cut_surroundings
from HCCResponseLib.adapt.idol import adapt
from HCCResponseLib.adapt.recipe import CHUN2026, MOON2026
from HCCResponseLib.adapt.uncertainty import LeastUncertain, voxel_uncertainty
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.jobs import ignore_progress
from HCCResponseLib.evaluation.adaptation.methods import METHODS
from HCCResponseLib.imaging.volumes import LabelMap
from HCCResponseLib.nets.precision import TrainingDevice
from small import WORKING, small_subject, tiny_model

CPU = TrainingDevice("cpu", False)
SHORT = replace(CHUN2026, steps=20, patch=16, crop_room=0, learning_rate=1e-2)


@pytest.fixture(scope="module")
def cases():
    point = small_subject().timepoints[0]
    labels = LabelMap((point.lesions.labels == 1).astype(np.uint8), point.volume.geometry)
    return cut_surroundings(point.volume, labels, WORKING, SHORT)


@pytest.fixture
def base(tmp_path):
    return tiny_model(tmp_path / "m.pt").network


@pytest.fixture
def unseen():
    return [np.random.default_rng(0).uniform(-1, 1, (1, 16, 16, 16)).astype(np.float32)]


def test_it_is_measured_without_leaving_a_trace(base, unseen):
    base.eval()
    image = torch.from_numpy(np.concatenate([unseen[0], np.zeros_like(unseen[0])]))[None]
    with torch.inference_mode():
        before = base(image)
    torch.manual_seed(5)
    wanted = torch.rand(1)
    torch.manual_seed(5)
    value = voxel_uncertainty(base, unseen, 1, CPU)
    assert torch.equal(torch.rand(1), wanted)
    assert value > 0
    assert value == voxel_uncertainty(base, unseen, 1, CPU)
    assert value != voxel_uncertainty(base, unseen, 2, CPU)
    with torch.inference_mode():
        assert torch.equal(base.eval()(image), before)


def test_a_network_that_sees_nothing_is_not_sure(base, unseen):
    with torch.no_grad():
        base.head.weight[-1] = 0.0
        base.head.bias[-1] = -50.0
    assert voxel_uncertainty(base, unseen, 1, CPU) == float("inf")


def test_the_least_uncertain_weights_come_back(base, unseen, monkeypatch):
    found = iter([0.5, 0.2, 0.9])
    monkeypatch.setattr("HCCResponseLib.adapt.uncertainty.voxel_uncertainty", lambda *_: next(found))
    watch = LeastUncertain(unseen, 30, 0, CPU)
    for step in range(1, 10):
        with torch.no_grad():
            base.head.bias.fill_(step)
        watch.look(base, step)
    assert watch.values == {3: 0.5, 6: 0.2, 9: 0.9}
    assert watch.best_step == 6
    watch.restore(base)
    assert (base.head.bias == 6).all()


def test_an_adaptation_stops_there_and_learns_as_the_published_one_until_then(base, cases, unseen):
    done = adapt(base, cases, SHORT, 0, ignore_progress, unseen=unseen)
    assert done.best_step in range(2, 21, 2)
    published = replace(MOON2026, steps=20, patch=16, crop_room=0, learning_rate=1e-2)
    last = adapt(base, cases, published, 0, ignore_progress)
    same = all(
        torch.equal(a, b)
        for a, b in zip(done.network.state_dict().values(), last.network.state_dict().values(), strict=True)
    )
    assert same == (done.best_step == 20)


def test_it_needs_the_image_that_is_to_be_contoured(base, cases):
    with pytest.raises(InputError, match="'chun2026' chooses its weights on the image"):
        adapt(base, cases, SHORT, 0, ignore_progress)


def test_it_is_a_method_and_older_results_stay_good():
    assert METHODS["uncertain"].as_dict()["recipe"]["keep_certain"] is True
    assert "keep_certain" not in METHODS["faithful"].as_dict()["recipe"]
