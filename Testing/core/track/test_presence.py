"""Whether a lesion is still there is asked of the tissue, too, and not only of a network."""

import numpy as np
import pytest

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.links import LinkKind, relink
from HCCResponseLib.lesions.warped import WarpedContour
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.track.identity.follow_up import propose_known
from HCCResponseLib.track.identity.matching import KnownLesion
from HCCResponseLib.track.identity.presence import HealthyLiver
from HCCResponseLib.track.registration.trust import LocalTrust
from shapes import ball

GRID = Geometry((40, 90, 90), (2.0, 1.5, 1.5))
CENTRE, RADIUS = (20, 40, 40), 8
SURE = LocalTrust(True, True, 0.5, ())
DOUBT = LocalTrust(False, True, 12.0, ("off by 12 mm",))
LIVER = (
    ball(GRID.size, (20, 45, 45), 19) | ball(GRID.size, (20, 60, 60), 18) | ball(GRID.size, (20, 30, 60), 18)
)
PLACE = Lesion.of(ball(GRID.size, CENTRE, RADIUS))


def scan(painted=None, seed=0):
    """A liver with noise and a vessel; ``painted`` is added within the place."""
    hu = np.where(LIVER, 110.0, 20.0)
    hu[:, 60:63, 50:70] += 60 * LIVER[:, 60:63, 50:70]
    if painted is not None:
        hu[PLACE.box][PLACE.voxels] += painted(np.argwhere(PLACE.voxels))
    noise = np.random.default_rng(seed).normal(0, 12, hu.shape)
    return Volume((hu + noise).astype(np.int16), GRID, "drawn")


def healthy(painted=None, seed=0):
    return HealthyLiver.of(scan(painted, seed), LIVER, [PLACE])


def necrotic(places):
    """Dark centre and bright rim that are liver on average."""
    away = np.linalg.norm(places - places.mean(0), axis=1)
    dark = away < np.median(away)
    return np.where(dark, -40.0, 40.0)


@pytest.mark.parametrize("seed", range(5))
def test_healthy_liver_is_like_liver(seed):
    there = healthy(seed=seed).difference(PLACE, seed)
    assert there.is_like_liver
    assert not there.is_unlike_liver


@pytest.mark.parametrize(
    "painted", [lambda p: -30.0, lambda p: 30.0, necrotic], ids=["dark", "bright", "necrotic"]
)
def test_a_lesion_is_unlike_liver(painted):
    there = healthy(painted).difference(PLACE)
    assert there.is_unlike_liver
    assert there.hu > 15


def test_nothing_is_said_of_a_few_voxels_or_without_liver():
    assert healthy().difference(Lesion.of(ball(GRID.size, CENTRE, 1))) is None
    assert healthy().difference(Lesion.empty(GRID.size)) is None
    assert HealthyLiver.of(scan(), np.zeros(GRID.size, bool), []) is None


def test_a_place_for_which_the_liver_has_no_room_is_not_judged():
    small = ball(GRID.size, (20, 45, 45), 12)
    assert HealthyLiver.of(scan(), small, []).difference(Lesion.of(ball(GRID.size, (20, 45, 45), 15))) is None


def looked_at(painted, drawn, trust=SURE):
    known = {"L1": KnownLesion(WarpedContour(PLACE), float(PLACE.count), trust)}
    probability = np.where(drawn, 0.95, 0.01).astype(np.float32)
    return propose_known("fu", probability, known, GRID, healthy=healthy(painted))


def proposed(painted, drawn, trust=SURE):
    return looked_at(painted, drawn, trust)[1][0]


DRAWN = ball(GRID.size, CENTRE, 6)


def test_what_a_network_draws_in_healthy_liver_has_disappeared_and_needs_a_look():
    row = proposed(None, DRAWN)
    assert row.state is LesionState.DISAPPEARED
    assert row.contour is None
    assert row.needs_a_look
    assert row.evidence["outcome"] == "vanished"
    assert "nothing tells this tissue from the rest of this liver" in row.evidence["remark"]


def test_the_links_say_the_same_and_a_reader_can_give_the_part_back():
    links, (row,) = looked_at(None, DRAWN)
    assert links.of("L1").outcome is LinkKind.VANISHED
    assert links.of("L1").parts == ()
    (loose,) = links.new()
    assert loose.parts == (1,)
    assert loose.outcome is LinkKind.UNCLEAR
    assert loose.evidence["remark"] == row.evidence["remark"]
    back = relink(links, {1: ["L1"]}, "R1")
    assert back.of("L1").outcome is LinkKind.MATCHED
    assert back.new() == ()


def test_the_links_of_what_is_there_stay_as_they_are():
    links, _ = looked_at(lambda p: -30.0, DRAWN)
    assert links.of("L1").outcome is LinkKind.MATCHED
    assert links.new() == ()


def test_a_place_in_doubt_keeps_its_contour():
    assert proposed(None, DRAWN, DOUBT).state is LesionState.MEASURED


def test_what_differs_from_liver_is_measured():
    row = proposed(lambda p: -30.0, DRAWN)
    assert row.state is LesionState.MEASURED
    assert row.evidence["differs_from_liver_hu"] > 15


def test_a_place_that_differs_from_liver_is_not_called_empty():
    nothing = np.zeros(GRID.size, bool)
    row = proposed(lambda p: -30.0, nothing)
    assert row.state is LesionState.NOT_EVALUABLE
    assert "the tissue in its place differs from this liver by" in row.evidence["remark"]
    assert proposed(None, nothing).state is LesionState.DISAPPEARED
