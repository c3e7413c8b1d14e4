"""Lesions that the reader shows by a line or a click, in the panel: proposal, draft, undo, and no network no change."""

import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from HCCResponseLib.engines.prompting.spare import Spare
from HCCResponseLib.review.read.records import ReaderLine
from HCCResponseLib.review.read.state import RowStatus, read_state
from panel_case import default_proposals, make_case, open_case, press, select, status
from prompt_weights import NAME, dark_things
from reads import BASELINE, FOLLOW_UP, GRID, drawn_disc
from waiting import alive, wait_until


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A data folder in which the user has put weights for the network of lines and clicks."""
    folder = tmp_path_factory.mktemp("home")
    dark_things(folder / "engines" / "prompt" / "weights" / NAME)
    return folder


class Kept(Spare):
    """One process for all tests of this file, which takes long to load; what is given up still ends it."""

    def end(self):
        if self.busy:
            super().end()


@pytest.fixture(scope="module")
def kept(home):
    spare = Kept(home / "engines" / "prompt" / "weights" / NAME)
    yield spare
    Spare.end(spare)


CARRIED_TO = [43.0, 38.0, 10.0]


def carried(proposal):
    """L1 at follow-up with the place to which the registration has carried it."""
    if (proposal.time_point, proposal.name) != (FOLLOW_UP, "L1"):
        return proposal
    return replace(proposal, evidence={"place_lps": CARRIED_TO})


@pytest.fixture
def alone(slicer_app, panel, home, tmp_path, monkeypatch):
    """The panel on a case, with a network of its own."""
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(home))
    open_case(panel, tmp_path)
    return panel


@pytest.fixture
def shown(slicer_app, panel, home, kept, tmp_path, monkeypatch):
    """The panel on a case, with the network ready."""
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(home))
    monkeypatch.setattr("HCCResponseLib.panel.sections.shown.Spare", lambda _: kept)
    make_case(tmp_path, [carried(p) for p in default_proposals()])
    open_case(panel, tmp_path, make=False)
    wait_until(lambda: kept.poll() is None and kept.ready)
    return panel


def lps(z, y, x):
    a, b, c = GRID.index_to_lps((z, y, x)).tolist()
    return a, b, c


def ras(point):
    return -point[0], -point[1], point[2]


def click_in_view(slicer_app, *places):
    """The reader clicks in the view in which a markup is to be placed: one control point for each click."""
    import slicer

    logic = slicer.app.applicationLogic()
    interaction, selection = logic.GetInteractionNode(), logic.GetSelectionNode()
    assert interaction.GetCurrentInteractionMode() == interaction.Place
    node = slicer.mrmlScene.GetNodeByID(selection.GetActivePlaceNodeID())
    for place in places:
        node.AddControlPointWorld(*ras(place))
        slicer_app.process()
    # The application leaves the mode when a markup has all its points.
    interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    slicer_app.process()


def answered(slicer_app, panel):
    def holds():
        slicer_app.process()
        return not panel.panel.shown._spare.busy

    wait_until(holds)
    slicer_app.process()


def markups():
    import slicer

    found = slicer.util.getNodesByClass("vtkMRMLMarkupsNode")
    return [n for n in found if n.GetName().startswith("Shown to the network")]


def the_lesion(panel, point=BASELINE, name="L1"):
    """Its row, and a line across it from border to border: what the reader would draw."""
    row = panel.panel.presenter.row(point, name)
    axis = row.measurement.long_axis
    return row, ReaderLine(axis.start_lps, axis.end_lps)


def dice_on_its_slice(a, b):
    """Of two contours on the slice of the line; this lesion is a disc of three slices, which no cube of 2 mm shows."""
    first, second = (one.to_mask()[4] for one in (a, b))
    return 2 * (first & second).sum() / (first.sum() + second.sum())


def test_without_weights_new_and_the_buttons_are_as_ever(slicer_app, panel, tmp_path, monkeypatch):
    """As in an installation from which the weights were taken away."""
    monkeypatch.setattr("HCCResponseLib.panel.sections.shown.weights_at_hand", lambda info: None)
    open_case(panel, tmp_path)
    case = panel
    case.ui.newLesionButton.click()
    assert not case.ui.editorSection.collapsed, "the reader draws it"
    assert case.ui.shownTools.isHidden() and case.ui.shownFrame.isHidden()
    assert case.panel.shown._spare is None
    case.parent.show()
    case.parent.activateWindow()
    slicer_app.process()
    select(case, "L1", BASELINE)
    for key in "BKIO":
        press(case.ui.lesionTable, key)
    assert case.ui.shownFrame.isHidden() and not markups(), "the keys press buttons that are off"


@pytest.mark.parametrize("point", [BASELINE, FOLLOW_UP])
def test_new_by_a_line_is_a_proposal_with_both_lengths_that_undo_takes_back(slicer_app, shown, point):
    panel, presenter = shown, shown.panel.presenter
    truth, line = the_lesion(panel, point)
    select(panel, "L1", point)
    panel.ui.newLesionButton.click()
    assert panel.ui.shownLabel.text.startswith(f"Draw the long axis of the new lesion at {point}")
    view = panel.panel.slices.node_of(point)
    assert markups()[0].GetDisplayNode().GetViewNodeIDs() == (view.GetID(),), (
        "in the view of that visit alone"
    )
    short = ReaderLine(line.start_lps, tuple(np.add(line.end_lps, (-1.5, 0, 0))))
    click_in_view(slicer_app, short.start_lps, short.end_lps)
    assert panel.ui.shownLabel.text == f"Contouring the new lesion at {point} ..."
    answered(slicer_app, panel)
    name = panel.panel._context.selected[1]
    row = presenter.row(point, name)
    assert row.status is RowStatus.PROPOSED, "nobody has decided on it"
    assert row.is_candidate == (point == FOLLOW_UP)
    assert dice_on_its_slice(row.contour, truth.contour) > 0.85
    assert row.prompt["line"] == {"start": short.start_lps, "end": short.end_lps}
    assert row.prompt["engine"] == "prompt" and list(row.prompt["weights"]) == [NAME]
    words = (panel.ui.evidenceLabel if row.is_candidate else panel.ui.cellLabel).text
    assert f"contour {row.long_mm} mm, your line {short.length_mm} mm" in words
    assert "ontoured from the reader's line" in words
    assert not markups()
    panel.ui.undoButton.click()
    assert presenter.state.row(point, name) is None
    again = read_state(presenter.session.store)
    assert again.row(point, name) is None, "and so it is when the read is opened again"
    assert [e.action for e in presenter.session.store.events()][-2:] == ["proposal", "undo"]


def test_what_counts_is_the_accepted_contour_or_the_reader_s_own_line(slicer_app, shown):
    panel, presenter = shown, shown.panel.presenter
    _, line = the_lesion(panel)
    own = ReaderLine(line.start_lps, tuple(np.add(line.end_lps, (-3.0, 0, 0))))
    panel.panel.lesions.new_lesion()
    click_in_view(slicer_app, own.start_lps, own.end_lps)
    answered(slicer_app, panel)
    place = panel.panel._context.selected
    contour_mm = presenter.row(*place).long_mm
    assert contour_mm != own.length_mm
    panel.ui.keepLineButton.click()
    row = presenter.row(*place)
    assert (row.status, row.long_mm) == (RowStatus.EDITED, own.length_mm)
    assert f"reader's line {own.length_mm} mm, contour {contour_mm} mm" in panel.ui.cellLabel.text
    assert panel.ui.keepLineButton.isHidden()
    panel.ui.undoButton.click()
    panel.panel._context.select(*place)
    panel.ui.acceptButton.click()
    row = presenter.row(*place)
    assert (row.status, row.long_mm) == (RowStatus.ACCEPTED, contour_mm)


def test_new_pressed_twice_draws_by_hand_and_escape_leaves_nothing(slicer_app, shown):
    import slicer

    panel, presenter = shown, shown.panel.presenter
    before = set(presenter.state.rows[BASELINE])
    panel.ui.newLesionButton.click()
    interaction = slicer.app.applicationLogic().GetInteractionNode()
    interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    slicer_app.process()
    assert panel.ui.shownFrame.isHidden() and not markups()
    assert set(presenter.state.rows[BASELINE]) == before
    panel.ui.newLesionButton.click()
    panel.ui.newLesionButton.click()
    assert not markups() and interaction.GetCurrentInteractionMode() == interaction.ViewTransform
    assert len(presenter.state.rows[BASELINE]) == len(before) + 1
    assert not panel.ui.editorSection.collapsed


def test_a_crash_is_said_and_the_line_stays_to_be_tried_again(slicer_app, shown, kept):
    panel = shown
    _, line = the_lesion(panel)
    panel.ui.newLesionButton.click()
    process = kept._worker._process
    os.kill(process.pid, signal.SIGSTOP)
    click_in_view(slicer_app, line.start_lps, tuple(np.add(line.end_lps, (5.0, 0, 0))))
    os.kill(process.pid, signal.SIGABRT)
    os.kill(process.pid, signal.SIGCONT)
    answered(slicer_app, panel)
    said = slicer_app.record.take_error_box()
    assert said.endswith("No contour was made; the next line or click starts the network anew.")
    assert slicer_app.record.take_logged()
    assert panel.ui.shownLabel.text.startswith("Move the ends of the line")
    markups()[0].SetNthControlPointPositionWorld(1, *ras(line.end_lps))
    panel.ui.shownGoButton.click()
    assert panel.ui.shownLabel.text.endswith("The network is loaded first.")
    answered(slicer_app, panel)
    row = panel.panel.presenter.row(*panel.panel._context.selected)
    assert row.prompt["line"]["end"] == pytest.approx(line.end_lps, abs=1e-3)
    assert panel.ui.shownFrame.isHidden()


def test_a_line_over_two_slices_is_refused(slicer_app, shown):
    panel = shown
    panel.ui.newLesionButton.click()
    click_in_view(slicer_app, lps(4, 40, 30), lps(6, 40, 50))
    assert "lie on two slices" in slicer_app.record.take_error_box()
    panel.ui.shownStopButton.click()
    assert not markups()


def corrected(slicer_app, panel, button, place):
    getattr(panel.ui, button).click()
    click_in_view(slicer_app, place)
    answered(slicer_app, panel)


@pytest.mark.parametrize(("point", "name"), [(BASELINE, "L1"), (FOLLOW_UP, "L1"), (FOLLOW_UP, "C1")])
def test_a_click_gives_a_draft_that_is_accepted_or_undone(slicer_app, shown, point, name):
    panel, presenter = shown, shown.panel.presenter
    panel.panel._context.select(point, name)
    before = presenter.row(point, name)
    z, y, x = (round(v) for v in before.contour.centre)
    edge = before.contour.box[2].stop + 1
    corrected(slicer_app, panel, "addHereButton", lps(z, y, edge))
    draft = presenter.shown().row(point, name)
    assert not panel.ui.draftFrame.isHidden() and presenter.row(point, name).decision is None
    assert draft.contour.to_mask()[z, y, edge] and not before.contour.to_mask()[z, y, edge]
    assert draft.prompt_words == "corrected by 1 click of the reader"
    panel.ui.undoButton.click()
    assert presenter.shown().row(point, name).contour == before.contour
    inner = before.contour.box[2].start + 1
    assert before.contour.to_mask()[z, y, inner]
    corrected(slicer_app, panel, "removeHereButton", lps(z, y, inner))
    draft = presenter.shown().row(point, name)
    assert not draft.contour.to_mask()[z, y, inner] and draft.contour.to_mask()[z, y, x]
    panel.ui.doneButton.click()
    row = presenter.row(point, name)
    assert (status(panel, point, name), row.decision.seen) == (RowStatus.EDITED, True)
    assert row.contour == draft.contour
    kept = read_state(presenter.session.store).row(point, name).prompt
    assert [c["inside"] for c in kept["clicks"]] == [False]
    assert kept["clicks"][0]["lps"] == pytest.approx(lps(z, y, inner), abs=1e-3)


def test_a_contour_that_comes_when_its_row_was_left_is_dropped(slicer_app, shown):
    """Else it would become a decision that nobody has looked at."""
    panel, presenter = shown, shown.panel.presenter
    select(panel, "L1", BASELINE)
    contour = presenter.row(BASELINE, "L1").contour
    panel.ui.addHereButton.click()
    z, y, _ = (round(v) for v in contour.centre)
    click_in_view(slicer_app, lps(z, y, contour.box[2].stop + 1))
    assert panel.panel.shown._spare.busy
    select(panel, "L2", BASELINE)
    assert not panel.panel.shown._spare.busy
    assert not presenter.drafts.rows and panel.ui.shownFrame.isHidden()


def test_a_line_that_the_user_deletes_and_a_scene_that_is_closed_leave_nothing(slicer_app, shown):
    import slicer

    panel = shown
    select(panel, "L1", BASELINE)
    panel.ui.byLineButton.click()
    slicer.mrmlScene.RemoveNode(markups()[0])
    panel.ui.shownGoButton.click()
    assert slicer_app.record.take_error_box() == "No line is shown."
    assert slicer_app.record.take_logged()
    panel.ui.shownStopButton.click()
    panel.ui.newLesionButton.click()
    slicer.mrmlScene.Clear()
    slicer_app.process()
    assert panel.panel.shown._spare is None and panel.ui.shownFrame.isHidden()


def test_a_line_that_was_not_carried_is_not_called_so(slicer_app, shown):
    panel = shown
    panel.panel._context.select(FOLLOW_UP, "L2")
    panel.ui.byLineButton.click()
    assert panel.ui.shownLabel.text.endswith("press Contour it.")


def test_at_a_follow_up_the_carried_line_is_shown_and_moved_before_it_is_used(slicer_app, shown):
    from HCCResponseLib.panel.scene.lines import get_line

    panel, presenter = shown, shown.panel.presenter
    _, line = the_lesion(panel, FOLLOW_UP)
    select(panel, "L1", FOLLOW_UP)
    before_at = panel.panel.slices.node_of(BASELINE).GetXYZOrigin()
    panel.ui.byLineButton.click()
    assert panel.panel.slices.node_of(BASELINE).GetXYZOrigin() == before_at, "only its own view goes there"
    assert "can be off" in panel.ui.shownLabel.text
    assert not panel.panel.shown._spare.busy, "nothing is contoured before the reader says so"
    node = markups()[0]
    _, before = the_lesion(panel, BASELINE)
    assert float(get_line(node).length_mm) == pytest.approx(float(before.length_mm), abs=0.1)
    assert np.add(get_line(node).start_lps, get_line(node).end_lps) / 2 == pytest.approx(CARRIED_TO)
    for number, end in enumerate((line.start_lps, line.end_lps)):
        node.SetNthControlPointPositionWorld(number, *ras(end))
    panel.ui.shownGoButton.click()
    answered(slicer_app, panel)
    draft = presenter.shown().row(FOLLOW_UP, "L1")
    assert not panel.ui.draftFrame.isHidden() and not markups()
    assert draft.prompt_words == "contoured from the reader's line"
    panel.ui.acceptButton.click()
    assert status(panel, FOLLOW_UP, "L1") is RowStatus.EDITED


def test_the_network_waits_with_the_read_and_ends_with_it(slicer_app, alone):
    worker = alone.panel.shown._spare._worker
    assert alive(worker._process.pid)
    assert not alone.ui.shownTools.isHidden()
    alone.ui.closeButton.click()
    assert not alive(worker._process.pid) and not os.path.exists(worker.folder)
    assert alone.ui.shownTools.isHidden()


def test_keys_press_the_buttons_of_what_is_shown(slicer_app, shown):
    panel = shown
    panel.parent.show()
    panel.parent.activateWindow()
    slicer_app.process()
    select(panel, "L1", BASELINE)
    press(panel.ui.lesionTable, "I")
    assert panel.ui.shownLabel.text.startswith("Click on what is missing in L1 at baseline")
    press(panel.ui.lesionTable, "O")
    assert panel.ui.shownLabel.text.startswith("Click on what does not belong to L1 at baseline")
    panel.ui.shownStopButton.click()
    press(panel.ui.lesionTable, "B")
    assert "press Contour it" in panel.ui.shownLabel.text


def test_a_brush_after_the_network_is_said(slicer_app, shown):
    panel, presenter = shown, shown.panel.presenter
    _, line = the_lesion(panel)
    panel.ui.newLesionButton.click()
    click_in_view(slicer_app, line.start_lps, line.end_lps)
    answered(slicer_app, panel)
    place = panel.panel._context.selected
    presenter.draw(*place, drawn_disc(20.0, 40, 40))
    presenter.finish(place)
    assert presenter.row(*place).prompt_words == "contoured from the reader's line, then by hand"


def test_the_better_way_is_proposed_once_the_follow_ups_have_their_proposals(shown, monkeypatch):
    assert "By line draws it anew from its long axis" in shown.ui.adaptLabel.text
    monkeypatch.setattr("HCCResponseLib.panel.sections.run.weights_at_hand", lambda info: None)
    shown.panel.refresh()
    assert shown.ui.adaptLabel.text == "Every follow-up has its proposals."
