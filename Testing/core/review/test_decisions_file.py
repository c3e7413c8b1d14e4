"""A reader's decisions from a file: checked as a whole before anything is stored."""

import json
from dataclasses import replace

import pytest
import yaml

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import LabelMap
from HCCResponseLib.imaging.write import write_label_map
from HCCResponseLib.response.types import LesionState, Response
from HCCResponseLib.review.decisions.decisions_file import apply_decisions
from HCCResponseLib.review.read.state import RowStatus
from reads import BASELINE, FOLLOW_UP, GRID, candidate, disc, lesion, make_read

GRIDS = {BASELINE: GRID, FOLLOW_UP: GRID}


@pytest.fixture
def read(tmp_path):
    store, state = make_read(
        tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 40), candidate()]
    )
    yield store, state
    store.close()


def write(tmp_path, *decisions, **more):
    path = tmp_path / "d.yaml"
    path.write_text(yaml.safe_dump({"reader": "Dr A", "decisions": list(decisions), **more}))
    return path


def entry(name, action, time_point=FOLLOW_UP, **more):
    return {"time_point": time_point, "name": name, "action": action, **more}


def test_every_kind_of_decision(tmp_path, read):
    store, state = read
    write_label_map(LabelMap(disc(20).astype("uint8"), GRID), tmp_path / "l1.nrrd")
    path = write(
        tmp_path,
        entry("L1", "accept", BASELINE, role="target"),
        entry("L1", "edit", contour="l1.nrrd"),
        entry("C1", "dismiss", reason="vessel"),
        non_target=[{"time_point": FOLLOW_UP, "response": "NE"}],
    )
    assert apply_decisions(store, state, path, GRIDS) == {BASELINE, FOLLOW_UP}
    row = state.row(FOLLOW_UP, "L1")
    assert row.status is RowStatus.EDITED
    assert abs(float(row.long_mm) - 20) <= 1
    assert state.non_target == {FOLLOW_UP: Response.NE}


def test_json_is_yaml(tmp_path, read):
    store, state = read
    path = tmp_path / "d.json"
    path.write_text(json.dumps({"reader": "Dr A", "decisions": [entry("L1", "accept")]}))
    apply_decisions(store, state, path, GRIDS)
    assert state.row(FOLLOW_UP, "L1").status is RowStatus.ACCEPTED


def test_time_points_can_be_left_for_later(tmp_path, read):
    store, state = read
    path = write(tmp_path, entry("L1", "accept", BASELINE), entry("L1", "accept"))
    done = apply_decisions(store, state, path, GRIDS, frozenset({FOLLOW_UP}))
    assert done == {BASELINE}
    assert state.row(FOLLOW_UP, "L1").status is RowStatus.PROPOSED
    assert apply_decisions(store, state, path, GRIDS, done) == {FOLLOW_UP}
    assert state.row(FOLLOW_UP, "L1").status is RowStatus.ACCEPTED


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (entry("L9", "accept"), "no proposal 'L9' at 'follow-up 1' to decide on; proposals there: L1, C1"),
        (entry("C1", "dismiss"), "needs a reason"),
        (entry("L1", "approve"), "decisions, follow-up 1 L1, action"),
        (entry("L1", "accept", colour="red"), "is not known here"),
        (entry("L1", "edit", long_axis_mm="long"), "'long' is not a length"),
        (entry("L1", "edit", contour="none.nrrd"), "does not exist"),
        (entry("L1", "accept", "follow-up 7"), "no proposal 'L1' at 'follow-up 7'"),
    ],
)
def test_one_bad_entry_stores_nothing(tmp_path, read, bad, message):
    store, state = read
    before = len(store.events())
    with pytest.raises(InputError, match=message):
        apply_decisions(store, state, write(tmp_path, entry("L1", "accept", BASELINE), bad), GRIDS)
    assert len(store.events()) == before


def test_a_contour_of_another_image_is_refused(tmp_path, read):
    store, state = read
    other = Geometry(GRID.size, GRID.spacing, (1.0, 0.0, 0.0))
    write_label_map(LabelMap(disc(20).astype("uint8"), other), tmp_path / "l1.nrrd")
    with pytest.raises(InputError, match="does not lie on the image of 'follow-up 1'"):
        apply_decisions(store, state, write(tmp_path, entry("L1", "edit", contour="l1.nrrd")), GRIDS)


def test_a_contour_with_several_values_is_no_lesion_until_one_of_them_is_named(tmp_path, read):
    store, state = read
    labels = disc(20).astype("uint8")
    labels[disc(10)] = 2
    write_label_map(LabelMap(labels, GRID), tmp_path / "l1.nrrd")
    before = len(store.events())
    several = r"holds the values 1, 2; say which of them is 'L1', such as 'label: 1'"
    with pytest.raises(InputError, match=several):
        apply_decisions(store, state, write(tmp_path, entry("L1", "edit", contour="l1.nrrd")), GRIDS)
    assert len(store.events()) == before
    apply_decisions(store, state, write(tmp_path, entry("L1", "edit", contour="l1.nrrd", label=2)), GRIDS)
    assert abs(float(state.row(FOLLOW_UP, "L1").long_mm) - 10) <= 1


