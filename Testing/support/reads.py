"""A small read without images or networks: rows that are written as proposals into a store."""

from pathlib import Path

import numpy as np

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.study import Study
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import Proposal, ProposalKind, Suggestion
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.decisions.decide import accept_all, decide
from HCCResponseLib.review.read.records import Action, Decision, write_proposal
from HCCResponseLib.review.read.state import ReadState, read_state
from HCCResponseLib.review.store import ReadStore

GRID = Geometry((9, 80, 80), (2.5, 1.0, 1.0))
BASELINE, FOLLOW_UP = "baseline", "follow-up 1"


def disc(diameter: float, row: int = 40, column: int = 40) -> np.ndarray:
    """Where a lesion of about this long axis in mm lies, (z, y, x): discs on three slices."""
    y, x = np.ogrid[:80, :80]
    mask = np.zeros(GRID.size, bool)
    mask[3:6] = (y - row) ** 2 + (x - column) ** 2 <= (diameter / 2) ** 2
    return mask


def drawn_disc(diameter: float, row: int = 40, column: int = 40) -> Lesion:
    """The contour of a :func:`disc`."""
    return Lesion.of(disc(diameter, row, column))


def lesion(time_point: str, name: str, diameter: float | None) -> Proposal:
    """A proposal of a known lesion; no diameter means that it has disappeared."""
    if diameter is None:
        return Proposal(time_point, name, ProposalKind.LESION, LesionState.DISAPPEARED, None, None, "test")
    drawn = drawn_disc(diameter)
    return Proposal(
        time_point,
        name,
        ProposalKind.LESION,
        LesionState.MEASURED,
        drawn,
        measure_lesion(drawn, GRID),
        "test",
    )


def candidate(name: str = "C1", suggestion: Suggestion = Suggestion.NEW) -> Proposal:
    """A candidate for a new lesion at follow-up."""
    drawn = drawn_disc(14, 20, 20)
    measured = measure_lesion(drawn, GRID)
    return Proposal(
        FOLLOW_UP, name, ProposalKind.CANDIDATE, LesionState.MEASURED, drawn, measured, "test", suggestion
    )


def study(points: tuple[str, ...] = (BASELINE, FOLLOW_UP), profile: str = "recist-1.1") -> Study:
    """A study whose images are never read."""
    entries = [{"name": n, "date": f"2024-0{i + 1}-01", "image": f"{i}.nrrd"} for i, n in enumerate(points)]
    return Study.model_validate({"subject": "S1", "profile": profile, "timepoints": entries})


def make_read(
    path: Path, proposals: list[Proposal], profile: str = "recist-1.1"
) -> tuple[ReadStore, ReadState]:
    """A store with a study and these proposals, nothing decided."""
    store = ReadStore(path)
    points = tuple(dict.fromkeys(p.time_point for p in proposals))
    names = points if len(points) > 1 else (BASELINE, FOLLOW_UP)
    store.append(
        "software", "study", {"study": study(names, profile).model_dump(mode="json"), "fingerprints": {}}
    )
    for proposal in proposals:
        write_proposal(store, proposal)
    for name in points:
        store.append("software", "proposed", {"time_point": name})
    return store, read_state(store)


def accept_with_a_look(store: ReadStore, state: ReadState, reader: str) -> None:
    """Accept everything unseen, and what has disappeared after a look, without which it counts as undecided."""
    accept_all(store, state, reader)
    for rows in list(state.rows.values()):
        for row in [row for row in rows.values() if row.decision is None]:
            seen = Decision(reader, row.proposal.time_point, row.proposal.name, Action.ACCEPT)
            decide(store, state, seen)
