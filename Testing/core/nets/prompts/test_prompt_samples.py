"""Training samples of the prompt network: tumours that are seen, lines that fit them, the pack that carries them."""

import zipfile

import numpy as np
import pytest

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.nets.prompts import pack as pack_module
from HCCResponseLib.nets.prompts.channels import Shown, prompt_input, side_mm
from HCCResponseLib.nets.prompts.pack import (
    PackedScan,
    ScanFacts,
    cropped,
    kept_patients,
    read_pack,
    write_pack,
)
from HCCResponseLib.nets.prompts.samples import Livers, draw_sample, grown
from HCCResponseLib.nets.prompts.simulate import corrections, faulty, longest_line, sloppy
from HCCResponseLib.nets.prompts.tumours import draw_tumour, paint_tumour
from HCCResponseLib.nets.transplants import RealTumour
from HCCResponseLib.synth.anatomy import Points

SPACING = (3.0, 1.0, 1.0)


def scan(name="a", patient="P1", licence="CC BY 4.0", lesion=False):
    """A round liver of 100 HU, 110 mm wide, in fat; with grain."""
    rng = np.random.default_rng(sum(name.encode()))
    z, y, x = np.ogrid[0:44, 0:140, 0:140]
    away = np.sqrt(((z - 22) * 3.0) ** 2 + (y - 70.0) ** 2 + (x - 70.0) ** 2)
    liver = away < 55
    hu = np.where(liver, 100.0, -100.0) + rng.normal(scale=8, size=liver.shape)
    lesions = ((np.sqrt(((z - 22) * 3.0) ** 2 + (y - 60.0) ** 2 + (x - 60.0) ** 2) < 9) & lesion).astype(
        np.uint8
    )
    hu[lesions > 0] -= 50
    facts = ScanFacts(name, patient, licence, "drawn", SPACING, "mask", lesion)
    return cropped(facts, hu.astype(np.int16), liver, lesions)


def test_a_pack_gives_back_what_went_in(tmp_path):
    scans = [scan("a"), scan("b", "P2", lesion=True)]
    write_pack(tmp_path / "x.pack", scans)
    back = read_pack(tmp_path / "x.pack")
    assert [s.facts for s in back] == [s.facts for s in scans]
    for one, other in zip(back, scans, strict=True):
        assert np.array_equal(one.hu, other.hu)
        assert np.array_equal(one.liver, other.liver)
        assert np.array_equal(one.lesions, other.lesions)
    assert np.abs(back[0].hu % 4).max() == 0
    assert [s.facts.name for s in kept_patients(back, ["P2"])] == ["a"]


def test_a_pack_that_would_be_too_large_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(pack_module, "LARGEST_MIB", 0.001)
    with pytest.raises(InputError, match="at most 0.001 are allowed"):
        write_pack(tmp_path / "x.pack", [scan()])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["cut", "other", "missing"])
def test_a_damaged_pack_is_refused_by_name(tmp_path, damage):
    file = tmp_path / "x.pack"
    write_pack(file, [scan()])
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-2000])
    if damage == "other":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("pack.json", '{"format": "something"}')
    if damage == "missing":
        file.unlink()
    with pytest.raises(InputError, match=r"x\.pack"):
        read_pack(file)


def test_patients_that_the_pack_does_not_hold_cannot_be_left_out():
    with pytest.raises(InputError, match="no patient 'P9'; it holds P1"):
        kept_patients([scan()], ["P9"])
    with pytest.raises(InputError, match="No patient is left"):
        kept_patients([scan()], ["P1"])


def test_a_grown_tumour_differs_from_the_liver_and_stays_in_it():
    one = scan()
    depth, seen = one.depth_mm(), []
    for seed in range(12):
        local = grown(one, depth, 20.0, np.random.default_rng(seed))
        line = longest_line(local.mask, local.spacing, None)
        length = np.linalg.norm((line[1] - line[0]) * local.spacing)
        assert 10 < length < 40, "about as large as asked for"
        around = local.hu[(local.hu > 60) & ~local.mask]
        seen.append(abs(np.median(local.hu[local.mask]) - np.median(around)))
    assert np.median(seen) > 10


def test_half_of_the_larger_tumours_are_real_ones_taken_over():
    one = scan()
    depth = one.depth_mm()
    # A tumour that nobody would paint: 400 HU brighter than the liver.
    real = (
        RealTumour(np.full((9, 25, 25), 400, np.float32), np.ones((9, 25, 25), np.float32), SPACING, 28.0),
    )

    def taken(diameter):
        drawn = [grown(one, depth, diameter, np.random.default_rng(seed), real) for seed in range(30)]
        means = [np.mean(local.hu[local.mask]) for local in drawn if local is not None]
        return len(means), sum(mean > 290 for mean in means)

    count, there = taken(25.0)
    assert 0.2 * count < there < 0.8 * count
    assert taken(9.0)[1] == 0, "a small one would be a smear"
    assert taken(45.0)[1] == 0, "and so would a small one enlarged"


def test_no_part_of_a_tumour_lies_beyond_its_reach():
    rng = np.random.default_rng(4)
    axis = np.arange(-90, 91, 3, dtype=np.float32)
    points = Points(axis[None, None, :], axis[None, :, None], axis[:, None, None])
    away = np.sqrt(points.x**2 + points.y**2 + points.z**2)
    for diameter in (8, 20, 50, 50, 50, 80):
        tumour = draw_tumour(rng, diameter)
        assert away[tumour.radius(points) < 1].max() < tumour.reach() < 3 * diameter + 12


