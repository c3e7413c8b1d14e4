"""Split lesions add their parts, merged ones count once: from the tracker's proposal to category and report."""

from decimal import Decimal

import numpy as np
import pytest

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.warped import WarpedContour
from HCCResponseLib.presenter.view import build_view
from HCCResponseLib.report.subject.output import write_result
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.types import LesionRole, LesionState, Response
from HCCResponseLib.review.decisions.decide import accept_all, decide
from HCCResponseLib.review.decisions.decisions_file import apply_decisions
from HCCResponseLib.review.read.category import category, findings
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.state import read_state
from HCCResponseLib.track.identity.follow_up import propose_known
from HCCResponseLib.track.identity.matching import KnownLesion
from HCCResponseLib.track.registration.trust import LocalTrust
from reads import BASELINE, FOLLOW_UP, GRID, disc, drawn_disc, lesion, make_read

PROFILE = load_profile("recist-1.1")
SURE = LocalTrust(True, True, 0.5, ())
HALVES = disc(22, column=27) | disc(22, column=53)


def followed(found, **baseline):
    """The tracker's rows at follow-up for lesions at baseline, given as masks by name."""
    known = {
        name: KnownLesion(
            WarpedContour(Lesion.of(mask)), Lesion.of(mask).volume_mm3(GRID.voxel_volume_mm3), SURE
        )
        for name, mask in baseline.items()
    }
    return propose_known(FOLLOW_UP, found.astype(np.float32), known, GRID)[1]


@pytest.fixture
def read(tmp_path):
    opened = []

    def make(proposals):
        opened.append(make_read(tmp_path / "read.sqlite", proposals))
        return opened[-1]

    yield make
    for store, _ in opened:
        store.close()


@pytest.fixture
def split(read):
    """One lesion of 44 mm that is in two halves at follow-up."""
    return read([lesion(BASELINE, "L1", 44), *followed(HALVES, L1=disc(44))])


@pytest.fixture
def merged(read):
    """Two lesions of 24 and 20 mm that have grown together."""
    before = {"L1": disc(24, column=28), "L2": disc(20, column=52)}
    whole = disc(24, column=28) | disc(20, column=52) | disc(14)
    first = [lesion(BASELINE, "L1", 24), lesion(BASELINE, "L2", 20)]
    return read([*first, *followed(whole, **before)])


def latest(state):
    return category(state, PROFILE).latest


def test_the_parts_of_a_split_lesion_are_added_and_make_no_false_pr(split):
    """21.9 + 21.9 = 43.8 mm of 44: SD. Before, the largest part alone, 21.9 mm, was PR."""
    store, state = split
    accept_all(store, state, "Dr A")
    row = state.row(FOLLOW_UP, "L1")
    assert row.state is LesionState.SPLIT
    assert len(row.parts) == 2
    assert row.long_mm == sum(part.long_axis.length_mm for part in row.parts)
    assert row.long_mm == 2 * row.measurement.long_axis.length_mm
    assert latest(state).target.sum == row.long_mm
    assert latest(state).overall is Response.SD
    assert any("split, the parts L1.1, L1.2 are added" in line for line in latest(state).trace)


def test_parts_are_findings_with_their_parent(split):
    store, state = split
    accept_all(store, state, "Dr A")
    whole, *parts = findings(state, PROFILE)[-1].lesions
    assert whole.state is LesionState.SPLIT
    assert whole.long_mm is None
    assert [part.parent for part in parts] == ["L1", "L1"]
    assert all(part.role is LesionRole.TARGET and part.long_mm and part.short_mm for part in parts)


def test_parts_survive_the_store(split):
    store, state = split
    accept_all(store, state, "Dr A")
    assert read_state(store).row(FOLLOW_UP, "L1").parts == state.row(FOLLOW_UP, "L1").parts


def test_panel_and_result_show_the_parts_and_their_sum(split, tmp_path):
    store, state = split
    accept_all(store, state, "Dr A")
    row = state.row(FOLLOW_UP, "L1")
    part = row.measurement.long_axis.length_mm
    cell = build_view(state, PROFILE).lesions[0].cells[1]
    assert cell.text == f"{part} + {part} = {row.long_mm} mm"
    assert "takes the place of the sum" in cell.note
    result = write_result(tmp_path, state, PROFILE, category(state, PROFILE))
    written = result["time_points"][1]["rows"][0]
    assert written["parts_mm"] == [str(part), str(part)]
    assert written["long_axis_mm"] == str(row.long_mm)


def test_a_readers_own_long_axis_takes_the_place_of_the_sum(split):
    store, state = split
    accept_all(store, state, "Dr A")
    decide(store, state, Decision("Dr A", FOLLOW_UP, "L1", Action.EDIT, long_axis_mm=Decimal("30.0")))
    row = state.row(FOLLOW_UP, "L1")
    assert (row.state, row.long_mm, row.parts) == (LesionState.MEASURED, Decimal("30.0"), ())
    assert latest(state).target.sum == Decimal("30.0")


