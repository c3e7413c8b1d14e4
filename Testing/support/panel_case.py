"""A case for the panel: images on disk, a read with stored proposals, nothing decided; no network runs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from HCCResponseLib.imaging.study import load_study
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.imaging.write import write_volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import Proposal
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.review.read.records import write_proposal
from HCCResponseLib.review.read.session import open_session
from HCCResponseLib.review.read.state import RowStatus
from reads import BASELINE, FOLLOW_UP, GRID, candidate, drawn_disc, lesion
from waiting import wait_until

PASSWORD = "quiet river stones 42"


def draw(proposals: list[Proposal], point: str, seed: int) -> Volume:
    """A grey disc of liver with darker lesions where the proposals are, and noise."""
    rng = np.random.default_rng(seed)
    _, y, x = np.ogrid[: GRID.size[0], : GRID.size[1], : GRID.size[2]]
    body = ((y - 40) / 36.0) ** 2 + ((x - 40) / 38.0) ** 2 < 1
    hu = np.where(body, 110.0, -1000.0) * np.ones(GRID.size)
    for p in proposals:
        if p.time_point == point and p.contour is not None:
            hu[p.contour.box][p.contour.voxels] = 60
    return Volume((hu + rng.normal(scale=8, size=GRID.size)).astype(np.int16), GRID, point)


def default_proposals() -> list[Proposal]:
    """Two lesions that are followed and one candidate."""
    return [
        lesion(BASELINE, "L1", 40),
        lesion(BASELINE, "L2", 24),
        lesion(FOLLOW_UP, "L1", 24),
        lesion(FOLLOW_UP, "L2", 14),
        candidate(),
    ]


def neighbours() -> list[Proposal]:
    """Two lesions that touch each other, at both time points."""
    found = []
    for point, scale in ((BASELINE, 1.0), (FOLLOW_UP, 0.8)):
        for name, diameter, column in (("L1", 20.0, 30), ("L2", 16.0, 49)):
            contour = drawn_disc(diameter * scale, 40, column)
            measured = measure_lesion(contour, GRID)
            found.append(replace(lesion(point, name, diameter), contour=contour, measurement=measured))
    return found


def make_case(
    folder: Path,
    proposals: list[Proposal] | None = None,
    subject: str = "S1",
    profile: str = "recist-1.1",
) -> tuple[Path, Path]:
    """Write study and read; returns the study file and the folder of the read."""
    proposals = default_proposals() if proposals is None else proposals
    points = list(dict.fromkeys([BASELINE, FOLLOW_UP, *(p.time_point for p in proposals)]))
    entries = []
    for number, point in enumerate(points):
        image = folder / f"{number}.nrrd"
        write_volume(draw(proposals, point, number), image)
        month, year = number % 12 + 1, 2024 + number // 12
        entries.append(
            {"name": point, "date": f"{year}-{month:02d}-01", "image": image.name, "phase": "portal venous"}
        )
    study = folder / "study.yaml"
    study.write_text(
        yaml.safe_dump({"subject": subject, "profile": profile, "timepoints": entries}), encoding="utf-8"
    )
    store_proposals(study, folder / "read", proposals)
    return study, folder / "read"


def store_proposals(study: Path, folder: Path, proposals: list[Proposal]) -> None:
    """Write proposals into the read of a study, as a run would."""
    session = open_session(load_study(study), folder)
    for proposal in proposals:
        write_proposal(session.store, proposal)
    for point in dict.fromkeys(p.time_point for p in proposals):
        session.store.append("software", "proposed", {"time_point": point})
    session.store.close()


def wait_for_the_job(slicer_app: Any, panel: Any) -> None:
    """Until the panel's job has ended, and the application has done what follows from it."""

    def ended() -> bool:
        slicer_app.process()
        return not panel.panel.jobs.busy

    slicer_app.process()
    wait_until(ended)
    for _ in range(3):
        slicer_app.process()


def make_account(panel: Any) -> None:
    """Give the reader of :func:`open_case` an account."""
    panel.ui.printedNameEdit.setText("Dr Anna Example")
    panel.ui.accountNameEdit.setText("dr.a")
    for box in (panel.ui.newPasswordEdit, panel.ui.repeatPasswordEdit):
        box.setText(PASSWORD)
    panel.ui.accountButton.click()
    assert panel.ui.accountCombo.count == 1


def sign(panel: Any) -> None:
    """Sign the next time point with the account of :func:`make_account`."""
    panel.ui.passwordEdit.setText(PASSWORD)
    panel.ui.signButton.click()


def sign_both(panel: Any) -> None:
    """Make an account and sign two time points with it."""
    make_account(panel)
    for _ in range(2):
        sign(panel)


def status(panel: Any, point: str, name: str) -> RowStatus:
    """What was done with a row of the read."""
    return panel.panel.presenter.row(point, name).status


def select(panel: Any, name: str, point: str) -> None:
    """Select the cell of a lesion at a time point."""
    table = panel.ui.lesionTable
    headers = [table.horizontalHeaderItem(c).text() for c in range(table.columnCount)]
    names = [table.item(r, 0).text() for r in range(table.rowCount)]
    table.setCurrentCell(names.index(name), headers.index(point))


def press(widget: Any, key: str) -> None:
    """Press a key while a widget has the focus."""
    import qt
    from PySide6 import QtTest

    widget.setFocus()
    QtTest.QTest.keyClick(widget, getattr(qt.Qt, f"Key_{key}"))


def decide_everything(panel: Any) -> None:
    """Accept both lesions at both time points, dismiss the candidate."""
    for point in (BASELINE, FOLLOW_UP):
        for name in ("L1", "L2"):
            select(panel, name, point)
            panel.ui.acceptButton.click()
    panel.ui.candidateTable.selectRow(0)
    panel.ui.dismissButton.click()


def paint(panel: Any, point: str, name: str, contour: Lesion | None) -> None:
    """A stroke that leaves this contour in a segment, and the application's next turns."""
    import slicer

    from HCCResponseLib.panel.scene.contours import COLOURS, set_contour

    set_contour(panel.panel.scene_view.contour_node(point), name, contour, GRID, COLOURS[0])
    for _ in range(3):
        slicer.app.processEvents()


def open_case(panel: Any, folder: Path, subject: str = "S1", make: bool = True) -> None:
    """Open a case in a panel by its boxes and buttons; ``make`` writes it first."""
    if make:
        folder.mkdir(exist_ok=True)
        make_case(folder, subject=subject)
    panel.ui.readerEdit.setText("dr.a")
    panel.ui.studyEdit.setText(str(folder / "study.yaml"))
    panel.ui.folderEdit.setText(str(folder / "read"))
    panel.ui.openButton.click()
