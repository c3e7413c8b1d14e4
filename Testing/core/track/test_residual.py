"""The estimated error of a carried place: what it is made of, that it ranks, and what follows from it."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import Region
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.links import LinkKind
from HCCResponseLib.lesions.warped import WarpedContour
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.statistics.rank import area_under_curve
from HCCResponseLib.synth.course import CourseKind, VisitPlan, make_course
from HCCResponseLib.synth.render import Motion
from HCCResponseLib.track.identity.follow_up import propose_known
from HCCResponseLib.track.identity.matching import KnownLesion
from HCCResponseLib.track.registration.files import load_registration, save_registration
from HCCResponseLib.track.registration.register import Scan, register_scans
from HCCResponseLib.track.registration.residual import (
    FIGURES,
    figure_maps,
    fit_model,
    save_model,
    search_margin_mm,
    shipped_model,
)
from HCCResponseLib.track.registration.trust import LocalTrust, Quality, TrustMaps, place_words
from shapes import ball

GRID = Geometry((40, 80, 80), (1.0, 1.0, 1.0))
CENTRE = (20, 40, 40)
FIRST = VisitPlan(Motion(), (6.0, 4.0, 4.0), (-165.0, -120.0, -105.0), (75.0, 120.0, 130.0))
MOTION = Motion(patient_mm=(5, -4, 8), liver_mm=(2, -3, 24), liver_scale=0.94, organs_follow=0.8)
SECOND = VisitPlan(MOTION, (5.0, 4.0, 4.0), (-150.0, -120.0, -90.0), (90.0, 120.0, 150.0))
FINE = Quality(0.9, 0.97, 1.0, 0.0, True)


@pytest.fixture(scope="module")
def pair():
    """The same pair, registered as shipped and with the livers turned by 25 degrees before the tissue is followed."""
    visits = make_course(4, [(CourseKind.STABLE, 24.0)], [FIRST, SECOND], fresh_texture=True).visits
    first, second = (Scan(v.volume, Region(v.liver, v.volume.geometry)) for v in visits)
    wrong = sitk.VersorTransform((1.0, 1.0, 0.0), np.deg2rad(25.0))
    return visits, register_scans(first, second), register_scans(first, second, astray=wrong)


def test_a_liver_turned_within_its_outline_has_a_larger_estimate_and_is_said(pair):
    visits, right, wrong = pair
    points = visits[1].volume.geometry.index_to_lps(np.argwhere(visits[1].liver)[::1499])
    said = [np.array([f.place(p).error_mm for p in points]) for f in (right, wrong)]
    assert wrong.quality.liver_overlap > 0.9
    assert np.median(said[0]) < 6.0
    assert np.median(said[1]) > 1.5 * np.median(said[0])
    assert not any("may be off" in " ".join(right.place(p).reasons) for p in points)
    assert (
        np.mean(["may be off by more than 10 mm" in " ".join(wrong.place(p).reasons) for p in points]) > 0.5
    )


def test_the_figures_survive_the_file(pair, tmp_path):
    save_registration(tmp_path / "found.npz", pair[2])
    again = load_registration(tmp_path / "found.npz")
    np.testing.assert_array_equal(again.maps.figures, pair[2].maps.figures)


def test_figures_of_a_known_field():
    """A shift of all is no error; a stretch of 10 % bends by 0.1 and leaves the middle where the bodies put it."""
    grid = Geometry((11, 11, 11), (4.0, 4.0, 4.0))
    still = sitk.AffineTransform(3)
    moved = sitk.AffineTransform(3)
    moved.SetTranslation((7.0, -3.0, 12.0))
    liver = np.ones(grid.size, bool)
    stretch = np.zeros((3, *grid.size), np.float32)
    stretch[2] = 0.1 * (np.arange(11) - 5)
    cycle = np.full(grid.size, 1.5, np.float32)
    there, over_all, bending, unlike = figure_maps(cycle, stretch, liver, grid, still, moved)
    np.testing.assert_allclose(there, 1.5)
    np.testing.assert_allclose(over_all, 1.5)
    np.testing.assert_allclose(bending, 0.1, atol=1e-5)
    assert unlike[5, 5, 5] == pytest.approx(0.0, abs=1e-3)
    assert unlike[5, 5, 10] == pytest.approx(2.0, abs=1e-3)


def test_a_fit_finds_the_law_that_the_errors_follow(tmp_path):
    rng = np.random.default_rng(3)
    figures = rng.uniform(0.5, 20.0, (4, 4000))
    true = 0.8 * figures[1] ** 0.5 * figures[3] ** 0.3
    model = fit_model(figures, true * np.exp(rng.normal(0, 0.1, 4000)), "drawn")
    assert [model.coefficients[n] for n in FIGURES] == pytest.approx([0, 0.5, 0, 0.3], abs=0.02)
    np.testing.assert_allclose(model.estimate_mm(figures), true, rtol=0.1)
    assert model.within == pytest.approx(np.exp(0.1 * 1.2816), abs=0.02)
    said = model.estimate_mm(figures)[true <= 10.0]
    assert np.mean(said >= model.doubt_mm) == pytest.approx(0.1, abs=0.03)
    save_model(model, tmp_path / "model.json")
    assert '"origin": "drawn"' in (tmp_path / "model.json").read_text(encoding="utf-8")


def test_the_shipped_numbers_name_their_origin_and_no_figure_lowers_the_estimate():
    model = shipped_model()
    assert "seeds 52000 to" in model.origin
    assert set(model.coefficients) == set(FIGURES)
    assert all(value >= 0 for value in model.coefficients.values())


def test_without_liver_masks_nothing_is_estimated():
    flat = np.zeros((5, 5, 5), np.float32)
    words = place_words(FINE, TrustMaps(flat, flat + 1, None), np.array([2.0, 2.0, 2.0]), (True, True))
    assert words.error_mm is None
    assert words.trustworthy
    assert search_margin_mm(None) == 10.0


def test_the_margin_grows_with_the_estimate_within_limits():
    within = shipped_model().within
    assert search_margin_mm(1.0) == 10.0
    assert search_margin_mm(15.0 / within) == pytest.approx(15.0)
    assert search_margin_mm(100.0) == 25.0


def known(error_mm):
    place = Lesion.of(ball(GRID.size, CENTRE, 8))
    return KnownLesion(WarpedContour(place), float(place.count), LocalTrust(True, True, 0.5, (), error_mm))


@pytest.mark.parametrize(
    ("error_mm", "state"), [(1.0, LesionState.DISAPPEARED), (20.0, LesionState.NOT_EVALUABLE)]
)
def test_a_loose_spot_16_mm_away_counts_only_where_the_place_is_that_uncertain(error_mm, state):
    """The fixed margin of 10 mm called the lesion gone in both."""
    loose = ball(GRID.size, (20, 40, 68), 4)
    probability = np.where(loose, 0.95, 0.01).astype(np.float32)
    links, rows = propose_known("fu", probability, {"L1": known(error_mm)}, GRID)
    assert rows[0].state is state
    assert rows[0].evidence["place_error_mm"] == error_mm
    outcome = LinkKind.VANISHED if state is LesionState.DISAPPEARED else LinkKind.UNCLEAR
    assert links.of("L1").outcome is outcome


def test_a_likely_error_of_more_than_10_mm_puts_the_place_in_doubt():
    flat = np.zeros((5, 5, 5), np.float32)
    calm = TrustMaps(flat, flat + 1, None, np.full((4, 5, 5, 5), 0.05, np.float32))
    loud = replace(calm, figures=np.full((4, 5, 5, 5), 40.0, np.float32))
    at = np.array([2.0, 2.0, 2.0])
    assert place_words(FINE, calm, at, (True, True)).trustworthy
    doubt = place_words(FINE, loud, at, (True, True))
    assert not doubt.trustworthy
    assert "off by more than 10 mm" in doubt.reasons[0]


def test_area_under_the_curve():
    assert area_under_curve([1, 2, 3, 4], [False, False, True, True]) == 1.0
    assert area_under_curve([1, 1, 1, 1], [False, True, False, True]) == 0.5
    assert area_under_curve([3, 1, 2], [True, False, True]) == 1.0
    assert area_under_curve([1, 2], [True, True]) is None
