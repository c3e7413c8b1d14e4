"""Reads of DICOM series in which everything is decided, for tests of what is written of them."""

import numpy as np

from dicom_series import write_volume_series
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.session import Session
from reads import BASELINE, FOLLOW_UP, GRID, candidate, lesion, make_read


def dicom_read(tmp_path):
    """A read with proposals at two visits; whoever takes it closes its store."""
    rows = [
        lesion(BASELINE, "L1", 40),
        lesion(BASELINE, "L2", 20),
        lesion(FOLLOW_UP, "L1", 20),
        lesion(FOLLOW_UP, "L2", None),
        candidate(),
    ]
    store, state = make_read(tmp_path / "read.sqlite", rows)
    hu = np.full(GRID.size, -900, np.int16)
    hu[1:-1, 3:-3, 3:-3] = 80
    points, images = [], {}
    for number, point in enumerate(state.study.timepoints):
        folder = tmp_path / f"ct{number}"
        write_volume_series(folder, Volume(hu, GRID), point.date.strftime("%Y%m%d"), number)
        points.append(point.model_copy(update={"image": folder}))
        images[point.name] = read_volume(folder)
    study = state.study.model_copy(update={"timepoints": tuple(points)})
    return Session(study, tmp_path, store, state, images)


def accept(session, point, name, action=Action.ACCEPT, reader="Dr A", **more):
    decide(
        session.store,
        session.state,
        Decision(reader, point, name, action, **more),
        session.images[point].geometry,
    )


def decide_all(session):
    accept(session, BASELINE, "L1")
    accept(session, BASELINE, "L2")
    accept(session, FOLLOW_UP, "L1")
    accept(session, FOLLOW_UP, "L2")
    accept(session, FOLLOW_UP, "C1", Action.DISMISS, reason="a vessel")
