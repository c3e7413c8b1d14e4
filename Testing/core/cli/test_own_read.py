"""A radiologist alone: rows are answered one by one, each with its picture, and the read is signed by name."""

from base64 import b64decode
from contextlib import closing, nullcontext
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from matplotlib.image import imread
from typer.testing import CliRunner

from HCCResponseLib.cli import sign_in
from HCCResponseLib.cli.main import app
from HCCResponseLib.cli.own_read import amend as amend_module
from HCCResponseLib.cli.own_read import sign as sign_module
from HCCResponseLib.cli.own_read.walk import Walk
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.report.subject import pictures
from HCCResponseLib.review.read.session import Session
from HCCResponseLib.review.read.state import Row, read_state
from HCCResponseLib.review.store import ReadStore
from reads import BASELINE, FOLLOW_UP, GRID, candidate, lesion, make_read

PASSWORD = "a-long-enough-secret"


@pytest.fixture
def session(tmp_path):
    rows = [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 20), candidate()]
    store, state = make_read(tmp_path / "read.sqlite", rows)
    image = Volume(np.zeros(GRID.size, np.int16), GRID)
    yield Session(state.study, tmp_path, store, state, dict.fromkeys((BASELINE, FOLLOW_UP), image))
    store.close()


def walked(session, *answers, names=("Dr A",)):
    """What a walk with these answers says."""
    told, left = [], iter(answers)
    walk = Walk(session, names, lambda words: told.append(words) or next(left, "q"), told.append)
    walk.rows()
    return "\n".join(told)


def test_every_answer_is_stored_as_looked_at_with_its_picture(session):
    words = walked(session, "a", "e", "27.5", "d", "vessel")
    rows = session.state.rows
    assert [r.status for r in (rows[BASELINE]["L1"], rows[FOLLOW_UP]["L1"])] == ["accepted", "edited"]
    assert str(rows[FOLLOW_UP]["L1"].long_mm) == "27.5"
    assert rows[FOLLOW_UP]["C1"].decision.reason == "vessel"
    assert all(r.decision.seen for point in rows.values() for r in point.values())
    assert "3 left. baseline, L1: lesion, 41.0 x 41.0 mm, slice 5" in words
    pictures = sorted(p.name for p in (session.folder / "pictures").glob("*.png"))
    assert pictures == ["baseline-L1.png", "follow-up_1-C1.png", "follow-up_1-L1.png"]
    assert all(str(session.folder / "pictures" / name) in words for name in pictures)


def test_the_picture_of_a_follow_up_shows_the_baseline_beside_it_to_the_same_scale(session, monkeypatch):
    shown = []
    real = pictures.draw_key_slices

    def keep(slices, half_mm, *more):
        shown.append([(one.title, one.caption, one.centre[0], one.contour is not None) for one in slices])
        return real(slices, half_mm, *more)

    monkeypatch.setattr(pictures, "draw_key_slices", keep)
    walked(session, "a", "a", "q")
    first, later = "baseline, 2024-01-01", "follow-up 1, 2024-02-01"
    assert shown == [
        [(first, "41.0 mm", 4, True)],
        [(first, "41.0 mm", 4, True), (later, "21.0 mm", 4, True)],
        [(later, "15.0 mm", 4, True)],  # nobody knows the candidate's place at baseline
    ]
    sizes = [
        imread(session.folder / "pictures" / f"{name}.png").shape[:2]
        for name in ("baseline-L1", "follow-up_1-L1")
    ]
    assert sizes == [(506, 506), (506, 1012)]


def test_a_candidate_has_its_place_at_baseline_beside_it(session):
    evidence = {"place_at_baseline_lps": [20.0, 20.0, 10.0]}
    row = session.state.rows[FOLLOW_UP]["C1"]
    known = Row(replace(row.proposal, evidence=evidence))
    images = session.images.get
    alone = pictures.row_picture(session.state, FOLLOW_UP, row, images)
    beside = pictures.row_picture(session.state, FOLLOW_UP, known, images)
    assert [imread(BytesIO(b64decode(p.partition(",")[2]))).shape[1] for p in (alone, beside)] == [506, 1012]


def test_quitting_keeps_what_was_answered_and_the_rest_undecided(session):
    walked(session, "a", "q")
    kept = read_state(session.store)
    assert kept.row(BASELINE, "L1").status == "accepted"
    assert kept.row(FOLLOW_UP, "L1").decision is None


