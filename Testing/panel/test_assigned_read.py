"""A committee's read in the panel: sign in, one time point after the other, blind to what is not open yet."""

import pytest

from committees import FIRST, SmallCommittee, password
from HCCResponseLib.imaging.study import load_study
from HCCResponseLib.pipeline.request import Options, ProposalRequest
from HCCResponseLib.review.committee.assignments import assign, blinded
from HCCResponseLib.review.read.records import write_proposal
from HCCResponseLib.review.read.session import load_images
from HCCResponseLib.review.read.state import RowStatus
from panel_case import make_case
from reads import BASELINE, FOLLOW_UP, lesion


@pytest.fixture
def assigned(slicer_app, panel, tmp_path):
    """Ann has a read of S1; its baseline is proposed."""
    study, _ = make_case(tmp_path)
    committee = SmallCommittee(tmp_path / "committee.sqlite")
    content = blinded(load_study(study))
    fingerprints = load_images(content)[1]
    boss, people = committee.person("boss"), committee.people
    assign(committee.store, boss, people, content, fingerprints, "ann", FIRST)
    propose(committee, BASELINE, 40)
    committee.store.close()
    ui = panel.ui
    ui.readerEdit.setText("ann")
    ui.studyEdit.setText(str(study))
    ui.folderEdit.setText(str(tmp_path / "output"))
    ui.storeEdit.setText(str(tmp_path / "committee.sqlite"))
    ui.readIdEdit.setText("S1-1")
    return panel


def propose(committee, point, size):
    store, _ = committee.open("ann", "S1-1")
    write_proposal(store, lesion(point, "L1", size))
    store.append("software", "proposed", {"time_point": point})


def sign_in(panel, word):
    panel.ui.assignedPasswordEdit.setText(word)
    panel.ui.openAssignedButton.click()


def test_it_opens_one_time_point_after_the_other(slicer_app, assigned, tmp_path):
    ui, reader = assigned.ui, assigned.panel
    sign_in(assigned, password("ann"))
    assert ui.assignedPasswordEdit.text == ""
    assert reader.presenter.points() == [BASELINE], "the follow-up is not shown before the baseline is locked"
    assert reader.scene_view.contour_node(FOLLOW_UP) is None
    assert assigned.logic.getParameterNode().folder == "", (
        "a saved scene opens no assigned read without its password"
    )
    assert ui.lesionTable.columnCount == 5
    reader._context.select(BASELINE, "L1")
    ui.acceptButton.click()
    ui.passwordEdit.setText(password("ann"))
    assert ui.accountCombo.findText("ann") >= 0
    ui.accountCombo.setCurrentText("ann")
    ui.signButton.click()
    assert reader.presenter.state.locked == {BASELINE}
    assert reader.presenter.points() == [BASELINE, FOLLOW_UP]
    assert reader.slices.points == (BASELINE, FOLLOW_UP)
    assert ui.adaptButton.isEnabled(), "the follow-up can be proposed now"
    assert reader.presenter.row(BASELINE, "L1").status is RowStatus.ACCEPTED


def test_a_wrong_password_or_another_s_read_stays_closed(slicer_app, assigned):
    sign_in(assigned, "wrong")
    assert "password" in slicer_app.record.take_error_box()
    assigned.ui.readerEdit.setText("bob")
    sign_in(assigned, password("bob"))
    assert "Dr Bob cannot see the read" in slicer_app.record.take_error_box()
    assert assigned.panel.presenter.session is None


def test_the_job_works_for_the_person_who_has_signed_in(slicer_app, assigned, monkeypatch):
    sign_in(assigned, password("ann"))
    asked = []
    monkeypatch.setattr(assigned.panel.jobs, "start", lambda module, request: asked.append(request))
    assigned.panel._run.start()
    [request] = asked
    assert request.assigned.person.name == "ann"
    assert password("ann") not in request.to_text(), "no password leaves the panel"
    from HCCResponseLib.pipeline.worker import work

    read_back = ProposalRequest.read(request.to_text()).model_copy(update={"options": Options(steps=1)})
    assert work(read_back, lambda _: None) == {"waiting": [FOLLOW_UP]}
