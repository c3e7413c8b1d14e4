"""Unfinished contours without a panel: what is kept beside the read, for whom, and what becomes of it."""

import json

import pytest

from HCCResponseLib.base.errors import AccessError, InputError, StorageError
from HCCResponseLib.imaging.study import load_study
from HCCResponseLib.presenter.presenter import Presenter
from HCCResponseLib.presenter.view import CellStatus
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.decisions import drafts
from HCCResponseLib.review.read.records import Action, ReaderLine
from HCCResponseLib.review.read.state import RowStatus
from panel_case import make_case
from reads import BASELINE, FOLLOW_UP, drawn_disc

PLACE = (FOLLOW_UP, "L1")


@pytest.fixture
def folder(tmp_path):
    make_case(tmp_path)
    return tmp_path


@pytest.fixture
def presenter(folder):
    made = opened(folder)
    yield made
    made.close()


def opened(folder, reader="dr.a"):
    made = Presenter()
    made.reader = reader
    made.open(load_study(folder / "study.yaml"), folder / "read")
    return made


def actions(presenter):
    found = presenter.session.store.events()
    return [e.action for e in found if e.action not in ("study", "proposal", "proposed")]


def test_a_stroke_is_on_the_disk_before_the_next(presenter, folder):
    for diameter in (26, 28, 30):
        presenter.draw(*PLACE, drawn_disc(diameter))
    other = opened(folder)
    assert other.drafts.rows[PLACE].contour == drawn_disc(30)
    assert actions(other) == []
    assert other.leave() == [] and actions(other) == [], "one of an earlier session waits for a word"
    other.finish(PLACE)
    other.close()
    last = opened(folder)
    assert (last.row(*PLACE).contour, last.drafts.rows) == (drawn_disc(30), {})
    last.close()


def test_what_was_drawn_on_again_is_finished_by_leaving(presenter, folder):
    presenter.draw(*PLACE, drawn_disc(26))
    again = opened(folder)
    again.draw(*PLACE, drawn_disc(30))
    again.leave()
    assert again.row(*PLACE).contour == drawn_disc(30)
    again.close()


def test_a_draft_is_its_reader_s_own(presenter, folder):
    presenter.draw(*PLACE, drawn_disc(26))
    other = opened(folder, "dr.b")
    assert other.drafts.rows == {}
    assert other.drafts.remarks == (
        "An unfinished contour of L1 at follow-up 1 by dr.a waits for its reader.",
    )
    other.draw(BASELINE, "L2", drawn_disc(20))
    other.close()
    again = opened(folder)
    assert list(again.drafts.rows) == [PLACE]
    again.reader = "somebody else"
    again.finish(PLACE)
    assert again.row(*PLACE).decision.reader == "dr.a"
    again.close()


def test_two_reads_in_one_folder_have_two_files(presenter):
    mine = drafts.DraftFile(presenter.session).path
    presenter.session.store.read_id = "another"
    assert drafts.DraftFile(presenter.session).path != mine


def test_back_at_the_stored_contour_nothing_is_unfinished(presenter):
    presenter.draw(*PLACE, drawn_disc(26))
    presenter.draw(*PLACE, presenter.row(*PLACE).contour)
    assert presenter.drafts.rows == {}


def test_a_decision_that_was_stored_just_before_a_crash_is_not_offered_again(presenter, folder):
    presenter.draw(*PLACE, drawn_disc(26))
    file = drafts.DraftFile(presenter.session).path
    kept = file.read_bytes()
    presenter.finish(PLACE)
    file.write_bytes(kept)
    again = opened(folder)
    assert (again.drafts.rows, again.drafts.remarks) == ({}, ())
    again.close()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text[: len(text) // 2], "file: Invalid JSON"),
        (
            lambda text: text.replace('"name"', '"colour": "red", "name"'),
            "drafts, entry 1, colour: is not known",
        ),
        (lambda text: text.replace('"format": 1', '"format": 9'), "format: must be one of 1, not 9"),
        (lambda text: json.dumps(_with_contour(json.loads(text), "AAAA")), "cannot be read"),
        (lambda text: json.dumps(_with_contour(json.loads(text), "?")), "cannot be read"),
    ],
)
def test_a_damaged_file_is_named_and_kept_and_the_read_opens(presenter, folder, damage, words):
    presenter.draw(*PLACE, drawn_disc(26))
    file = drafts.DraftFile(presenter.session).path
    file.write_text(damage(file.read_text(encoding="utf-8")), encoding="utf-8")
    again = opened(folder)
    [remark] = again.drafts.remarks
    assert words in remark and str(file) in remark
    assert file.with_name(file.name + ".unreadable").exists()
    assert again.drafts.rows == {}
    again.close()


