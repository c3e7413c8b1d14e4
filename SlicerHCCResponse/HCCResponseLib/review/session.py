"""Working through a study: open or resume the read, propose what is not proposed yet, keep everything."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.adapt.recipe import QUICK
from HCCResponseLib.engines.model import Model, load_model
from HCCResponseLib.engines.process import Progress, Report, ignore_progress, never, run_job
from HCCResponseLib.errors import InputError, JobCancelledError
from HCCResponseLib.imaging.study import Study, TimePointEntry, load_contour, load_image
from HCCResponseLib.imaging.volumes import LabelMap, Region, Volume
from HCCResponseLib.imaging.write import write_label_map, write_volume
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.decide import decide
from HCCResponseLib.review.links import write_links
from HCCResponseLib.review.records import Action, Decision, write_proposal
from HCCResponseLib.review.state import ReadState, Row, RowStatus, read_state
from HCCResponseLib.review.store import ReadStore
from HCCResponseLib.track.candidates import survey
from HCCResponseLib.track.child import ChildRegistrar
from HCCResponseLib.track.earlier import Earlier
from HCCResponseLib.track.follow_up import Baseline, propose_baseline, propose_follow_up
from HCCResponseLib.track.proposal import Proposal, ProposalKind, Suggestion
from HCCResponseLib.track.registration import Scan

Mask = npt.NDArray[np.bool_]
STORE = "read.sqlite"
DRAWN_BY = "drawn by "


@dataclass(frozen=True)
class Options:
    """How proposals are made. ``base`` and ``steps`` of ``None`` mean the shipped model and the recipe's own."""

    recipe: str = QUICK.name
    steps: int | None = None
    seed: int = 0
    base: Path | None = None


@dataclass
class Session:
    """An open read: the store, its state, the images of all time points."""

    study: Study
    folder: Path
    store: ReadStore
    state: ReadState
    images: dict[str, Volume]

    def image(self, point: TimePointEntry) -> Volume:
        """The image of a time point."""
        return self.images[point.name]


def open_session(study: Study, folder: Path) -> Session:
    """Open the read of a study in an output folder, or resume the one that is there.

    Everything that the study names is read and checked first, so that bad input leaves nothing behind.

    Raises:
        InputError: an image or contour cannot be used, or the folder holds the read of another study.
    """
    images = {p.name: load_image(study, p) for p in study.timepoints}
    for point in study.timepoints:
        if point.contour:
            load_contour(point, images[point.name])
    fingerprints = {p.name: _fingerprint(p, images[p.name]) for p in study.timepoints}
    store = ReadStore(Path(folder) / STORE)
    state = read_state(store)
    if state.study is None:
        store.append(
            "software", "study", {"study": study.model_dump(mode="json"), "fingerprints": fingerprints}
        )
        state = read_state(store)
    elif state.fingerprints != fingerprints or state.study.subject != study.subject:
        store.close()
        raise InputError(
            f"'{folder}' holds the read of another study or of other images; name another output folder."
        )
    return Session(study, Path(folder), store, state, images)


def _fingerprint(point: TimePointEntry, image: Volume) -> dict[str, Any]:
    contour = hashlib.sha256(point.contour.path.read_bytes()).hexdigest() if point.contour else None
    return {
        "date": point.date.isoformat(),
        "image_sha256": hashlib.sha256(np.ascontiguousarray(image.hu).tobytes()).hexdigest(),
        "contour_sha256": contour,
    }


def propose(
    session: Session,
    options: Options,
    report: Report = ignore_progress,
    cancelled: Callable[[], bool] = never,
) -> list[str]:
    """Make the proposals of every time point that has none yet; follow-ups need an accepted baseline.

    A cancelled or failed run leaves the time points that were finished; the next run goes on from there.

    Returns:
        names of time points that still wait, because the baseline is not fully decided.
    """
    base = load_model(options.base)
    first = session.study.timepoints[0]
    for point in session.study.timepoints:
        if point.contour and point.name not in session.state.provenance:
            _propose_drawn(session, point, base)
        _accept_drawn(session, point)
    if first.name not in session.state.provenance:
        report(Progress(f"{first.name}: looking for lesions", 0.0))
        image = session.image(first)
        _keep(session, first, propose_baseline(first.name, image, survey(base, image)), {}, base)
    pending = [p for p in session.study.timepoints if p.name not in session.state.provenance]
    accepted = accepted_baseline(session)
    if pending and accepted:
        _propose_pending(session, pending, accepted, (base, options), report, cancelled)
        pending = []
    report(Progress("Proposals ready", 1.0))
    return [p.name for p in pending]


def _propose_pending(
    session: Session,
    pending: list[TimePointEntry],
    accepted: dict[str, Mask],
    how: tuple[Model, Options],
    report: Report,
    cancelled: Callable[[], bool],
) -> None:
    base, options = how
    image = session.image(session.study.timepoints[0])
    with tempfile.TemporaryDirectory(prefix="hcc-response-") as work:
        adapted, facts = _adapt(image, accepted, options, Path(work), _part(report, 0.0, 0.6), cancelled)
    baseline = Baseline(image, accepted, survey(base, image), session.study.timepoints[0].name)
    share = 0.4 / len(pending)
    for number, point in enumerate(pending):
        if cancelled():
            raise JobCancelledError("Cancelled by the user; finished time points are kept.")
        part = _part(report, 0.6 + number * share, share, point.name)
        done = propose_follow_up(
            point.name,
            session.image(point),
            baseline,
            base,
            adapted,
            part,
            options.seed,
            ChildRegistrar(cancelled=cancelled),
            earlier_candidates(session, point),
        )
        how_made = {
            "adaptation": facts,
            "registration": done.registration.quality.facts(),
            "suppressed": [s.as_dict() for s in done.suppressed],
        }
        write_links(session.store, session.state, done.links)
        _keep(session, point, list(done.proposals), how_made, base)


