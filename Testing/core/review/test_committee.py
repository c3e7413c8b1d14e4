"""Two blinded readers, an adjudicator, a re-read: who gets to see what, and which read counts."""

import json

import pytest

from committees import FIRST, PD, PR, SECOND, THIRD, SmallCommittee, charter
from HCCResponseLib.base.errors import AccessError, InputError, SignInError
from HCCResponseLib.review.committee.adjudication import adjudicate, case, case_for, values
from HCCResponseLib.review.committee.assignments import blinded, open_any, open_read, reread
from HCCResponseLib.review.committee.worklist import work_list
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.read.access import Stage
from HCCResponseLib.review.read.lifecycle import amend, close, stage
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.state import read_life, read_state
from HCCResponseLib.review.signing.audit import export_log, verify
from HCCResponseLib.review.signing.signatures import Meaning
from HCCResponseLib.review.signing.signing import countersign, sign_and_lock
from reads import BASELINE, FOLLOW_UP, study


@pytest.fixture
def two(committee):
    """A committee whose two readers have a read of subject S1 each."""
    committee.assign("ann", FIRST)
    committee.assign("bob", SECOND)
    return committee


def test_assignment_is_a_manager_s_and_has_rules(two):
    with pytest.raises(InputError, match="reads subject 'S1' already"):
        two.assign("ann", SECOND)
    with pytest.raises(InputError, match="has no stream 'READER 9'"):
        two.assign("ann", "READER 9", "S2")
    with pytest.raises(AccessError, match="neither reader nor adjudicator"):
        two.assign("eve", FIRST, "S2")
    with pytest.raises(AccessError, match="'judge' is not a reader"):
        two.assign("judge", FIRST, "S2")
    with pytest.raises(InputError, match="no account 'nobody'"):
        two.assign("nobody", FIRST, "S2")
    with pytest.raises(InputError, match="chooses one of the reads"):
        two.assign("judge", THIRD)
    assert [i.assignment.read_id for i in work_list(two.store, two.person("boss"))] == ["S1-1", "S1-2"]


def test_nobody_sees_another_s_read(two):
    two.read("ann", "S1-1", PR)
    assert [i.assignment.read_id for i in work_list(two.store, two.person("bob"))] == ["S1-2"]
    with pytest.raises(AccessError, match="may not see"):
        two.open("boss", "S1-1")
    with pytest.raises(AccessError, match="cannot be shown to Dr Bob"):
        two.open("bob", "S1-1")
    with pytest.raises(AccessError, match="cannot see the read now: it is not signed yet"):
        two.open("judge", "S1-2")
    with pytest.raises(InputError, match="no assigned read 'S1-9'"):
        two.open("ann", "S1-9")
    with pytest.raises(AccessError, match="beside each other"):
        case_for(two.store, two.person("bob"), "S1")
    assert two.open("eve", "S1-1")[1].rows
    two.read("bob", "S1-2", PR)
    with pytest.raises(AccessError, match="cannot be shown to Dr Bob, who reads the same subject"):
        two.open("bob", "S1-1")
    with pytest.raises(AccessError, match="beside each other"):
        case_for(two.store, two.person("bob"), "S1")


def test_the_site_s_contours_are_not_handed_out():
    drawn = {"path": "c.nrrd", "drawn_by": "the site"}
    point = study().timepoints[0].model_dump(mode="json") | {"contour": drawn}
    site = study().model_validate({"subject": "S1", "timepoints": [point]})
    assert site.timepoints[0].contour is not None
    assert blinded(site).timepoints[0].contour is None


def test_time_points_open_one_after_the_other(two):
    store, state = two.open("ann", "S1-1")
    assert [stage(state, p) for p in (BASELINE, FOLLOW_UP)] == [Stage.OPEN, Stage.WAITING]
    two.propose(store, state, FOLLOW_UP, 20)
    with pytest.raises(AccessError, match="earlier time point must be signed"):
        decide(store, state, Decision("ann", FOLLOW_UP, "L1", Action.ACCEPT))
    two.propose(store, state, BASELINE, 40)
    decide(store, state, Decision("ann", BASELINE, "L1", Action.ACCEPT))
    sign_and_lock(store, state, two.people, two.credentials("ann"), BASELINE)
    decide(store, state, Decision("ann", FOLLOW_UP, "L1", Action.ACCEPT))


