"""A profile that changes under an open read: nothing changes unasked, and who takes the new one leaves an event."""

from contextlib import closing
from pathlib import Path

import pytest

from committees import charter
from HCCResponseLib.base.errors import AccessError, InputError
from HCCResponseLib.cli import study as cli
from HCCResponseLib.imaging.study import load_study
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.decisions.decide import accept_all
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.read.access import Role
from HCCResponseLib.review.read.category import category
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.profile_change import PROFILE_TAKEN, changed_profile, take_profile
from HCCResponseLib.review.read.records import write_proposal
from HCCResponseLib.review.read.session import open_session, write_study
from HCCResponseLib.review.read.state import read_state
from HCCResponseLib.review.signing.signing import sign_and_lock
from HCCResponseLib.review.store import ReadStore
from reads import BASELINE, FOLLOW_UP, lesion, make_read
from small import small_study

PASSWORD = "a-long-enough-secret"


@pytest.fixture
def read(tmp_path):
    """A read of 41 to 31 mm (-24 %) that was begun under a charter of its own: SD."""
    path = charter(tmp_path, pr_percent="30")
    store, state = make_read(tmp_path / "read.sqlite", [])
    study = state.study.model_copy(update={"profile": str(path)})
    write_study(store, "software", study, {}, load_profile(path))
    for proposal in (lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 30)):
        write_proposal(store, proposal)
    state = read_state(store)
    accept_all(store, state, "Dr A")
    yield store, state, study, path
    store.close()


def amend(path, old="pr_percent: {value: 30", new="pr_percent: {value: 20"):
    text = Path(path).read_text(encoding="utf-8")
    assert old in text
    Path(path).write_text(text.replace(old, new), encoding="utf-8")


def test_an_unchanged_profile_or_another_citation_asks_nothing(read):
    store, state, study, path = read
    assert changed_profile(store, state, study) is None
    amend(path, "source: charter 6", "source: 'charter 6, printed anew'")
    assert changed_profile(store, state, study) is None


def test_a_changed_value_is_named_and_counts_once_somebody_takes_it(read):
    store, state, study, path = read
    amend(path)
    change = changed_profile(store, state, study)
    assert change.words == "pr_percent 30 -> 20"
    assert category(state, profile_of(store, state)).latest.overall == "SD"
    take_profile(store, state, change, "amendment 2", "Dr A")
    for now in (state, read_state(store)):
        assert category(now, profile_of(store, now)).latest.overall == "PR"
        assert changed_profile(store, now, study) is None
    event = next(e for e in store.events() if e.action == PROFILE_TAKEN)
    assert (event.actor, event.reason, event.new) == ("Dr A", "amendment 2", "pr_percent 30 -> 20")
    assert store.verify() is None


def test_no_reason_no_change(read):
    store, state, study, path = read
    amend(path)
    with pytest.raises(InputError, match="the reason for the other profile"):
        take_profile(store, state, changed_profile(store, state, study), " ")
    assert changed_profile(store, state, study) is not None


def test_a_signed_read_keeps_its_profile_whatever_an_event_says(read, tmp_path):
    store, state, study, path = read
    with closing(ReadStore(tmp_path / "people.sqlite")) as own:
        people = People(own)
        people.add("dra", "Dr A", {Role.READER, Role.MANAGER}, PASSWORD)
        sign_and_lock(store, state, people, ("dra", PASSWORD), BASELINE)
    amend(path)
    change = changed_profile(store, state, study)
    with pytest.raises(AccessError, match="baseline is signed"):
        take_profile(store, state, change, "amendment 2")
    kept = state.profile_key
    payload = {"profile": "0" * 64, "name": "another"}
    store.append("somebody", PROFILE_TAKEN, payload, item="profile", new="x")
    assert read_state(store).profile_key == kept


def test_a_profile_that_measures_other_tissue_is_another_read(read):
    store, state, study, _ = read
    change = changed_profile(store, state, study.model_copy(update={"profile": "mrecist"}))
    with pytest.raises(InputError, match="measures other tissue"):
        take_profile(store, state, change, "amendment 2")


def test_the_command_says_so_keeps_it_or_takes_it(tmp_path, monkeypatch, capsys):
    said = []
    monkeypatch.setattr(cli.console, "print", lambda words, **_: said.append(words))
    study = load_study(small_study(tmp_path / "study"))
    path = charter(tmp_path, pr_percent="30")
    study = study.model_copy(update={"profile": str(path)})
    open_session(study, tmp_path / "read").store.close()
    amend(path)

    def again(named, reason=""):
        session = open_session(named, tmp_path / "read", other_profile=True)
        with closing(session.store):
            cli.settle_profile(session, named, reason, ask=False)
            return profile_of(session.store, session.state).pr_percent

    assert again(study) == 30
    assert "pr_percent 30 -> 20" in said[-1] and "--profile-change" in said[-1]
    with pytest.raises(InputError, match="--profile-change"):
        again(study.model_copy(update={"profile": "who"}))
    assert again(study, "amendment 2") == 20
    said.clear()
    assert again(study) == 20
    assert not said
