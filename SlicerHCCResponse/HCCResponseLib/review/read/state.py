"""The state of a read, derived from its events: the latest proposal and the latest decision of every row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from HCCResponseLib.imaging.study import Study
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.links import LinkSet, links_from_json
from HCCResponseLib.lesions.prompt import prompt_words
from HCCResponseLib.lesions.proposal import Proposal, ProposalKind
from HCCResponseLib.measure import LesionMeasurement
from HCCResponseLib.response.types import LesionState, Response
from HCCResponseLib.review.people.person import Person
from HCCResponseLib.review.read.facts import Site, Visit, site_from_json, visit_from_json
from HCCResponseLib.review.read.records import Action, Decision, read_decision, read_proposal
from HCCResponseLib.review.signing.signatures import Choice, Locks, Meaning, ReadOrder, Signature
from HCCResponseLib.review.store import Event, ReadStore


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
#: What says under which study and profile a read is read.
_BEGUN = ("study", "profile-changed")
_NOT_THERE = (LesionState.DISAPPEARED, LesionState.NOT_IMAGED, LesionState.MERGED)


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
    def status_words(self) -> str:
        """Its status for people: a row that was accepted without a look never reads like one that was."""
        if self.decision is None:
            return "not decided"
        return self.status.value if self.decision.seen else f"{self.status.value} unseen"

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
    def contour(self) -> Lesion | None:
        """The reader's contour where there is one, else the proposal's unless the reader says that nothing is there."""
        if self.decision is not None and self.decision.contour is not None:
            return self.decision.contour
        return None if self.state in _NOT_THERE else self.proposal.contour

    @property
    def prompt(self) -> Mapping[str, Any] | None:
        """What its contour was made from, where the reader has shown the lesion by a line or clicks."""
        if self.contour is None:
            return None
        own = self.decision is not None and self.decision.contour is not None
        return self.decision.prompt if own and self.decision else self.proposal.prompt

    @property
    def prompt_words(self) -> str:
        """How its contour was made from the reader's line or clicks; empty where it was not."""
        return "" if self.prompt is None else prompt_words(self.prompt)

    @property
    def viable(self) -> bool:
        """Whether its contour is the viable part of the tumour: as the reader says, else as proposed."""
        if self.decision is not None and self.decision.viable is not None:
            return self.decision.viable
        return self.proposal.viable

    @property
    def state(self) -> LesionState:
        """The lesion's state as decided, else as proposed. A rejected contour leaves it not evaluable."""
        if self.decision is not None:
            if self.decision.state is not None:
                return self.decision.state
            if self.decision.action is Action.REJECT:
                return LesionState.NOT_EVALUABLE
            if self.decision.long_axis_mm is None and self.decision.parts:
                return LesionState.SPLIT
            if self.decision.contour is not None or self.decision.long_axis_mm is not None:
                return LesionState.MEASURED
        return self.proposal.state

    @property
    def is_sized(self) -> bool:
        """Measured, as one or as the sum of its parts."""
        return self.state in (LesionState.MEASURED, LesionState.SPLIT)

    @property
    def parts(self) -> tuple[LesionMeasurement, ...]:
        """Each part of a split lesion, the longest first; empty when it is not split."""
        if self.state is not LesionState.SPLIT:
            return ()
        own = self.decision.parts if self.decision is not None else ()
        return own or self.proposal.parts

    @property
    def merged_into(self) -> str | None:
        """The lesion whose diameter stands for this one too; ``None`` when it is not merged."""
        if self.state is not LesionState.MERGED:
            return None
        own = self.decision.merged_into if self.decision is not None else None
        return own or self.proposal.merged_into

    @property
    def long_mm(self) -> Decimal | None:
        """Long axis that counts: the reader's own, else the contour's or the sum of its parts'; else ``None``."""
        if self.parts:
            return sum((one.long_axis.length_mm for one in self.parts), Decimal(0))
        if self.state is not LesionState.MEASURED:
            return None
        if self.decision is not None and self.decision.long_axis_mm is not None:
            return self.decision.long_axis_mm
        return self.measurement.long_axis.length_mm if self.measurement else None

    @property
    def short_mm(self) -> Decimal | None:
        """Short axis that counts, of parts their sum; a reader's own long axis makes the contour's short axis void."""
        if self.parts:
            axes = [one.short_axis.length_mm for one in self.parts if one.short_axis]
            return sum(axes, Decimal(0)) if len(axes) == len(self.parts) else None
        if self.state is not LesionState.MEASURED:
            return None
        if self.decision is not None and self.decision.short_line is not None:
            return self.decision.short_line.length_mm
        if self.decision is not None and self.decision.long_axis_mm is not None:
            return None
        short = self.measurement.short_axis if self.measurement else None
        return short.length_mm if short else None

    @property
    def words(self) -> str:
        """The row for the log: what was done with it, its long axis or state, and what else was said."""
        said = self.decision
        more: list[str | None] = [] if said is None else [said.role, said.versus_last]
        if said is not None and said.viable is not None:
            more.append("viable part" if said.viable else "not the viable part")
        return ", ".join([self.status, self.size_words, *filter(None, [*more, self.prompt_words])])

    @property
    def size_words(self) -> str:
        """Long axis in mm with the parts that it adds up, or the state, or what it has merged into."""
        if self.merged_into:
            return f"merged into {self.merged_into}"
        if self.parts:
            return f"{self.parts_words} = {self.long_mm} mm"
        return self.state.value if self.long_mm is None else f"{self.long_mm} mm"

    @property
    def parts_words(self) -> str:
        """Long axes of the parts, "21.9 + 21.9"; empty when it is not split."""
        return " + ".join(str(one.long_axis.length_mm) for one in self.parts)


