"""``hcc-response read`` for readers and adjudicators: open, show, decide, sign, compare, adjudicate."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from HCCResponseLib.base.errors import HCCResponseError
from HCCResponseLib.cli.common import JsonOption, working_in
from HCCResponseLib.cli.new_study import DEFAULT_FOLDER
from HCCResponseLib.cli.options import ProposalOptions, with_groups
from HCCResponseLib.cli.read.comparison import asked_choice, compared, comparison_words
from HCCResponseLib.cli.read.manage import TimePoint
from HCCResponseLib.cli.read.next_step import answer_with, open_proposed, step_after, tell_what_follows
from HCCResponseLib.cli.read.report import follow, follow_all
from HCCResponseLib.cli.sign_in import (
    CommandAnswer,
    DuePasswordFile,
    Name,
    PasswordFile,
    PasswordFiles,
    ReadName,
    SignedIn,
    Where,
    signed_command,
    signed_in,
)
from HCCResponseLib.review.signing.signatures import Meaning

if TYPE_CHECKING:
    from HCCResponseLib.review.read.state import ReadState
    from HCCResponseLib.review.signing.signatures import Signature
    from HCCResponseLib.review.store import ReadStore

Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help="The subject's name.")]


@with_groups
def open_and_propose(
    where: Where,
    read_id: ReadName,
    study: Annotated[Path, typer.Argument(help="study.yaml of the subject, or the folder that holds it.")],
    as_name: Name,
    proposals: ProposalOptions,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for contours and report.")] = Path(
        DEFAULT_FOLDER
    ),
    password_file: PasswordFile = None,
    new_password_file: DuePasswordFile = None,
    as_json: JsonOption = False,
) -> None:
    """Open a read that was assigned to you and make the proposals of the time points that are open.

    Under a sequential profile the next time point is proposed only after the one before it is signed: 'read decide
    --sign --study STUDY' does so at once, else run this again after each signature.
    """
    from HCCResponseLib.cli.study import tell
    from HCCResponseLib.report.subject.output import write_outputs
    from HCCResponseLib.review.committee.assignments import open_read

    with signed_in(where, as_name, PasswordFiles(password_file, new_password_file)) as signed:
        opened = open_read(signed.store, signed.person, read_id)
        with working_in(output, "read open"), proposals.at_work() as options:
            session = open_proposed(opened, study, output, options)
            tell(write_outputs(session), as_json)
            tell_what_follows(session, study)


@signed_command
def show(
    signed: SignedIn,
    read_id: ReadName,
    version: Annotated[
        int | None, typer.Option(min=1, help="An earlier version; default: the latest.")
    ] = None,
) -> CommandAnswer:
    """Where a read stands: decisions, changes with their reasons, signatures, and what an adjudicator chose."""
    from HCCResponseLib.review.read.changes import changes
    from HCCResponseLib.review.read.choice import adjudication
    from HCCResponseLib.review.read.lifecycle import points, stage

    store, state = _opened(signed, read_id, version)
    changed, chosen = changes(store, state), adjudication(state, read_id)
    values: dict[str, Any] = {
        "read": read_id,
        "version": state.locks.version,
        "time_points": [
            {"name": n, "stage": stage(state, n).value, "rows": _rows(state, n)} for n in points(state)
        ],
        "changes": [asdict(c) for c in changed],
        "signatures": [asdict(s) for s in state.signatures],
        "adjudication": chosen and asdict(chosen),
    }
    lines = []
    for point in values["time_points"]:
        lines.append(f"{point['name']}: {point['stage']}")
        lines += [
            f"  {r['lesion']}: {r['status_words']}, {r['long_axis_mm'] or r['state']}" for r in point["rows"]
        ]
    lines += [f"Changed: {c.words}" for c in changed]
    for s in state.signatures:
        signature = f"Signed: {s.time_point} ({s.category or 'no category'}) by {s.printed_name}, {s.when}"
        lines.append(f"{signature}, {s.meaning}, version {s.version}, {s.under_key}")
    lines += [chosen.words] if chosen else []
    return CommandAnswer(values, "\n".join(lines))


OwnStudy = Annotated[
    Path | None,
    typer.Option(
        "--study",
        help="study.yaml of the subject, or its folder: to go on after a signature, and for contours of your own.",
    ),
]
WhyChanged = Annotated[
    str, typer.Option(help="Why decisions are changed, for those to which the file gives no reason.")
]
AndSign = Annotated[
    bool, typer.Option("--sign", help="Sign the time points of the file, as 'read sign' does.")
]
GoOn = Annotated[
    bool,
    typer.Option(
        "--next/--no-next",
        help="With --study: after a signature propose the time point that it has opened, at once.",
    ),
]
NextFolder = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Folder for contours and report of the next time point; default: where the read's last report lies.",
    ),
]


@with_groups
@signed_command
def decide(
    signed: SignedIn,
    read_id: ReadName,
    decisions: Annotated[Path, typer.Argument(help="YAML or JSON file with your decisions.")],
    study: OwnStudy = None,
    reason: WhyChanged = "",
    and_sign: AndSign = False,
    go_on: GoOn = True,
    output: NextFolder = None,
    *,
    proposals: ProposalOptions,
) -> CommandAnswer:
    """Decide on proposals from a file; its 'reader' is your sign-in name. All is checked before any is written.

    With --sign and --study it goes on to the next time point: proposes it and writes a decisions file to fill in.
    """
    from HCCResponseLib.imaging.study import load_study
    from HCCResponseLib.review.decisions.decisions_file import apply_decisions
    from HCCResponseLib.review.read.category import missing, roles_in_words
    from HCCResponseLib.review.read.lifecycle import points
    from HCCResponseLib.review.read.profile import profile_of
    from HCCResponseLib.review.read.session import load_images

    store, state = _opened(signed, read_id)
    images = load_images(load_study(study))[0] if study else {}
    grids = {n: i.geometry for n, i in images.items()}
    done = sorted(apply_decisions(store, state, decisions, grids, reason=reason))
    gaps = missing(state)
    words = [f"Decided: {', '.join(done) or 'nothing'}. Still missing: {' '.join(gaps) or 'nothing'}"]
    if points(state)[0] in done:
        words.append(roles_in_words(state, profile_of(store, state)))
    try:
        signatures = [_signature(signed, store, state, p) for p in points(state) if and_sign and p in done]
    except HCCResponseError as problem:
        follow(store, state, signed.person.name)
        raise type(problem)(f"The decisions are kept, but not all is signed. {problem}") from problem
    report, line = follow(store, state, signed.person.name)
    values = {"read": read_id, "time_points": done, "missing": gaps, **report}
    values["signatures"] = [asdict(s) for s in signatures]
    decided = CommandAnswer(values, "\n".join([*words, *map(_signed_words, signatures)]) + line)
    step = step_after((store, state), study, output) if signatures else None
    with proposals.at_work() as options:
        return answer_with(decided, step, options, go_on)


@with_groups
@signed_command
def sign(
    signed: SignedIn,
    read_id: ReadName,
    time_point: TimePoint,
    meaning: Annotated[Meaning, typer.Option(help="What your signature says.")] = Meaning.AUTHORSHIP,
    study: OwnStudy = None,
    go_on: GoOn = True,
    output: NextFolder = None,
    *,
    proposals: ProposalOptions,
) -> CommandAnswer:
    """Sign a time point. The reader's signature (authorship) locks it; review and approval come on top of it.

    With --study it goes on to the next time point, as 'read decide --sign' does.
    """
    store, state = _opened(signed, read_id)
    done = _signature(signed, store, state, time_point, meaning)
    report, line = follow(store, state, signed.person.name)
    answer = CommandAnswer({**asdict(done), **report}, _signed_words(done) + line)
    step = step_after((store, state), study, output) if meaning is Meaning.AUTHORSHIP else None
    with proposals.at_work() as options:
        return answer_with(answer, step, options, go_on)


def _signature(
    signed: SignedIn,
    store: ReadStore,
    state: ReadState,
    time_point: str,
    meaning: Meaning = Meaning.AUTHORSHIP,
) -> Signature:
    from HCCResponseLib.review.signing.signing import countersign, sign_and_lock

    if meaning is Meaning.AUTHORSHIP:
        return sign_and_lock(store, state, signed.people, signed.credentials, time_point)
    return countersign(store, state, signed.people, signed.credentials, time_point, meaning)


def _signed_words(done: Signature) -> str:
    category = f", category {done.category}" if done.category else ""
    return f"'{done.time_point}' signed by {done.printed_name} at {done.when} ({done.meaning}){category}."


@signed_command
def compare(signed: SignedIn, subject: Subject) -> CommandAnswer:
    """Compare the reads of a subject: whether they are finished, and in what that is adjudicated they differ."""
    found, values = compared(signed, subject)
    result = {
        "subject": subject,
        "reads": [a.read_id for a in found.reads],
        "finished": found.finished,
        "differing": list(found.differing),
        "needs_adjudication": found.needs_adjudication,
        "accepted": found.accepted,
        "reason": found.reason,
        "values": values,
    }
    return CommandAnswer(result, comparison_words(found, values))


@signed_command
def adjudicate(
    signed: SignedIn,
    subject: Subject,
    accept: Annotated[
        str | None, typer.Option(help="The read that is to count; default: compared and asked for.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why; default: asked for.")] = None,
) -> CommandAnswer:
    """Choose the read that counts for the trial where the readers differ; signed, and final for all of them.

    Without --accept and --reason the reads are shown side by side, as by 'read compare', and both are asked for.
    """
    from HCCResponseLib.review.committee.adjudication import adjudicate as choose

    if accept is None or reason is None:
        accept, reason = asked_choice(signed, subject, accept, reason)
    found = choose(signed.store, signed.people, signed.credentials, subject, accept, reason)
    renewed, lines = follow_all(signed.store, [a.read_id for a in found.reads], signed.person.name)
    values = {"subject": subject, "accepted": found.accepted, "differing": list(found.differing)}
    values["reports_renewed"] = renewed
    return CommandAnswer(values, "\n".join([f"'{found.accepted}' counts for subject '{subject}'.", *lines]))


def _opened(signed: SignedIn, read_id: str, version: int | None = None) -> tuple[ReadStore, ReadState]:
    """An assigned read through the committee's door; a read that nobody assigned as it is."""
    from HCCResponseLib.review.committee.assignments import open_any
    from HCCResponseLib.review.read.workflow import OPENED, note

    opened = open_any(signed.store, signed.person, read_id, version)
    note(signed.store, signed.person.name, OPENED, f"read {read_id}", {"version": opened[1].locks.version})
    return opened


def _rows(state: ReadState, time_point: str) -> list[dict[str, Any]]:
    return [
        {
            "lesion": name,
            "kind": row.proposal.kind.value,
            "status": row.status.value,
            "status_words": row.status_words,
            "state": row.state.value,
            "long_axis_mm": None if row.long_mm is None else str(row.long_mm),
            "parts_mm": [str(one.long_axis.length_mm) for one in row.parts],
            "merged_into": row.merged_into,
        }
        for name, row in state.rows.get(time_point, {}).items()
    ]
