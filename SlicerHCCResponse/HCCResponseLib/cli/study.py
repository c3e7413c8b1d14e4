"""``hcc-response propose`` and ``hcc-response assess``: a whole study from images to report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from HCCResponseLib.cli.common import (
    JsonOption,
    console,
    errors_as_one_line,
    job_progress,
    say,
    say_json,
    say_remarks,
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

if TYPE_CHECKING:
    from HCCResponseLib.pipeline.request import Options
    from HCCResponseLib.review.read.session import Session


@with_groups
def propose(
    study: InputOptions,
    proposals: ProposalOptions,
    images: ImageOptions,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Segment, adapt, track and measure: writes proposals for a reader, never a category.

    Run it again with the same output folder to go on where it stopped.
    """
    with errors_as_one_line():
        paths = study.paths
        from HCCResponseLib.report.subject.output import write_outputs

        file, folder = study_of(paths, output, images)
        session = open_and_propose(file, folder, proposals.options())
        result = write_outputs(session, with_category=False)
        tell(result, as_json)
        tell_next(session)


@with_groups
def assess(
    study: InputOptions,
    proposals: ProposalOptions,
    images: ImageOptions,
    output: OutputOption = None,
    decisions: Annotated[
        Path | None, typer.Option(help="YAML or JSON file with a reader's decisions.")
    ] = None,
    accept_proposals_as: Annotated[
        str | None,
        typer.Option(
            help="Accept undecided proposals unseen, in this reader's name; not that a lesion has disappeared."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Proposals plus a reader's decisions: category, trace and report.

    A category needs a decision on every lesion and candidate; what is missing is listed (exit status 1).
    """
    with errors_as_one_line():
        paths = study.paths
        require_there(decisions, "Decisions file ")
        from HCCResponseLib.base.errors import IncompleteReadError
        from HCCResponseLib.report.subject.output import write_outputs
        from HCCResponseLib.review.decisions.decisions_file import load_decisions
        from HCCResponseLib.review.read.category import missing

        if decisions is not None:
            load_decisions(decisions)
        options = proposals.options()
        file, folder = study_of(paths, output, images)
        session = open_and_propose(file, folder, options)
        if decisions is not None:
            _decide_from_file(session, decisions, options)
        if accept_proposals_as:
            accept_everything(session, accept_proposals_as, options)
        gaps = missing(session.state)
        if gaps:
            result = write_outputs(session, with_category=False)
            console.print(f"Report: {result['report']}", soft_wrap=True, markup=False)
            tell_next(session)
            raise IncompleteReadError("No category yet. Still missing: " + " ".join(gaps))
        result = write_outputs(session)
        tell(result, as_json)


def tell_next(session: Session) -> None:
    """What to do about rows that nobody has decided: go through them, or fill in the file that lists them."""
    from HCCResponseLib.review.decisions.template import write_template

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


def open_and_propose(study: Path, output: Path, options: Options) -> Session:
    """Open or resume the read and make the proposals that are missing."""
    from HCCResponseLib.adapt.recipe import recipe_named
    from HCCResponseLib.imaging.study import load_study
    from HCCResponseLib.response.profiles.load import load_profile
    from HCCResponseLib.review.read.session import open_session

    recipe_named(options.recipe)
    content = load_study(study)
    load_profile(content.profile)
    session = open_session(content, output)
    for name, image in session.images.items():
        say_remarks(name, image.remarks)
    make_proposals(session, options)
    return session


def make_proposals(session: Session, options: Options) -> None:
    """Make the proposals that are missing and possible now; what still waits is said."""
    from HCCResponseLib.pipeline.propose import propose as run_proposals

    with job_progress("Proposals") as report:
        waiting = run_proposals(session, options, report)
    if waiting:
        console.print(
            f"waiting for decisions on the baseline before proposing: {', '.join(waiting)}", style="yellow"
        )


def accept_everything(session: Session, reader: str, options: Options) -> None:
    """Accept proposals unseen; an accepted baseline opens the follow-ups, which are then accepted too.

    Lesions that are proposed as disappeared stay undecided.
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
    for point in result["time_points"]:
        parts = [f"{r['lesion']} {_size(r)}" for r in point["rows"] if r["kind"] == "lesion"]
        candidates = [r["lesion"] for r in point["rows"] if r["kind"] == "candidate"]
        more = f"; candidates {', '.join(candidates)}" if candidates else ""
        say(f"{point['name']} ({point['date']}): {', '.join(parts) or 'no lesions'}{more}")
        if point.get("overall"):
            say(f"  {result['criterion']}: {point['overall']} (sum {point['sum']} {result['unit']})")
    if not result["reviewed"] and result["category"]:
        say("Not reviewed: proposals were accepted without a reader looking at each of them.")
    say(f"Report: {result['report']}")
