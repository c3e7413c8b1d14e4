"""``hcc-response propose`` and ``hcc-response assess``: a whole study from images to report."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.common import (
    JsonOption,
    console,
    errors_as_one_line,
    say,
    say_json,
    say_remarks,
    working_in,
)
from HCCResponseLib.cli.new_study import study_of
from HCCResponseLib.cli.options import (
    ImageOptions,
    InputOptions,
    OutputOption,
    ProposalOptions,
    require_there,
    with_groups,
)
from HCCResponseLib.cli.progress import job_progress

if TYPE_CHECKING:
    from HCCResponseLib.imaging.study import Study
    from HCCResponseLib.pipeline.request import Options
    from HCCResponseLib.review.read.session import Session


ProfileChangeOption = Annotated[
    str,
    typer.Option(
        help="Where the profile has changed since the read was begun: the reason to go on under the new one."
    ),
]


@with_groups
def propose(
    study: InputOptions,
    *,
    output: OutputOption = None,
    images: ImageOptions,
    profile_change: ProfileChangeOption = "",
    proposals: ProposalOptions,
    as_json: JsonOption = False,
) -> None:
    """Segment, adapt, track and measure: writes proposals for a reader, never a category.

    Run it again with the same output folder to go on where it stopped.
    """
    with errors_as_one_line():
        paths = study.paths
        from HCCResponseLib.report.subject.output import write_outputs

        file, folder = study_of(paths, output, images)
        with working_in(folder, "propose"), proposals.at_work() as options:
            session = open_and_propose(file, folder, options, profile_change)
            result = write_outputs(session, with_category=False)
            tell(result, as_json)
            tell_next(session)


@with_groups
def assess(
    study: InputOptions,
    *,
    output: OutputOption = None,
    images: ImageOptions,
    decisions: Annotated[
        Path | None,
        typer.Option(
            help="File with a reader's decisions, such as the decisions.yaml in the output folder, filled in."
        ),
    ] = None,
    accept_proposals_as: Annotated[
        str | None,
        typer.Option(
            help="Accept undecided proposals without a look, in this reader's name; report and result say so. Lesions "
            "proposed as disappeared, and proposals on scans that the network was not made for, still need a look."
        ),
    ] = None,
    profile_change: ProfileChangeOption = "",
    proposals: ProposalOptions,
    as_json: JsonOption = False,
) -> None:
    """Assess the response: proposes lesions, takes in a reader's decisions, writes category and report.

    A category needs a decision on every lesion and candidate; what is missing is listed (exit status 1). Run it again
    with the same output folder to go on where it stopped.
    """
    with errors_as_one_line():
        paths = study.paths
        require_there(decisions, "Decisions file ")
        from HCCResponseLib.review.decisions.decisions_file import load_decisions

        if decisions is not None:
            load_decisions(decisions)
        file, folder = study_of(paths, output, images)
        with working_in(folder, "assess"), proposals.at_work() as options:
            session = open_and_propose(file, folder, options, profile_change)
            if decisions is not None:
                _decide_from_file(session, decisions, options)
            if accept_proposals_as:
                accept_everything(session, accept_proposals_as, options)
            _tell_category(session, as_json)


def _tell_category(session: Session, as_json: bool) -> None:
    """Write the outputs and say the category, or what is still missing for one (exit status 1)."""
    from HCCResponseLib.report.subject.output import write_outputs
    from HCCResponseLib.review.read.category import missing

    gaps = missing(session.state)
    if not gaps:
        tell(write_outputs(session), as_json)
        return
    written = write_outputs(session, with_category=False)
    if as_json:
        say_json(written)
    else:
        say(f"Report: {written['report']}")
    tell_next(session)
    # The usual end of a first run, and no fault; scripts see the exit status.
    words = "No category yet. Still missing: " + " ".join(gaps)
    console.print(words, style="yellow", soft_wrap=True, markup=False)
    raise typer.Exit(1)


def tell_next(session: Session) -> None:
    """What to do about rows that nobody has decided: go through them, or fill in the file that lists them."""
    from HCCResponseLib.review.decisions.template import write_template
    from HCCResponseLib.review.read.lifecycle import nothing_found, points

    if nothing_found(session.state):
        first = points(session.state)[0]
        words = ["hcc-response", "sign", str(session.folder), first]
        line = f"If there is no lesion at {first}: {shlex.join(words)}, then this command again."
        console.print(line, soft_wrap=True, markup=False)

    file = write_template(session.folder, session.state)
    if file is not None:
        console.print(
            f"To decide row by row: hcc-response review {session.folder}", soft_wrap=True, markup=False
        )
        console.print(f"Or fill in: {file}", soft_wrap=True, markup=False)


def _decide_from_file(session: Session, decisions: Path, options: Options) -> None:
    """Decisions on time points that wait for an accepted baseline are applied once those are proposed."""
    from HCCResponseLib.review.decisions.decisions_file import apply_decisions

    grids = {p.name: session.image(p).geometry for p in session.study.timepoints}
    waiting = frozenset(p.name for p in session.study.timepoints if p.name not in session.state.provenance)
    done = apply_decisions(session.store, session.state, decisions, grids, waiting)
    if waiting:
        make_proposals(session, options)
        apply_decisions(session.store, session.state, decisions, grids, done)


def open_and_propose(study: Path, output: Path, options: Options, profile_change: str = "") -> Session:
    """Open or resume the read and make the proposals that are missing.

    Args:
        study: the study file or its folder, or the folder of a read whose study file lies elsewhere.
        profile_change: why the read goes on under a profile that has changed since it was begun.
    """
    from HCCResponseLib.adapt.recipe import recipe_named
    from HCCResponseLib.imaging.study import load_study
    from HCCResponseLib.response.profiles.load import load_profile
    from HCCResponseLib.review.read.session import holds_read_alone, open_session, stored_study

    recipe_named(options.recipe)
    alone = holds_read_alone(study)
    content = stored_study(study) if alone else load_study(study)
    load_profile(content.profile)
    session = open_session(content, output, other_profile=True)
    if not alone:
        settle_profile(session, content, profile_change)
    for name, image in session.images.items():
        say_remarks(name, image.remarks)
    make_proposals(session, options, frozenset())
    return session


def settle_profile(session: Session, study: Study, reason: str = "", ask: bool = True) -> None:
    """Ask whether a read goes on under a profile that has changed since it was begun; if not, it keeps its own.

    Args:
        reason: why it is to go on under the new one.

    Raises:
        InputError: the study names another one without a reason, or the new one cannot be taken for this read.
        AccessError: a time point of the read is signed.
    """
    from HCCResponseLib.review.read.profile_change import changed_profile, take_profile

    change = changed_profile(session.store, session.state, study)
    if change is None:
        return
    tell_note = f"The profile has changed since this read was begun: {change.words}."
    if not reason and ask and sys.stdin.isatty():
        console.print(tell_note, style="yellow", soft_wrap=True, markup=False)
        reason = typer.prompt(
            "Why go on under the new one? (empty: the read keeps its own)", default="", err=True
        )
    if reason:
        take_profile(session.store, session.state, change, reason)
        console.print("The read goes on under the new profile; the log says so.")
        return
    how = "To go on under the new one: assess with --profile-change 'WHY'."
    if change.before.name != change.after.name:
        session.store.close()
        raise InputError(f"{tell_note} {how} To read it anew: name another output folder.")
    words = f"{tell_note} It keeps the one it was begun under. {how}"
    console.print(words, style="yellow", soft_wrap=True, markup=False)


def make_proposals(session: Session, options: Options, said: frozenset[str] | None = None) -> None:
    """Make the proposals that are missing and possible now; what still waits is said.

    Args:
        said: time points whose cautions were told before; by default those that are proposed already.
    """
    from HCCResponseLib.lesions.proposal import domain_words
    from HCCResponseLib.pipeline.propose import propose as run_proposals

    told = frozenset(session.state.provenance) if said is None else said
    if options.unasked and set(session.state.rows) < {point.name for point in session.study.timepoints}:
        _say_engine(options.engine)
    with job_progress("Proposals") as report:
        waiting = run_proposals(session, options, report)
    for name, facts in session.state.provenance.items():
        if name not in told:
            say_remarks(name, domain_words(facts))
    if waiting:
        from HCCResponseLib.review.read.lifecycle import how_to_open

        why = how_to_open(session.state, waiting[0])
        words = f"Not proposed yet: {', '.join(waiting)}. {why}"
        console.print(words, style="yellow", soft_wrap=True, markup=False)


def _say_engine(engine: str) -> None:
    """Which engine looks at whole scans, where nobody has chosen it and it is not ours."""
    from HCCResponseLib.pipeline.default_engine import why_default
    from HCCResponseLib.pipeline.request import OURS

    if words := why_default(engine):
        console.print(f"{words} Our own network: --engine {OURS}.", soft_wrap=True, markup=False)


def accept_everything(session: Session, reader: str, options: Options) -> None:
    """Accept proposals unseen; an accepted baseline opens the follow-ups, which are then accepted too.

    Lesions that are proposed as disappeared stay undecided, and so does what was proposed on scans that the network
    was not made for.
    """
    from HCCResponseLib.review.decisions.decide import accept_all

    accept_all(session.store, session.state, reader)
    make_proposals(session, options)
    accept_all(session.store, session.state, reader)


def _size(row: dict[str, Any]) -> str:
    """Long axis with the parts that it adds up, what the lesion has merged into, or its state."""
    if row["merged_into"]:
        return f"merged into {row['merged_into']}"
    parts = " + ".join(row["parts_mm"])
    return f"{parts} = {row['long_axis_mm']}" if parts else str(row["long_axis_mm"] or row["state"])


def tell(result: dict[str, Any], as_json: bool) -> None:
    """Print a result for people or as JSON."""
    if as_json:
        say_json(result)
        return
    for line in result_lines(result):
        say(line)


def result_lines(result: dict[str, Any]) -> list[str]:
    """A result in words: a line for each time point, the category where there is one, where the report lies."""
    lines = []
    for point in result["time_points"]:
        parts = [f"{r['lesion']} {_size(r)}" for r in point["rows"] if r["kind"] == "lesion"]
        candidates = [r["lesion"] for r in point["rows"] if r["kind"] == "candidate"]
        more = f"; candidates {', '.join(candidates)}" if candidates else ""
        none = "no lesions" if point["proposed"] else "not proposed yet"
        lines.append(f"{point['name']} ({point['date']}): {', '.join(parts) or none}{more}")
        if point.get("overall"):
            lines.append(f"  {result['criterion']}: {point['overall']} (sum {point['sum']} {result['unit']})")
    if not result["reviewed"] and result["category"]:
        lines.append("Not reviewed: proposals were accepted without a reader looking at each of them.")
    lines.append(f"Report: {result['report']}")
    if result["report_pdf"]:
        lines.append(f"PDF: {result['report_pdf']}")
    return lines
