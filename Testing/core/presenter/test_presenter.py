"""The panel's content and the reader's actions, without Qt and without a scene."""

import subprocess
import sys
from dataclasses import replace

import pytest

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.presenter.facts import with_marker
from HCCResponseLib.presenter.presenter import Presenter
from HCCResponseLib.presenter.view import CellStatus, build_view, evidence_text
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.types import LesionRole, LesionState, VersusLast
from HCCResponseLib.review.read.facts import Site, Visit
from HCCResponseLib.review.read.records import Action, ReaderLine
from HCCResponseLib.review.read.state import Row
from panel_case import make_case
from reads import BASELINE, FOLLOW_UP, candidate, drawn_disc, lesion, make_read

PROFILE = load_profile("recist-1.1")


@pytest.fixture
def presenter(tmp_path):
    from HCCResponseLib.imaging.study import load_study

    study, folder = make_case(tmp_path)
    made = Presenter()
    made.reader = "dr.a"
    made.open(load_study(study), folder)
    yield made
    made.close()


def cell(presenter, name, point):
    line = next(x for x in presenter.view().lesions if x.name == name)
    return next(c for c in line.cells if c.time_point == point)


def test_neither_qt_nor_slicer_is_needed():
    code = (
        "import sys; import HCCResponseLib.presenter.presenter, HCCResponseLib.presenter.responses;"
        "import HCCResponseLib.panel.jobs;"
        "sys.exit(sum(m in sys.modules for m in ('qt', 'slicer', 'ctk', 'vtk')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_status_is_told_apart(presenter):
    assert cell(presenter, "L1", BASELINE).status is CellStatus.PROPOSED
    presenter.accept(BASELINE, "L1")
    assert cell(presenter, "L1", BASELINE).status is CellStatus.ACCEPTED
    presenter.edit_contour(BASELINE, "L1", drawn_disc(30))
    assert cell(presenter, "L1", BASELINE).status is CellStatus.EDITED
    presenter.reject(BASELINE, "L1", "vessel")
    assert cell(presenter, "L1", BASELINE).status is CellStatus.REJECTED
    presenter.add_lesion(BASELINE)
    assert cell(presenter, "L3", FOLLOW_UP).status is CellStatus.MISSING


def test_a_line_and_a_contour_are_kept_beside_each_other(presenter):
    presenter.edit_contour(FOLLOW_UP, "L1", drawn_disc(28))
    contour = presenter.row(FOLLOW_UP, "L1").measurement
    presenter.edit_line(FOLLOW_UP, "L1", ReaderLine((30.0, 40.0, 10.0), (51.0, 40.0, 10.0)))
    row = presenter.row(FOLLOW_UP, "L1")
    assert (str(row.long_mm), row.measurement) == ("21.0", contour)
    assert row.short_mm is None, "a short axis belongs to its own long axis"
    presenter.edit_line(FOLLOW_UP, "L1", ReaderLine((40.0, 30.0, 10.0), (40.0, 45.5, 10.0)), short=True)
    assert str(presenter.row(FOLLOW_UP, "L1").short_mm) == "15.5"
    presenter.edit_contour(FOLLOW_UP, "L1", drawn_disc(20))
    assert presenter.row(FOLLOW_UP, "L1").decision.long_line is None, "a new contour has its own axes"


def test_a_candidate_that_is_linked_as_a_further_part_is_added_to_its_lesion(presenter):
    """Before, the longer of the two counted alone."""
    presenter.edit_contour(FOLLOW_UP, "L1", drawn_disc(20, 45, 45))
    alone = presenter.row(FOLLOW_UP, "L1").long_mm
    further = presenter.row(FOLLOW_UP, "C1")
    presenter.relink(FOLLOW_UP, "C1", "L1")
    row = presenter.row(FOLLOW_UP, "L1")
    assert row.state is LesionState.SPLIT
    assert row.long_mm == alone + further.long_mm
    assert f"{alone} + {further.long_mm} = {row.long_mm} mm" == cell(presenter, "L1", FOLLOW_UP).text
    presenter.edit_line(FOLLOW_UP, "L1", ReaderLine((30.0, 40.0, 10.0), (51.0, 40.0, 10.0)))
    assert str(presenter.row(FOLLOW_UP, "L1").long_mm) == "21.0"


def test_undo_goes_back_step_by_step(presenter):
    presenter.accept(BASELINE, "L1")
    presenter.set_role("L1", LesionRole.NON_TARGET)
    presenter.undo()
    assert presenter.row(BASELINE, "L1").decision.role is None
    presenter.undo()
    assert presenter.row(BASELINE, "L1").decision is None
    with pytest.raises(InputError, match="no decision to undo"):
        presenter.undo()


def test_only_the_own_latest_decision_can_be_undone(presenter):
    presenter.accept(BASELINE, "L1")
    presenter.reader = "dr.b"
    with pytest.raises(InputError, match="not made by you"):
        presenter.undo()


def test_a_node_counts_by_its_short_axis_and_an_organ_by_its_name(presenter):
    presenter.accept(BASELINE, "L2")
    presenter.set_site("L2", Site("lymph node, hilar", "", True))
    line = next(x for x in presenter.view().lesions if x.name == "L2")
    assert line.site == "lymph node, hilar"
    presenter.accept(FOLLOW_UP, "L2")
    before, after = (presenter.row(p, "L2").short_mm for p in (BASELINE, FOLLOW_UP))
    line = next(x for x in presenter.view().lesions if x.name == "L2")
    assert line.change == f"{(after - before) / before * 100:+.0f} %"


def test_a_gone_lesion_is_a_change_of_minus_hundred(presenter):
    presenter.set_state(FOLLOW_UP, "L1", LesionState.DISAPPEARED)
    assert next(x for x in presenter.view().lesions if x.name == "L1").change == "-100 %"


def test_a_dismissed_candidate_leaves_the_table_of_lesions(presenter):
    presenter.candidate(FOLLOW_UP, "C1", Action.NEW)
    assert [x.role for x in presenter.view().lesions if x.name == "C1"] == ["new"]
    presenter.candidate(FOLLOW_UP, "C1", Action.DISMISS, "vessel")
    assert "C1" not in [x.name for x in presenter.view().lesions]
    assert presenter.view().candidates[0].decision == "dismiss"


def test_evidence_is_in_words_and_in_order():
    evidence = {
        "place_lps": [1.0, 2.0, 3.0],
        "volume_ml": 4.2,
        "mean_probability": 0.9,
        "registration_trustworthy": False,
        "something_new": 7,
    }
    lines = evidence_text(Row(replace(candidate(), evidence=evidence))).splitlines()
    assert lines == [
        "checks of the registration passed: no",
        "probability: 0.9",
        "volume in mL: 4.2",
        "something new: 7",
    ]


def test_roles_that_break_the_profile_are_said_not_hidden(tmp_path):
    store, state = make_read(
        tmp_path / "read.sqlite", [lesion(BASELINE, f"L{n}", 20 + n) for n in range(1, 5)]
    )
    view = build_view(state, PROFILE)
    assert [x.role for x in view.lesions].count("target") == PROFILE.max_targets_per_organ
    assert any("organ limit" in x.role_reason for x in view.lesions)
    store.close()


def test_a_reader_says_more_about_rows_and_visits(presenter):
    with pytest.raises(InputError, match="Decide on L1 at follow-up 1 before"):
        presenter.set_row_facts(FOLLOW_UP, "L1", True, None)
    presenter.accept(FOLLOW_UP, "L1")
    presenter.set_row_facts(FOLLOW_UP, "L1", True, VersusLast.LARGER)
    presenter.edit_contour(FOLLOW_UP, "L1", drawn_disc(20))
    row = presenter.row(FOLLOW_UP, "L1")
    assert (row.viable, row.decision.versus_last) == (True, VersusLast.LARGER)
    presenter.set_state(FOLLOW_UP, "L1", LesionState.TOO_SMALL)
    row = presenter.row(FOLLOW_UP, "L1")
    assert (row.viable, row.decision.versus_last) == (False, VersusLast.LARGER)
    presenter.set_visit(FOLLOW_UP, with_marker(Visit(), "AFP", " 12.5 ", "7", "ug/L"))
    assert presenter.state.visit(FOLLOW_UP).words == "AFP 12.5 (up to 7) ug/L"


def test_a_marker_is_replaced_by_its_name_and_taken_off_without_a_value():
    visit = with_marker(with_marker(Visit(), "AFP", "400", "7", ""), "CEA", "3", "5", "")
    again = with_marker(visit, "afp", "5", "7", "")
    assert [m.words for m in again.markers] == ["CEA 3 (up to 5)", "afp 5 (up to 7)"]
    assert [m.name for m in with_marker(again, "CEA", "", "", "").markers] == ["afp"]
    with pytest.raises(InputError, match="'' is not a number"):
        with_marker(visit, "AFP", "5", "", "")


def test_remarks_of_an_image_stand_at_its_time_point(presenter):
    presenter.state.provenance[FOLLOW_UP]["image"] = {"remarks": ["Tilted by 20 degrees."]}
    assert [p.remarks for p in presenter.view().time_points] == [(), ("Tilted by 20 degrees.",)]