def test_a_contour_drawn_on_a_split_row_is_measured_part_by_part(split):
    store, state = split
    smaller = Lesion.of(disc(18, column=27) | disc(18, column=53))
    decide(store, state, Decision("Dr A", FOLLOW_UP, "L1", Action.EDIT, contour=smaller), GRID)
    assert len(state.row(FOLLOW_UP, "L1").parts) == 2
    decide(store, state, Decision("Dr A", FOLLOW_UP, "L1", Action.EDIT, contour=drawn_disc(30)), GRID)
    assert state.row(FOLLOW_UP, "L1").state is LesionState.MEASURED


def test_only_a_contour_in_several_parts_can_be_called_split(read):
    store, state = read([lesion(BASELINE, "L1", 44), lesion(FOLLOW_UP, "L1", 20)])
    called = {"action": Action.EDIT, "state": LesionState.SPLIT}
    with pytest.raises(InputError, match="in one piece"):
        decide(store, state, Decision("Dr A", FOLLOW_UP, "L1", contour=drawn_disc(30), **called), GRID)
    with pytest.raises(InputError, match="its parts are needed"):
        decide(store, state, Decision("Dr A", FOLLOW_UP, "L1", **called))
    decide(store, state, Decision("Dr A", FOLLOW_UP, "L1", contour=Lesion.of(HALVES), **called), GRID)
    assert len(read_state(store).row(FOLLOW_UP, "L1").parts) == 2


def test_merged_lesions_are_measured_once(merged):
    """One diameter for the whole; before, each share was measured on its own side of an invented border."""
    store, state = merged
    accept_all(store, state, "Dr A")
    first, second = (state.row(FOLLOW_UP, name) for name in ("L1", "L2"))
    assert (second.state, second.merged_into, second.contour) == (LesionState.MERGED, "L1", None)
    assert 44 < first.long_mm < 48
    carrier, other = findings(state, PROFILE)[-1].lesions
    assert carrier.members == ("L1", "L2")
    assert (other.state, other.members) == (LesionState.MERGED, ())
    assert latest(state).target.sum == first.long_mm
    assert latest(state).target.complete
    assert any("L2: merged into L1, adds nothing of its own" in line for line in latest(state).trace)


def test_a_reader_who_sees_the_border_draws_both(merged):
    store, state = merged
    accept_all(store, state, "Dr A")
    for name, column, size in (("L1", 28, 24), ("L2", 52, 20)):
        drawn = drawn_disc(size, column=column)
        decide(store, state, Decision("Dr A", FOLLOW_UP, name, Action.EDIT, contour=drawn), GRID)
    sizes = [state.row(FOLLOW_UP, name).long_mm for name in ("L1", "L2")]
    assert all(not finding.members for finding in findings(state, PROFILE)[-1].lesions)
    assert latest(state).target.sum == sum(sizes)


@pytest.mark.parametrize("targets", [("L1",), ("L2",)])
def test_a_merge_of_target_and_non_target_stays_in_the_sum_of_targets(merged, targets):
    store, state = merged
    for name in ("L1", "L2"):
        role = LesionRole.TARGET if name in targets else LesionRole.NON_TARGET
        decide(store, state, Decision("Dr A", BASELINE, name, Action.ACCEPT, role=role))
    accept_all(store, state, "Dr A")
    assert latest(state).target.sum == state.row(FOLLOW_UP, "L1").long_mm
    assert latest(state).non_target is Response.NON_CR_NON_PD


def test_a_decisions_file_says_merged_and_split(read, tmp_path):
    store, state = read(
        [*(lesion(p, n, size) for p in (BASELINE, FOLLOW_UP) for n, size in (("L1", 40), ("L2", 30)))]
    )
    accept_all(store, state, "Dr A")
    file = tmp_path / "decisions.yaml"
    row = f"time_point: {FOLLOW_UP}, name: L2, action: edit, state: merged"
    file.write_text(f"reader: Dr A\ndecisions: [{{{row}}}]\n", encoding="utf-8")
    with pytest.raises(InputError, match="'state: merged' and 'merged_into' go together"):
        apply_decisions(store, state, file, {FOLLOW_UP: GRID})
    file.write_text(f"reader: Dr A\ndecisions: [{{{row}, merged_into: L7}}]\n", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be merged into 'L7'"):
        apply_decisions(store, state, file, {FOLLOW_UP: GRID})
    file.write_text(f"reader: Dr A\ndecisions: [{{{row}, merged_into: L1}}]\n", encoding="utf-8")
    apply_decisions(store, state, file, {FOLLOW_UP: GRID})
    assert read_state(store).row(FOLLOW_UP, "L2").merged_into == "L1"
    assert latest(state).target.sum == state.row(FOLLOW_UP, "L1").long_mm


def test_proposals_and_decisions_of_older_stores_are_read(split):
    """Events from before parts were kept lack these keys."""
    from HCCResponseLib.review.read.records import read_decision, read_proposal

    store, state = split
    accept_all(store, state, "Dr A")
    kinds = {
        "proposal": lambda e: read_proposal(store, e),
        "decision": lambda e: read_decision(store, "R", e),
    }
    for event in store.events():
        if event.action in kinds:
            old = {k: v for k, v in event.payload.items() if k not in ("parts", "merged_into")}
            again = kinds[event.action](old)
            assert (again.parts, again.merged_into) == ((), None)