def _with_contour(content, contour):
    content["drafts"][0]["contour"] = contour
    return content


def test_a_full_disk_loses_no_stroke_of_this_session(presenter, monkeypatch):
    def full(*_):
        raise StorageError("no room")

    monkeypatch.setattr(drafts, "write_text", full)
    with pytest.raises(StorageError):
        presenter.draw(*PLACE, drawn_disc(26))
    assert presenter.drafts.rows[PLACE].contour == drawn_disc(26)
    monkeypatch.undo()
    presenter.finish(PLACE)
    assert presenter.row(*PLACE).contour == drawn_disc(26)


def test_a_row_that_was_locked_meanwhile_keeps_its_draft_and_does_not_ask_again(presenter):
    presenter.draw(*PLACE, drawn_disc(26))
    presenter.state.locks.locked.add(FOLLOW_UP)
    [problem] = presenter.leave()
    assert "signed and locked" in problem
    assert presenter.leave() == []
    assert list(presenter.drafts.rows) == [PLACE]
    with pytest.raises(AccessError):
        presenter.finish(PLACE)


def test_a_draft_of_a_row_that_cannot_take_it_any_more_is_kept_and_said(presenter, folder, monkeypatch):
    presenter.draw(*PLACE, drawn_disc(26))

    def refused(*_):
        raise AccessError("'follow-up 1' cannot be changed: it is signed and locked.")

    monkeypatch.setattr(Presenter, "_drawn", refused)
    again = opened(folder)
    [remark] = again.drafts.remarks
    assert "cannot be used" in remark and "signed and locked" in remark
    again.close()
    monkeypatch.undo()
    last = opened(folder)
    assert list(last.drafts.rows) == [PLACE]
    last.close()


def test_an_empty_contour_is_no_decision(presenter):
    presenter.draw(*PLACE, drawn_disc(26) - drawn_disc(26))
    with pytest.raises(InputError, match="is empty"):
        presenter.finish(PLACE)
    assert (presenter.drafts.rows, actions(presenter)) == ({}, [])


@pytest.mark.parametrize(
    ("decide", "state"),
    [
        (lambda p: p.reject(*PLACE, "vessel"), LesionState.NOT_EVALUABLE),
        (lambda p: p.set_state(*PLACE, LesionState.TOO_SMALL), LesionState.TOO_SMALL),
        (lambda p: p.edit_line(*PLACE, ReaderLine((30, 40, 10), (51, 40, 10))), LesionState.MEASURED),
    ],
)
def test_before_another_decision_what_was_drawn_is_stored(presenter, decide, state):
    presenter.draw(*PLACE, drawn_disc(26))
    decide(presenter)
    assert actions(presenter) == ["decision", "decision"]
    assert presenter.row(*PLACE).state is state
    presenter.undo()
    assert presenter.row(*PLACE).contour == drawn_disc(26)


def test_accepting_means_the_contour_that_was_drawn(presenter):
    presenter.draw(*PLACE, drawn_disc(26))
    presenter.accept(*PLACE)
    assert (presenter.row(*PLACE).status, presenter.row(*PLACE).contour) == (RowStatus.EDITED, drawn_disc(26))


def test_undo_takes_the_draft_before_the_decisions(presenter):
    presenter.accept(BASELINE, "L1")
    presenter.draw(*PLACE, drawn_disc(26))
    assert presenter.undo() == PLACE
    assert presenter.row(BASELINE, "L1").status is RowStatus.ACCEPTED
    assert presenter.undo() == (BASELINE, "L1")


def test_a_drawn_candidate_waits_for_its_name(presenter):
    presenter.draw(FOLLOW_UP, "C1", drawn_disc(18, 20, 20))
    [line] = presenter.view().candidates
    assert (line.decision, line.status) == ("draft", CellStatus.DRAFT)
    presenter.candidate(FOLLOW_UP, "C1", Action.NEW)
    row = presenter.row(FOLLOW_UP, "C1")
    assert (row.decision.action, row.contour) == (Action.NEW, drawn_disc(18, 20, 20))


def test_the_baseline_waits_for_its_unfinished_contours(presenter):
    for name in ("L1", "L2"):
        presenter.accept(BASELINE, name)
    assert presenter.view().baseline_decided
    presenter.draw(BASELINE, "L1", drawn_disc(30))
    assert not presenter.view().baseline_decided
    assert (
        "baseline: the contour of L1 is unfinished; finish it by Done, or discard it."
        in presenter.view().missing
    )