def test_painting_changes_only_what_lies_near_the_tumour():
    rng = np.random.default_rng(5)
    hu = rng.normal(100, 10, (30, 60, 60)).astype(np.float32)
    before, everywhere = hu.copy(), np.ones(hu.shape, bool)
    points = Points(*(a.astype(np.float32) for a in np.ogrid[-15:15, -20:40, -40:20][::-1]))
    tumour = draw_tumour(rng, 14.0)
    mask = paint_tumour(hu, points, tumour, everywhere, 100.0)
    assert (mask == (tumour.radius(points) < 1)).all()
    changed = np.argwhere(hu != before) - (15, 20, 40)
    assert np.linalg.norm(changed, axis=1).max() <= tumour.reach()


def test_the_longest_line_spans_the_mask_on_one_slice():
    mask = np.zeros((5, 40, 40), bool)
    mask[2, 10:14, 5:35] = True
    mask[3, 10:14, 5:15] = True
    line = longest_line(mask, (2.0, 0.5, 0.5), None)
    assert line[0, 0] == line[1, 0] == 2
    assert np.linalg.norm((line[1] - line[0]) * (2.0, 0.5, 0.5)) == pytest.approx(
        np.hypot(29, 3) * 0.5 + 0.5, abs=0.02
    )


def test_careless_lines_stay_on_their_slice_and_within_a_fifth():
    line = np.array([[3.0, 10.0, 10.0], [3.0, 10.0, 50.0]])
    rng = np.random.default_rng(0)
    off = np.array([sloppy(line, (2.0, 0.5, 0.5), rng) - line for _ in range(200)])
    assert (off[..., 0] == 0).all()
    assert np.abs(off * 0.5).max() <= 0.2 * 20.0 + 1e-9
    assert np.abs(off * 0.5).mean() > 0.2


def test_corrections_point_at_what_is_wrong():
    mask = np.zeros((32, 32, 32), bool)
    mask[8:24, 8:24, 8:24] = True
    wrong = mask.copy()
    wrong[8:24, 8:24, 18:24] = False
    wrong[2:7, 10:14, 10:14] = True
    inside, outside = corrections(wrong, mask, 2)
    assert mask[tuple(inside[0].astype(int))] and not wrong[tuple(inside[0].astype(int))]
    assert wrong[tuple(outside[0].astype(int))] and not mask[tuple(outside[0].astype(int))]
    assert corrections(mask, mask, 3) == ([], [])
    assert any((faulty(mask, np.random.default_rng(s)) ^ mask).sum() > 100 for s in range(5))


def test_channels_say_where_line_clicks_and_contour_are():
    hu = np.full((32, 32, 32), 100.0, np.float32)
    prior = np.zeros(hu.shape, bool)
    prior[12:20, 12:20, 12:20] = True
    line = np.array([[16.0, 16.0, 8.0], [16.0, 16.0, 24.0]])
    shown = Shown(line, np.array([[16.0, 16.0, 16.0]]), np.array([[4.0, 4.0, 4.0]]))
    wide, narrow, contour, near, clicks = prompt_input(hu, prior, shown)
    assert wide[0, 0, 0] == pytest.approx(0.25)
    assert np.abs(narrow).max() == 0
    assert contour[16, 16, 16] > 0 > contour[0, 0, 0]
    assert near[16, 16, 12] == 1
    assert near[16, 24, 16] == pytest.approx(0)
    assert clicks[16, 16, 16] == pytest.approx(1, abs=1e-3)
    assert clicks[4, 4, 4] == pytest.approx(-1, abs=1e-3)
    nothing = prompt_input(hu, None, Shown(None, np.zeros((0, 3)), np.zeros((0, 3))))
    assert np.abs(nothing[2:]).max() == 0


def test_the_cube_is_a_multiple_of_the_line_within_bounds():
    assert side_mm(40.0) == pytest.approx(88.0)
    assert side_mm(5.0) == 28.0
    assert side_mm(400.0) == 360.0
    assert side_mm(None) == 110.0


def test_samples_are_drawn_from_real_and_grown_lesions_alike():
    livers = Livers.of([scan("a"), scan("b", "P2", lesion=True)])
    assert livers.with_lesions == (1,)
    kinds = []
    for seed in range(8):
        image, mask = draw_sample(livers, np.random.default_rng(seed), 32)
        assert image.shape == (5, 32, 32, 32)
        assert image.dtype == np.float32
        assert np.isfinite(image).all()
        assert 0 < mask.sum() < 0.6 * mask.size
        kinds.append((bool(image[2].any()), bool(image[3].any())))
    assert len(set(kinds)) > 1
    again = draw_sample(livers, np.random.default_rng(3), 32)
    assert np.array_equal(again[0], draw_sample(livers, np.random.default_rng(3), 32)[0])


def test_a_pack_without_liver_is_refused():
    empty = np.zeros((4, 8, 8), bool)
    facts = ScanFacts("none", "P", "CC0", "drawn", SPACING, "mask", False)
    with pytest.raises(InputError, match="Scan 'none' shows no liver"):
        cropped(facts, np.zeros(empty.shape, np.int16), empty, empty.astype(np.uint8))
    assert isinstance(scan(), PackedScan)
