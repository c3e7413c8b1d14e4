"""Decisions and categories: nothing without a reader, nothing overwritten, everything said that is missing."""

from dataclasses import replace
from decimal import Decimal

import pytest

from HCCResponseLib.base.errors import IncompleteReadError, InputError
from HCCResponseLib.lesions.proposal import OUTSIDE_DOMAIN, Suggestion
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.types import LesionRole, LesionState, Response
from HCCResponseLib.review.decisions.decide import accept_all, as_length, decide, decide_non_target
from HCCResponseLib.review.decisions.reader_rows import add_row
from HCCResponseLib.review.read.category import category, missing, roles
from HCCResponseLib.review.read.records import Action, Decision, NonTargetDecision, ReaderLine
from HCCResponseLib.review.read.state import ReadState, RowStatus, read_state
from reads import BASELINE, FOLLOW_UP, GRID, candidate, drawn_disc, lesion, make_read

PROFILE = load_profile("recist-1.1")


@pytest.fixture
def read(tmp_path):
    opened = []

    def make(proposals):
        store, state = make_read(tmp_path / f"read{len(opened)}.sqlite", proposals)
        opened.append(store)
        return store, state

    yield make
    for store in opened:
        store.close()


def accept(time_point, name, **more):
    return Decision("Dr A", time_point, name, Action.ACCEPT, **more)


def overall(state):
    return category(state, PROFILE).time_points[-1].overall


def test_no_category_without_decisions(read):
    store, state = read([lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 20), candidate()])
    with pytest.raises(IncompleteReadError, match="baseline: lesion L1 is not decided"):
        category(state, PROFILE)
    decide(store, state, accept(BASELINE, "L1"))
    decide(store, state, accept(FOLLOW_UP, "L1"))
    assert missing(state) == ["follow-up 1: candidate C1 is not decided."]
    decide(store, state, Decision("Dr A", FOLLOW_UP, "C1", Action.DISMISS, reason="vessel"))
    assert missing(state) == []
    assert overall(state) == Response.PR


def test_a_time_point_without_proposals_is_missing(read):
    store, state = read([lesion(BASELINE, "L1", 40)])
    decide(store, state, accept(BASELINE, "L1"))
    assert missing(state) == ["follow-up 1: no proposals yet; run the proposals for this time point."]