def test_only_the_assigned_reader_decides_and_signs(two):
    store, state = two.open("ann", "S1-1")
    two.propose(store, state, BASELINE, 40)
    with pytest.raises(AccessError, match="The reader named is 'bob', but 'ann' is signed in"):
        decide(store, state, Decision("bob", BASELINE, "L1", Action.ACCEPT))
    unopened = read_state(store)
    with pytest.raises(AccessError, match="must be signed in"):
        decide(store, unopened, Decision("ann", BASELINE, "L1", Action.ACCEPT))
    decide(store, state, Decision("ann", BASELINE, "L1", Action.ACCEPT))
    for name in ("bob", "judge", "boss", "eve"):
        with pytest.raises(AccessError, match="may not sign 'baseline'"):
            sign_and_lock(store, state, two.people, two.credentials(name), BASELINE)
    assert not state.locked


def test_a_lock_by_another_process_is_seen_at_once(two):
    store, state = two.open("ann", "S1-1")
    two.propose(store, state, BASELINE, 40)
    decide(store, state, Decision("ann", BASELINE, "L1", Action.ACCEPT))
    other_store, other = two.open("ann", "S1-1")
    sign_and_lock(other_store, other, two.people, two.credentials("ann"), BASELINE)
    events = len(store.events())
    with pytest.raises(AccessError, match="signed and locked"):
        decide(store, state, Decision("ann", BASELINE, "L1", Action.REJECT, reason="cyst"))
    assert len(store.events()) == events


def test_a_sequential_read_is_amended_by_the_manager_and_the_old_version_stays(two):
    store, state = two.read("ann", "S1-1", PR)
    with pytest.raises(AccessError, match="cannot amend 'follow-up 1' now|may not amend"):
        amend(store, state, two.people, two.credentials("ann"), FOLLOW_UP, "slip of the mouse")
    with pytest.raises(InputError, match="the reason of the amendment"):
        amend(store, state, two.people, two.credentials("boss"), FOLLOW_UP, " ")
    assert amend(store, state, two.people, two.credentials("boss"), FOLLOW_UP, "query 17") == 2
    decide(store, state, Decision("ann", FOLLOW_UP, "L1", Action.REJECT, reason="motion"))
    sign_and_lock(store, state, two.people, two.credentials("ann"), FOLLOW_UP)
    assert [s.category for s in state.signatures] == [None, "NE"]
    old = open_any(two.store, two.person("ann"), "S1-1", version=1)[1]
    assert [s.category for s in old.signatures] == [None, "PR"]
    assert old.row(FOLLOW_UP, "L1").decision.action is Action.ACCEPT
    with pytest.raises(InputError, match="has 2 versions, no version 3"):
        open_any(two.store, two.person("ann"), "S1-1", version=3)
    (event,) = [e for e in store.events() if e.action == "amended"]
    assert (event.actor, event.role, event.item) == ("boss", "manager", FOLLOW_UP)
    assert (event.old, event.new, event.reason) == ("version 1", "version 2", "query 17")


def test_a_closed_read_is_final(two):
    store, state = two.open("ann", "S1-1")
    with pytest.raises(AccessError, match="cannot close the read now: it is not signed yet"):
        close(store, state, two.people, two.credentials("boss"), "data base lock")
    store, state = two.read("ann", "S1-1", PR)
    with pytest.raises(AccessError, match="may not close"):
        close(store, state, two.people, two.credentials("ann"), "data base lock")
    close(store, state, two.people, two.credentials("boss"), "data base lock")
    assert stage(state) is Stage.FINAL
    with pytest.raises(AccessError, match="closed for good"):
        amend(store, state, two.people, two.credentials("boss"), FOLLOW_UP, "too late")


