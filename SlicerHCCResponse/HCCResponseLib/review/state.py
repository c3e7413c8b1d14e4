"""The state of a read, derived from its events: the latest proposal and the latest decision of every row."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.imaging.study import Study
from HCCResponseLib.measure import LesionMeasurement
from HCCResponseLib.response.types import LesionState, Response
from HCCResponseLib.review.records import Action, Decision, read_decision, read_proposal
from HCCResponseLib.review.store import ReadStore
from HCCResponseLib.track.links import LinkSet, links_from_json
from HCCResponseLib.track.proposal import Proposal, ProposalKind


class RowStatus(StrEnum):
    """What a reader has done with a row."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"


_STATUS = {
    Action.ACCEPT: RowStatus.ACCEPTED,
    Action.NEW: RowStatus.ACCEPTED,
    Action.EQUIVOCAL: RowStatus.ACCEPTED,
    Action.EDIT: RowStatus.EDITED,
    Action.REJECT: RowStatus.REJECTED,
    Action.DISMISS: RowStatus.REJECTED,
}


@dataclass(frozen=True)
class Row:
    """One lesion or candidate at one time point: what was proposed, what was decided."""

    proposal: Proposal
    decision: Decision | None = None

    @property
    def status(self) -> RowStatus:
        """Proposed, accepted, edited or rejected."""
        return RowStatus.PROPOSED if self.decision is None else _STATUS[self.decision.action]

    @property
    def is_candidate(self) -> bool:
        """A candidate for a new lesion, not a known lesion."""
        return self.proposal.kind is ProposalKind.CANDIDATE

    @property
    def measurement(self) -> LesionMeasurement | None:
        """The reader's measurement where there is one, else the proposal's."""
        if self.decision is not None and self.decision.measurement is not None:
            return self.decision.measurement
        return self.proposal.measurement

    @property
    def mask(self) -> npt.NDArray[np.bool_] | None:
        """The reader's contour where there is one, else the proposal's; (z, y, x)."""
        if self.decision is not None and self.decision.mask is not None:
            return self.decision.mask
        return self.proposal.mask

    @property
    def state(self) -> LesionState:
        """The lesion's state as decided, else as proposed. A rejected contour leaves it not evaluable."""
        if self.decision is not None:
            if self.decision.state is not None:
                return self.decision.state
            if self.decision.action is Action.REJECT:
                return LesionState.NOT_EVALUABLE
            if self.decision.mask is not None or self.decision.long_axis_mm is not None:
                return LesionState.MEASURED
        return self.proposal.state

    @property
    def long_mm(self) -> Decimal | None:
        """Long axis that counts: the reader's own line, else that of the contour; ``None`` when not measured."""
        if self.state is not LesionState.MEASURED:
            return None
        if self.decision is not None and self.decision.long_axis_mm is not None:
            return self.decision.long_axis_mm
        return self.measurement.long_axis.length_mm if self.measurement else None


@dataclass
class ReadState:
    """Everything known of a read.

    Attributes:
        study: as it was when the read was opened.
        rows: per time point, per lesion or candidate name, in order of appearance.
        provenance: per time point, how its proposals were made.
        non_target: per time point, the reader's judgement of non-target disease.
        links: per time point, which part is which lesion, with every set that was replaced.
    """

    study: Study | None = None
    fingerprints: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    provenance: dict[str, dict[str, Any]] = field(default_factory=dict)
    non_target: dict[str, Response] = field(default_factory=dict)
    links: dict[str, LinkSet] = field(default_factory=dict)

    def row(self, time_point: str, name: str) -> Row | None:
        """One row, or ``None``."""
        return self.rows.get(time_point, {}).get(name)

    def reviewed(self) -> bool:
        """Whether a reader looked at every decided row."""
        decisions = [r.decision for rows in self.rows.values() for r in rows.values() if r.decision]
        return bool(decisions) and all(d.seen for d in decisions)

    def readers(self) -> list[str]:
        """Who decided anything, in order of appearance."""
        names = [r.decision.reader for rows in self.rows.values() for r in rows.values() if r.decision]
        return list(dict.fromkeys(names))


def read_state(store: ReadStore) -> ReadState:
    """Replay all events. A later proposal or decision stands in front of an earlier one; both stay stored."""
    state = ReadState()
    for event in store.events():
        payload = event.payload
        if event.action == "study":
            state.study = Study.model_validate(payload["study"])
            state.fingerprints = payload["fingerprints"]
        elif event.action == "proposal":
            proposal = read_proposal(store, payload)
            state.rows.setdefault(proposal.time_point, {})[proposal.name] = Row(proposal)
        elif event.action == "decision":
            decision = read_decision(store, event.actor, payload)
            row = state.rows[decision.time_point][decision.name]
            state.rows[decision.time_point][decision.name] = Row(row.proposal, decision)
        elif event.action == "proposed":
            state.provenance[payload["time_point"]] = payload
        elif event.action == "links":
            name = payload["time_point"]
            state.links[name] = links_from_json(payload, state.links.get(name))
        elif event.action == "non-target":
            state.non_target[payload["time_point"]] = Response(payload["response"])
    return state
