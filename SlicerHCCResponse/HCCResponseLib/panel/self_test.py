"""The module's self-test: a small case from open to category, by the panel's own buttons, in any host.

It needs no network and no data: two drawn scans of a grey disc with darker spots, and proposals that are stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK
import slicer
import yaml

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.study import load_study
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.imaging.write import write_volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import Proposal, ProposalKind, Suggestion
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.read.records import write_proposal
from HCCResponseLib.review.read.session import open_session
from HCCResponseLib.review.read.state import RowStatus
from HCCResponseLib.review.store import ReadStore

Int16 = npt.NDArray[np.int16]
GRID = Geometry((9, 80, 80), (2.5, 1.0, 1.0))
Visits = Mapping[str, tuple[str, Mapping[str, float]]]
"""Day and diameters (mm) of each visit; a name that begins with C is a candidate for a new lesion."""
VISITS: Visits = {
    "baseline": ("2024-01-01", {"L1": 40.0, "L2": 20.0}),
    "follow-up 1": ("2024-03-01", {"L1": 20.0, "L2": 12.0}),
}
# Row and column of the middle.
CENTRES = {"L1": (40, 40), "L2": (18, 56), "L3": (62, 62), "C1": (62, 20), "C2": (20, 20), "C3": (40, 70)}


def make_case(folder: Path, visits: Visits = VISITS) -> Path:
    """Write scans, study file and a read with proposals; returns the study file."""
    study = draw_study(folder, visits)
    session = open_session(load_study(study), folder / "read")
    write_proposals(session.store, visits)
    session.store.close()
    return study


def draw_study(folder: Path, visits: Visits) -> Path:
    """Write scans and study file; returns the latter."""
    entries = []
    for name, (day, lesions) in visits.items():
        file = name.replace(" ", "-") + ".nrrd"
        write_volume(Volume(_drawn(lesions), GRID, name), folder / file)
        entries.append({"name": name, "date": day, "image": file})
    study = folder / "study.yaml"
    study.write_text(yaml.safe_dump({"subject": "SELFTEST", "timepoints": entries}), encoding="utf-8")
    return study


def draw_series(folder: Path, visits: Visits) -> None:
    """Write the scans as series of DICOM slices, each visit in a folder of its own."""
    for number, (name, (day, lesions)) in enumerate(visits.items(), start=1):
        hu = _drawn(lesions)
        place = folder / name.replace(" ", "-")
        place.mkdir(parents=True)
        for index, plane in enumerate(hu):
            _write_slice(place / f"{index:03d}.dcm", plane, index, number, day.replace("-", ""))


def _write_slice(path: Path, plane: Int16, index: int, number: int, day: str) -> None:
    image = SimpleITK.GetImageFromArray(plane[None])
    step, rows, columns = GRID.spacing
    image.SetSpacing((columns, rows, step))
    uid = f"1.2.826.0.1.3680043.2.1125.{number}"
    tags = {
        "0008|0016": "1.2.840.10008.5.1.4.1.1.2", "0008|0018": f"{uid}.1.{index + 1}", "0008|0020": day,
        "0008|0060": "CT", "0008|103e": "PORTAL", "0010|0010": "SELFTEST", "0010|0020": "SELFTEST",
        "0018|0050": f"{step}", "0020|000d": uid, "0020|000e": f"{uid}.1", "0020|0052": f"{uid}.2",
        "0020|0011": "1", "0020|0013": f"{index + 1}", "0020|0032": f"0\\0\\{index * step}",
        "0020|0037": "1\\0\\0\\0\\1\\0", "0028|1052": "0", "0028|1053": "1",
    }  # fmt: skip
    for tag, value in tags.items():
        image.SetMetaData(tag, value)
    writer = SimpleITK.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    writer.SetFileName(str(path))
    writer.Execute(image)


def _drawn(lesions: Mapping[str, float]) -> Int16:
    hu = np.full(GRID.size, 110, np.int16)
    hu[:, :2] = -1000
    for lesion, diameter in lesions.items():
        hu[_spot(lesion, diameter)] = 60
    return hu


def _spot(lesion: str, diameter: float) -> Mask:
    y, x = np.ogrid[:80, :80]
    row, column = CENTRES[lesion]
    mask = np.zeros(GRID.size, bool)
    mask[3:6] = (y - row) ** 2 + (x - column) ** 2 <= (diameter / 2) ** 2
    return mask


def write_proposals(store: ReadStore, visits: Visits) -> None:
    """Propose what was drawn, as a run would."""
    for point, (_, lesions) in visits.items():
        for lesion, diameter in lesions.items():
            contour = Lesion.of(_spot(lesion, diameter))
            measured, state = measure_lesion(contour, GRID), LesionState.MEASURED
            new = lesion.startswith("C")
            kind = ProposalKind.CANDIDATE if new else ProposalKind.LESION
            suggestion = Suggestion.NEW if new else None
            write_proposal(
                store, Proposal(point, lesion, kind, state, contour, measured, "self-test", suggestion)
            )
        store.append("software", "proposed", {"time_point": point})


class SmallCaseTest:
    """The case in one panel; ``widget`` is the module's widget."""

    def __init__(self, widget: Any, folder: Path) -> None:
        self._widget = widget
        self._study = make_case(folder)

    def open(self) -> None:
        """Open the case by the panel's boxes and its button."""
        ui = self._widget.ui
        ui.readerEdit.setText("self-test")
        ui.studyEdit.setText(str(self._study))
        ui.folderEdit.setText(str(self._study.parent / "read"))
        ui.openButton.click()
        slicer.app.processEvents()

    def accept_everything(self) -> None:
        """Select every cell of the table and press Accept."""
        table = self._widget.ui.lesionTable
        first = 3
        for column in range(first, first + len(VISITS)):
            for row in range(table.rowCount):
                table.setCurrentCell(row, column)
                self._widget.ui.acceptButton.click()

    def run(self, test: Any) -> None:
        """Open, accept, drag a line, undo, category, close the scene, open again; ``test`` is a ``TestCase``."""
        panel, ui = self._widget.panel, self._widget.ui
        self.open()
        test.assertEqual(ui.lesionTable.rowCount, 2)
        self.accept_everything()
        test.assertIn("PR", ui.categoryLabel.text)
        line = panel.scene_view.line_node("follow-up 1", "L1")
        line.SetNthControlPointPositionWorld(0, -20.0, -40.0, 10.0)
        line.SetNthControlPointPositionWorld(1, -60.0, -40.0, 10.0)
        line.InvokeEvent(line.PointEndInteractionEvent)
        row = panel.presenter.row("follow-up 1", "L1")
        test.assertEqual((row.status, str(row.long_mm)), (RowStatus.EDITED, "40.0"))
        test.assertIn("SD", ui.categoryLabel.text)
        ui.undoButton.click()
        test.assertIn("PR", ui.categoryLabel.text)
        slicer.mrmlScene.Clear(0)
        slicer.app.processEvents()
        test.assertIsNone(panel.presenter.session)
        self.open()
        test.assertIn("PR", ui.categoryLabel.text)