def test_a_hybrid_read_is_amended_by_its_reader_once_all_is_locked(tmp_path):
    committee = SmallCommittee(tmp_path / "reads.sqlite", charter(tmp_path, read_order="hybrid"))
    committee.assign("ann", FIRST)
    store, state = committee.draft()
    me = committee.credentials("ann")
    sign_and_lock(store, state, committee.people, me, BASELINE)
    with pytest.raises(AccessError, match="cannot amend 'baseline' now: it is signed and locked"):
        amend(store, state, committee.people, me, BASELINE, "second thoughts")
    committee.propose(store, state, FOLLOW_UP, 20)
    decide(store, state, Decision("ann", FOLLOW_UP, "L1", Action.ACCEPT))
    sign_and_lock(store, state, committee.people, me, FOLLOW_UP)
    assert amend(store, state, committee.people, me, BASELINE, "the lesion is a cyst after all") == 2
    with pytest.raises(AccessError, match="cannot amend 'baseline' now"):
        amend(store, state, committee.people, me, BASELINE, "again")
    committee.store.close()


def test_reads_that_agree_need_no_adjudicator(two):
    assert not case(two.store, "S1").finished
    two.read("ann", "S1-1", PR)
    assert case(two.store, "S1").differing == ()
    two.read("bob", "S1-2", PR)
    found = case(two.store, "S1")
    assert (found.finished, found.differing, found.accepted) == (True, (), "S1-1")
    with pytest.raises(InputError, match="needs no adjudication: the reads agree"):
        adjudicate(two.store, two.people, two.credentials("judge"), "S1", "S1-1", "clear")


def test_the_adjudicator_chooses_one_read(two):
    two.read("ann", "S1-1", PR)
    with pytest.raises(InputError, match="before all its reads are signed|not signed"):
        adjudicate_as(two, "judge")
    two.read("bob", "S1-2", PD)
    found, seen = case_for(two.store, two.person("judge"), "S1")
    assert found.needs_adjudication
    assert found.differing == ("best-response", "progression-date")
    assert (seen["S1-1"]["best-response"], seen["S1-2"]["best-response"]) == ("PR", "PD")
    assert seen["S1-1"]["progression-date"] is None
    assert case_for(two.store, two.person("boss"), "S1")[1] == {}
    shown = two.open("judge", "S1-2")[1]
    assert "bob" not in repr((shown.locks, shown.readers())).lower()
    for name in ("ann", "boss", "eve"):
        with pytest.raises(AccessError, match="Only an adjudicator"):
            adjudicate_as(two, name)
    with pytest.raises(AccessError, match="reads subject 'S1' and cannot adjudicate it"):
        adjudicate_as(two, "bob")
    with pytest.raises(InputError, match="'S1-7' cannot be accepted"):
        adjudicate_as(two, "judge", "S1-7")
    with pytest.raises(SignInError):
        adjudicate(two.store, two.people, ("judge", "wrong"), "S1", "S1-2", "new lesion")
    done = adjudicate_as(two, "judge")
    assert (done.accepted, done.chosen_by, done.reason) == ("S1-2", "judge", "the growth is real")
    for read_id in ("S1-1", "S1-2"):
        assert stage(read_life(two.store.other(read_id))) is Stage.FINAL
    with pytest.raises(InputError, match="was adjudicated already"):
        adjudicate_as(two, "judge", "S1-1")
    assert verify(two.store).problem == ""


def adjudicate_as(committee, name, chosen="S1-2"):
    credentials = committee.credentials(name)
    return adjudicate(committee.store, committee.people, credentials, "S1", chosen, "the growth is real")


