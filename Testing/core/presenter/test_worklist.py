"""The rows that wait for the reader, in the order in which they are read, and what is missing with its place."""

from dataclasses import replace

from HCCResponseLib.lesions.proposal import Suggestion
from HCCResponseLib.presenter.view import CellStatus, build_view
from HCCResponseLib.presenter.worklist import Worklist
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.read.records import Action, Decision
from reads import BASELINE, FOLLOW_UP, GRID, candidate, drawn_disc, lesion, make_read

PROFILE = load_profile("recist-1.1")
ROWS = (
    (BASELINE, "L1"),
    (BASELINE, "L2"),
    (FOLLOW_UP, "L1"),
    (FOLLOW_UP, "L2"),
    (FOLLOW_UP, "C1"),
)


def read(tmp_path, *proposals):
    given = proposals or (
        lesion(BASELINE, "L1", 40),
        lesion(BASELINE, "L2", 24),
        candidate(),
        lesion(FOLLOW_UP, "L1", 24),
        lesion(FOLLOW_UP, "L2", 14),
    )
    return make_read(tmp_path / "read.sqlite", list(given))


def say(store, read, point, name, action, **more):
    decide(store, read, Decision("dr.a", point, name, action, **more), GRID)


def test_the_next_row_goes_over_the_visits_and_begins_anew_at_the_end(tmp_path):
    store, state = read(tmp_path)
    assert build_view(state, PROFILE).worklist.rows == ROWS, "lesions stand before candidates"
    say(store, state, BASELINE, "L2", Action.ACCEPT)
    found = build_view(state, PROFILE).worklist
    assert found.words == "1 of 5 decided"
    assert found.beside((BASELINE, "L1")) == (FOLLOW_UP, "L1")
    assert found.beside((FOLLOW_UP, "C1")) == (BASELINE, "L1")
    assert found.beside((FOLLOW_UP, "L1"), back=True) == (BASELINE, "L1")
    assert found.beside((BASELINE, "L1"), back=True) == (FOLLOW_UP, "C1")
    assert found.beside(None) == (BASELINE, "L1")
    assert found.beside((FOLLOW_UP, "L9")) == (FOLLOW_UP, "L1"), "a cell without a row begins its visit"


def test_nothing_waits_when_all_is_decided():
    assert Worklist(ROWS, ()).beside((BASELINE, "L1")) is None
    assert Worklist(ROWS, ()).words == "5 of 5 decided"
    assert Worklist((), ()).words == "No rows yet"


def test_an_unfinished_contour_and_a_candidate_that_is_only_contoured_wait(tmp_path):
    store, state = read(tmp_path)
    say(store, state, BASELINE, "L1", Action.ACCEPT)
    say(store, state, FOLLOW_UP, "C1", Action.EDIT, contour=drawn_disc(16, 20, 20))
    view = build_view(state, PROFILE, frozenset({(BASELINE, "L1")}))
    assert (BASELINE, "L1") in view.worklist.waiting
    assert (FOLLOW_UP, "C1") in view.worklist.waiting


def test_what_is_missing_names_its_row(tmp_path):
    store, state = read(tmp_path)
    for point, name in ROWS[:3]:
        say(store, state, point, name, Action.ACCEPT)
    gaps = build_view(state, PROFILE).gaps
    assert [(g.time_point, g.name) for g in gaps] == [(FOLLOW_UP, "C1"), (FOLLOW_UP, "L2")]
    assert gaps[1].words == "follow-up 1: lesion L2 is not decided."


def cells(state):
    return {
        line.name: [(c.text, c.status) for c in line.cells] for line in build_view(state, PROFILE).lesions
    }


def test_what_cannot_be_there_is_a_dash_and_what_is_missing_is_called_so(tmp_path):
    """Before, all of them were red cells with the word "missing"."""
    store, state = read(
        tmp_path,
        lesion(BASELINE, "L1", 40),
        lesion(BASELINE, "L2", 24),
        lesion(BASELINE, "L3", 20),
        lesion(FOLLOW_UP, "L1", 24),
        candidate(suggestion=Suggestion.NEW),
    )
    say(store, state, FOLLOW_UP, "C1", Action.NEW)
    say(store, state, BASELINE, "L2", Action.REJECT, reason="not a tumour")
    found = cells(state)
    assert found["C1"][0] == ("-", CellStatus.NONE), "a new lesion has no baseline"
    assert found["L2"][1] == ("-", CellStatus.NONE), "what was rejected is not followed"
    assert found["L3"][1] == ("missing", CellStatus.MISSING)


def test_waiting_is_said_as_waiting(tmp_path):
    store, state = read(tmp_path, lesion(BASELINE, "L1", 40))
    view = build_view(state, PROFILE)
    assert cells(state)["L1"][1] == ("-", CellStatus.NONE)
    assert view.lesions[0].cells[1].note == "not proposed yet: decide on the baseline first"
    assert view.time_points[1].waits == "not proposed yet: decide on the baseline first"
    assert view.time_points[0].waits == ""
    say(store, state, BASELINE, "L1", Action.ACCEPT)
    assert build_view(state, PROFILE).time_points[1].waits == "not proposed yet: press Adapt and propose"


def test_a_split_lesion_is_short_where_there_is_little_room(tmp_path):
    store, state = read(tmp_path, lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 24))
    two = drawn_disc(14, 20, 20) | drawn_disc(16, 60, 60)
    say(store, state, FOLLOW_UP, "L1", Action.EDIT, contour=two, state=LesionState.SPLIT)
    cell = build_view(state, PROFILE).lesions[0].cells[1]
    assert cell.short == "32.0 (2 parts)"
    assert cell.text == "17.0 + 15.0 = 32.0 mm"


def test_evidence_comes_in_words_first_and_in_figures_on_demand(tmp_path):
    known = {
        "mean_probability": 0.83,
        "imaged_at_baseline": True,
        "volume_at_baseline_ml": 0.0,
        "hu_against_liver": -31.0,
        "registration_trustworthy": True,
    }
    _, state = read(tmp_path, lesion(BASELINE, "L1", 40), replace(candidate(), evidence=known))
    [line] = build_view(state, PROFILE).candidates
    assert line.evidence == "The network saw nothing in this place at baseline. It is darker than the liver."
    assert not any(c.isdigit() for c in line.evidence)
    assert "probability: 0.83" in line.figures
