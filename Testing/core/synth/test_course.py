"""Drawn courses over several visits: deterministic, and what was asked for is in the voxels."""

import numpy as np
import pytest

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.evaluation.tracking.cases import (
    DEVELOPMENT_SEED,
    HELD_OUT_SEED,
    PairKind,
    baseline_lesions,
    draw_case,
    truth_of,
)
from HCCResponseLib.nets.pool import FIRST_TRAINING_SEED
from HCCResponseLib.synth.anatomy import Points
from HCCResponseLib.synth.course import CourseKind, draw_plans, make_course
from HCCResponseLib.track.identity.components import carried_parts

WANTED = [
    (CourseKind.STABLE, 16.0), (CourseKind.SPLITS, 36.0), (CourseKind.MERGES, 18.0),
    (CourseKind.VANISHES, 14.0), (CourseKind.NEW, 15.0), (CourseKind.RETURNS, 14.0),
]  # fmt: skip


@pytest.fixture(scope="module")
def subject():
    return make_course(50_101, WANTED, draw_plans(np.random.default_rng(3), 3))


def identities(subject, visit):
    scan = subject.visits[visit]
    parts = carried_parts(scan.labels > 0, scan.volume.geometry.spacing)
    truth = truth_of(subject, list(baseline_lesions(subject)), scan, parts)
    return sorted(sorted(names) for names in truth.names_of.values())


def test_what_was_asked_for_is_in_the_voxels(subject):
    assert identities(subject, 0) == [["L1"], ["L2"], ["L3a"], ["L3b"], ["L4"], ["L6"]]
    assert identities(subject, 1) == [["L1"], ["L2"], ["L2"], ["L3a", "L3b"], ["N5"]]
    assert identities(subject, 2) == [["L1"], ["L2"], ["L2"], ["L3a", "L3b"], ["L6"], ["N5"]]


def test_same_seed_same_voxels(subject):
    again = make_course(50_101, WANTED, draw_plans(np.random.default_rng(3), 3))
    for a, b in zip(subject.visits, again.visits, strict=True):
        assert np.array_equal(a.volume.hu, b.volume.hu)
        assert np.array_equal(a.labels, b.labels)


def test_the_liver_breathes_and_every_lesion_stays_in_it(subject):
    grids = [v.volume.geometry for v in subject.visits]
    assert grids[0].size != grids[1].size
    for visit in subject.visits:
        assert visit.liver[visit.labels > 0].all()
    volumes = [v.liver.sum() * g.voxel_volume_mm3 for v, g in zip(subject.visits, grids, strict=True)]
    scale = subject.visits[1].motion.liver_scale
    assert volumes[1] / volumes[0] == pytest.approx(scale**3, abs=0.1)


def test_too_many_lesions_are_refused():
    plans = draw_plans(np.random.default_rng(0))
    with pytest.raises(InputError, match="No room in the phantom's liver"):
        make_course(1, [(CourseKind.GROWS, 90.0)] * 5, plans)


def test_benchmark_development_and_training_seeds_are_apart():
    assert DEVELOPMENT_SEED + 10_000 <= HELD_OUT_SEED
    assert HELD_OUT_SEED + 10_000 <= FIRST_TRAINING_SEED


def test_a_resected_liver_ends_at_the_plane_and_the_rest_stays():
    whole, cut = (draw_case(50_102, kind).visits[1] for kind in (PairKind.ORDINARY, PairKind.RESECTED))
    assert 0.3 < cut.liver.sum() / whole.liver.sum() < 0.97
    assert not (cut.liver & ~whole.liver).any()
    (nx, ny, nz), distance = cut.motion.resected
    grid = cut.volume.geometry
    x, y, z = grid.index_to_lps(np.argwhere(cut.liver)[::97]).astype(np.float32).T
    there = cut.motion.material(cut.motion.body(Points(x, y, z)))
    cx, cy, cz = cut.motion.liver_centre
    assert (nx * (there.x - cx) + ny * (there.y - cy) + nz * (there.z - cz)).max() < distance


def test_a_fresh_texture_changes_the_follow_up_only():
    same, fresh = (draw_case(50_102, fresh_texture=one) for one in (False, True))
    np.testing.assert_array_equal(same.visits[0].volume.hu, fresh.visits[0].volume.hu)
    np.testing.assert_array_equal(same.visits[1].liver, fresh.visits[1].liver)
    assert (same.visits[1].volume.hu != fresh.visits[1].volume.hu).mean() > 0.3


def test_strong_motion_is_more_of_the_same():
    plain, strong = (draw_plans(np.random.default_rng(3), strength=s)[1].motion for s in (1.0, 1.6))
    assert strong.liver_mm[2] == pytest.approx(1.6 * plain.liver_mm[2])
    assert strong.liver_scale < plain.liver_scale
