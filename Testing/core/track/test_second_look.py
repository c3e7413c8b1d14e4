"""Where a network draws nothing in tissue that is no healthy liver, another one is shown the place."""

import numpy as np
import pytest

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.links import Link, LinkKind
from HCCResponseLib.lesions.warped import WarpedContour
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.track.identity.follow_up import propose_known
from HCCResponseLib.track.identity.matching import KnownLesion
from HCCResponseLib.track.identity.presence import HealthyLiver
from HCCResponseLib.track.identity.rows import Look, known_row
from HCCResponseLib.track.identity.second_look import look_again, short_line
from HCCResponseLib.track.registration.trust import LocalTrust
from shapes import ball

GRID = Geometry((40, 90, 90), (2.0, 1.5, 1.5))
SURE = LocalTrust(True, True, 0.5, ())
DOUBT = LocalTrust(False, True, 12.0, ("off by 12 mm",))
LIVER = (
    ball(GRID.size, (20, 45, 40), 19) | ball(GRID.size, (20, 60, 60), 18) | ball(GRID.size, (20, 30, 60), 18)
)
# Where the lesion was, where it is now, and another lesion beside it.
PLACE = Lesion.of(ball(GRID.size, (20, 40, 40), 7))
TRUE = Lesion.of(ball(GRID.size, (20, 42, 41), 6))
OTHER = Lesion.of(ball(GRID.size, (20, 42, 55), 7))
NOTHING = np.zeros(GRID.size, bool)


def healthy(*lesions, seed=0):
    """A liver with noise and these lesions, 30 HU darker."""
    hu = np.where(LIVER, 110.0, 20.0)
    for one in lesions:
        hu[one.box][one.voxels] -= 30
    hu += np.random.default_rng(seed).normal(0, 10, hu.shape)
    return HealthyLiver.of(Volume(hu.astype(np.int16), GRID, "drawn"), LIVER, [PLACE, OTHER])


class Asked:
    """A second network that gives one answer after the other, the last one again and again."""

    def __init__(self, *answers):
        self.answers, self.lines = answers, []

    def __call__(self, line):
        self.lines.append(line)
        return self.answers[min(len(self.lines), len(self.answers)) - 1]


def looked_at(found, tissue, answer, trust=SURE, names=("L1",)):
    """Links and rows of lesions in ``PLACE`` and ``OTHER``, and what was asked."""
    places = {"L1": PLACE, "L2": OTHER}
    known = {n: KnownLesion(WarpedContour(places[n]), float(places[n].count), trust) for n in names}
    asked = Asked(answer)
    probability = np.where(found, 0.95, 0.01).astype(np.float32)
    links, rows = propose_known("fu", probability, known, GRID, healthy=tissue, again=asked)
    return links, rows, asked.lines


def test_an_overlooked_lesion_is_measured_and_its_reader_is_told_where_from():
    links, (row,), asked = looked_at(NOTHING, healthy(TRUE), TRUE)
    assert len(asked) == 2
    assert row.state is LesionState.MEASURED
    assert row.contour == TRUE
    assert row.origin == "prompt network"
    assert "drew nothing here; another one" in row.evidence["remark"]
    assert row.needs_a_look
    assert links.of("L1").outcome is LinkKind.MATCHED


def test_what_is_too_small_to_measure_says_where_it_comes_from_as_well():
    small = Lesion.of(ball(GRID.size, (20, 42, 41), 1))
    known = {"L1": KnownLesion(WarpedContour(PLACE), float(PLACE.count), SURE)}
    probability = np.full(GRID.size, 0.01, np.float32)
    geometry = Geometry(GRID.size, (1.0, 1.0, 1.0))
    look = Look("fu", geometry, probability, {"L1": small}, {}, again=(small,))
    link = Link("L1", (1,), LinkKind.MATCHED, 0.9, {"registration_trustworthy": True})
    row = known_row(link, known["L1"], look)
    assert row.state is LesionState.TOO_SMALL
    assert row.is_second_look
    assert "another one" in row.evidence["remark"] and "too small to measure" in row.evidence["remark"]


