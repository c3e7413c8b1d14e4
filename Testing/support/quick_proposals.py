"""A worker in the place of the networks: in a second it proposes two lesions, follows them and finds a candidate."""

import time
from typing import Any

import numpy as np

from HCCResponseLib.base.jobs import Progress, Report, serve
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import Proposal, ProposalKind, Suggestion
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.pipeline.propose import accepted_at
from HCCResponseLib.pipeline.request import ProposalRequest
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.read.records import write_proposal
from HCCResponseLib.review.read.session import open_session

# Radius in mm at baseline, and place as a share of the scan (z, y, x).
LESIONS = {"L1": (20.0, (0.5, 0.5, 0.4)), "L2": (14.0, (0.5, 0.5, 0.65))}
NEW = (9.0, (0.4, 0.4, 0.5))


def ball(geometry: Geometry, radius: float, place: tuple[float, float, float]) -> Lesion:
    """Voxels within a radius in mm of a place."""
    axes = np.ogrid[tuple(slice(0, n) for n in geometry.size)]
    near = sum(
        ((axis - p * n) * s) ** 2
        for axis, p, n, s in zip(axes, place, geometry.size, geometry.spacing, strict=True)
    )
    return Lesion.of(np.asarray(near) <= radius**2)


def work(request: ProposalRequest, report: Report) -> dict[str, Any]:
    """Propose the baseline, or the follow-ups of one that is decided."""
    session = open_session(request.study, request.folder, by="software")
    first = session.study.timepoints[0]
    decided = bool(accepted_at(session, first))
    for step in range(20):
        report(Progress("Looking", step / 20))
        time.sleep(0.05)
    for point in session.study.timepoints[1:] if decided else [first]:
        geometry = session.image(point).geometry
        found = [(n, r * (0.7 if decided else 1.0), p) for n, (r, p) in LESIONS.items()]
        for name, radius, place in [*found, *([("C1", *NEW)] if decided else [])]:
            contour, new = ball(geometry, radius, place), name == "C1"
            kind = ProposalKind.CANDIDATE if new else ProposalKind.LESION
            measured = measure_lesion(contour, geometry)
            suggestion = Suggestion.NEW if new else None
            write_proposal(
                session.store,
                Proposal(
                    point.name, name, kind, LesionState.MEASURED, contour, measured, "quick", suggestion
                ),
            )
        session.store.append("software", "proposed", {"time_point": point.name})
    return {"waiting": []}


if __name__ == "__main__":
    serve(ProposalRequest.read, work)
