"""Names with millimetres on the slice that shows a lesion, and the other visit's contour where it was carried."""

from dataclasses import replace

import numpy as np
import pytest

from HCCResponseLib.presenter.marks import ghosts_on, marks_on
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.read.records import Action, Decision
from reads import BASELINE, FOLLOW_UP, GRID, candidate, lesion, make_read

ON_KEY_SLICE, OFF = (40.0, 40.0, 10.0), (40.0, 40.0, 0.0)


def words(state, at, point=FOLLOW_UP):
    return [mark.words for mark in marks_on(state, point, GRID, at)]


def test_every_outline_of_a_slice_has_its_name_and_millimetres(tmp_path):
    _, state = make_read(
        tmp_path / "r", [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 24), candidate()]
    )
    assert words(state, ON_KEY_SLICE) == ["L1 25.0 x 25.0 mm", "C1? 15.0 x 15.0 mm"]
    assert words(state, OFF) == []
    [mark, _] = marks_on(state, FOLLOW_UP, GRID, ON_KEY_SLICE)
    assert mark.place == pytest.approx((40.0, 28.0, 10.0)), "above the outline"


def test_a_lesion_that_is_gone_is_named_at_its_place_and_what_is_rejected_nowhere(tmp_path):
    gone = replace(lesion(FOLLOW_UP, "L1", None), evidence={"place_lps": [40.0, 40.0, 10.0]})
    store, state = make_read(tmp_path / "r", [lesion(BASELINE, "L1", 40), gone, candidate()])
    assert words(state, ON_KEY_SLICE) == ["L1 gone", "C1? 15.0 x 15.0 mm"]
    decide(store, state, Decision("dr.a", FOLLOW_UP, "C1", Action.DISMISS, reason="vessel"), GRID)
    assert words(state, ON_KEY_SLICE) == ["L1 gone"]
    assert words(state, OFF) == []


@pytest.mark.parametrize(
    ("place", "middle"), [([45.0, 30.0, 15.0], (45.0, 30.0, 15.0)), (None, (40.0, 40.0, 10.0))]
)
def test_a_ghost_lies_where_the_registration_carried_it_else_in_the_same_place(tmp_path, place, middle):
    later = lesion(FOLLOW_UP, "L1", 24)
    if place is not None:
        later = replace(later, evidence={"place_lps": place})
    _, state = make_read(tmp_path / "r", [lesion(BASELINE, "L1", 40), later])
    at = (0.0, 0.0, middle[2])
    [ghost] = ghosts_on(state, FOLLOW_UP, BASELINE, lambda _: GRID, at)
    [curve] = ghost.curves
    assert ghost.words == "L1 baseline"
    assert (curve.min(0) + curve.max(0)) / 2 == pytest.approx(middle, abs=0.01)
    assert np.ptp(curve, axis=0) == pytest.approx((41.0, 41.0, 0.0), abs=0.1)
    back = ghosts_on(state, BASELINE, FOLLOW_UP, lambda _: GRID, (0.0, 0.0, 10.0 - (middle[2] - 10.0)))
    assert [g.words for g in back] == ["L1 follow-up 1"]
    assert ghosts_on(state, FOLLOW_UP, BASELINE, lambda _: GRID, OFF) == []
