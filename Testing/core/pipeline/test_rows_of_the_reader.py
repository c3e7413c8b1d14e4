"""Lesions that a reader has shown before the software looked: its proposals stand beside them and replace none."""

from types import SimpleNamespace

import pytest

from HCCResponseLib.imaging.study import load_study
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.pipeline import propose as sessions
from HCCResponseLib.pipeline.request import Options
from HCCResponseLib.review.decisions.reader_rows import add_contoured
from HCCResponseLib.review.read.session import open_session
from HCCResponseLib.review.read.state import read_state
from HCCResponseLib.track.new_lesions.candidates import Survey
from panel_case import make_case
from reads import BASELINE, GRID, drawn_disc, lesion

MINE = drawn_disc(16, 20, 52)


@pytest.fixture
def session(tmp_path, monkeypatch):
    """A read without proposals; what the network would find is two lesions that it calls L1 and L2."""
    study, folder = make_case(tmp_path, proposals=[])
    opened = open_session(load_study(study), folder)
    view = Survey(*[drawn_disc(40).to_mask().astype("float32")] * 2, GRID)
    found = [lesion(BASELINE, "L1", 40), lesion(BASELINE, "L2", 24)]
    runner = SimpleNamespace(options=Options(), survey=lambda *_: (view, {}), cancelled=lambda: False)
    monkeypatch.setattr(sessions, "weights_sha256", lambda _: "0")
    monkeypatch.setattr(sessions, "EngineRunner", lambda *_: runner)
    monkeypatch.setattr(sessions, "propose_baseline", lambda *_, **__: found)
    yield opened
    opened.store.close()


def test_a_lesion_shown_before_the_run_keeps_its_row(session):
    """Before, the software's L1 took its place, and the reader's contour was seen nowhere any more."""
    name = add_contoured(
        session.store, session.state, "dr.a", BASELINE, MINE, GRID, {"line": None, "clicks": []}
    )
    assert name == "L1"
    assert isinstance(session.image(session.study.timepoints[0]), Volume)
    sessions.propose(session, Options())
    for state in (session.state, read_state(session.store)):
        rows = state.rows[BASELINE]
        assert list(rows) == ["L1", "L2", "L3"]
        assert (rows["L1"].contour, rows["L1"].proposal.origin) == (MINE, "added by dr.a")
        assert [rows[n].proposal.origin for n in ("L2", "L3")] == ["test", "test"]


def test_without_rows_of_a_reader_names_are_as_the_software_gives_them(session):
    sessions.propose(session, Options())
    assert list(read_state(session.store).rows[BASELINE]) == ["L1", "L2"]
