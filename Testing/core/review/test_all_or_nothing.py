"""What belongs together is stored together; whoever decides still may, at the moment of writing."""

import copy

import pytest
import yaml

from committees import FIRST, SECOND
from HCCResponseLib.base.errors import AccessError, InputError
from HCCResponseLib.response.types import Response
from HCCResponseLib.review.decisions.decide import accept_all, decide, decide_non_target, undo
from HCCResponseLib.review.decisions.decisions_file import apply_decisions
from HCCResponseLib.review.decisions.reader_rows import add_row, set_site, set_visit
from HCCResponseLib.review.read.facts import Site, Visit
from HCCResponseLib.review.read.records import Action, Decision, NonTargetDecision
from HCCResponseLib.review.read.state import read_state
from HCCResponseLib.review.read.transaction import all_or_nothing
from reads import BASELINE, FOLLOW_UP, GRID, lesion, make_read

MAKES = {
    "decision": lambda store, state: decide(
        store, state, Decision("ann", BASELINE, "L1", Action.REJECT, reason="cyst")
    ),
    "undo": lambda store, state: undo(store, state, "ann"),
    "non-target": lambda store, state: decide_non_target(
        store, state, NonTargetDecision("ann", BASELINE, Response.NE)
    ),
    "row": lambda store, state: add_row(store, state, "ann", BASELINE),
    "site": lambda store, state: set_site(store, state, "ann", "L1", Site("liver", "8")),
    "visit": lambda store, state: set_visit(store, state, "ann", BASELINE, Visit(markers_normal=True)),
}


def test_blanket_acceptance_takes_all_rows_or_none(committee):
    """The follow-up of a read in order still waits, so that its row, the last one, cannot be accepted."""
    committee.assign("ann", FIRST)
    store, state = committee.open("ann", "S1-1")
    for point in (BASELINE, FOLLOW_UP):
        committee.propose(store, state, point, 40)
    before, events = {point: dict(rows) for point, rows in state.rows.items()}, len(store.events())
    with pytest.raises(AccessError, match="'follow-up 1' cannot be changed"):
        accept_all(store, state, "ann")
    assert len(store.events()) == events
    assert state.rows == before
    assert state.decided == []
    assert all(row.decision is None for rows in read_state(store).rows.values() for row in rows.values())


def test_a_decisions_file_leaves_nothing_when_its_last_entry_fails(tmp_path):
    store, state = make_read(
        tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 30)]
    )
    path = tmp_path / "d.yaml"
    entries = [{"time_point": p, "name": "L1", "action": "accept"} for p in (BASELINE, FOLLOW_UP)]
    added = {"time_point": FOLLOW_UP, "name": "N1", "action": "new", "added": True}
    path.write_text(
        yaml.safe_dump(
            {
                "reader": "Dr A",
                "decisions": [*entries, added],
                "sites": [{"name": "L1", "organ": "liver", "segment": "8"}],
                "visits": [{"time_point": FOLLOW_UP, "markers_normal": True}],
                "non_target": [{"time_point": FOLLOW_UP, "response": "NE"}],
                "answers": [{"time_point": FOLLOW_UP, "choice": "cr-was-pr"}],
            }
        )
    )
    before, head = copy.copy(state), store.head()
    rows = {point: dict(known) for point, known in state.rows.items()}
    with pytest.raises(InputError, match="'cr-was-pr' is no answer"):
        apply_decisions(store, state, path, {BASELINE: GRID, FOLLOW_UP: GRID})
    assert store.head() == head
    assert (state.rows, state.locks) == (rows, before.locks)
    assert not (state.sites or state.visits or state.non_target or state.answers or state.decided)
    store.close()


def test_signatures_that_were_taken_in_on_the_way_are_taken_in_again(committee):
    """The state after an error knows neither more nor less than the store."""
    committee.assign("ann", FIRST)
    store, state = committee.draft()
    seen = state.seen
    with pytest.raises(KeyError), all_or_nothing(store, state):
        store.append("ann", "closed", {}, reason="test")
        closed = committee.store.other("S1-1").events()[-1].sequence
        with pytest.raises(AccessError):
            decide(store, state, Decision("ann", BASELINE, "L1", Action.ACCEPT))
        assert state.seen == closed
        raise KeyError
    assert (state.seen, state.locks.final) == (seen, "")
    decide(store, state, Decision("ann", BASELINE, "L1", Action.ACCEPT))


@pytest.mark.parametrize("what", MAKES)
def test_a_reader_whose_account_was_closed_meanwhile_decides_nothing_more(committee, what):
    committee.assign("ann", FIRST)
    store, state = committee.draft()
    committee.people.disable(committee.person("boss"), "ann", "left the trial")
    head = store.head()
    with pytest.raises(AccessError, match="account 'ann' is disabled"):
        MAKES[what](store, state)
    assert store.head() == head
    committee.people.enable(committee.person("boss"), "ann", "came back")
    MAKES[what](store, state)
    assert store.head() != head


@pytest.mark.parametrize("what", MAKES)
def test_a_read_that_was_given_to_somebody_else_meanwhile_takes_no_more(committee, what):
    committee.assign("ann", FIRST)
    committee.assign("bob", SECOND)
    store, state = committee.draft()
    given = next(e for e in store.events() if e.action == "assigned")
    committee.store.other("S1-1").append("boss", "assigned", {**given.payload, "reader": "bob"})
    head = store.head()
    with pytest.raises(AccessError, match="assigned to 'bob'"):
        MAKES[what](store, state)
    assert store.head() == head
