"""Training of the prompt network: it learns, it goes on from its checkpoint, it ends in time."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.nets.prompts.network import PromptNetwork
from HCCResponseLib.nets.prompts.pack import ScanFacts, cropped
from HCCResponseLib.nets.prompts.samples import Livers
from HCCResponseLib.nets.prompts.training import PromptPlan, train_prompts

PLAN = PromptPlan(PromptNetwork((4, 8, 8), 32), steps=12, batch=2, learning_rate=5e-3, warm_up=2, seed=1)


@pytest.fixture(scope="module")
def livers():
    z, y, x = np.ogrid[0:40, 0:80, 0:80]
    liver = ((z - 20) * 2.5) ** 2 + ((y - 40) * 1.5) ** 2 + ((x - 40) * 1.5) ** 2 < 45**2
    hu = np.where(liver, 100, -100) + np.random.default_rng(0).normal(scale=6, size=liver.shape)
    facts = ScanFacts("a", "P1", "CC0", "drawn", (2.5, 1.5, 1.5), "mask", False)
    return Livers.of([cropped(facts, hu.astype(np.int16), liver, np.zeros(liver.shape, np.uint8))])


def test_it_learns_and_goes_on_from_where_it_was_stopped(livers, tmp_path):
    class StoppedError(Exception):
        pass

    def stop(state):
        if state.step == 5:
            raise StoppedError

    checkpoint = tmp_path / "c.pt"
    with pytest.raises(StoppedError):
        train_prompts(PLAN, livers, stop, checkpoint, workers=0, every_s=0.0)
    seen = []
    done = train_prompts(PLAN, livers, lambda s: seen.append(s.step), checkpoint, workers=0)
    assert seen == list(range(5, 13))
    assert done.step == 12
    assert np.mean(done.losses[-3:]) < np.mean(done.losses[:3])
    assert done.seconds > 0
    assert not done.averaged.training


def test_a_time_limit_ends_it(livers):
    done = train_prompts(replace(PLAN, steps=10_000, minutes=0.02), livers, lambda _: None, workers=0)
    assert 1 <= done.step < 10_000


def test_same_seed_same_weights(livers):
    one, other = (
        train_prompts(replace(PLAN, steps=2), livers, lambda _: None, workers=0).network.state_dict()
        for _ in range(2)
    )
    assert all(torch.equal(one[k], other[k]) for k in one)


def test_a_checkpoint_of_another_plan_or_a_damaged_one_is_refused(livers, tmp_path):
    checkpoint = tmp_path / "c.pt"
    train_prompts(replace(PLAN, steps=1), livers, lambda _: None, checkpoint, workers=0)
    with pytest.raises(ModelError, match="with another batch, seed"):
        train_prompts(replace(PLAN, batch=3, seed=9), livers, lambda _: None, checkpoint, workers=0)
    checkpoint.write_bytes(b"no checkpoint")
    with pytest.raises(ModelError, match=r"c\.pt' cannot be read"):
        train_prompts(PLAN, livers, lambda _: None, checkpoint, workers=0)