def test_dot_nan_is_a_clear_error(tmp_path, read):
    store, state = read
    path = tmp_path / "d.yaml"
    row = "{time_point: follow-up 1, name: L1, action: edit, long_axis_mm: .nan}"
    path.write_text(f"reader: Dr A\ndecisions: [{row}]\n")
    with pytest.raises(InputError, match="'nan' is not a length"):
        apply_decisions(store, state, path, GRIDS)
    assert state.row(FOLLOW_UP, "L1").status is RowStatus.PROPOSED


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"decision": []}, "decision"),
        ({"sites": [{"name": "L1", "tretaed": True}]}, "sites, L1, tretaed"),
        ({"visits": [{"time_point": FOLLOW_UP, "afp": 3}]}, "visits, follow-up 1, afp"),
        (
            {"non_target": [{"time_point": FOLLOW_UP, "response": "PD", "why": "x"}]},
            "non_target, follow-up 1, why",
        ),
        ({"answers": [{"time_point": FOLLOW_UP, "choice": "x", "note": ""}]}, "answers, follow-up 1, note"),
    ],
)
def test_an_unknown_key_anywhere_is_named(tmp_path, read, more, named):
    store, state = read
    with pytest.raises(InputError, match=f"{named}: is not known"):
        apply_decisions(store, state, write(tmp_path, **more), GRIDS)


def test_one_word_for_all_rows_that_are_not_named(tmp_path, read):
    store, state = read
    path = write(
        tmp_path,
        entry("*", "accept", "*"),
        entry("L1", "edit", BASELINE, long_axis_mm=31),
        rest={"action": "dismiss", "reason": "perfusion"},
    )
    assert apply_decisions(store, state, path, GRIDS) == {BASELINE, FOLLOW_UP}
    assert str(state.row(BASELINE, "L1").long_mm) == "31.0"
    assert state.row(FOLLOW_UP, "L1").status is RowStatus.ACCEPTED
    assert state.row(FOLLOW_UP, "C1").decision.reason == "perfusion"


def test_one_word_leaves_what_was_decided_and_what_wants_a_look(tmp_path):
    gone = replace(lesion(FOLLOW_UP, "L2", 40), state=LesionState.DISAPPEARED, contour=None, measurement=None)
    rows = [lesion(BASELINE, "L1", 40), lesion(BASELINE, "L2", 40), lesion(FOLLOW_UP, "L1", 40), gone]
    store, state = make_read(tmp_path / "read.sqlite", rows)
    apply_decisions(store, state, write(tmp_path, entry("L1", "edit", long_axis_mm=20)), GRIDS)
    apply_decisions(store, state, write(tmp_path, rest={"action": "accept"}), GRIDS)
    assert str(state.row(FOLLOW_UP, "L1").long_mm) == "20.0"
    assert state.row(FOLLOW_UP, "L2").decision is None
    apply_decisions(store, state, write(tmp_path, entry("L2", "accept")), GRIDS)
    assert state.row(FOLLOW_UP, "L2").status is RowStatus.ACCEPTED
    store.close()


def test_the_same_file_twice_adds_nothing(tmp_path, read):
    store, state = read
    write_label_map(LabelMap(disc(20).astype("uint8"), GRID), tmp_path / "l1.nrrd")
    path = write(
        tmp_path,
        entry("L1", "accept", BASELINE, role="target"),
        entry("L1", "edit", contour="l1.nrrd"),
        entry("L7", "edit", BASELINE, added=True, long_axis_mm=12),
        rest={"action": "dismiss", "reason": "vessel"},
        non_target=[{"time_point": FOLLOW_UP, "response": "NE"}],
        sites=[{"name": "L1", "treated": True}],
        visits=[{"time_point": FOLLOW_UP, "markers_normal": True}],
    )
    apply_decisions(store, state, path, GRIDS)
    before = store.events()
    apply_decisions(store, state, path, GRIDS)
    assert store.events() == before


def test_the_order_of_the_rows_does_not_matter(tmp_path, read):
    store, state = read
    rows = [entry("C1", "dismiss", reason="vessel"), entry("*", "accept"), entry("L1", "accept", BASELINE)]
    apply_decisions(store, state, write(tmp_path, *rows), GRIDS)
    assert all(row.decision for point in state.rows.values() for row in point.values())


def test_rows_under_one_word_count_as_not_looked_at(tmp_path, read):
    store, state = read
    rows = [entry("*", "accept", "*"), entry("C1", "dismiss", reason="vessel")]
    apply_decisions(store, state, write(tmp_path, *rows), GRIDS)
    seen = {row.proposal.name: row.decision.seen for row in state.rows[FOLLOW_UP].values()}
    assert seen == {"L1": False, "C1": True}


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (entry("*", "accept", "follow-up 9"), "no time point 'follow-up 9' in this read"),
        (entry("*", "edit", long_axis_mm=9), "long_axis_mm can be said of one alone"),
        (entry("*", "edit", added=True), "added can be said of one alone"),
    ],
)
def test_one_word_for_many_rows_cannot_measure_them_or_miss_them_all(tmp_path, read, bad, says):
    store, state = read
    with pytest.raises(InputError, match=says):
        apply_decisions(store, state, write(tmp_path, bad), GRIDS)
