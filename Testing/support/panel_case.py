"""A case for the panel: images on disk, a read with stored proposals, nothing decided; no network runs."""

from pathlib import Path
from typing import Any

import numpy as np
import yaml

from HCCResponseLib.imaging.study import load_study
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.imaging.write import write_volume
from HCCResponseLib.lesions.proposal import Proposal
from HCCResponseLib.review.read.records import write_proposal
from HCCResponseLib.review.read.session import open_session
from reads import BASELINE, FOLLOW_UP, GRID, candidate, lesion

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


def make_account(panel: Any) -> None:
    """Give the reader of :func:`open_case` an account."""
    panel.ui.printedNameEdit.setText("Dr Anna Example")
    panel.ui.accountNameEdit.setText("dr.a")
    for box in (panel.ui.newPasswordEdit, panel.ui.repeatPasswordEdit):
        box.setText(PASSWORD)
    panel.ui.accountButton.click()
    assert panel.ui.accountCombo.count == 1


def sign_both(panel: Any) -> None:
    """Make an account and sign two time points with it."""
    make_account(panel)
    for _ in range(2):
        panel.ui.passwordEdit.setText(PASSWORD)
        panel.ui.signButton.click()


def open_case(panel: Any, folder: Path, subject: str = "S1", make: bool = True) -> None:
    """Open a case in a panel by its boxes and buttons; ``make`` writes it first."""
    if make:
        folder.mkdir(exist_ok=True)
        make_case(folder, subject=subject)
    panel.ui.readerEdit.setText("dr.a")
    panel.ui.studyEdit.setText(str(folder / "study.yaml"))
    panel.ui.folderEdit.setText(str(folder / "read"))
    panel.ui.openButton.click()
