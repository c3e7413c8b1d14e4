"""Working through a study: open or resume the read, propose what is not proposed yet, keep everything."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.errors import ConflictError, JobCancelledError
from HCCResponseLib.base.jobs import Progress, Report, ignore_progress, never, part_of
from HCCResponseLib.engines.domain import ScanFacts, Verdict
from HCCResponseLib.imaging.study import TimePointEntry, load_contour
from HCCResponseLib.imaging.volumes import Region, Volume
from HCCResponseLib.lesions.label_maps import label_map, lesions_of
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import Proposal, ProposalKind, Suggestion
from HCCResponseLib.measure import convention_of, measure_lesion
from HCCResponseLib.nets.weights_file import weights_sha256
from HCCResponseLib.pipeline.adaptation import AcceptedVisit, adapt_to
from HCCResponseLib.pipeline.domain import judge_adapted, judge_survey, judged, marked, scan_facts
from HCCResponseLib.pipeline.request import Options
from HCCResponseLib.pipeline.second_look import SecondLook
from HCCResponseLib.pipeline.segmentation import EngineRunner
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.read.access import Act, Stage
from HCCResponseLib.review.read.lifecycle import is_decided, require_draft, stage
from HCCResponseLib.review.read.links import write_links
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.records import Action, Decision, write_proposal
from HCCResponseLib.review.read.session import Session
from HCCResponseLib.review.read.state import Row, RowStatus
from HCCResponseLib.review.read.transaction import all_or_nothing
from HCCResponseLib.review.store import ReadStore
from HCCResponseLib.track.identity.follow_up import (
    Baseline,
    FollowUpNetworks,
    propose_baseline,
    propose_follow_up,
)
from HCCResponseLib.track.new_lesions.candidates import Survey
from HCCResponseLib.track.new_lesions.earlier_visits import EarlierVisit
from HCCResponseLib.track.registration.child import ChildRegistrar
from HCCResponseLib.track.registration.register import Scan

DRAWN_BY, PROPOSED = "drawn by ", "proposed"


def propose(
    session: Session,
    options: Options,
    report: Report = ignore_progress,
    cancelled: Callable[[], bool] = never,
) -> list[str]:
    """Make the proposals of every time point that has none yet; follow-ups need a baseline that is decided on.

    A cancelled or failed run leaves the time points that were finished; the next run goes on from there.

    Returns:
        names of time points that still wait: the baseline is not decided on or an earlier one not locked.
    """
    options.require_known()
    base = weights_sha256(options.base)
    runner = EngineRunner(options, cancelled, session.images)
    first = session.study.timepoints[0]
    for point in session.study.timepoints:
        if point.contour:
            drawn = [] if point.name in session.state.provenance else _drawn(session, point)
            with all_or_nothing(session.store, session.state):
                if point.name not in session.state.provenance:
                    _keep(session, point, drawn, {"contour": str(point.contour.file)}, base)
                _accept_drawn(session, point)
    if first.contour:
        words = "The study's contours are taken; it goes on to adapt to them and to propose the follow-ups"
        report(Progress(words, 0.0))
    if first.name not in session.state.provenance:
        view, facts = runner.survey(first, part_of(report, 0.0, 0.9, first.name))
        convention = convention_of(profile_of(session.store, session.state))
        found = propose_baseline(first.name, session.image(first), view, convention=convention)
        verdict = judge_survey(options, scan_facts(session.image(first), first.phase, view.region))
        more = {"survey": facts, "domain": verdict.as_dict()}
        _keep(session, first, _beside_the_reader(session, first, marked(found, verdict)), more, base)
    pending = [p for p in session.study.timepoints if p.name not in session.state.provenance]
    decided = is_decided(session.state, first.name)
    ready = [p for p in pending if stage(session.state, p.name) is Stage.OPEN] if decided else []
    if ready:
        _propose_pending(session, ready, (base, runner), report)
    report(Progress("Proposals ready", 1.0))
    return [p.name for p in pending if p not in ready]


@dataclass(frozen=True)
class _AtWork:
    """What proposes the follow-ups of one run.

    Attributes:
        base: SHA-256 of the base network's weights.
        adapted: weights adapted to this patient; ``None`` where the baseline shows no lesion to learn from.
        facts: of that adaptation.
        learned: scans of the visits that they have learned from.
        before: whether the baseline's scan lies in the domain of the engine that has looked at all of it.
        livers: of the visits that the engine has looked at in this run, by name.
    """

    base: str
    runner: EngineRunner
    adapted: Path | None
    facts: dict[str, Any]
    learned: tuple[ScanFacts, ...]
    before: Verdict
    livers: dict[str, Region] = field(default_factory=dict)

    def liver(self, point: TimePointEntry) -> Region:
        """Where the liver lies at a visit; no engine looks twice at a scan in one run."""
        if point.name not in self.livers:
            view, _ = self.runner.survey(point, ignore_progress)
            self.livers[point.name] = view.region
        return self.livers[point.name]

    def known(
        self, point: TimePointEntry, image: Volume, carried: Mapping[str, Lesion], report: Report
    ) -> npt.NDArray[np.float32]:
        """Tumour probability (z, y, x) around the known lesions on the image's grid; 0 where none is known."""
        if self.adapted is None:
            return np.zeros(image.geometry.size, np.float32)
        return self.runner.known(point, image, carried, self.adapted, report)


