"""Proposals and the domain of what made them, from scans through the pipeline to what a reader is shown."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from HCCResponseLib.base.jobs import Ending, Outcome, ignore_progress
from HCCResponseLib.engines.contract import Probabilities
from HCCResponseLib.engines.domain import ScanFacts
from HCCResponseLib.imaging.phase.phases import Phase, PhaseFinding
from HCCResponseLib.imaging.study import TimePointEntry, load_study
from HCCResponseLib.imaging.volumes import Region, Volume
from HCCResponseLib.imaging.write import write_volume
from HCCResponseLib.lesions.proposal import OUTSIDE_DOMAIN, Suggestion
from HCCResponseLib.pipeline import propose as sessions
from HCCResponseLib.pipeline import segmentation
from HCCResponseLib.pipeline.domain import judge, judge_adapted, judged, scan_facts
from HCCResponseLib.pipeline.request import Options
from HCCResponseLib.pipeline.segmentation import EngineRunner
from HCCResponseLib.presenter.view import build_view
from HCCResponseLib.report.subject.output import write_outputs
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.decisions.decide import accept_all
from HCCResponseLib.review.read.session import open_session
from HCCResponseLib.synth.anatomy import draw_anatomy
from HCCResponseLib.synth.render import Rendered, centred_geometry, render
from HCCResponseLib.track.new_lesions.candidates import Survey
from reads import FOLLOW_UP, candidate, lesion
from shapes import ball

NATIVE_HU = {"liver": 55.0, "vessel": 40.0, "spleen": 48.0, "kidney": 32.0, "aorta": 42.0, "bone": 340.0}
PORTAL_HU = {"liver": 110.0, "vessel": 165.0, "spleen": 120.0, "kidney": 180.0, "aorta": 155.0, "bone": 340.0}


def scan(hu: dict[str, float], slices: float) -> Rendered:
    anatomy = draw_anatomy(np.random.default_rng(1))
    anatomy = replace(anatomy, hu={**anatomy.hu, **hu})
    geometry = centred_geometry((round(200 / slices), 80, 112), (slices, 3.0, 3.0))
    return render(anatomy, (), geometry, np.random.default_rng(1))


def proposed(folder: Path, drawn: Rendered, monkeypatch):
    """A read whose baseline the network has looked at; it marks a ball of 36 mm in the middle of the liver."""
    write_volume(drawn.volume, folder / "ct.nii.gz")
    points = [{"name": "baseline", "date": "2026-01-01", "image": "ct.nii.gz"}]
    points.append({"name": "follow-up 1", "date": "2026-03-01", "image": "ct.nii.gz"})
    (folder / "study.yaml").write_text(yaml.safe_dump({"subject": "S1", "timepoints": points}))
    grid = drawn.volume.geometry
    z, y, x = (int(v) for v in np.argwhere(drawn.liver).mean(axis=0))
    high, wide = round(18 / grid.spacing[0]), 6
    zz, yy, xx = np.ogrid[: grid.size[0], : grid.size[1], : grid.size[2]]
    spot = ((zz - z) / high) ** 2 + ((yy - y) / wide) ** 2 + ((xx - x) / wide) ** 2 < 1
    view = Survey(drawn.liver.astype(np.float32), (spot & drawn.liver).astype(np.float32), grid)
    monkeypatch.setattr(EngineRunner, "survey", lambda *_: (view, {}))
    session = open_session(load_study(folder / "study.yaml"), folder / "out")
    assert sessions.propose(session, Options()) == ["follow-up 1"]
    return session


def test_thick_native_slices_give_no_target_and_wait_for_a_reader(tmp_path, monkeypatch):
    session = proposed(tmp_path, scan(NATIVE_HU, 10.0), monkeypatch)
    row = session.state.row("baseline", "L1")
    assert "This CT is unenhanced" in row.proposal.outside_domain
    assert "The slices are 10 mm thick; the network was made for 0.5 to 5 mm." in row.proposal.outside_domain
    assert accept_all(session.store, session.state, "Dr A") == 0
    view = build_view(session.state, load_profile("recist-1.1"))
    assert view.time_points[0].remarks[0].startswith("Outside what the network was made for")
    assert (view.lesions[0].role, view.lesions[0].cells[0].note.count("Proposed on a scan")) == ("-", 1)
    result = write_outputs(session, with_category=False)
    assert result["time_points"][0]["cautions"] == list(view.time_points[0].remarks)
    page = (session.folder / "report.html").read_text(encoding="utf-8")
    assert "baseline: The slices are 10 mm thick" in page
    assert "the network was not made for this scan" in page
    assert "<td>target</td>" not in page
    session.store.close()


def test_a_portal_scan_in_thin_slices_is_proposed_as_before(tmp_path, monkeypatch):
    session = proposed(tmp_path, scan(PORTAL_HU, 5.0), monkeypatch)
    facts = session.state.provenance["baseline"]["domain"]
    assert (facts["stated"], facts["phase"], facts["words"]) == (True, "portal venous", [])
    assert facts["liver_ml"] == pytest.approx(1700, rel=0.4)
    assert OUTSIDE_DOMAIN not in session.state.row("baseline", "L1").proposal.evidence
    assert accept_all(session.store, session.state, "Dr A") == 1
    session.store.close()


def test_the_liver_that_was_found_is_measured_on_the_scan():
    hu = np.full((20, 40, 40), -100, np.int16)
    liver = ball(hu.shape, (10, 20, 20), 8)
    hu[liver] = 90
    grid = centred_geometry(hu.shape, (5.0, 3.0, 3.0))
    found = scan_facts(Volume(hu, grid), "arterial", Region(liver, grid))
    assert found.liver_ml == pytest.approx(liver.sum() * 45 / 1000, abs=0.1)
    assert (found.liver_hu, found.slice_thickness_mm, found.phase.phase) == (90.0, 5.0, Phase.ARTERIAL)
    thick = replace(grid, slice_thickness_mm=7.5)
    nothing = scan_facts(Volume(hu, thick), None, Region(np.zeros_like(liver), grid))
    assert (nothing.liver_ml, nothing.liver_hu, nothing.slice_thickness_mm) == (0.0, None, 7.5)


@pytest.mark.parametrize(("engine", "counts"), [("fcd", 0), ("nnunet", 1)])
def test_a_network_that_has_to_find_a_liver_and_finds_none_has_marked_nothing(monkeypatch, engine, counts):
    grid = centred_geometry((8, 8, 8), (5.0, 5.0, 5.0))
    tumour = np.full(grid.size, 0.9, np.float32)

    marked = Probabilities(np.zeros(grid.size, np.float32), tumour, grid)
    found = SimpleNamespace(provenance={"engine": engine}, read_probabilities=lambda: marked)
    monkeypatch.setattr(segmentation, "run_engine", lambda *_: Outcome(Ending.DONE, found))
    runner = EngineRunner(Options(engine=engine), lambda: False)
    point = TimePointEntry(name="baseline", date=date(2026, 1, 1), image=Path("ct.nrrd"))
    view, _ = runner.survey(point, ignore_progress)
    assert view.liver_mask.any() == view.tumour_mask.any() == bool(counts)


def facts(phase: Phase) -> ScanFacts:
    return ScanFacts(PhaseFinding(phase, "as drawn"), 2.5, 1500.0, 100.0)


def test_each_row_of_a_follow_up_is_judged_by_what_proposed_it():
    native, portal = facts(Phase.NATIVE), facts(Phase.PORTAL)
    rows = [lesion(FOLLOW_UP, "L1", 30), candidate()]
    fine = judge("fcd", None, portal)
    # Adapted to native scans of this patient: at home there, while the base network that looks for new ones is not.
    known, survey = judge_adapted(None, [native], native), judge("fcd", None, native)
    one, other = judged(rows, known, survey, fine)
    assert (one.outside_domain, one.needs_a_look) == ("", False)
    assert "made for portal venous CT" in other.outside_domain
    assert other.suggestion is Suggestion.EQUIVOCAL
    strange, _ = judged(rows, judge_adapted(None, [portal], native), survey, fine)
    assert "This CT is unenhanced" in strange.outside_domain
    assert judged(rows, judge_adapted(None, [portal], portal), fine, fine) == rows
    # Where the baseline was none of its scans the network cannot say what is new since then.
    _, doubtful = judged(rows, known, fine, survey)
    assert (doubtful.suggestion, doubtful.needs_a_look) == (Suggestion.EQUIVOCAL, False)