def test_healthy_liver_is_not_looked_at_again():
    _, (row,), asked = looked_at(NOTHING, healthy(), TRUE)
    assert asked == []
    assert row.state is LesionState.DISAPPEARED


def test_what_the_first_network_has_drawn_stays():
    drawn = ball(GRID.size, (20, 42, 41), 4)
    _, (row,), asked = looked_at(drawn, healthy(TRUE), TRUE)
    assert asked == []
    assert row.contour == Lesion.of(drawn)
    assert row.origin == "adapted network"


def test_a_place_in_doubt_is_for_the_reader_alone():
    _, (row,), asked = looked_at(NOTHING, healthy(TRUE), TRUE, DOUBT)
    assert asked == []
    assert row.state is LesionState.NOT_EVALUABLE


def test_nothing_is_asked_where_nobody_can_tell_healthy_liver():
    assert look_again(NOTHING, {"L1": PLACE}, None, GRID, Asked(TRUE)) == {}


@pytest.mark.parametrize(
    "answer",
    [None, Lesion.empty(GRID.size), Lesion.of(ball(GRID.size, (20, 58, 62), 7)), PLACE | Lesion.of(LIVER)],
    ids=["nothing", "empty", "elsewhere", "the whole liver"],
)
def test_an_answer_that_is_not_this_lesion_leaves_the_row_to_its_reader(answer):
    _, (row,), asked = looked_at(NOTHING, healthy(TRUE), answer)
    assert asked
    assert row.state is LesionState.NOT_EVALUABLE
    assert row.contour is None


def test_an_answer_that_reaches_into_another_lesion_does_not_count():
    found = np.array(OTHER.to_mask())
    _, rows, asked = looked_at(found, healthy(TRUE, OTHER), TRUE | OTHER, names=("L1", "L2"))
    assert asked
    assert [row.state for row in rows] == [LesionState.NOT_EVALUABLE, LesionState.MEASURED]
    assert rows[1].contour == OTHER


def test_two_lesions_do_not_get_one_contour():
    both = {"L1": PLACE, "L2": Lesion.of(ball(GRID.size, (20, 44, 42), 7))}
    seen = look_again(NOTHING, both, healthy(TRUE), GRID, Asked(TRUE))
    assert seen == {"L1": TRUE}


def test_the_first_mask_stays_as_it_was():
    found = NOTHING.copy()
    look_again(found, {"L1": PLACE}, healthy(TRUE), GRID, Asked(TRUE))
    assert not found.any()


def test_first_a_short_line_is_shown_and_then_that_of_the_answer():
    smaller = Lesion.of(ball(GRID.size, (20, 42, 41), 4))
    asked = Asked(smaller, TRUE)
    seen = look_again(NOTHING, {"L1": PLACE}, healthy(TRUE), GRID, asked)
    assert seen == {"L1": TRUE}
    first, second = asked.lines
    middle = GRID.index_to_lps((20, 40, 40))
    assert np.allclose(first.middle, middle)
    side = GRID.spacing[2] * PLACE.voxels.shape[2]
    assert first.length_mm == pytest.approx(0.7 * side)
    axis = measure_lesion(smaller, GRID).long_axis
    assert (second.start, second.end) == (axis.start_lps, axis.end_lps)


def test_the_first_answer_stays_where_the_second_line_shows_nothing():
    assert look_again(NOTHING, {"L1": PLACE}, healthy(TRUE), GRID, Asked(TRUE, None)) == {"L1": TRUE}


def test_the_line_runs_along_the_longer_side_in_the_slice():
    flat = np.zeros(GRID.size, bool)
    flat[10:30, 40:60, 50:54] = True
    line = short_line(Lesion.of(flat), GRID)
    along = np.subtract(line.end, line.start)
    assert along[1] == pytest.approx(0.7 * 20 * 1.5)
    assert along[0] == along[2] == 0
    one = np.zeros(GRID.size, bool)
    one[20, 40, 40] = True
    assert short_line(Lesion.of(one), GRID) is None