def test_an_adjudicator_reads_anew_where_the_profile_says_so(tmp_path):
    profile = charter(tmp_path, adjudication_mode="new-read", adjudication_variables="[time-point-response]")
    committee = SmallCommittee(tmp_path / "reads.sqlite", profile)
    for name, stream, sizes in (("ann", FIRST, PR), ("bob", SECOND, PD)):
        committee.read(name, committee.assign(name, stream).read_id, sizes)
    with pytest.raises(InputError, match="your own read, which has to be assigned first"):
        adjudicate_as(committee, "judge")
    assert committee.assign("judge", THIRD).read_id == "S1-3"
    with pytest.raises(AccessError, match="cannot be shown to Dr Judge"):
        committee.open("judge", "S1-1")
    assert case_for(committee.store, committee.person("judge"), "S1")[1] == {}
    with pytest.raises(InputError, match="'S1-3' is not signed to its end yet"):
        adjudicate_as(committee, "judge", "S1-3")
    committee.read("judge", "S1-3", {BASELINE: 40, FOLLOW_UP: None})
    assert committee.open("judge", "S1-1")[1].rows
    assert adjudicate_as(committee, "judge", "S1-3").accepted == "S1-3"
    assert values(committee.store, "S1-3")["best-response"] == "CR"
    committee.store.close()


def test_a_re_read_is_fresh_and_blinded_to_the_first(two):
    boss = two.person("boss")
    with pytest.raises(AccessError, match="cannot reread the read now"):
        reread(two.store, boss, "S1-1", "intra-reader sample")
    two.read("ann", "S1-1", PR)
    with pytest.raises(AccessError, match="may not reread"):
        reread(two.store, two.person("ann"), "S1-1", "I like it")
    again = reread(two.store, boss, "S1-1", "intra-reader sample")
    assert (again.read_id, again.reader, again.repeats) == ("S1-3", "ann", "S1-1")
    assert two.open("ann", "S1-3")[1].rows == {}
    with pytest.raises(AccessError, match="who reads the same subject in 'S1-3'"):
        two.open("ann", "S1-1")
    two.read("ann", "S1-3", PD)
    assert two.open("ann", "S1-1")[1].rows
    with pytest.raises(InputError, match="is a re-read or has one already"):
        reread(two.store, boss, "S1-1", "once more")
    assert [a.read_id for a in case(two.store, "S1").reads] == ["S1-1", "S1-2"]


def test_a_third_person_s_signature_goes_on_top(two):
    store, _ = two.read("ann", "S1-1", PR)
    shown = two.open("judge", "S1-1")
    countersign(*shown, two.people, two.credentials("judge"), FOLLOW_UP, Meaning.REVIEW)
    found = read_life(store).signatures
    assert [(s.signer, s.meaning.value) for s in found if s.time_point == FOLLOW_UP] == [
        ("ann", "authorship"),
        ("judge", "review"),
    ]


def test_the_log_is_readable_harmless_and_without_hashes(two, tmp_path):
    two.read("ann", "S1-1", PR)
    formula = '=cmd|"/c calc"!A1'
    two.people.disable(two.person("boss"), "judge", formula)
    for name in ("ann", "judge"):
        with pytest.raises((AccessError, SignInError)):
            export_log(two.person(name), two.store, tmp_path / "log.csv")
    count = export_log(two.person("eve"), two.store, tmp_path / "log.csv")
    text = (tmp_path / "log.csv").read_text(encoding="utf-8")
    assert "$argon2" not in text
    assert f'"\'{formula.replace(chr(34), chr(34) * 2)}"' in text
    assert not [cell for line in text.splitlines() for cell in line.split(",") if cell.strip('"')[:1] == "="]
    assert export_log(two.person("boss"), two.store, tmp_path / "log.json", "S1-1") < count
    rows = json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))
    (signed, _) = [r for r in rows if r["action"] == "signed"]
    assert (signed["actor"], signed["role"], signed["item"]) == ("ann", "reader", BASELINE)
    with pytest.raises(InputError, match=r"must end in \.csv or \.json"):
        export_log(two.person("eve"), two.store, tmp_path / "log.xls")


def test_an_assigned_read_is_opened_by_its_reader_only(two):
    assert open_read(two.store, two.person("ann"), "S1-1")[1].person.name == "ann"
    with pytest.raises(InputError, match="no read 'S5-1'"):
        open_any(two.store, two.person("ann"), "S5-1")
