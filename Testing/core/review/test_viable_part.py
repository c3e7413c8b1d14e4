"""mRECIST, EASL and qEASL take the viable part of a tumour: measured by their own convention, or not evaluable."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
import yaml

from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.imaging.write import write_label_map
from HCCResponseLib.measure import MRECIST, RECIST, convention_of, measure_lesion
from HCCResponseLib.report.subject.content import report_content
from HCCResponseLib.report.subject.html import write_html
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.types import Response
from HCCResponseLib.review.decisions.decide import accept_all, decide
from HCCResponseLib.review.decisions.decisions_file import apply_decisions
from HCCResponseLib.review.read.category import category, findings
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.state import read_state
from reads import BASELINE, FOLLOW_UP, GRID, candidate, disc, lesion, make_read

GRIDS = {BASELINE: GRID, FOLLOW_UP: GRID}
VIABLE = ("mrecist", "easl", "qeasl")


def ring_read(folder, profile, viable=True, action="edit"):
    """A whole tumour of 40 mm at baseline, and at follow-up a ring that the reader has drawn around its necrosis."""
    store, state = make_read(
        folder / "read.sqlite", [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 40)], profile
    )
    ring = (disc(40) & ~disc(25)).astype("uint8")
    write_label_map(LabelMap(ring, GRID), folder / "ring.nrrd")
    said = {} if viable is None else {"viable": viable}
    rows = [
        {"time_point": BASELINE, "name": "L1", "action": "accept", **said},
        {"time_point": FOLLOW_UP, "name": "L1", "action": action, "contour": "ring.nrrd", **said},
    ]
    (folder / "d.yaml").write_text(yaml.safe_dump({"reader": "Dr A", "decisions": rows}))
    apply_decisions(store, state, folder / "d.yaml", GRIDS)
    return store, state


@pytest.mark.parametrize(
    ("profile", "named"),
    [("recist-1.1", RECIST), ("who", RECIST), ("volume", RECIST), ("irecist", RECIST)]
    + [(name, MRECIST) for name in VIABLE],
)
def test_the_convention_follows_the_profile(profile, named):
    assert convention_of(load_profile(profile)) is named


@pytest.mark.parametrize(("profile", "length"), [("recist-1.1", "41.0"), ("mrecist", "32.0")])
def test_a_ring_is_measured_as_its_criterion_says(tmp_path, profile, length):
    store, state = ring_read(tmp_path, profile)
    row = state.row(FOLLOW_UP, "L1")
    assert row.long_mm == Decimal(length)
    assert row.measurement.convention == convention_of(load_profile(profile)).name
    again = read_state(store).row(FOLLOW_UP, "L1")
    assert (again.viable, again.long_mm) == (True, row.long_mm)
    store.close()


def test_mrecist_of_viable_contours_is_a_category(tmp_path):
    store, state = ring_read(tmp_path, "mrecist")
    target = category(state, load_profile("mrecist")).latest.target
    assert (target.baseline_sum, target.sum, target.response) == (
        Decimal("41.0"),
        Decimal("32.0"),
        Response.SD,
    )
    store.close()


@pytest.mark.parametrize("profile", VIABLE)
@pytest.mark.parametrize("said", [None, False])
def test_a_viable_criterion_without_viable_contours_is_not_evaluable(tmp_path, profile, said):
    store, state = ring_read(tmp_path, profile, viable=said)
    latest = category(state, load_profile(profile)).latest
    assert (latest.target.response, latest.overall) == (Response.NE, Response.NE)
    assert any("L1: measured on the whole tumour" in line for line in latest.trace)
    store.close()


def test_a_whole_tumour_at_one_visit_leaves_the_sum_of_that_visit_open(tmp_path):
    store, state = ring_read(tmp_path, "mrecist")
    decide(store, state, Decision("Dr A", FOLLOW_UP, "L1", Action.ACCEPT))
    latest = category(state, load_profile("mrecist")).latest
    assert (latest.target.baseline_sum, latest.target.sum) == (Decimal("41.0"), None)
    assert latest.overall is Response.NE
    store.close()


def test_a_new_lesion_is_progression_with_or_without_viable_contours(tmp_path):
    rows = [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 40), candidate()]
    store, state = make_read(tmp_path / "read.sqlite", rows, "mrecist")
    accept_all(store, state, "Dr A")
    assert category(state, load_profile("mrecist")).latest.overall is Response.PD
    store.close()


def test_a_whole_tumour_is_enough_for_recist(tmp_path):
    store, state = ring_read(tmp_path, "recist-1.1", viable=None)
    assert category(state, load_profile("recist-1.1")).latest.overall is Response.SD
    store.close()


def test_a_proposed_contour_that_is_called_viable_is_measured_again(tmp_path):
    ring = replace(lesion(FOLLOW_UP, "L1", 40), contour=None)
    mask = disc(40) & ~disc(25)
    ring = replace(ring, contour=type(lesion(BASELINE, "L1", 40).contour).of(mask))
    ring = replace(ring, measurement=measure_lesion(ring.contour, GRID))
    store, state = make_read(tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 40), ring], "mrecist")
    assert state.row(FOLLOW_UP, "L1").long_mm == Decimal("41.0")
    decide(store, state, Decision("Dr A", FOLLOW_UP, "L1", Action.ACCEPT, viable=True), GRID)
    assert read_state(store).row(FOLLOW_UP, "L1").long_mm == Decimal("32.0")
    store.close()


def test_a_viable_volume_is_that_of_the_viable_contour(tmp_path):
    store, state = ring_read(tmp_path, "qeasl")
    profile = load_profile("qeasl")
    (found,) = findings(state, profile)[-1].lesions
    voxels = int(np.count_nonzero(disc(40) & ~disc(25)))
    assert found.volume_mm3 == Decimal(str(voxels * 2.5))
    typed = Decision("Dr A", FOLLOW_UP, "L1", Action.EDIT, long_axis_mm=Decimal(20), viable=True)
    decide(store, state, typed, GRID)
    (found,) = findings(state, profile)[-1].lesions
    assert (found.volume_mm3, category(state, profile).latest.overall) == (None, Response.NE)
    store.close()


def test_decisions_of_older_reads_say_nothing_of_viability(tmp_path):
    store, _ = ring_read(tmp_path, "mrecist")
    event = next(e for e in store.events() if e.action == "decision")
    payload = {k: v for k, v in event.payload.items() if k != "viable"}
    store.append("Dr A", "decision", payload)
    assert read_state(store).row(BASELINE, "L1").viable is False
    store.close()


@pytest.mark.parametrize("viable", [True, None])
def test_the_report_prints_the_convention_and_says_what_is_missing(tmp_path, viable):
    store, state = ring_read(tmp_path, "mrecist", viable)
    profile = load_profile("mrecist")
    image = Volume(np.full(GRID.size, 60, np.float32), GRID, source="a.nrrd")
    write_html(tmp_path / "r.html", report_content(state, profile, category(state, profile), lambda _: image))
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "mrecist-viable" in text
    assert ("viable part is not contoured" in text) is (viable is None)
    assert ("L1 at baseline, L1 at follow-up 1" in text) is (viable is None)
    store.close()
