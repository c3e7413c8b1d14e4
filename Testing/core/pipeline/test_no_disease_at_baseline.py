"""A baseline without disease: its follow-ups get candidates from the base network alone, and a new lesion is PD."""

from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from HCCResponseLib.cli.main import app
from HCCResponseLib.cli.own_read import review as review_module
from HCCResponseLib.imaging.resample import resample, working_geometry
from HCCResponseLib.imaging.study import load_study
from HCCResponseLib.imaging.write import write_volume
from HCCResponseLib.lesions.proposal import Suggestion
from HCCResponseLib.pipeline import propose as sessions
from HCCResponseLib.pipeline.request import Options
from HCCResponseLib.pipeline.segmentation import EngineRunner
from HCCResponseLib.presenter.view import build_view
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.people.people import people_of
from HCCResponseLib.review.read.access import Role
from HCCResponseLib.review.read.category import category, missing
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.session import open_session
from HCCResponseLib.review.read.state import read_state
from HCCResponseLib.review.signing.signing import sign_and_lock
from HCCResponseLib.synth.course import CourseKind, VisitPlan, make_course
from HCCResponseLib.synth.render import Motion
from HCCResponseLib.track.new_lesions.candidates import Survey
from small import tiny_model

CORNERS = ((-165.0, -120.0, -105.0), (75.0, 120.0, 130.0))
MOVED = Motion(patient_mm=(6, -5, 4), liver_mm=(2, -2, 12), organs_follow=0.8)
POINTS = ("baseline", "follow-up 1")
SECRET = "quiet river stones"
PROFILE = load_profile("recist-1.1")


@pytest.fixture(scope="module")
def truth():
    """A liver in which one lesion appears at the follow-up."""
    plans = [VisitPlan(m, (5.0, 3.0, 3.0), *CORNERS) for m in (Motion(), MOVED)]
    return make_course(12, [(CourseKind.NEW, 22.0)], plans)


@pytest.fixture
def opened(truth, tmp_path, monkeypatch):
    """The read of that patient and where the network is said to see something at baseline that is no lesion."""
    points, false_alarm = [], []
    for number, (name, visit) in enumerate(zip(POINTS, truth.visits, strict=True)):
        write_volume(visit.volume, tmp_path / f"{number}.nii.gz")
        points.append({"name": name, "date": f"2026-0{number + 1}-01", "image": f"{number}.nii.gz"})
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({"subject": "S1", "timepoints": points}))

    def survey(_, point, report):
        visit = truth.visits[POINTS.index(point.name)]
        image = visit.volume.geometry
        grid = working_geometry(image, (3.0, 3.0, 3.0))
        seen = visit.labels > 0
        if point.name == POINTS[0] and false_alarm:
            seen = ball_in(visit.liver)
        parts = [resample(m.astype(np.float32), image, grid, fill=0) for m in (visit.liver, seen)]
        return Survey(parts[0], parts[1], grid), {}

    def never(*_):
        raise AssertionError("nothing of this patient can be learned from")

    monkeypatch.setattr(EngineRunner, "survey", survey)
    monkeypatch.setattr(EngineRunner, "known", never)
    monkeypatch.setattr(sessions, "adapt_to", never)
    monkeypatch.setenv("HCC_RESPONSE_PEOPLE", str(tmp_path / "people.sqlite"))
    tiny_model(tmp_path / "base.pt")
    session = open_session(load_study(tmp_path / "study.yaml"), tmp_path / "out")
    yield session, Options(base=tmp_path / "base.pt"), false_alarm
    session.store.close()


def ball_in(liver):
    """A ball of the liver's voxels around one that lies deep inside."""
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(liver, sampling=(5.0, 3.0, 3.0))
    centre = np.unravel_index(int(np.argmax(depth)), liver.shape)
    away = np.ones(liver.shape, bool)
    away[centre] = False
    return ndimage.distance_transform_edt(away, sampling=(5.0, 3.0, 3.0)) <= 12.0


def signed(session, point):
    people = people_of(session.store)
    if not people.accounts():
        people.add("dra", "Dr A", {Role.READER, Role.MANAGER}, SECRET)
    return sign_and_lock(session.store, session.state, people, ("dra", SECRET), point)