@dataclass
class ReadState:
    """Everything known of a read.

    Attributes:
        study: as it was when the read was opened.
        rows: per time point, per lesion or candidate name, in order of appearance.
        provenance: per time point, how its proposals were made.
        non_target: per time point, the reader's judgement of non-target disease.
        links: per time point, which part is which lesion, with every set that was replaced.
        answers: per time point, the reader's answer to the question whether an earlier CR was right.
        sites: per lesion name, where it lies and what else the reader has said of it.
        visits: per time point, tumour markers and what else the reader has said of it as a whole.
        decided: (time point, name, row before) of every decision, and of every row that a reader has added by a line,
            oldest first: what can be undone. There was no row before one that was added.
        locks: order, signatures and locked time points; where a time point stands tells ``review/read/lifecycle.py``.
        profile_key: of the stored blob that holds the profile; ``None`` for reads of earlier versions.
        person: who has this read open; needed for reads that were assigned to somebody.
        seen: number of the last event that the locks know of.
        until: number of the last event that is shown of an earlier version; ``None`` for the latest.
        alias: what stands for every person of this read where its viewer may not know names; empty shows them.
    """

    study: Study | None = None
    fingerprints: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    provenance: dict[str, dict[str, Any]] = field(default_factory=dict)
    non_target: dict[str, Response] = field(default_factory=dict)
    links: dict[str, LinkSet] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)
    visits: dict[str, Visit] = field(default_factory=dict)
    decided: list[tuple[str, str, Row | None]] = field(default_factory=list)
    locks: Locks = field(default_factory=Locks)
    profile_key: str | None = None
    person: Person | None = None
    seen: int = 0
    until: int | None = None
    alias: str = ""

    @property
    def locked(self) -> frozenset[str]:
        """Time points under a valid signature of their reader."""
        return frozenset(self.locks.locked)

    @property
    def signatures(self) -> list[Signature]:
        """Valid signatures in order of signing."""
        return self.locks.valid()

    def site(self, name: str) -> Site:
        """Where a lesion lies."""
        return self.sites.get(name, Site())

    def visit(self, time_point: str) -> Visit:
        """What is known of a time point as a whole."""
        return self.visits.get(time_point, Visit())

    def propose(self, proposal: Proposal) -> None:
        """Let a proposal stand in its row, undecided."""
        self.rows.setdefault(proposal.time_point, {})[proposal.name] = Row(proposal)
        if proposal.prompt is not None:
            self.decided.append((proposal.time_point, proposal.name, None))

    def take(self, decision: Decision) -> None:
        """Let a decision stand in its row."""
        row = self.rows[decision.time_point][decision.name]
        self.decided.append((decision.time_point, decision.name, row))
        self.rows[decision.time_point][decision.name] = Row(row.proposal, decision)

    def take_back(self) -> tuple[str, str]:
        """Undo the latest decision, or the adding of a row; returns its time point and name."""
        time_point, name, before = self.decided.pop()
        if before is None:
            del self.rows[time_point][name]
        else:
            self.rows[time_point][name] = Row(self.rows[time_point][name].proposal, before.decision)
        return time_point, name

    def take_profile(self, payload: dict[str, Any]) -> None:
        """Let the read go on under another profile."""
        assert self.study is not None
        self.profile_key = payload["profile"]
        self.study = self.study.model_copy(update={"profile": payload["name"]})

    def row(self, time_point: str, name: str) -> Row | None:
        """One row, or ``None``."""
        return self.rows.get(time_point, {}).get(name)

    def reviewed(self) -> bool:
        """Whether a reader looked at every decided row; so it is where scans were looked at and no row was found."""
        rows = [r for rows in self.rows.values() for r in rows.values()]
        decisions = [r.decision for r in rows if r.decision]
        return (bool(decisions) or not rows) and bool(self.rows) and all(d.seen for d in decisions)

    def unseen(self) -> list[str]:
        """Rows that were accepted without a look, as ``L1 at baseline``, in order of appearance."""
        return [
            f"{name} at {point}"
            for point, rows in self.rows.items()
            for name, row in rows.items()
            if row.decision is not None and not row.decision.seen
        ]

    def readers(self) -> list[str]:
        """Who decided anything, in order of appearance."""
        names = [r.decision.reader for rows in self.rows.values() for r in rows.values() if r.decision]
        return list(dict.fromkeys(names))


