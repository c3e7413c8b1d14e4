"""A read over three visits with a perfect network: what vanishes comes back under its name; candidates keep theirs."""

import numpy as np
import pytest
import yaml

from HCCResponseLib.imaging.resample import resample, working_geometry
from HCCResponseLib.imaging.study import load_study
from HCCResponseLib.imaging.volumes import LabelMap, Region
from HCCResponseLib.imaging.write import write_label_map, write_volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.links import LinkKind
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.pipeline import propose as sessions
from HCCResponseLib.pipeline.request import Options
from HCCResponseLib.pipeline.segmentation import EngineRunner
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.session import open_session
from HCCResponseLib.review.read.state import read_state
from HCCResponseLib.synth.course import CourseKind, VisitPlan, make_course
from HCCResponseLib.synth.render import Motion
from HCCResponseLib.track.new_lesions.candidates import Survey
from small import tiny_model

CORNERS = ((-165.0, -120.0, -105.0), (75.0, 120.0, 130.0))
MOVED = Motion(patient_mm=(6, -5, 4), liver_mm=(2, -2, 12), organs_follow=0.8)
BREATHED = Motion(patient_mm=(-4, 3, -6), liver_mm=(0, 2, -10), organs_follow=0.8)
POINTS = ("baseline", "follow-up 1", "follow-up 2")


@pytest.fixture(scope="module")
def truth():
    wanted = [(CourseKind.SHRINKS, 36.0), (CourseKind.RETURNS, 20.0), (CourseKind.NEW, 18.0)]
    plans = [VisitPlan(m, (5.0, 3.0, 3.0), *CORNERS) for m in (Motion(), MOVED, BREATHED)]
    # Dark enough that no treatment makes one of them look like liver, which would be called gone.
    return make_course(12, wanted, plans, contrast_hu=-50.0)


@pytest.fixture(scope="module")
def looks():
    """The scans that an engine has looked at, one after the other."""
    return []


@pytest.fixture(scope="module")
def read(truth, looks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("read")
    points = []
    for number, (name, visit) in enumerate(zip(POINTS, truth.visits, strict=True)):
        write_volume(visit.volume, folder / f"{number}.nii.gz")
        points.append({"name": name, "date": f"2026-0{number + 1}-01", "image": f"{number}.nii.gz"})
    first = truth.visits[0]
    write_label_map(LabelMap(first.labels, first.volume.geometry), folder / "drawn.nii.gz")
    points[0]["contour"] = {"path": "drawn.nii.gz", "drawn_by": "Dr A", "lesions": {1: "L1", 2: "L2"}}
    (folder / "study.yaml").write_text(yaml.safe_dump({"subject": "S1", "timepoints": points}))

    def survey(_, point, report):
        looks.append(point.name)
        visit = truth.visits[POINTS.index(point.name)]
        image = visit.volume
        grid = working_geometry(image.geometry, (3.0, 3.0, 3.0))
        parts = [
            resample(mask.astype(np.float32), image.geometry, grid, fill=0)
            for mask in (visit.liver, visit.labels > 0)
        ]
        return Survey(parts[0], parts[1], grid), {}

    def known(_, point, image, carried, adapted, report):
        labels = truth.visits[POINTS.index(point.name)].labels
        return ((labels == 1) | (labels == 2)).astype(np.float32)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EngineRunner, "survey", survey)
        patch.setattr(EngineRunner, "known", known)
        patch.setattr(sessions, "adapt_to", lambda *_: (folder / "adapted.pt", {}))
        session = open_session(load_study(folder / "study.yaml"), folder / "out")
        tiny_model(folder / "base.pt")
        assert sessions.propose(session, Options(base=folder / "base.pt")) == []
    yield session
    session.store.close()


def test_what_vanished_comes_back_under_its_name(read):
    first, second = (read.state.rows[p]["L2"].proposal for p in POINTS[1:])
    assert first.state is LesionState.DISAPPEARED
    assert second.state is LesionState.MEASURED
    assert [read.state.links[p].of("L2").outcome for p in POINTS[1:]] == [LinkKind.VANISHED, LinkKind.MATCHED]


def test_a_candidate_keeps_its_name_over_the_follow_ups(read, truth):
    for point, visit in zip(POINTS[1:], truth.visits[1:], strict=True):
        (row,) = [r for r in read.state.rows[point].values() if r.is_candidate]
        assert row.proposal.name == "C1"
        assert (row.contour.values(visit.labels) == 3).mean() > 0.5
    assert row.proposal.evidence["first_seen"] == POINTS[1]
    assert row.decision is None


def test_no_engine_looks_twice_at_a_follow_up(read, looks):
    assert [looks.count(point) for point in POINTS[1:]] == [1, 1]


def test_contours_are_measured_as_they_lie_on_the_original_slices(read, truth):
    for point, visit in zip(POINTS[1:], truth.visits[1:], strict=True):
        row = read.state.rows[point]["L1"].proposal
        assert row.contour == Lesion.of(visit.labels == 1)
        assert row.measurement == measure_lesion(visit.labels == 1, visit.volume.geometry)


def test_links_and_registration_are_in_the_read(read):
    again = read_state(read.store)
    assert again.links == read.state.links
    for point in POINTS[1:]:
        facts = again.provenance[point]["registration"]
        assert facts["trustworthy"] is True
        assert facts["liver_overlap"] > 0.9
        assert facts["folding"] == 0


def test_what_is_accepted_at_earlier_visits_is_learned_from(read, truth):
    third = read.study.timepoints[2]
    (alone,) = sessions.accepted_visits(read, third)
    assert alone[0] is read.images["baseline"]
    for name, row in read.state.rows[POINTS[1]].items():
        action = Action.EQUIVOCAL if row.is_candidate else Action.ACCEPT
        assert len(sessions.accepted_visits(read, third)) == 1
        decide(read.store, read.state, Decision("Dr A", POINTS[1], name, action))
    _, (image, lesions) = sessions.accepted_visits(read, third)
    assert image is read.images[POINTS[1]]
    assert list(lesions) == ["L1"]
    assert lesions["L1"] == Lesion.of(truth.visits[1].labels == 1)
    assert len(sessions.accepted_visits(read, read.study.timepoints[1])) == 1


def test_what_is_accepted_at_a_follow_up_is_looked_for_there_at_the_next(read, truth):
    """After the test above: L1 is accepted at the first follow-up, and L2 has vanished there."""

    def liver(point):
        visit = truth.visits[POINTS.index(point.name)]
        return Region(np.asarray(visit.liver, bool), visit.volume.geometry)

    (visit,) = sessions.earlier_visits(read, read.study.timepoints[2], liver)
    assert visit.time_point == POINTS[1]
    assert visit.accepted == {"L1": Lesion.of(truth.visits[1].labels == 1)}
    assert list(visit.candidates) == ["C1"]
    assert visit.scan.liver is not None
    assert sessions.earlier_visits(read, read.study.timepoints[1], liver) == []