@pytest.mark.parametrize(
    ("after", "expected"), [(40, Response.SD), (20, Response.PR), (60, Response.PD), (None, Response.CR)]
)
def test_categories(read, after, expected):
    store, state = read([lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", after)])
    decide(store, state, accept(BASELINE, "L1"))
    decide(store, state, accept(FOLLOW_UP, "L1"))
    assert overall(state) == expected


def test_disappeared_stays_undecided_under_blanket_acceptance_until_a_reader_looks(read):
    store, state = read([lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", None)])
    assert accept_all(store, state, "Dr A") == 1
    assert state.row(FOLLOW_UP, "L1").decision is None
    (gap,) = missing(state)
    assert "follow-up 1: lesion L1 is proposed as disappeared" in gap
    assert "decisions file" in gap
    with pytest.raises(IncompleteReadError, match="L1 is proposed as disappeared"):
        overall(state)
    unseen = Decision("Dr A", FOLLOW_UP, "L1", Action.ACCEPT, seen=False)
    with pytest.raises(InputError, match="cannot be accepted unseen"):
        decide(store, state, unseen)
    decide(store, state, accept(FOLLOW_UP, "L1"))
    assert overall(state) == Response.CR


def outside(proposal):
    """The same, from a scan that the network was not made for."""
    return replace(proposal, evidence={**proposal.evidence, OUTSIDE_DOMAIN: "The slices are 10 mm thick."})


def test_proposals_from_outside_the_domain_stay_undecided_under_blanket_acceptance(read):
    store, state = read(
        [outside(lesion(BASELINE, "L1", 40)), lesion(FOLLOW_UP, "L1", 60), outside(candidate())]
    )
    assert accept_all(store, state, "Dr A") == 1
    assert state.row(BASELINE, "L1").decision is state.row(FOLLOW_UP, "C1").decision is None
    first, second = missing(state)
    assert first.startswith(
        "baseline: L1 proposed on a scan that the network was not made for, which counts only"
    )
    assert second.startswith("follow-up 1: C1 proposed on a scan")
    for where in ((BASELINE, "L1", Action.ACCEPT), (FOLLOW_UP, "C1", Action.NEW)):
        with pytest.raises(InputError, match=r"cannot be taken over unseen: The slices are 10 mm thick\."):
            decide(store, state, Decision("Dr A", *where, seen=False))
    decide(store, state, accept(BASELINE, "L1"))
    decide(store, state, Decision("Dr A", FOLLOW_UP, "C1", Action.DISMISS, reason="stomach"))
    assert overall(state) == Response.PD


def test_what_lies_outside_the_domain_is_no_target_before_a_reader_has_decided(read):
    store, state = read([outside(lesion(BASELINE, "L1", 60)), lesion(BASELINE, "L2", 30)])
    assert list(roles(state, PROFILE)) == ["L2"]
    decide(store, state, accept(BASELINE, "L1"))
    assert roles(state, PROFILE)["L1"][0] is LesionRole.TARGET


@pytest.mark.parametrize(
    ("action", "reason", "expected"),
    [
        (Action.NEW, "", Response.PD),
        (Action.EQUIVOCAL, "", Response.SD),
        (Action.DISMISS, "cyst", Response.SD),
    ],
)
def test_only_a_reader_makes_a_candidate_new(read, action, reason, expected):
    store, state = read([lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 40), candidate()])
    decide(store, state, accept(BASELINE, "L1"))
    decide(store, state, accept(FOLLOW_UP, "L1"))
    decide(store, state, Decision("Dr A", FOLLOW_UP, "C1", action, reason=reason))
    assert overall(state) == expected


def test_blanket_acceptance_is_not_a_review(read):
    store, state = read([lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 40), candidate()])
    assert accept_all(store, state, "Dr A") == 3
    assert not state.reviewed()
    assert state.row(FOLLOW_UP, "C1").decision.action is Action.NEW
    store, state = read([lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 40)])
    decide(store, state, accept(BASELINE, "L1"))
    decide(store, state, accept(FOLLOW_UP, "L1"))
    assert state.reviewed()


def test_blanket_acceptance_keeps_doubt(read):
    store, state = read(
        [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 40), candidate("C1", Suggestion.EQUIVOCAL)]
    )
    accept_all(store, state, "Dr A")
    assert state.row(FOLLOW_UP, "C1").decision.action is Action.EQUIVOCAL
    assert overall(state) == Response.SD


def test_an_edit_keeps_the_proposal_and_is_measured_again(read):
    store, state = read([lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 40)])
    decide(store, state, accept(BASELINE, "L1"))
    proposed = state.row(FOLLOW_UP, "L1").long_mm
    decide(store, state, Decision("Dr A", FOLLOW_UP, "L1", Action.EDIT, contour=drawn_disc(22)), GRID)
    row = read_state(store).row(FOLLOW_UP, "L1")
    assert row.status is RowStatus.EDITED
    assert row.proposal.measurement.long_axis.length_mm == proposed
    assert abs(row.long_mm - Decimal(22)) <= 1
    assert row.contour == drawn_disc(22)
    assert overall(state) == Response.PR


def test_the_reader_s_line_wins_and_both_are_kept(read):
    store, state = read([lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 40)])
    decide(store, state, accept(BASELINE, "L1"))
    decide(store, state, Decision("Dr A", FOLLOW_UP, "L1", Action.EDIT, long_axis_mm=Decimal("27.5")))
    row = read_state(store).row(FOLLOW_UP, "L1")
    assert row.long_mm == Decimal("27.5")
    assert row.measurement.long_axis.length_mm > 35
    assert overall(state) == Response.PR


def test_later_decisions_stand_in_front_and_none_is_lost(read):
    store, state = read([lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 40)])
    decide(store, state, accept(BASELINE, "L1"))
    decide(store, state, Decision("Dr A", FOLLOW_UP, "L1", Action.EDIT, long_axis_mm=Decimal("20.0")))
    decide(store, state, accept(FOLLOW_UP, "L1"))
    assert read_state(store).row(FOLLOW_UP, "L1").status is RowStatus.ACCEPTED
    assert sum(e.action == "decision" for e in store.events()) == 3


