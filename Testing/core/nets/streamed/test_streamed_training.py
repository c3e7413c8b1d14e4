"""Training on a stream of samples: it learns, it goes on from its checkpoint, it ends in time."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.nets.prompts.network import PromptNetwork
from HCCResponseLib.nets.prompts.pack import ScanFacts, cropped
from HCCResponseLib.nets.prompts.samples import VARIATION, Livers, PromptSource
from HCCResponseLib.nets.streamed.samples import Stream
from HCCResponseLib.nets.streamed.training import StreamPlan, train_on_stream

PLAN = StreamPlan(
    PromptNetwork((4, 8, 8), 32).config(), steps=12, batch=2, learning_rate=5e-3, warm_up=2, seed=1
)


def _train(plan, livers, report, checkpoint=None, workers=0, every_s=60.0):
    return train_on_stream(
        plan, PromptSource(livers, 32), VARIATION, report, checkpoint, workers=workers, every_s=every_s
    )


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
        _train(PLAN, livers, stop, checkpoint, workers=0, every_s=0.0)
    seen = []
    done = _train(PLAN, livers, lambda s: seen.append(s.step), checkpoint, workers=0)
    assert seen == list(range(5, 13))
    assert done.step == 12
    assert np.mean(done.losses[-3:]) < np.mean(done.losses[:3])
    assert done.seconds > 0
    assert not done.averaged.training


def test_a_time_limit_ends_it(livers):
    done = _train(replace(PLAN, steps=10_000, minutes=0.02), livers, lambda _: None, workers=0)
    assert 1 <= done.step < 10_000


def test_same_seed_same_weights(livers):
    one, other = (
        _train(replace(PLAN, steps=2), livers, lambda _: None, workers=0).network.state_dict()
        for _ in range(2)
    )
    assert all(torch.equal(one[k], other[k]) for k in one)


def test_a_checkpoint_of_another_plan_or_a_damaged_one_is_refused(livers, tmp_path):
    checkpoint = tmp_path / "c.pt"
    _train(replace(PLAN, steps=1), livers, lambda _: None, checkpoint, workers=0)
    with pytest.raises(ModelError, match="with another batch, seed"):
        _train(replace(PLAN, batch=3, seed=9), livers, lambda _: None, checkpoint, workers=0)
    checkpoint.write_bytes(b"no checkpoint")
    with pytest.raises(ModelError, match=r"c\.pt' cannot be read"):
        _train(PLAN, livers, lambda _: None, checkpoint, workers=0)


class _Broken:
    def samples(self, rng):
        yield np.zeros((1, 4, 4, 4), np.float32), np.zeros((4, 4, 4), np.int64)
        raise ValueError("no more scans")


class _Numbered:
    """Every sample is full of its own number."""

    def samples(self, rng):
        number = 0
        while True:
            yield np.full((1, 4, 4, 4), number, np.float32), np.full((4, 4, 4), number % 3, np.int64)
            number += 1


def test_other_processes_draw_and_the_last_samples_are_kept():
    stream = Stream(_Numbered(), (1, 0), batch=2, workers=1, kept=8, device="cpu")
    seen, end = set(), time.monotonic() + 60
    while len(seen) <= 8:
        assert time.monotonic() < end
        image, target = stream.take()
        assert image.shape == (2, 1, 4, 4, 4)
        assert (target[:, 0, 0, 0] == image[:, 0, 0, 0, 0] % 3).all()
        newest = stream.drawn - 1
        values = {int(v) for v in image[:, 0, 0, 0, 0]}
        assert all(newest - 8 < v <= newest for v in values)
        seen |= values


def test_a_slow_network_uses_every_sample_twice():
    stream = Stream(_Numbered(), (1, 0), batch=2, workers=1, kept=64, device="cpu")
    stream.take()
    end = time.monotonic() + 60
    while stream._waiting.qsize() < 10:  # as many as it would take if nothing held it back
        assert time.monotonic() < end
        time.sleep(0.01)
    for _ in range(19):
        stream.take()
    assert 2 * stream.drawn <= 40 + 2 * 4  # four are handed over at a time
    assert stream.drawn >= 16


def test_what_goes_wrong_in_another_process_ends_the_training():
    stream = Stream(_Broken(), (1, 0), batch=1, workers=1, kept=8, device="cpu")
    with pytest.raises(ValueError, match="no more scans"):
        for _ in range(50):
            stream.take()


def test_a_training_with_other_processes_learns(livers):
    done = _train(replace(PLAN, kept=16), livers, lambda _: None, workers=1)
    assert done.step == 12
    assert done.drawn >= 2


def test_it_goes_on_from_other_weights(livers):
    before = _train(replace(PLAN, steps=4), livers, lambda _: None).network
    source = PromptSource(livers, 32)
    still = replace(PLAN, steps=1, learning_rate=1e-9)
    after = train_on_stream(still, source, VARIATION, lambda _: None, workers=0, start=before)
    for name, value in after.network.state_dict().items():
        assert torch.allclose(value, before.state_dict()[name], atol=1e-6)
