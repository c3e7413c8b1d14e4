"""People at the same time, on both databases: nothing is counted once that happened twice, no lock is passed."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from committees import FIRST, SECOND, SmallCommittee
from HCCResponseLib.base.errors import AccessError, InputError, SignInError, StorageError
from HCCResponseLib.review.committee.adjudication import adjudicate, case
from HCCResponseLib.review.committee.worklist import assignments
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.state import read_life
from HCCResponseLib.review.signing.audit import verify
from HCCResponseLib.review.signing.signing import sign_and_lock
from reads import BASELINE, FOLLOW_UP


@pytest.fixture
def committee(where):
    made = SmallCommittee(where)
    yield made
    made.store.close()


def outcomes(work, arguments):
    """What each of several calls at the same time came to: its result, or its error."""

    def guarded(argument):
        try:
            return work(argument)
        except (AccessError, InputError, SignInError, StorageError) as problem:
            return problem

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(guarded, arguments))


def test_guesses_in_parallel_are_counted_one_by_one(committee):
    found = outcomes(lambda n: committee.people.authenticate("ann", f"guess {n}"), range(8))
    assert all(isinstance(f, SignInError) for f in found)
    actions = [e.action for e in committee.store.events()]
    assert actions.count("sign-in-failed") == 5
    assert actions.count("locked-out") == 1
    assert actions.count("sign-in-refused") == 3


def test_one_subject_is_assigned_once(committee):
    found = outcomes(lambda name: committee.assign(name, FIRST), ["ann", "bob"])
    assert sum(isinstance(f, InputError) for f in found) == 1
    assert len(assignments(committee.store)) == 1


def test_a_decision_never_slips_behind_a_signature(committee):
    committee.assign("ann", FIRST)
    committee.draft()
    signing, deciding = committee.open("ann", "S1-1"), committee.open("ann", "S1-1")
    change = Decision("ann", BASELINE, "L1", Action.REJECT, reason="cyst")
    works = [
        lambda: sign_and_lock(*signing, committee.people, committee.credentials("ann"), BASELINE),
        lambda: decide(*deciding, change),
    ]
    found = outcomes(lambda n: works[n](), [0, 1])
    assert sum(isinstance(f, (AccessError, StorageError)) for f in found) == 1
    actions = [e.action for e in signing[0].events()]
    assert "signed" not in actions or "decision" not in actions[actions.index("signed") :]
    assert verify(committee.store).problem == ""


def test_the_whole_way_on_either_database(committee):
    for name, stream, last in (("ann", FIRST, 20), ("bob", SECOND, 60)):
        committee.read(name, committee.assign(name, stream).read_id, {BASELINE: 40, FOLLOW_UP: last})
    assert case(committee.store, "S1").needs_adjudication
    chosen = ("S1", "S1-1", "shrinks")
    judge = committee.credentials("judge")
    found = outcomes(lambda _: adjudicate(committee.store, committee.people, judge, *chosen), [0, 1])
    assert sum(isinstance(f, InputError) for f in found) == 1
    assert case(committee.store, "S1").accepted == "S1-1"
    assert read_life(committee.store.other("S1-2")).locks.final == "shrinks"
    assert verify(committee.store).problem == ""
    assert verify(committee.store).signatures == 6
