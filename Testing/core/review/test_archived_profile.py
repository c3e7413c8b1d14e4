"""The profile stays with the read as it was: a changed or lost file changes nothing, another citation blocks none."""

import os

import pytest

from committees import FIRST, PD, PR, SECOND, SmallCommittee, charter
from HCCResponseLib.base.errors import InputError, ProfileError
from HCCResponseLib.imaging.study import load_study
from HCCResponseLib.response.profiles.load import LATER, load_profile
from HCCResponseLib.review.committee.adjudication import case
from HCCResponseLib.review.committee.assignments import reread
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.read.profile import archived, profile_of
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.session import open_session
from HCCResponseLib.review.read.state import read_state
from HCCResponseLib.review.signing.audit import verify
from HCCResponseLib.review.signing.content import hash_with_sources, values_hash
from HCCResponseLib.review.signing.signing import sign_and_lock
from HCCResponseLib.review.store import blob_key
from reads import BASELINE, FOLLOW_UP, lesion, make_read
from small import small_study


def amended(path, old, new):
    """The charter's file after an amendment."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert old in text
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))


@pytest.fixture
def trial(tmp_path):
    profile = charter(tmp_path, pr_percent="30", read_order="sequential-locked")
    committee = SmallCommittee(tmp_path / "reads.sqlite", profile)
    committee.assign("ann", FIRST)
    committee.assign("bob", SECOND)
    yield committee, profile
    committee.store.close()


def test_a_read_is_signed_under_the_profile_that_it_was_assigned_with(trial):
    """40 to 30 mm is -25 %: SD under the charter of the assignment, PR under the one that came after it."""
    committee, profile = trial
    amended(profile, "pr_percent: {value: 30", "pr_percent: {value: 20")
    store, state = committee.read("ann", "S1-1", {BASELINE: 40, FOLLOW_UP: 30})
    signature = state.signatures[-1]
    assert signature.category == "SD"
    assert profile_of(store, state).pr_percent == 30
    assert signature.profile_sha256 == values_hash(profile_of(store, state)) == state.locks.profile_sha256
    again = reread(committee.store, committee.person("boss"), "S1-1", "sample")
    own = committee.store.other(again.read_id)
    assert profile_of(own, read_state(own)).pr_percent == 30
    assert verify(committee.store).problem == ""


def test_a_lost_profile_file_loses_no_read(trial):
    committee, profile = trial
    committee.read("ann", "S1-1", PR)
    committee.read("bob", "S1-2", PD)
    os.remove(profile)
    assert "best-response" in case(committee.store, "S1").differing
    found = verify(committee.store)
    assert (found.problem, found.notes[1:]) == ("", ())


def test_another_citation_for_the_same_value_blocks_no_signature(trial):
    _, profile = trial
    before = load_profile(profile)
    amended(profile, "source: charter 6", "source: 'charter 6, printed anew'")
    after = load_profile(profile)
    assert hash_with_sources(before) != hash_with_sources(after)
    assert values_hash(before) == values_hash(after)
    amended(profile, "pr_percent: {value: 30", "pr_percent: {value: 25")
    assert values_hash(load_profile(profile)) != values_hash(before)


def test_profiles_are_kept_once_under_their_hash(trial):
    committee, profile = trial
    kept = blob_key(archived(load_profile(profile)))
    for read_id in ("S1-1", "S1-2"):
        (study,) = (e for e in committee.store.other(read_id).events() if e.action == "study")
        assert (study.payload["profile"], study.contours) == (kept, (kept,))


def test_a_read_of_an_earlier_version_goes_by_the_file_and_its_changes_are_refused(tmp_path):
    profile = charter(tmp_path, pr_percent="30")
    committee = SmallCommittee(tmp_path / "people.sqlite")
    store, state = make_read(tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 40)])
    assert state.profile_key is None
    assert values_hash(profile_of(store, state)) == values_hash(load_profile("recist-1.1", LATER))
    study = state.study.model_copy(update={"profile": profile}).model_dump(mode="json")
    # Its assignment knew nothing of fields that came later.
    noted = hash_with_sources(load_profile(profile, LATER))
    assigned = {"reader": "ann", "order": "unlocked", "profile_sha256": noted}
    store.append("boss", "assigned", assigned)
    store.append("boss", "study", {"study": study, "fingerprints": {}})
    state = read_state(store)
    state.person = committee.person("ann").locked()
    decide(store, state, Decision("ann", BASELINE, "L1", Action.ACCEPT))
    amended(profile, "value: 30", "value: 25")
    with pytest.raises(InputError, match="has changed since the read was assigned"):
        sign_and_lock(store, state, committee.people, committee.credentials("ann"), BASELINE)
    amended(profile, "value: 25", "value: 30")
    assert sign_and_lock(store, state, committee.people, committee.credentials("ann"), BASELINE).sum == "41.0"
    store.close()


def test_a_kept_profile_that_does_not_fit_this_version_says_so(tmp_path):
    store, state = make_read(tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 40)])
    event = store.append("x", "note", {}, [b'{"name": "of the future", "glow": 3}'])
    state.profile_key = event.contours[0]
    with pytest.raises(ProfileError, match="does not fit this version"):
        profile_of(store, state)
    store.close()


def test_a_study_that_names_another_profile_for_a_read_that_was_begun_is_refused(tmp_path):
    study = load_study(small_study(tmp_path / "study"))
    open_session(study, tmp_path / "read").store.close()
    with pytest.raises(InputError, match=r"begun under profile 'recist-1\.1', the study now names 'irecist'"):
        open_session(study.model_copy(update={"profile": "irecist"}), tmp_path / "read")
    open_session(study, tmp_path / "read").store.close()