def read_state(store: ReadStore, until: int | None = None) -> ReadState:
    """Replay all events, or those up to a number. What came later stands in front; everything stays stored.

    This is everything that the store knows. A reader of a committee gets a read from
    :func:`HCCResponseLib.review.committee.assignments.open_read`, which keeps readers blind to each other.
    """
    events = (e for e in store.events() if until is None or e.sequence <= until)
    return state_of(store, events, until)


def state_of(store: ReadStore, events: Iterable[Event], until: int | None = None) -> ReadState:
    """The state after these events of a read, for whoever has them at hand; ``until`` as of :func:`read_state`."""
    state = ReadState(until=until)
    for event in events:
        _take_row(store, state, event)
        _take_lock(state, event)
    return state


def read_life(store: ReadStore) -> ReadState:
    """Study, order, locks and signatures only, without proposals and decisions: quick, and nothing to peek at."""
    return life_of(store, store.events())


def life_of(store: ReadStore, events: Iterable[Event]) -> ReadState:
    """:func:`read_life` for whoever has the events at hand."""
    state = ReadState()
    for event in events:
        if event.action in _BEGUN:
            _take_row(store, state, event)
        _take_lock(state, event)
    return state


def refresh(store: ReadStore, state: ReadState) -> None:
    """Take in what was signed, amended or closed since the state was read, here or by another process."""
    for event in store.events(state.seen):
        _take_lock(state, event)


def _take_study(state: ReadState, event: Event) -> None:
    payload = event.payload
    if event.action == "study":
        state.study = Study.model_validate(payload["study"])
        state.fingerprints = payload["fingerprints"]
        state.profile_key = payload.get("profile")
    elif state.locks.reader is None and not state.locked:
        # Nobody can bring another profile into an assigned or signed read, whoever has written the event.
        state.take_profile(payload)


def _take_row(store: ReadStore, state: ReadState, event: Event) -> None:
    payload = event.payload
    if event.action in _BEGUN:
        _take_study(state, event)
    elif event.action == "proposal":
        state.propose(read_proposal(store, payload))
    elif event.action == "decision":
        state.take(read_decision(store, event.actor, payload))
    elif event.action == "undo":
        state.take_back()
    elif event.action == "site":
        state.sites[payload["name"]] = site_from_json(payload)
    elif event.action == "visit":
        state.visits[payload["time_point"]] = visit_from_json(payload)
    elif event.action == "answer":
        state.answers[payload["time_point"]] = payload["choice"]
    elif event.action == "links":
        name = payload["time_point"]
        state.links[name] = links_from_json(payload, state.links.get(name))
    elif event.action == "proposed":
        state.provenance[payload["time_point"]] = payload
        # A scan on which nothing was found has been looked at, too.
        state.rows.setdefault(payload["time_point"], {})
    elif event.action == "non-target":
        state.non_target[payload["time_point"]] = Response(payload["response"])


def _take_lock(state: ReadState, event: Event) -> None:
    payload = event.payload
    if event.action == "assigned":
        state.locks.order = ReadOrder(payload["order"])
        state.locks.reader = payload["reader"]
        state.locks.profile_sha256 = payload["profile_sha256"]
    elif event.action == "signed":
        known = {**payload, "utc": event.utc, "local": event.local, "meaning": Meaning(payload["meaning"])}
        state.locks.sign(Signature(**known))
    elif event.action == "amended":
        state.locks.amend(payload["time_point"], payload["later"], event.reason)
    elif event.action in ("closed", "adjudicated"):
        state.locks.final = event.reason
        if event.action == "adjudicated":
            who = (payload["printed_name"], payload.get("stream", ""))
            state.locks.choice = Choice(payload["chosen"], event.utc, event.local, event.reason, *who)
    state.seen = event.sequence