def earlier_candidates(session: Session, point: TimePointEntry) -> list[Earlier]:
    """Candidates of the follow-ups before this one, with what was said of them; the earliest first."""
    out = []
    for before in session.study.timepoints:
        if before.name == point.name:
            break
        rows = session.state.rows.get(before.name, {})
        shown = {n: r for n, r in rows.items() if r.is_candidate and r.mask is not None}
        if not shown:
            continue
        image = session.image(before)
        lesions = np.logical_or.reduce([r.mask for r in rows.values() if r.mask is not None])
        said = {
            n: " ".join(filter(None, (r.decision.action.value, r.decision.reason)))
            for n, r in shown.items()
            if r.decision is not None
        }
        scan = Scan(image, None, Region(lesions, image.geometry))
        out.append(
            Earlier(before.name, scan, {n: r.mask for n, r in shown.items() if r.mask is not None}, said)
        )
    return out


def _part(report: Report, start: float, share: float, name: str = "") -> Report:
    """A job's progress as one part of the whole."""
    prefix = f"{name}: " if name else ""

    def scaled(progress: Progress) -> None:
        fraction = min(1.0, start + share * progress.fraction)
        report(Progress(prefix + progress.stage, fraction, progress.seconds_left))

    return scaled


def _propose_drawn(session: Session, point: TimePointEntry, base: Model) -> None:
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
    proposals = []
    for value, name in names.items():
        mask = contour.mask(value)
        kind = ProposalKind.CANDIDATE if known and name not in known else ProposalKind.LESION
        suggestion = Suggestion.NEW if kind is ProposalKind.CANDIDATE else None
        measured = measure_lesion(mask, image.geometry)
        proposals.append(
            Proposal(point.name, name, kind, LesionState.MEASURED, mask, measured, origin, suggestion)
        )
    gone = [n for n in known if n not in names.values()]
    proposals += [
        Proposal(point.name, n, ProposalKind.LESION, LesionState.DISAPPEARED, None, None, origin)
        for n in gone
    ]
    _keep(session, point, proposals, {"contour": str(point.contour.path)}, base)


def _accept_drawn(session: Session, point: TimePointEntry) -> None:
    """A contour in the study file is one that its reader has accepted; what it leaves out is not decided by it."""
    if point.contour is None:
        return
    for name, row in list(session.state.rows.get(point.name, {}).items()):
        if (
            row.decision is None
            and row.proposal.mask is not None
            and row.proposal.origin.startswith(DRAWN_BY)
        ):
            action = Action.NEW if row.is_candidate else Action.ACCEPT
            decision = Decision(point.contour.drawn_by, point.name, name, action, reason="own contour")
            decide(session.store, session.state, decision)


def _keep(
    session: Session, point: TimePointEntry, proposals: list[Proposal], facts: dict[str, Any], base: Model
) -> None:
    """Store the proposals of a time point, then the event that says they are complete."""
    for proposal in proposals:
        write_proposal(session.store, proposal)
    payload = {"time_point": point.name, "base_model_sha256": base.sha256, **facts}
    session.store.append("software", "proposed", payload)
    session.state.rows[point.name] = {p.name: Row(p) for p in proposals}
    session.state.provenance[point.name] = payload


def accepted_baseline(session: Session) -> dict[str, Mask]:
    """Contour of every baseline lesion that a reader accepted or edited, (z, y, x), by name."""
    rows = session.state.rows.get(session.study.timepoints[0].name, {})
    decided = (RowStatus.ACCEPTED, RowStatus.EDITED)
    if any(r.status is RowStatus.PROPOSED for r in rows.values()):
        return {}
    return {n: r.mask for n, r in rows.items() if r.status in decided and r.mask is not None}


def _adapt(
    image: Volume,
    accepted: dict[str, Mask],
    options: Options,
    work: Path,
    report: Report,
    cancelled: Callable[[], bool],
) -> tuple[Model, dict[str, Any]]:
    """Adapt in a child process; the adapted weights live as long as the run."""
    labels = np.zeros(image.geometry.size, np.uint8)
    for value, mask in enumerate(accepted.values(), start=1):
        labels[mask] = value
    write_volume(image, work / "baseline.nrrd")
    write_label_map(LabelMap(labels, image.geometry), work / "contour.nrrd")
    request = {
        "image": work / "baseline.nrrd",
        "contour": work / "contour.nrrd",
        "output": work / "adapted.pt",
        "base": options.base,
        "recipe": options.recipe,
        "steps": options.steps,
        "seed": options.seed,
    }
    facts = run_job("HCCResponseLib.adapt.worker", request, work, report, cancelled)
    return load_model(work / "adapted.pt", options.base), facts
