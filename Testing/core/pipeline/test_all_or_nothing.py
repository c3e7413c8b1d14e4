"""The proposals of one time point with their links: all of them are stored, or none."""

from types import SimpleNamespace

import pytest

from HCCResponseLib.base.errors import ConflictError, InputError
from HCCResponseLib.base.jobs import ignore_progress
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.links import LinkSet
from HCCResponseLib.pipeline import propose as sessions
from HCCResponseLib.pipeline.domain import judge, scan_facts
from HCCResponseLib.pipeline.request import Options
from HCCResponseLib.review.read.session import Session
from HCCResponseLib.review.read.state import read_state
from HCCResponseLib.track.new_lesions.candidates import Survey
from reads import BASELINE, FOLLOW_UP, GRID, accept_with_a_look, disc, lesion, make_read


def test_a_time_point_whose_last_proposal_fails_leaves_nothing(tmp_path, monkeypatch):
    store, state = make_read(tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 40)])
    accept_with_a_look(store, state, "Dr A")
    image = Volume(disc(40).astype("int16"), GRID, "test")
    session = Session(state.study, tmp_path, store, state, {FOLLOW_UP: image})
    good, bad = lesion(FOLLOW_UP, "L1", 30), lesion(FOLLOW_UP, "L2\0", 20)
    quality = SimpleNamespace(facts=dict)
    view = Survey(image.hu.astype("float32"), image.hu.astype("float32"), GRID)

    def propose(proposals):
        done = SimpleNamespace(
            links=LinkSet(FOLLOW_UP, ()),
            proposals=proposals,
            suppressed=[],
            registration=SimpleNamespace(quality=quality),
        )
        monkeypatch.setattr(
            sessions, "propose_follow_up", lambda *given: (given[3].survey(ignore_progress), done)[1]
        )
        runner = SimpleNamespace(options=Options(), cancelled=lambda: False, survey=lambda *_: (view, {}))
        before = judge("fcd", None, scan_facts(image, None))
        how = sessions._AtWork(SimpleNamespace(sha256="0"), runner, tmp_path / "adapted.pt", {}, (), before)
        sessions._propose_one(session, state.study.timepoints[1], None, how, ignore_progress)

    head, known = store.head(), set(state.rows)
    with pytest.raises(InputError, match="NUL"):
        propose([good, bad])
    assert store.head() == head
    assert (set(state.rows), state.links) == (known, {})
    assert read_state(store).links == {}
    propose([good])
    assert set(read_state(store).rows[FOLLOW_UP]) == {"L1"}
    assert set(state.links) == {FOLLOW_UP}
    store.close()


def test_what_another_program_has_proposed_meanwhile_is_not_proposed_twice(tmp_path):
    store, state = make_read(tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 40)])
    image = Volume(disc(40).astype("int16"), GRID, "test")
    sessions_of_both = [
        Session(state.study, tmp_path, store, read_state(store), {FOLLOW_UP: image}) for _ in range(2)
    ]

    def propose(session):
        point = state.study.timepoints[1]
        sessions._keep(session, point, [lesion(FOLLOW_UP, "L1", 30)], {}, SimpleNamespace(sha256="0"))

    propose(sessions_of_both[0])
    head = store.head()
    with pytest.raises(ConflictError, match="'follow-up 1' was proposed by another program meanwhile"):
        propose(sessions_of_both[1])
    assert store.head() == head
    store.close()
