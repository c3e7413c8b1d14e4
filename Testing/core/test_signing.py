"""Signing and locking: two components, exactly what was shown, nothing changes afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from HCCResponseLib.errors import AccessError, IncompleteReadError, InputError, SignInError, StorageError
from HCCResponseLib.response.types import Response
from HCCResponseLib.review.access import Role, Stage
from HCCResponseLib.review.category import missing
from HCCResponseLib.review.decide import accept_all, decide, decide_non_target
from HCCResponseLib.review.lifecycle import amend, is_locked, stage
from HCCResponseLib.review.people import People
from HCCResponseLib.review.records import Action, Decision, NonTargetDecision
from HCCResponseLib.review.signatures import Meaning
from HCCResponseLib.review.signing import countersign, first_bad_signature, sign_and_lock
from HCCResponseLib.review.state import read_state
from HCCResponseLib.review.store import ReadStore
from reads import BASELINE, FOLLOW_UP, lesion, make_read

PASSWORD = "quiet river stones"
ME = ("jdoe", PASSWORD)


@pytest.fixture
def people(tmp_path):
    store = ReadStore(tmp_path / "people.sqlite")
    people = People(store)
    people.add("jdoe", "Jane Doe, MD", {Role.READER, Role.MANAGER}, PASSWORD)
    yield people
    store.close()


@pytest.fixture
def read(tmp_path):
    store, state = make_read(
        tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 20)]
    )
    yield store, state
    store.close()


def accept(store, state, point):
    decide(store, state, Decision("jdoe", point, "L1", Action.ACCEPT))


def signed(read, people):
    store, state = read
    for point in (BASELINE, FOLLOW_UP):
        accept(store, state, point)
        sign_and_lock(store, state, people, ME, point)
    return store, state


def test_a_baseline_is_signed_before_the_follow_up_is_decided(read, people):
    store, state = read
    accept(store, state, BASELINE)
    assert missing(state, BASELINE) == []
    assert missing(state) != []
    signature = sign_and_lock(store, state, people, ME, BASELINE)
    assert (signature.signer, signature.printed_name) == ("jdoe", "Jane Doe, MD")
    assert (signature.meaning, signature.category, signature.version) == (Meaning.AUTHORSHIP, None, 1)
    assert signature.reviewed
    assert datetime.now(UTC) - datetime.fromisoformat(signature.utc) < timedelta(minutes=1)
    assert is_locked(state, BASELINE)
    assert stage(state, FOLLOW_UP) is Stage.OPEN
    assert read_state(store).signatures == state.signatures == [signature]


def test_the_signed_category_is_kept(read, people):
    _, state = signed(read, people)
    assert [s.category for s in state.signatures] == [None, "PR"]
    assert float(state.signatures[1].sum) == pytest.approx(20, abs=1)


def test_nothing_of_a_locked_time_point_changes(read, people):
    store, state = signed(read, people)
    events = len(store.events())
    with pytest.raises(AccessError, match="signed and locked"):
        accept(store, state, BASELINE)
    with pytest.raises(AccessError, match="signed and locked"):
        decide_non_target(store, state, NonTargetDecision("jdoe", FOLLOW_UP, Response.PD))
    with pytest.raises(AccessError, match="signed and locked"):
        sign_and_lock(store, state, people, ME, FOLLOW_UP)
    assert accept_all(store, state, "jdoe") == 0
    assert len(store.events()) == events


def test_an_incomplete_time_point_cannot_be_signed(read, people):
    store, state = read
    with pytest.raises(IncompleteReadError, match="baseline: lesion L1 is not decided"):
        sign_and_lock(store, state, people, ME, BASELINE)
    accept(store, state, BASELINE)
    accept(store, state, FOLLOW_UP)
    with pytest.raises(IncompleteReadError, match="sign baseline first"):
        sign_and_lock(store, state, people, ME, FOLLOW_UP)
    with pytest.raises(InputError, match="no time point 'later'"):
        sign_and_lock(store, state, people, ME, "later")
    assert state.signatures == []


def test_a_wrong_password_signs_nothing(read, people):
    store, state = read
    accept(store, state, BASELINE)
    with pytest.raises(SignInError, match="not accepted"):
        sign_and_lock(store, state, people, ("jdoe", "quiet river stone"), BASELINE)
    assert not is_locked(state, BASELINE)


def test_what_changed_behind_the_reader_s_back_is_not_signed(read, people):
    store, state = read
    accept(store, state, BASELINE)
    other = read_state(store)
    decide(store, other, Decision("jdoe", BASELINE, "L1", Action.REJECT, reason="cyst"))
    with pytest.raises(StorageError, match="changed on disk"):
        sign_and_lock(store, state, people, ME, BASELINE)


def test_an_amendment_is_a_new_version(read, people):
    store, state = signed(read, people)
    assert amend(store, state, people, ME, BASELINE, "wrong slice measured") == 2
    assert (stage(state, BASELINE), stage(state, FOLLOW_UP)) == (Stage.REOPENED, Stage.SIGN_AGAIN)
    with pytest.raises(AccessError, match="must be signed again"):
        accept(store, state, FOLLOW_UP)
    decide(store, state, Decision("jdoe", BASELINE, "L1", Action.REJECT, reason="cyst"))
    with pytest.raises(IncompleteReadError, match="sign baseline first"):
        sign_and_lock(store, state, people, ME, FOLLOW_UP)
    sign_and_lock(store, state, people, ME, BASELINE)
    sign_and_lock(store, state, people, ME, FOLLOW_UP)
    assert [s.version for s in state.signatures] == [2, 2]
    assert len(state.locks.signatures) == 4
    assert read_state(store).locks == state.locks
    assert first_bad_signature(store) is None


def test_a_second_person_countersigns(read, people):
    store, state = signed(read, people)
    people.add("chief", "Ann Chief", {Role.ADJUDICATOR}, "warm stone bridges", people.authenticate(*ME))
    with pytest.raises(SignInError, match="please change it"):
        countersign(store, state, people, ("chief", "warm stone bridges"), BASELINE, Meaning.REVIEW)
    people.change_password("chief", "warm stone bridges", "seven green windows")
    chief = ("chief", "seven green windows")
    countersign(store, state, people, chief, BASELINE, Meaning.REVIEW)
    assert [(s.signer, s.meaning) for s in state.signatures if s.time_point == BASELINE] == [
        ("jdoe", "authorship"),
        ("chief", "review"),
    ]
    with pytest.raises(AccessError, match="another role"):
        countersign(store, state, people, ME, BASELINE, Meaning.REVIEW)
    with pytest.raises(InputError, match="authorship is the reader's"):
        countersign(store, state, people, chief, BASELINE, Meaning.AUTHORSHIP)