def test_a_rejected_contour_is_not_evaluable(read):
    store, state = read([lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 40)])
    decide(store, state, accept(BASELINE, "L1"))
    decide(store, state, Decision("Dr A", FOLLOW_UP, "L1", Action.REJECT, reason="artefact"))
    assert state.row(FOLLOW_UP, "L1").state is LesionState.NOT_EVALUABLE
    assert overall(state) == Response.NE


def test_a_lesion_rejected_at_baseline_does_not_count(read):
    store, state = read([lesion(BASELINE, "L1", 40), lesion(BASELINE, "L2", 30), lesion(FOLLOW_UP, "L1", 40)])
    decide(store, state, accept(BASELINE, "L1"))
    decide(store, state, Decision("Dr A", BASELINE, "L2", Action.REJECT, reason="cyst"))
    decide(store, state, accept(FOLLOW_UP, "L1"))
    assert missing(state) == []
    assert overall(state) == Response.SD


def test_targets_within_the_limits(read):
    sizes = {"L1": 20, "L2": 40, "L3": 30, "L4": 8}
    store, state = read([lesion(BASELINE, n, d) for n, d in sizes.items()] + [lesion(FOLLOW_UP, "L1", 20)])
    accept_all(store, state, "Dr A")
    found = roles(state, PROFILE)
    assert {n for n, (role, _) in found.items() if role is LesionRole.TARGET} == {"L2", "L3"}
    assert "limit" in found["L1"][1] or "organ" in found["L1"][1]


def test_the_reader_s_targets_come_first(read):
    store, state = read([lesion(BASELINE, n, d) for n, d in (("L1", 20), ("L2", 40), ("L3", 30))])
    decide(store, state, accept(BASELINE, "L1", role=LesionRole.TARGET))
    decide(store, state, accept(BASELINE, "L2", role=LesionRole.NON_TARGET))
    decide(store, state, accept(BASELINE, "L3"))
    found = roles(state, PROFILE)
    assert {n for n, (role, _) in found.items() if role is LesionRole.TARGET} == {"L1", "L3"}


def test_too_many_chosen_targets_are_refused(read):
    store, state = read([lesion(BASELINE, n, 30) for n in ("L1", "L2", "L3")])
    for name in ("L1", "L2", "L3"):
        decide(store, state, accept(BASELINE, name, role=LesionRole.TARGET))
    with pytest.raises(InputError, match="chosen targets do not fit the profile"):
        roles(state, PROFILE)


def test_non_target_progression_is_the_reader_s(read):
    proposals = [lesion(BASELINE, n, d) for n, d in (("L1", 40), ("L2", 30), ("L3", 20))]
    proposals += [lesion(FOLLOW_UP, n, d) for n, d in (("L1", 40), ("L2", 30), ("L3", 60))]
    store, state = read(proposals)
    accept_all(store, state, "Dr A")
    assert overall(state) == Response.SD
    decide_non_target(store, state, NonTargetDecision("Dr A", FOLLOW_UP, Response.PD))
    assert overall(state) == Response.PD
    assert category(read_state(store), PROFILE).time_points[-1].overall == Response.PD


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        (accept(FOLLOW_UP, "L9"), "no proposal 'L9' at 'follow-up 1'"),
        (accept(FOLLOW_UP, "C1"), "'accept' is no answer to 'C1'"),
        (Decision("Dr A", FOLLOW_UP, "L1", Action.NEW), "'new' is no answer to 'L1'"),
        (Decision("Dr A", FOLLOW_UP, "L1", Action.REJECT), "needs a reason"),
        (Decision("Dr A", FOLLOW_UP, "C1", Action.DISMISS, reason=" "), "needs a reason"),
        (Decision(" ", FOLLOW_UP, "L1", Action.ACCEPT), "names no reader"),
        (Decision("Dr A", FOLLOW_UP, "L1", Action.EDIT), "changes nothing"),
        (Decision("Dr A", FOLLOW_UP, "L1", Action.EDIT, long_axis_mm=Decimal(-3)), "impossible"),
        (accept(FOLLOW_UP, "L1", long_axis_mm=Decimal(3)), "use 'edit'"),
    ],
)
def test_impossible_decisions_are_refused_and_not_stored(read, decision, message):
    store, state = read([lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 40), candidate()])
    before = len(store.events())
    with pytest.raises(InputError, match=message):
        decide(store, state, decision)
    assert len(store.events()) == before


