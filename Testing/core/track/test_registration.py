"""Registration of a drawn pair: accuracy, where it is not to be trusted, the child process."""

from dataclasses import replace

import numpy as np
import pytest

from HCCResponseLib.base.errors import InputError, JobCancelledError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import Region, Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.synth.anatomy import Points
from HCCResponseLib.synth.course import CourseKind, VisitPlan, make_course
from HCCResponseLib.synth.render import Motion
from HCCResponseLib.track.registration.child import ChildRegistrar
from HCCResponseLib.track.registration.deform import Channels, cycle_error, deform, jacobian
from HCCResponseLib.track.registration.register import Scan, carry_contours, register_scans

FIRST = VisitPlan(Motion(), (6.0, 4.0, 4.0), (-165.0, -120.0, -105.0), (75.0, 120.0, 130.0))
MOTION = Motion(patient_mm=(5, -4, 8), liver_mm=(2, -3, 24), liver_scale=0.94, organs_follow=0.8)
SECOND = VisitPlan(MOTION, (5.0, 4.0, 4.0), (-150.0, -120.0, -90.0), (90.0, 120.0, 150.0))


@pytest.fixture(scope="module")
def visits():
    wanted = [(CourseKind.SHRINKS, 40.0), (CourseKind.STABLE, 24.0), (CourseKind.VANISHES, 18.0)]
    return make_course(4, wanted, [FIRST, SECOND]).visits


def scan(visit, lesions=False):
    grid = visit.volume.geometry
    drawn = Region(visit.labels > 0, grid) if lesions else None
    return Scan(visit.volume, Region(visit.liver, grid), drawn)


@pytest.fixture(scope="module")
def found(visits):
    return ChildRegistrar()(scan(visits[0], True), scan(visits[1]))


def test_liver_points_land_where_they_truly_were(found, visits):
    grid = visits[1].volume.geometry
    points = grid.index_to_lps(np.argwhere(visits[1].liver)[::501])
    p = points.astype(np.float32)
    motion = visits[1].motion
    true = motion.material(motion.body(Points(p[:, 0], p[:, 1], p[:, 2])))
    off = [
        np.linalg.norm(found.to_baseline(q) - (x, y, z))
        for q, x, y, z in zip(points, true.x, true.y, true.z, strict=True)
    ]
    assert np.median(off) < 4.0
    assert np.percentile(off, 95) < 8.0
    assert found.trustworthy
    assert found.quality.liver_overlap > 0.95
    assert found.quality.folding == 0
    assert all(found.place(q).trustworthy for q in points[::20])


def test_there_and_back_is_the_same_point(found, visits):
    point = visits[0].volume.geometry.index_to_lps(np.argwhere(visits[0].labels == 1).mean(0))
    assert np.allclose(found.to_baseline(found.to_follow_up(point)), point, atol=1e-3)


def test_a_tumour_that_shrinks_is_not_registered_away(found, visits):
    before, after = visits
    first, second = before.volume.geometry, after.volume.geometry
    carried = carry_contours({"L1": Lesion.of(before.labels == 1)}, first, second, found)["L1"].lesion
    was = (before.labels == 1).sum() * first.voxel_volume_mm3
    now = (after.labels == 1).sum() * second.voxel_volume_mm3
    assert now < 0.4 * was
    assert carried.count * second.voxel_volume_mm3 > 0.7 * was


def test_the_child_process_gives_what_the_function_gives(found, visits):
    here = register_scans(scan(visits[0], True), scan(visits[1]))
    assert np.array_equal(here.field, found.field)
    assert here.quality == found.quality
    assert np.array_equal(here.to_baseline((0, 0, 0)), found.to_baseline((0, 0, 0)))


def test_places_outside_a_scan_are_said(found):
    assert "not imaged at baseline" in " ".join(found.place((0.0, 0.0, 500.0)).reasons)
    outside = found.place((-60.0, 0.0, 300.0))
    assert not outside.trustworthy
    assert not outside.imaged


@pytest.mark.slow
def test_a_mirrored_follow_up_is_said(visits):
    def mirrored(array):
        return np.ascontiguousarray(array[:, :, ::-1])

    volume = visits[1].volume
    other = replace(volume, hu=mirrored(volume.hu))
    found = register_scans(
        scan(visits[0], True), Scan(other, Region(mirrored(visits[1].liver), volume.geometry))
    )
    assert not found.trustworthy
    assert any("mirrored" in remark for remark in found.quality.remarks)


def test_a_follow_up_without_a_liver_is_said(visits):
    plan = VisitPlan(Motion(), (6.0, 4.0, 4.0), (-165.0, -120.0, -420.0), (75.0, 120.0, -180.0))
    far = make_course(4, [(CourseKind.STABLE, 24.0)], [plan]).visits[0]
    found = register_scans(scan(visits[0], True), scan(far))
    assert not found.trustworthy
    assert "No liver was found in the follow-up" in found.quality.remarks[0]


def test_an_empty_follow_up_is_refused_across_the_process(visits):
    grid = Geometry((20, 20, 20), (5.0, 5.0, 5.0))
    air = Volume(np.full(grid.size, -1000, np.int16), grid, "air.nrrd")
    with pytest.raises(InputError, match=r"air\.nrrd' shows no body"):
        ChildRegistrar()(scan(visits[0]), Scan(air))


def test_cancel_ends_the_child(visits):
    with pytest.raises(JobCancelledError):
        ChildRegistrar(cancelled=lambda: True)(scan(visits[0]), scan(visits[1]))


def test_demons_undo_a_known_shift():
    axes = np.meshgrid(*(np.arange(32),) * 3, indexing="ij")
    blob = [np.exp(-sum((a - c) ** 2 for a, c in zip(axes, centre, strict=True)) / 60) for centre in
            ((16, 16, 16), (16, 16, 18.5))]  # fmt: skip
    ones = np.ones((1, 32, 32, 32), np.float32)
    fixed, moving = (Channels(b[None].astype(np.float32) * 3, ones) for b in blob)
    field = deform(fixed, moving)
    assert field[2, 16, 16, 16] == pytest.approx(2.5, abs=0.6)
    assert abs(field[0, 16, 16, 16]) < 0.3
    assert (jacobian(field) > 0).all()
    assert cycle_error(field, deform(moving, fixed))[16, 16, 16] < 0.7


def test_a_field_that_folds_is_seen():
    field = np.zeros((3, 8, 8, 8), np.float32)
    field[2] = -2.0 * np.arange(8)
    assert (jacobian(field) < 0).all()
