"""Every way to change a read is closed by a signature, and closed before its time comes."""

import numpy as np
import pytest

from committees import FIRST
from HCCResponseLib.base.errors import AccessError, InputError
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.types import Response
from HCCResponseLib.review.decisions.decide import accept_all, answer, decide, decide_non_target, undo
from HCCResponseLib.review.decisions.reader_rows import add_row, set_site, set_visit
from HCCResponseLib.review.read.access import Act
from HCCResponseLib.review.read.facts import Site, Visit
from HCCResponseLib.review.read.lifecycle import require_draft
from HCCResponseLib.review.read.records import Action, Decision, NonTargetDecision
from HCCResponseLib.review.read.session import Session, open_session
from HCCResponseLib.review.signing.signing import sign_and_lock
from reads import BASELINE, FOLLOW_UP, GRID

CHANGES = {
    "decide": lambda s, t, p: decide(s, t, Decision("ann", p, "L1", Action.REJECT, reason="cyst")),
    "non-target": lambda s, t, p: decide_non_target(s, t, NonTargetDecision("ann", p, Response.PD)),
    "undo": lambda s, t, p: undo(s, t, "ann"),
    "add": lambda s, t, p: add_row(s, t, "ann", p),
    "site": lambda s, t, p: set_site(s, t, "ann", "L1", Site("lung")),
    "visit": lambda s, t, p: set_visit(s, t, "ann", p, Visit(markers_normal=True)),
    "answer": lambda s, t, p: answer(s, t, load_profile("recist-1.1"), "ann", p, "cr-was-pr"),
    "propose": lambda s, t, p: require_draft(t, "ann", p, Act.PROPOSE),
}


@pytest.fixture
def opened(committee):
    """A sequential read of two time points: the baseline is accepted, the follow-up waits."""
    committee.assign("ann", FIRST)
    return committee, *committee.draft()


def sign(opened, point=BASELINE):
    committee, store, state = opened
    return sign_and_lock(store, state, committee.people, committee.credentials("ann"), point)


@pytest.mark.parametrize("change", CHANGES)
def test_a_signature_closes_every_way(opened, change):
    _, store, state = opened
    sign(opened)
    before = [e.hash for e in store.events()]
    with pytest.raises(AccessError, match="'baseline' cannot be changed: it is signed and locked"):
        CHANGES[change](store, state, BASELINE)
    assert [e.hash for e in store.events()] == before


@pytest.mark.parametrize("change", ["decide", "non-target", "add", "visit", "answer", "propose"])
def test_a_time_point_that_waits_is_closed(opened, change):
    committee, store, state = opened
    committee.propose(store, state, FOLLOW_UP, 20)
    with pytest.raises(AccessError, match="earlier time point must be signed and locked first"):
        CHANGES[change](store, state, FOLLOW_UP)


def test_accepting_everything_stops_at_the_time_point_that_waits(opened):
    committee, store, state = opened
    committee.propose(store, state, FOLLOW_UP, 20)
    with pytest.raises(AccessError, match="earlier time point"):
        accept_all(store, state, "ann")
    assert state.row(FOLLOW_UP, "L1").decision is None


def test_the_image_is_shown_when_its_time_has_come(opened, tmp_path):
    _, store, state = opened
    images = {p: Volume(np.zeros(GRID.size, np.int16), GRID) for p in (BASELINE, FOLLOW_UP)}
    session = Session(state.study, tmp_path, store, state, images)
    baseline, follow_up = state.study.timepoints
    assert session.image(baseline) is images[BASELINE]
    with pytest.raises(AccessError, match="'follow-up 1' is shown when every time point before it is signed"):
        session.image(follow_up)
    sign(opened)
    assert session.image(follow_up) is images[FOLLOW_UP]


@pytest.mark.parametrize(
    "text",
    ["'; DROP TABLE events; --", '=HYPERLINK("x")', "{{ 7*7 }}<script>", "Żółć 医師", "%s \\x00 ../.."],
)
def test_text_of_readers_stays_text(opened, text):
    _, store, state = opened
    decide(store, state, Decision("ann", BASELINE, "L1", Action.EDIT, long_axis_mm=40, reason=text))
    set_site(store, state, "ann", "L1", Site(text[:60]))
    event = [e for e in store.events() if e.action == "decision"][-1]
    assert (event.reason, event.payload["reason"]) == (text, text)
    assert store.verify() is None


@pytest.mark.parametrize("text", ["two\nlines", "x" * 1001, "eno\u202edoe", "bell\a", "nul\0"])
def test_text_that_disguises_itself_is_refused(opened, text):
    _, store, state = opened
    number = len(store.events())
    for change in (
        lambda: decide(store, state, Decision("ann", BASELINE, "L1", Action.REJECT, reason=text)),
        lambda: set_site(store, state, "ann", "L1", Site(text)),
        lambda: add_row(store, state, "ann", BASELINE, text),
    ):
        with pytest.raises(InputError):
            change()
    assert len(store.events()) == number


def test_a_file_of_an_assigned_read_is_not_opened_by_the_way(opened, tmp_path, monkeypatch):
    committee, store, _ = opened
    monkeypatch.setattr("HCCResponseLib.review.read.session.load_images", lambda study: ({}, {}))
    monkeypatch.setattr("HCCResponseLib.review.read.session.ReadStore", lambda path: store)
    monkeypatch.setattr(store, "close", lambda: None, raising=False)
    with pytest.raises(AccessError, match="is assigned to 'ann', who must sign in"):
        open_session(committee.study(), tmp_path)