def test_a_slip_of_the_finger_asks_again_and_stores_nothing(session):
    words = walked(session, "z", "e", "long", "r", "", "q")
    assert "type one of the letters" in words
    assert "'long' is not a length" in words
    assert "needs a reason" in words
    assert session.state.row(BASELINE, "L1").decision is None


def test_a_row_without_a_picture_is_not_called_looked_at(session):
    session.store.close()
    rows = [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", None)]
    store, state = make_read(session.folder / "gone.sqlite", rows)
    session.store, session.state = store, state
    words = walked(session, "a", "a", "s", "n", "q")
    assert "picture: none" in words
    assert "cannot be accepted unseen" in words
    assert state.row(FOLLOW_UP, "L1").decision.seen is False


def test_blanket_acceptances_and_others_decisions_are_shown_again(session):
    from HCCResponseLib.review.decisions.decide import accept_all

    accept_all(session.store, session.state, "Dr A")
    assert not session.state.reviewed()
    words = walked(session, *["a", ""] * 2, "n", "")
    assert "so far: accepted, 41.0 mm, by Dr A" in words
    assert session.state.reviewed()


def test_a_decided_row_is_answered_anew_where_the_reader_names_it(session):
    words = walked(
        session, "a", "r", "artefact", "n", "L1", "a", "looked again", "baseline l1", "e", "35", ""
    )
    assert "baseline: L1 accepted, 41.0 mm" in words
    assert "a name, such as L1 or baseline L1, changes that row" in words
    assert session.state.row(FOLLOW_UP, "L1").status == "accepted"
    assert session.state.row(FOLLOW_UP, "L1").decision.reason == "looked again"
    assert str(session.state.row(BASELINE, "L1").long_mm) == "35.0"
    again = walked(session, "L7", "q")
    assert "There is no row 'L7'." in again


def test_a_length_that_is_far_off_is_asked_about(session):
    words = walked(session, "e", "480", "n", "e", "20", "y", "s", "t", "no", "q")
    assert "480.0 mm, where 41.0 mm is shown: is that meant?" in words
    assert "too small to measure (counts as 5 mm), where 21.0 mm is shown" in words
    assert str(session.state.row(BASELINE, "L1").long_mm) == "20.0"
    assert session.state.row(FOLLOW_UP, "L1").decision is None


def test_only_a_letter_or_the_whole_word_is_an_answer(session):
    words = walked(session, "respiration artefact", "quite sure", "accept", "q")
    assert words.count("Please type one of the letters in brackets, or the whole word.") == 2
    assert session.state.row(BASELINE, "L1").status == "accepted"
    assert session.state.row(FOLLOW_UP, "L1").decision is None


def test_accepting_what_somebody_has_edited_keeps_what_is_shown(session):
    walked(session, "e", "35", "q", names=("Dr B",))
    words = walked(session, "a", "", "q")
    assert "so far: edited, 35.0 mm, by Dr B" in words
    row = session.state.row(BASELINE, "L1")
    assert (row.decision.reader, str(row.long_mm), row.status) == ("Dr A", "35.0", "edited")


@pytest.fixture
def signer(session, tmp_path, monkeypatch):
    """The command ``sign`` on the read of the fixture, whose images are not files."""
    monkeypatch.setenv("HCC_RESPONSE_PEOPLE", str(tmp_path / "people.sqlite"))
    monkeypatch.setenv("HCC_RESPONSE_NEW_PASSWORD", PASSWORD)
    monkeypatch.setenv("HCC_RESPONSE_PASSWORD", PASSWORD)
    monkeypatch.setattr(sign_module, "own_read", lambda path, command: nullcontext(session))
    return lambda *words: CliRunner().invoke(app, ["sign", str(tmp_path), *words])


def test_sign_lists_what_is_missing_before_it_asks_for_a_password(session, signer, tmp_path):
    done = signer("--as", "dra")
    assert done.exit_code == 1
    assert "cannot be signed yet" in done.stderr
    assert "candidate C1 is not decided" in done.stderr
    assert f"hcc-response review {tmp_path}" in done.stderr
    assert not (tmp_path / "people.sqlite").exists()


def test_the_first_signature_makes_the_account_and_signs_all_up_to_it(session, signer, tmp_path):
    walked(session, "a", "a", "d", "vessel")
    done = signer(FOLLOW_UP, "--as", "dra")
    assert done.exit_code == 0, done.stderr
    assert "'baseline' signed by Dr A." in done.stdout
    assert "'follow-up 1' signed by Dr A, category PR." in done.stdout
    assert f"Report: {tmp_path / 'report.html'}" in done.stdout
    with closing(ReadStore(tmp_path / "read.sqlite")) as store:
        assert [s.time_point for s in read_state(store).signatures] == [BASELINE, FOLLOW_UP]
    again = signer(FOLLOW_UP, "--as", "dra")
    assert "signed and locked already" in again.stderr
    assert f"To change one: hcc-response amend {tmp_path} 'follow-up 1' --reason WHY" in again.stderr


def test_the_first_signature_says_what_a_password_must_be_like_before_it_asks(session, signer, monkeypatch):
    said = []
    monkeypatch.delenv("HCC_RESPONSE_NEW_PASSWORD")
    monkeypatch.delenv("HCC_RESPONSE_PASSWORD")
    monkeypatch.setattr(sign_in, "_at_a_terminal", lambda: True)
    monkeypatch.setattr(sign_in, "_tell", said.append)
    monkeypatch.setattr(sign_in, "_typed", lambda prompt, twice: said.append(prompt) or PASSWORD)
    walked(session, "a", "a", "d", "vessel")
    done = signer("--as", "dra")
    assert done.exit_code == 0, done.stderr
    assert said == [
        "A new password: 12 to 128 characters, at least 6 different ones, no part of the person's name.",
        "New password",
    ]


def test_a_signed_time_point_is_opened_again_changed_and_signed_again(session, signer, tmp_path, monkeypatch):
    walked(session, "a", "a", "d", "vessel")
    assert signer("--as", "dra").exit_code == 0
    assert walked(session) == "", "what is locked is not offered"
    monkeypatch.setattr(amend_module, "own_read", lambda path, command: nullcontext(session))

    def amend(*words):
        return CliRunner().invoke(app, ["amend", str(tmp_path), *words, "--reason", "measured too high"])

    assert (
        "There is no time point 'week 8' in this read; it has baseline, follow-up 1."
        in amend("week 8").stderr
    )
    done = amend(FOLLOW_UP)
    assert done.exit_code == 0, done.stderr
    assert "'follow-up 1' is open again: version 2. To be signed again: follow-up 1." in done.stdout
    assert "follow-up 1, L1" in walked(session, "L1", "e", "33.0", "y", "wrong slice", "")
    assert "'follow-up 1' signed by Dr A, category SD." in signer("--as", "dra").stdout


def test_amend_refuses_at_once_where_nothing_is_signed_or_nobody_has_an_account(
    session, signer, tmp_path, monkeypatch
):
    monkeypatch.setattr(amend_module, "own_read", lambda path, command: nullcontext(session))

    def amend():
        return CliRunner().invoke(app, ["amend", str(tmp_path), FOLLOW_UP, "--reason", "too high"])

    done = amend()
    assert done.exit_code == 1
    assert "'follow-up 1' is not signed, so there is nothing to open again." in done.stderr
    assert f"hcc-response review {tmp_path}" in done.stderr
    walked(session, "a", "a", "d", "vessel")
    assert signer("--as", "dra").exit_code == 0
    monkeypatch.setenv("HCC_RESPONSE_PEOPLE", str(tmp_path / "another-computer.sqlite"))
    done = amend()
    assert done.exit_code == 1
    assert "There is no account on this computer" in done.stderr
    assert "on the computer where 'follow-up 1' was signed" in done.stderr
    assert "--printed-name" not in done.stderr


def test_who_did_not_decide_signs_nothing(session, signer, tmp_path):
    walked(session, "a", "a", "d", "vessel", names=("Dr B",))
    done = signer("--as", "dra", "--printed-name", "Dr A")
    assert done.exit_code == 1
    assert "decided by 'Dr B'" in done.stderr
    assert not session.state.signatures


def test_sign_says_that_rows_were_not_looked_at(session, signer):
    from HCCResponseLib.review.decisions.decide import accept_all

    accept_all(session.store, session.state, "Dr A")
    done = signer("--as", "dra")
    assert done.exit_code == 0, done.stderr
    assert "accepted without a look" in done.stderr


def test_review_without_a_terminal_says_what_to_do_instead(tmp_path):
    done = CliRunner().invoke(app, ["review", str(tmp_path)])
    assert done.exit_code == 1
    assert "decisions.yaml" in done.stderr


def test_a_folder_without_a_read_is_named(tmp_path):
    done = CliRunner().invoke(app, ["sign", str(tmp_path)])
    assert done.exit_code == 1
    assert f"no read in '{tmp_path}'" in done.stderr
