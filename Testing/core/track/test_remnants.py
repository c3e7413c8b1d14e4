"""What is left of a lesion, or lies near its place, is never called nothing (RECIST 1.1, 4.3.2)."""

import numpy as np
import pytest

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.links import LinkKind
from HCCResponseLib.lesions.warped import WarpedContour
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.track.identity.follow_up import propose_known
from HCCResponseLib.track.identity.matching import KnownLesion
from HCCResponseLib.track.registration.trust import LocalTrust
from shapes import ball

GRID = Geometry((40, 80, 80), (1.0, 1.0, 1.0))
SURE = LocalTrust(True, True, 0.5, ())
DOUBT = LocalTrust(False, True, 12.0, ("off by 12 mm",))
CENTRE = (20, 40, 40)


def known(trust=SURE, centre=CENTRE, radius=10):
    place = Lesion.of(ball(GRID.size, centre, radius))
    return KnownLesion(WarpedContour(place), float(place.count), trust)


def proposed(found, lesions=None):
    probability = np.where(found, 0.95, 0.01).astype(np.float32)
    links, rows = propose_known("fu", probability, lesions or {"L1": known()}, GRID)
    return links, {row.name: row for row in rows}


@pytest.mark.parametrize("trust", [SURE, DOUBT])
@pytest.mark.parametrize("radius", [0.5, 1.5, 2.0, 2.3])
def test_a_remnant_in_its_place_is_too_small_and_never_disappeared(trust, radius):
    """From one voxel to 57 mm3; before, each of these was 0 mm and CR instead of 5 mm and PR."""
    rest = ball(GRID.size, CENTRE, radius)
    _, rows = proposed(rest, {"L1": known(trust)})
    assert rows["L1"].state is LesionState.TOO_SMALL
    assert rows["L1"].contour == Lesion.of(rest)
    assert rows["L1"].measurement is None
    assert "too small to measure" in rows["L1"].evidence["remark"]


def test_what_can_be_measured_is_measured():
    _, rows = proposed(ball(GRID.size, CENTRE, 3.0))
    assert rows["L1"].state is LesionState.MEASURED


def test_nothing_in_a_sure_place_has_disappeared_and_in_doubt_it_is_not_evaluable():
    nothing = np.zeros(GRID.size, bool)
    links, rows = proposed(nothing)
    assert links.of("L1").outcome is LinkKind.VANISHED
    assert rows["L1"].state is LesionState.DISAPPEARED
    _, rows = proposed(nothing, {"L1": known(DOUBT)})
    assert rows["L1"].state is LesionState.NOT_EVALUABLE


@pytest.mark.parametrize(("gap", "state"), [(4, LesionState.NOT_EVALUABLE), (25, LesionState.DISAPPEARED)])
def test_a_loose_spot_within_10_mm_of_its_place_leaves_doubt(gap, state):
    links, rows = proposed(ball(GRID.size, (20, 40, 50 + gap), 1.0))
    assert rows["L1"].state is state
    assert ("belong to no lesion" in rows["L1"].evidence.get("remark", "")) == (gap == 4)
    assert (links.of("L1").outcome is LinkKind.UNCLEAR) == (gap == 4)


def test_a_place_that_another_lesion_has_grown_into_is_not_empty():
    lesions = {"L1": known(), "L2": known(centre=(20, 40, 62))}
    links, rows = proposed(ball(GRID.size, (20, 40, 60), 14), lesions)
    assert links.of("L2").parts == (1,)
    assert rows["L1"].state is LesionState.NOT_EVALUABLE
    assert "another lesion's contour" in rows["L1"].evidence["remark"]


def test_a_crumb_beside_the_lesion_itself_makes_no_split():
    found = ball(GRID.size, CENTRE, 5) | ball(GRID.size, (20, 40, 48), 0.5)
    links, rows = proposed(found)
    assert links.of("L1").outcome is LinkKind.MATCHED
    assert rows["L1"].state is LesionState.MEASURED
