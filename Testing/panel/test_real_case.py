"""The real pair through the whole panel: open, accept, paint, drag, dismiss, category, sign, lock, reload, pictures.

The follow-up's proposal is stored, not computed: the expert's baseline contour at the same place in space, so that the
test is quick. Pictures go to ``HCC_RESPONSE_PICTURES`` (or a temporary folder) for looking at.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy import ndimage

from HCCResponseLib.imaging.read import read_label_map, read_volume
from HCCResponseLib.imaging.resample import resample
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import Proposal, ProposalKind, Suggestion
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.read.state import RowStatus
from panel_case import sign_both, store_proposals
from reads import BASELINE, FOLLOW_UP
from slicer_host.pictures import grab, style
from slicer_host.slice_view import render_slice

READERS = (110.7, 117.6)


def lesion(point, name, mask, geometry, kind=ProposalKind.LESION, suggestion=None):
    contour = Lesion.of(mask)
    measured = measure_lesion(contour, geometry)
    return Proposal(point, name, kind, LesionState.MEASURED, contour, measured, "stored", suggestion)


@pytest.fixture
def study(real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("HCC_RESPONSE_PEOPLE", str(tmp_path / "people.sqlite"))
    data = real_data / "hcc_007"
    images = {BASELINE: data / "BL_19971227_portal.nii.gz", FOLLOW_UP: data / "FU_19980314_portal.nii.gz"}
    dates = {BASELINE: "1997-12-27", FOLLOW_UP: "1998-03-14"}
    points = [
        {"name": n, "date": dates[n], "image": str(p), "phase": "portal venous"} for n, p in images.items()
    ]
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump({"subject": "HCC_007", "timepoints": points}), encoding="utf-8")
    contour = read_label_map(data / "BL_tumour_silhouette_label.nii.gz")
    first, second = contour.geometry, read_volume(images[FOLLOW_UP]).geometry
    tumour = contour.mask(2)
    later = resample(tumour.astype(np.float32), first, second, fill=0) > 0.5
    spot = np.zeros(second.size, bool)
    z, y, x = (int(v) for v in np.argwhere(later).mean(0))
    spot[z - 1 : z + 2, y - 60 : y - 45, x - 8 : x + 8] = True
    store_proposals(
        file,
        tmp_path / "read",
        [
            lesion(BASELINE, "L1", tumour, first),
            lesion(FOLLOW_UP, "L1", later, second),
            lesion(FOLLOW_UP, "C1", spot, second, ProposalKind.CANDIDATE, Suggestion.EQUIVOCAL),
        ],
    )
    return file


def pictures(panel, folder, name):
    for width in (420, 600):
        grab(panel.parent, folder / f"{name}-{width}.png", width=width)
    with style(dark=True):
        grab(panel.parent, folder / f"{name}-dark.png", width=420)
    found = []
    for view in ("Red", "Yellow"):
        found.append(render_slice(folder / f"{name}-{view}.png", view, (420, 420), fit=False))
    return found


def select(panel, point, name):
    panel.panel._context.select(point, name)


def test_the_real_pair_from_open_to_lock(slicer_app, panel, study, tmp_path):
    import slicer

    folder = Path(os.environ.get("HCC_RESPONSE_PICTURES", tmp_path / "pictures"))
    ui, reader = panel.ui, panel.panel
    ui.readerEdit.setText("dr.a")
    ui.studyEdit.setText(str(study))
    ui.folderEdit.setText(str(study.parent / "read"))
    ui.openButton.click()
    select(panel, BASELINE, "L1")
    views = pictures(panel, folder, "open")
    assert all(v.std() > 20 for v in views), "both scans are drawn"
    assert all(((v[..., 0] > 200) & (v[..., 1] > 100) & (v[..., 2] < 80)).sum() > 50 for v in views), (
        "contours are drawn"
    )
    ui.acceptButton.click()
    length = float(reader.presenter.row(BASELINE, "L1").long_mm)
    assert READERS[0] * 0.9 <= length <= READERS[1] * 1.1

    paint(panel)
    drag(panel)
    pictures(panel, folder, "edited")
    select(panel, FOLLOW_UP, "C1")
    ui.dismissButton.click()
    assert "RECIST 1.1: SD" in ui.categoryLabel.text
    pictures(panel, folder, "category")
    sign_both(panel)
    assert reader.presenter.state.locked == {BASELINE, FOLLOW_UP}
    pictures(panel, folder, "signed")
    slicer.mrmlScene.Clear(0)
    ui.openButton.click()
    assert "RECIST 1.1: SD" in ui.categoryLabel.text
    assert reader.presenter.state.locked == {BASELINE, FOLLOW_UP}


def paint(panel):
    """Erode the follow-up's contour by one voxel, as a reader who finds it too generous."""
    from HCCResponseLib.panel.scene.contours import COLOURS, get_contour, set_contour

    reader = panel.panel
    geometry = reader.presenter.image(FOLLOW_UP).geometry
    node = reader.scene_view.contour_node(FOLLOW_UP)
    smaller = ndimage.binary_erosion(get_contour(node, "L1", geometry).to_mask(), np.ones((1, 3, 3)))
    set_contour(node, "L1", Lesion.of(smaller), geometry, COLOURS[0])
    panel.ui.doneButton.click()
    row = reader.presenter.row(FOLLOW_UP, "L1")
    assert row.status is RowStatus.EDITED
    assert row.measurement.long_axis.length_mm < row.proposal.measurement.long_axis.length_mm


def drag(panel):
    """Draw the long axis in by 3 mm at one end."""
    reader = panel.panel
    before = reader.presenter.row(FOLLOW_UP, "L1").measurement.long_axis
    node = reader.scene_view.line_node(FOLLOW_UP, "L1")
    ends = np.array([before.start_ras, before.end_ras])
    inwards = (ends[0] - ends[1]) / np.linalg.norm(ends[0] - ends[1])
    node.SetNthControlPointPositionWorld(1, *(float(v) for v in ends[1] + 3.0 * inwards))
    node.InvokeEvent(node.PointEndInteractionEvent)
    row = reader.presenter.row(FOLLOW_UP, "L1")
    assert float(row.long_mm) == pytest.approx(before.length_raw_mm - 3.0, abs=0.06)
    assert row.measurement.long_axis == before, "the contour's own axis is kept"
