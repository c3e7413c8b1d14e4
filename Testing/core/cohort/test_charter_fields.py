"""Fields of a profile that no single read can show: another value changes what a committee does."""

from contextlib import nullcontext
from datetime import date

import pytest

from committees import FIRST, PD, PR, SECOND, THIRD, SmallCommittee, charter
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cohort.committee.figures import committee_figures
from HCCResponseLib.cohort.committee.reads import Committee, CommitteeRead
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.types import LesionState, TimePointFindings
from HCCResponseLib.review.committee.adjudication import case
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.read.access import Stage
from HCCResponseLib.review.read.lifecycle import stage
from HCCResponseLib.review.read.outcome import outcome
from HCCResponseLib.review.read.records import Action, Decision
from reads import BASELINE, FOLLOW_UP


@pytest.fixture
def under(tmp_path):
    """A small committee under a charter with these fields."""
    made = []

    def committee(**fields):
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(SmallCommittee(folder / "reads.sqlite", charter(folder, **fields)))
        return made[-1]

    yield committee
    for one in made:
        one.store.close()


@pytest.mark.parametrize(("paradigm", "finished"), [("single", True), ("double-with-adjudication", False)])
def test_read_paradigm_says_how_many_reads_a_subject_needs(under, paradigm, finished):
    committee = under(read_paradigm=paradigm)
    committee.assign("ann", FIRST)
    committee.read("ann", "S1-1", PR)
    assert case(committee.store, "S1").finished is finished


@pytest.mark.parametrize(
    ("order", "found"), [("sequential-locked", Stage.WAITING), ("simultaneous", Stage.OPEN)]
)
def test_read_order_says_which_time_points_are_open(under, order, found):
    committee = under(read_order=order)
    committee.assign("ann", FIRST)
    assert stage(committee.open("ann", "S1-1")[1], FOLLOW_UP) is found


def test_evaluator_streams_are_the_places_of_a_committee(under):
    committee = under(evaluator_streams="[LEFT, RIGHT]")
    assert committee.assign("ann", "LEFT").stream == "LEFT"
    with pytest.raises(InputError, match="no stream 'RADIOLOGIST 1'"):
        committee.assign("bob", FIRST)


@pytest.mark.parametrize("variable", ["best-response", "progression-date"])
def test_adjudication_variables_are_what_readers_may_not_differ_in(under, variable):
    committee = under(adjudication_variables=f"[{variable}]")
    for name, stream, sizes in (("ann", FIRST, PR), ("bob", SECOND, PD)):
        committee.read(name, committee.assign(name, stream).read_id, sizes)
    assert case(committee.store, "S1").differing == (variable,)


def test_adjudication_mode_says_whether_the_adjudicator_reads(under):
    new = under(adjudication_mode="new-read")
    new.assign("ann", FIRST)
    assert new.assign("judge", THIRD).read_id == "S1-2"
    choosing = under(adjudication_mode="choose-one-read")
    choosing.assign("ann", FIRST)
    with pytest.raises(InputError, match="chooses one of the reads"):
        choosing.assign("judge", THIRD)


@pytest.mark.parametrize(("rule", "refused"), [("after-lock", False), ("after-decision", True)])
def test_reason_for_change_says_when_a_changed_decision_needs_one(under, rule, refused):
    committee = under(reason_for_change=rule)
    committee.assign("ann", FIRST)
    store, state = committee.draft()
    changed = Decision("ann", BASELINE, "L1", Action.EDIT, state=LesionState.NOT_EVALUABLE)
    with pytest.raises(InputError, match="needs a reason") if refused else nullcontext():
        decide(store, state, changed)
    assert (state.row(BASELINE, "L1").state is LesionState.NOT_EVALUABLE) is not refused


@pytest.mark.parametrize("asked", [5, 10])
def test_the_re_reads_are_beside_what_the_charter_asks_for(asked):
    profile = load_profile("recist-1.1", {"reread_fraction_percent": asked})
    result = outcome([TimePointFindings("baseline", date(2024, 1, 1))], profile)
    reads = tuple(CommitteeRead("S1", "ann", FIRST, result, repeat=again) for again in (False, True))
    figures = committee_figures(Committee(profile, reads))
    method = next(f.method for f in figures if f.section.startswith("Discordance with the same"))
    assert f"1 of 1 subjects read again, the profile asks for {asked} %" in method