def _propose_pending(
    session: Session,
    pending: list[TimePointEntry],
    how: tuple[str, EngineRunner],
    report: Report,
) -> None:
    base, runner = how
    first = session.study.timepoints[0]
    image = session.image(first)
    with tempfile.TemporaryDirectory(prefix="hcc-response-") as work:
        accepted = accepted_at(session, first)
        visits = accepted_visits(session, pending[0])
        learning = part_of(report, 0.0, 0.55)
        # Only known lesions are contoured by an adapted network; without one there is nothing for it to do.
        adapted, facts = adapt_to(visits, runner, Path(work), learning) if accepted else (None, {})
        view, _ = runner.survey(first, part_of(report, 0.55, 0.05, first.name))
        points = _accepted_points(session, pending[0])
        here = scan_facts(image, first.phase, view.region)
        learned = tuple(here if p is first else scan_facts(session.image(p), p.phase) for p in points)
        before = judge_survey(runner.options, here)
        at_work = _AtWork(base, runner, adapted, facts, learned, before)
        own, none = _own_contours(session, first, view.origin), not _followed(session, first)
        baseline = Baseline(image, accepted, view, first.name, own, disease_free=none)
        share = 0.4 / len(pending)
        for number, point in enumerate(pending):
            if runner.cancelled():
                raise JobCancelledError("Cancelled by the user; finished time points are kept.")
            part = part_of(report, 0.6 + number * share, share, point.name)
            _propose_one(session, point, baseline, at_work, part)


def _own_contours(session: Session, point: TimePointEntry, origin: str) -> frozenset[str]:
    """Lesions of a time point whose contour stands as the engine of this name has proposed it."""
    rows = session.state.rows.get(point.name, {})
    return frozenset(
        name
        for name, row in rows.items()
        if row.proposal.origin == origin and (row.decision is None or row.decision.contour is None)
    )


def _followed(session: Session, point: TimePointEntry) -> bool:
    """Whether a reader says that there is a lesion at a time point, with a contour or without."""
    rows = session.state.rows.get(point.name, {}).values()
    return any(r.status is not RowStatus.REJECTED and (not r.is_candidate or _is_called_new(r)) for r in rows)


def earlier_visits(
    session: Session, point: TimePointEntry, liver: Callable[[TimePointEntry], Region]
) -> list[EarlierVisit]:
    """The follow-ups before this one with what was found there, and said of it; the earliest first.

    Args:
        liver: where it lies at a visit.
    """
    out = []
    for before in session.study.timepoints[1:]:
        if before.name == point.name:
            break
        rows = session.state.rows.get(before.name, {})
        drawn = {n: r.contour for n, r in rows.items() if r.contour is not None}
        shown = {n: contour for n, contour in drawn.items() if rows[n].is_candidate}
        accepted = accepted_at(session, before)
        if not shown and not accepted:
            continue
        image = session.image(before)
        lesions = Region(label_map(list(drawn.values()), image.geometry.size) > 0, image.geometry)
        said = {
            n: " ".join(filter(None, (decision.action.value, decision.reason)))
            for n in shown
            if (decision := rows[n].decision) is not None
        }
        out.append(EarlierVisit(before.name, Scan(image, liver(before), lesions), shown, said, accepted))
    return out


def _propose_one(
    session: Session, point: TimePointEntry, baseline: Baseline, at_work: _AtWork, report: Report
) -> None:
    """Propose and store one follow-up."""
    runner, image = at_work.runner, session.image(point)
    seen: dict[str, Any] = {}
    views: list[Survey] = []

    def survey(part: Report) -> Survey:
        view, provenance = runner.survey(point, part)
        seen.update(provenance)
        views.append(view)
        return view

    second = SecondLook(runner, point, image, part_of(report, 0.9, 0.05, "second look"))
    again = second.ask() if at_work.adapted is not None else None
    look = FollowUpNetworks(lambda carried, part: at_work.known(point, image, carried, part), survey, again)
    done = propose_follow_up(
        point.name,
        image,
        baseline,
        look,
        report,
        runner.options.seed,
        ChildRegistrar(cancelled=runner.cancelled),
        earlier_visits(session, point, at_work.liver),
        convention_of(profile_of(session.store, session.state)),
    )
    at_work.livers[point.name] = views[-1].region
    here = scan_facts(image, point.phase, views[-1].region)
    whole = judge_survey(runner.options, here)
    more = {
        "registration": done.registration.quality.facts(),
        "survey": seen,
        "suppressed": [s.as_dict() for s in done.suppressed],
        "domain": whole.as_dict(),
    }
    if second.answers:
        more["second_look"] = second.answers
    known = whole
    if at_work.adapted is not None:
        known = judge_adapted(runner.options.base, at_work.learned, here)
        more |= {"adaptation": at_work.facts, "domain_of_known_lesions": known.as_dict()}
    proposals = judged(done.proposals, known, whole, at_work.before)
    with all_or_nothing(session.store, session.state):
        write_links(session.store, session.state, done.links)
        _keep(session, point, proposals, more, at_work.base)