ACROSS = ReaderLine((20.0, 40.0, 0.0), (50.0, 40.0, 40.0))


@pytest.mark.parametrize("kind", ["long_line", "short_line"])
@pytest.mark.parametrize(
    ("axis", "line", "refused"),
    [
        (0, ACROSS, True),
        (0, ReaderLine((20.0, 40.0, 10.0), (50.0, 40.0, 10.0)), False),
        (0, ReaderLine((20.0, 40.0, 10.0), (50.0, 40.0, 11.0)), False),
        (0, ReaderLine((20.0, 40.0, 10.0), (50.0, 40.0, 12.5)), True),
        (1, ReaderLine((20.0, 40.0, 2.5), (20.0, 40.0, 20.0)), False),
        (1, ReaderLine((20.0, 40.0, 10.0), (20.0, 60.0, 10.0)), True),
    ],
)
def test_both_ends_of_a_line_lie_on_one_acquired_slice(tmp_path, kind, axis, line, refused):
    store, state = make_read(tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 30)])
    grid = replace(GRID, slice_axis=axis)
    drawn = Decision("Dr A", BASELINE, "L1", Action.EDIT, **{kind: line})
    if refused:
        with pytest.raises(InputError, match="lie on two slices"):
            decide(store, state, drawn, grid)
        assert state.row(BASELINE, "L1").decision is None
    else:
        decide(store, state, drawn, grid)
        assert state.row(BASELINE, "L1").decision is not None
    store.close()


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "nan", "-Infinity", "sNaN", "1e99", "long", ""]
)
def test_what_is_no_number_is_no_length(value):
    with pytest.raises(InputError, match="is not a length in millimetres"):
        as_length(value)


@pytest.mark.parametrize(
    ("decision", "says"),
    [
        (Decision("Dr A", FOLLOW_UP, "L1", Action.EDIT), "changes nothing"),
        (accept(FOLLOW_UP, "L1", long_axis_mm=Decimal(9)), "carries changes; use 'edit'"),
        (
            Decision(
                "Dr A", FOLLOW_UP, "L1", Action.EDIT, None, LesionState.TOO_SMALL, long_axis_mm=Decimal(9)
            ),
            "is called 'too-small' and measured at the same time",
        ),
        (Decision("Dr A", FOLLOW_UP, "L1", Action.EDIT, contour=drawn_disc(20)), "without its image's grid"),
        (Decision("Dr A", FOLLOW_UP, "L9", Action.ACCEPT), "no proposal 'L9'"),
    ],
)
def test_a_decision_that_cannot_be_meant_is_refused_and_nothing_stored(read, decision, says):
    store, state = read([lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 20)])
    before = store.events()
    with pytest.raises(InputError, match=says):
        decide(store, state, decision)
    assert store.events() == before


@pytest.mark.parametrize(
    ("point", "response", "says"),
    [(FOLLOW_UP, Response.SD, "is none of CR"), ("follow-up 9", Response.CR, "no time point 'follow-up 9'")],
)
def test_a_non_target_judgement_has_its_own_words_and_a_time_point(read, point, response, says):
    store, state = read([lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 20)])
    with pytest.raises(InputError, match=says):
        decide_non_target(store, state, NonTargetDecision("Dr A", point, response))


def test_rows_and_questions_are_of_time_points_that_there_are(read):
    store, state = read([lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 20)])
    with pytest.raises(InputError, match="no time point 'follow-up 9' in this read"):
        add_row(store, state, "Dr A", "follow-up 9")
    with pytest.raises(InputError, match="the study has baseline, follow-up 1"):
        missing(state, "follow-up 9")
    assert missing(ReadState()) == ["No study was opened."]
