"""Adaptation: treated copies, determinism, which weights are kept, and a child that leaves nothing when cancelled."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from HCCResponseLib.adapt.copies import cut_surroundings, draw_copy
from HCCResponseLib.adapt.idol import adapt
from HCCResponseLib.adapt.recipe import MOON2026, QUICK, recipe_named
from HCCResponseLib.adapt.request import WORKER, AcceptedContours, AdaptationRequest
from HCCResponseLib.base.errors import InputError, JobCancelledError
from HCCResponseLib.base.jobs import ignore_progress, run_job
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.imaging.reference import ImageReference
from HCCResponseLib.imaging.volumes import LabelMap
from HCCResponseLib.imaging.write import write_label_map, write_volume
from HCCResponseLib.nets.model import load_model
from HCCResponseLib.nets.network import FCD, FCDConfig
from small import WORKING, small_subject, tiny_model

FAST = replace(QUICK, steps=4, patch=16)


@pytest.fixture(scope="module")
def baseline():
    point = small_subject().timepoints[0]
    return point.volume, LabelMap((point.lesions.labels == 1).astype(np.uint8), point.volume.geometry)


@pytest.fixture(scope="module")
def cases(baseline):
    return cut_surroundings(*baseline, WORKING, FAST)


def test_surroundings_hold_the_lesion(cases, baseline):
    (case,) = cases
    assert case.mask.any()
    assert case.distance[case.mask].min() > 0 > case.distance[~case.mask].max()
    volume = case.mask.sum() * np.prod(WORKING.spacing)
    drawn = (baseline[1].labels > 0).sum() * baseline[0].geometry.voxel_volume_mm3
    assert volume == pytest.approx(drawn, rel=0.15)
    assert 60 < case.liver[0] < 150


def test_copies_vary_in_size_and_look(cases):
    rng = np.random.default_rng(0)
    recipe = replace(QUICK, patch=16, treated=0.6, gone=0.08)
    drawn = [draw_copy(cases[0], recipe, rng) for _ in range(60)]
    sizes = np.array([target.sum() for _, target in drawn])
    assert (sizes == 0).any()
    assert sizes.max() > 1.5 * sizes[sizes > 0].min()
    bright = [image[0][target > 0].max() for image, target in drawn if target.any()]
    assert np.mean(np.array(bright) >= 0.99) > 0.15
    assert all(image.shape == (2, 16, 16, 16) and np.abs(image).max() <= 1 for image, _ in drawn)


def test_the_faithful_recipe_neither_deforms_nor_treats(cases):
    rng = np.random.default_rng(0)
    recipe = replace(MOON2026, patch=16)
    image, target = draw_copy(cases[0], recipe, rng)
    assert image.shape[0] == 1
    assert (recipe.steps, recipe.keep_better, recipe.learning_rate) == (350, False, 1e-3)
    assert target.any()


def test_same_seed_same_weights(tmp_path, cases):
    base = tiny_model(tmp_path / "m.pt").network
    recipe = replace(FAST, keep_better=False)
    first, again, other = (adapt(base, cases, recipe, seed, ignore_progress) for seed in (5, 5, 6))
    for a, b in zip(first.network.state_dict().values(), again.network.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    assert first.held_out_dice == again.held_out_dice
    pairs = zip(first.network.parameters(), other.network.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in pairs)


def test_the_base_stays_as_it_is(tmp_path, cases):
    base = tiny_model(tmp_path / "m.pt").network
    before = [p.clone() for p in base.parameters()]
    adapt(base, cases, FAST, 0, ignore_progress)
    assert all(torch.equal(a, b) for a, b in zip(before, base.parameters(), strict=True))
    assert all(p.requires_grad for p in base.parameters())


def test_the_better_weights_are_kept(tmp_path, cases):
    base = tiny_model(tmp_path / "m.pt").network
    with torch.no_grad():
        base.head.weight[-1] = 0.0
        base.head.bias[-1] = -20.0  # sees no tumour, and one step more does not change that
    done = adapt(base, cases, replace(FAST, steps=1, learning_rate=1e-6), 0, ignore_progress)
    assert done.held_out_dice == (0.0, 0.0)
    assert (done.steps, done.best_step) == (1, 0)
    for a, b in zip(base.state_dict().values(), done.network.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    last = adapt(
        base, cases, replace(FAST, steps=1, learning_rate=1e-6, keep_better=False), 0, ignore_progress
    )
    assert (last.best_step, last.held_out_dice) == (1, ())
    assert any((a != b).any() for a, b in zip(base.parameters(), last.network.parameters(), strict=True))


@pytest.mark.parametrize("steps", [20, 36])
def test_any_number_of_steps_is_taken_whole_and_judged_at_its_end(tmp_path, cases, steps):
    base = tiny_model(tmp_path / "m.pt").network
    stages = []
    done = adapt(
        base, cases, replace(FAST, steps=steps, learning_rate=1e-2), 0, lambda p: stages.append(p.stage)
    )
    assert len(stages) == done.steps == steps
    assert len(done.held_out_dice) == 2
    assert done.held_out_dice[1] > done.held_out_dice[0]
    assert done.best_step == steps


def test_learning_happens(tmp_path, cases):
    base = tiny_model(tmp_path / "m.pt").network
    done = adapt(base, cases, replace(FAST, steps=60, learning_rate=1e-2), 0, ignore_progress)
    before, after = done.held_out_dice
    assert after > before + 0.2
    assert done.best_step == done.steps == 60
    changed = {
        n
        for (n, a), b in zip(base.named_parameters(), done.network.parameters(), strict=True)
        if (a != b).any()
    }
    assert changed == {n for n, _ in base.named_parameters()}, "all layers learn"


def test_reduced_precision_keeps_weights_in_single_precision(tmp_path, cases):
    base = tiny_model(tmp_path / "m.pt").network
    done = adapt(base, cases, replace(FAST, precision="bfloat16"), 0, ignore_progress).network
    assert all(p.dtype == torch.float32 and bool(torch.isfinite(p).all()) for p in done.parameters())


def test_what_cannot_be_adapted_is_refused(cases):
    one = FCD(FCDConfig(in_channels=1, blocks=(1, 1), growth=2, first=2))
    with pytest.raises(InputError, match="no channel for it"):
        adapt(one, cases, FAST, 0, ignore_progress)
    with pytest.raises(InputError, match="no accepted lesion"):
        adapt(one, [], FAST, 0, ignore_progress)
    with pytest.raises(InputError, match="no recipe 'slow'; known are quick, moon2026"):
        recipe_named("slow")


def request(tmp_path, baseline, **more):
    image, contour = baseline
    write_volume(image, tmp_path / "ct.nrrd")
    write_label_map(contour, tmp_path / "c.nrrd")
    tiny_model(tmp_path / "base.pt")
    visit = AcceptedContours(
        image=ImageReference.of(read_volume(tmp_path / "ct.nrrd")), contour=tmp_path / "c.nrrd"
    )
    values = {
        "visits": (visit,),
        "device": "cpu",
        "output": tmp_path / "out" / "adapted.pt",
        "base": tmp_path / "base.pt",
        "recipe": "quick",
        "steps": 3,
    }
    return AdaptationRequest(**{**values, **more})


def test_the_worker_writes_an_adapted_model(tmp_path, baseline):
    seen = []
    facts = run_job(WORKER, request(tmp_path, baseline), seen.append)
    assert facts["steps"] == 3
    assert facts["recipe"]["name"] == "quick"
    model = load_model(tmp_path / "out" / "adapted.pt", tmp_path / "base.pt")
    assert model.uses_prior
    assert model.sha256 == facts["sha256"]
    assert any(p.stage.endswith("step 2 of 3") for p in seen)
    fractions = [p.fraction for p in seen]
    assert fractions == sorted(fractions)


@pytest.mark.slow
def test_all_accepted_visits_are_learned_from(tmp_path, baseline):
    job = request(tmp_path, baseline)
    alone = run_job(WORKER, job)
    later = replace(baseline[1], labels=np.roll(baseline[1].labels, 3, axis=1))
    write_label_map(later, tmp_path / "later.nrrd")
    more = job.visits[0].model_copy(update={"contour": tmp_path / "later.nrrd"})
    both = run_job(WORKER, job.model_copy(update={"visits": (*job.visits, more)}))
    assert (alone["visits"], both["visits"]) == (1, 2)
    assert both["sha256"] != alone["sha256"]
    gone = ImageReference(path=tmp_path / "none.nrrd", sha256="")
    missing = more.model_copy(update={"image": gone})
    with pytest.raises(InputError, match=r"none\.nrrd"):
        run_job(WORKER, job.model_copy(update={"visits": (*job.visits, missing)}))


def test_an_image_that_was_changed_since_is_refused(tmp_path, baseline):
    job = request(tmp_path, baseline)
    write_volume(replace(baseline[0], hu=baseline[0].hu + np.int16(1)), tmp_path / "ct.nrrd")
    with pytest.raises(InputError, match=r"ct\.nrrd' was changed while it was being worked on"):
        run_job(WORKER, job)
    assert not (tmp_path / "out").exists()


def test_a_request_with_an_unknown_key_is_refused(tmp_path, baseline):
    class Misspelt(AdaptationRequest):
        step: int = 3

    job = Misspelt(**dict(request(tmp_path, baseline)))
    with pytest.raises(InputError, match="cannot be started as asked: step: is not known here"):
        run_job(WORKER, job)


def test_a_cancelled_adaptation_leaves_nothing(tmp_path, baseline):
    seen = []
    job = request(tmp_path, baseline, steps=100_000)
    with pytest.raises(JobCancelledError):
        run_job(WORKER, job, seen.append, lambda: len(seen) > 2)
    assert not (tmp_path / "out").exists()


def test_the_worker_refuses_a_contour_of_another_grid(tmp_path, baseline):
    job = request(tmp_path, baseline)
    image, contour = baseline
    moved = replace(image.geometry, origin=(0.0, 0.0, 50.0))
    write_label_map(LabelMap(contour.labels, moved), tmp_path / "c.nrrd")
    with pytest.raises(Exception, match="does not lie on image"):
        run_job(WORKER, job)
