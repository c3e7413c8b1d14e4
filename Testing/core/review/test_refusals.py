"""What cannot be meant is refused with a sentence that says so; what says nothing new is no change."""

from decimal import Decimal

import pytest

from committees import FIRST, SmallCommittee, password
from HCCResponseLib.base.errors import AccessError, InputError, SignInError
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.types import Response
from HCCResponseLib.review.committee.adjudication import case
from HCCResponseLib.review.committee.assignments import open_any
from HCCResponseLib.review.decisions.reader_rows import set_site, set_visit
from HCCResponseLib.review.read.category import category, missing, roles
from HCCResponseLib.review.read.facts import Marker, Site, Visit
from HCCResponseLib.review.read.new_lesions import histories
from HCCResponseLib.review.read.state import ReadState, read_state
from reads import BASELINE, FOLLOW_UP, lesion, make_read

AFP = Marker("AFP", Decimal("12"), Decimal("7"), "ug/L")


@pytest.fixture
def committee(tmp_path):
    made = SmallCommittee(tmp_path / "trial.sqlite")
    yield made
    made.store.close()


@pytest.fixture
def read(tmp_path):
    store, state = make_read(
        tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 30), lesion(FOLLOW_UP, "L1", 20)]
    )
    yield store, state
    store.close()


def test_what_nobody_reads_is_no_case_and_no_read(committee):
    with pytest.raises(InputError, match="no assigned read of subject 'S9'"):
        case(committee.store, "S9")
    with pytest.raises(InputError, match="no read 'S9-1' in this store"):
        open_any(committee.store, committee.person("ann"), "S9-1")


def test_nobody_gets_a_stream_that_their_roles_do_not_allow(committee):
    with pytest.raises(AccessError, match="'ann' is not an adjudicator"):
        committee.assign("ann", "ADJUDICATOR")
    with pytest.raises(AccessError, match="'judge' is not a reader"):
        committee.assign("judge", FIRST)
    with pytest.raises(AccessError, match="'eve' is disabled, or neither"):
        committee.assign("eve", FIRST)


def test_a_password_longer_than_any_may_be_is_refused_like_a_wrong_one(committee):
    with pytest.raises(SignInError, match="not accepted"):
        committee.people.authenticate("ann", password("ann") * 100)


def test_the_same_facts_again_are_no_change_and_need_no_reason(read):
    store, state = read
    for _ in range(2):
        set_site(store, state, "Dr A", "L1", Site(organ="liver", segment="VIII"))
        set_visit(store, state, "Dr A", FOLLOW_UP, Visit((AFP,)))
    assert state.site("L1").segment == "VIII"
    assert read_state(store).visit(FOLLOW_UP).markers == (AFP,)
    with pytest.raises(InputError, match="no lesion 'L9'"):
        set_site(store, state, "Dr A", "L9", Site())
    with pytest.raises(InputError, match="'AFP' is given twice"):
        set_visit(store, state, "Dr A", FOLLOW_UP, Visit((AFP, AFP)))


def test_a_read_without_a_study_has_no_roles_and_no_history():
    profile = load_profile("recist-1.1")
    assert roles(ReadState(), profile) == {}
    assert histories(ReadState(), profile) == []


def test_a_scan_without_a_lesion_was_looked_at_too(tmp_path):
    store, state = make_read(tmp_path / "read.sqlite", [])
    assert len(missing(state)) == 2
    for name in (BASELINE, FOLLOW_UP):
        store.append("software", "proposed", {"time_point": name})
    state = read_state(store)
    assert missing(state) == []
    found = category(state, load_profile("recist-1.1"))
    assert [p.overall for p in found.time_points] == [None, Response.NED]
    assert state.reviewed(), "no row was accepted unseen"
    store.close()