def _drawn(session: Session, point: TimePointEntry) -> list[Proposal]:
    """The contours that a reader has drawn on this time point; baseline lesions without one have no contour."""
    assert point.contour is not None
    image = session.image(point)
    contour, names = load_contour(point, image)
    origin = DRAWN_BY + point.contour.drawn_by
    known = [
        n
        for n, r in session.state.rows.get(session.study.timepoints[0].name, {}).items()
        if not r.is_candidate
    ]
    convention = convention_of(profile_of(session.store, session.state))
    proposals = []
    drawn = lesions_of(contour.labels)
    for value, name in names.items():
        kind = ProposalKind.CANDIDATE if known and name not in known else ProposalKind.LESION
        suggestion = Suggestion.NEW if kind is ProposalKind.CANDIDATE else None
        measured = measure_lesion(drawn[value], image.geometry, convention)
        proposals.append(
            Proposal(
                point.name,
                name,
                kind,
                LesionState.MEASURED,
                drawn[value],
                measured,
                origin,
                suggestion,
                viable=point.contour.viable,
            )
        )
    gone = [n for n in known if n not in names.values()]
    proposals += [
        Proposal(point.name, n, ProposalKind.LESION, LesionState.DISAPPEARED, None, None, origin)
        for n in gone
    ]
    return proposals


def _accept_drawn(session: Session, point: TimePointEntry) -> None:
    """A contour in the study file is one that its reader has accepted; what it leaves out is not decided by it."""
    assert point.contour is not None
    for name, row in list(session.state.rows.get(point.name, {}).items()):
        if (
            row.decision is None
            and row.proposal.contour is not None
            and row.proposal.origin.startswith(DRAWN_BY)
        ):
            action = Action.NEW if row.is_candidate else Action.ACCEPT
            decision = Decision(point.contour.drawn_by, point.name, name, action, reason="own contour")
            decide(session.store, session.state, decision)


def _beside_the_reader(session: Session, point: TimePointEntry, proposals: list[Proposal]) -> list[Proposal]:
    """Proposals under names that no row of the reader has: what somebody drew before the run stays as it is."""
    taken = set(session.state.rows.get(point.name, {}))
    free = (name for number in count(1) if (name := f"L{number}") not in taken)
    return [replace(one, name=next(free)) for one in proposals] if taken else proposals


def _keep(
    session: Session, point: TimePointEntry, proposals: list[Proposal], facts: dict[str, Any], base: str
) -> None:
    """Store the proposals of a time point and the event that says they are complete, all of it or nothing.

    Raises:
        ConflictError: somebody else has stored theirs since the read was opened, perhaps from another folder.
    """
    require_draft(session.state, session.state.locks.reader or "", point.name, Act.PROPOSE)
    image = session.images[point.name]
    acquired = {"remarks": list(image.remarks), "slice_thickness_mm": image.geometry.slice_thickness_mm}
    payload = {"time_point": point.name, "base_model_sha256": base, "image": acquired, **facts}
    with session.store.transaction():
        _require_first(session.store, point.name)
        for proposal in proposals:
            write_proposal(session.store, proposal)
        session.store.append("software", PROPOSED, payload)
    session.state.rows.setdefault(point.name, {}).update({p.name: Row(p) for p in proposals})
    session.state.provenance[point.name] = payload


def _require_first(store: ReadStore, time_point: str) -> None:
    done = store.store.some_events(store.read_id, (PROPOSED,))
    if any(event.payload["time_point"] == time_point for event in done):
        raise ConflictError(
            f"'{time_point}' was proposed by another program meanwhile; these proposals were not stored. "
            "Open the read again, or give the same command again, to go on from there."
        )


def accepted_at(session: Session, point: TimePointEntry) -> dict[str, Lesion]:
    """Contour of everything that a reader took for a tumour at a time point, by name.

    Candidates only where called new. Nothing while something of that time point is undecided.
    """
    rows = session.state.rows.get(point.name, {})
    decided = (RowStatus.ACCEPTED, RowStatus.EDITED)
    if any(r.status is RowStatus.PROPOSED for r in rows.values()):
        return {}
    tumours = {n: r for n, r in rows.items() if not r.is_candidate or _is_called_new(r)}
    return {n: r.contour for n, r in tumours.items() if r.status in decided and r.contour is not None}


def _is_called_new(row: Row) -> bool:
    return row.decision is not None and row.decision.action is Action.NEW


def accepted_visits(session: Session, until: TimePointEntry) -> list[AcceptedVisit]:
    """What may be learned from for a time point and those after it: all accepted visits before it."""
    return [(session.image(p), accepted_at(session, p)) for p in _accepted_points(session, until)]


def _accepted_points(session: Session, until: TimePointEntry) -> list[TimePointEntry]:
    """Time points before another one with something accepted, in order."""
    names = [p.name for p in session.study.timepoints]
    return [p for p in session.study.timepoints[: names.index(until.name)] if accepted_at(session, p)]