def test_an_empty_baseline_waits_for_its_reader_and_says_what_to_do(opened):
    session, options, _ = opened
    assert sessions.propose(session, options) == ["follow-up 1"]
    assert session.state.rows == {"baseline": {}}
    [gap] = missing(session.state)
    assert gap == (
        "follow-up 1: no proposals yet. No lesion was found at baseline: add the lesions that you see, or sign "
        "baseline if there is none."
    )
    view = build_view(session.state, PROFILE)
    assert not view.baseline_decided
    assert "or sign it if there is none" in view.time_points[1].waits


def test_after_the_signature_under_it_the_base_network_looks_alone_and_a_new_lesion_is_pd(opened):
    session, options, _ = opened
    sessions.propose(session, options)
    signed(session, "baseline")
    view = build_view(session.state, PROFILE)
    assert view.baseline_decided
    assert not view.baseline_has_lesions
    assert sessions.propose(session, options) == []
    [(name, row)] = session.state.rows["follow-up 1"].items()
    assert (name, row.is_candidate) == ("C1", True)
    assert row.proposal.suggestion is Suggestion.NEW, (
        "the reader saw none at baseline, and so did the network"
    )
    facts = read_state(session.store).provenance["follow-up 1"]
    assert "adaptation" not in facts
    assert "domain_of_known_lesions" not in facts
    decide(session.store, session.state, Decision("dra", "follow-up 1", "C1", Action.NEW))
    assert missing(session.state) == []
    assert category(session.state, PROFILE).time_points[-1].overall == "PD"


def test_without_a_new_lesion_it_is_no_disease(opened):
    session, options, _ = opened
    sessions.propose(session, options)
    signed(session, "baseline")
    sessions.propose(session, options)
    decide(
        session.store, session.state, Decision("dra", "follow-up 1", "C1", Action.DISMISS, reason="vessel")
    )
    assert category(session.state, PROFILE).time_points[-1].overall == "NED"


def test_when_every_proposal_is_rejected_the_follow_up_is_proposed_and_nothing_is_suggested_as_new(opened):
    session, options, false_alarm = opened
    false_alarm.append(True)
    assert sessions.propose(session, options) == ["follow-up 1"]
    assert list(session.state.rows["baseline"]) == ["L1"]
    decide(session.store, session.state, Decision("dra", "baseline", "L1", Action.REJECT, reason="cyst"))
    assert sessions.propose(session, options) == []
    rows = session.state.rows["follow-up 1"]
    assert rows
    assert all(r.is_candidate and r.proposal.suggestion is Suggestion.EQUIVOCAL for r in rows.values())
    assert not any("remark" in r.proposal.evidence for r in rows.values())


def command(*words):
    environment = {"HCC_RESPONSE_PASSWORD": SECRET, "HCC_RESPONSE_NEW_PASSWORD": SECRET}
    return CliRunner().invoke(app, list(map(str, words)), env=environment)


def reviewed(folder, model, monkeypatch, *answers):
    """``review`` in a terminal, answered in order."""
    left = iter(answers)
    monkeypatch.setattr(review_module, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setattr(review_module, "_ask", lambda words: next(left))
    return command("review", folder, "--as", "Dr A", "--model", model)


def test_the_commands_lead_from_an_empty_baseline_to_pd(opened, tmp_path, monkeypatch):
    _, options, _ = opened
    out = tmp_path / "cli"
    words = ("assess", tmp_path / "study.yaml", "-o", out, "--model", options.base)
    done = command(*words)
    assert done.exit_code == 1
    assert (
        f"If there is no lesion at baseline: hcc-response sign {out} baseline, then this command"
        in done.stderr
    )
    done = reviewed(out, options.base, monkeypatch)
    assert f"To go on: hcc-response sign {out} baseline, then hcc-response review {out}" in done.stderr
    done = command("sign", out, "baseline", "--as", "dra", "--printed-name", "Dr A")
    assert done.exit_code == 0, done.stderr
    done = command(*words)
    assert "follow-up 1 (2026-02-01): no lesions; candidates C1" in command("propose", *words[1:]).stdout
    done = reviewed(out, options.base, monkeypatch, "n", "")
    assert "RECIST 1.1: PD" in done.stdout, done.output


def test_in_a_review_that_rejects_everything_the_follow_up_comes_next(opened, tmp_path, monkeypatch):
    _, options, false_alarm = opened
    false_alarm.append(True)
    out = tmp_path / "cli"
    assert command("propose", tmp_path / "study.yaml", "-o", out, "--model", options.base).exit_code == 0
    done = reviewed(out, options.base, monkeypatch, "r", "cyst", "n", "")
    assert "RECIST 1.1: PD" in done.stdout, done.output
