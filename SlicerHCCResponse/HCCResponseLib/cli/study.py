"""``hcc-response propose`` and ``hcc-response assess``: a whole study from images to report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from HCCResponseLib.cli.common import (
    DeviceOption,
    EngineOption,
    JsonOption,
    ModelOption,
    SeedOption,
    SetOption,
    console,
    errors_as_one_line,
    job_progress,
    read_settings,
    say,
    say_json,
    say_remarks,
)
from HCCResponseLib.cli.new_study import (
    ContourOption,
    DateOption,
    DrawnByOption,
    FromImages,
    ProfileOption,
    StudyArgument,
    SubjectOption,
    study_of,
)

if TYPE_CHECKING:
    from HCCResponseLib.pipeline.request import Options
    from HCCResponseLib.review.read.session import Session

OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Folder for the read, contours and report; default: hcc-response-output beside the study or baseline.",
    ),
]
RecipeOption = Annotated[
    str, typer.Option(help="How to adapt to the patient: quick, or moon2026 (as published, slow).")
]
StepsOption = Annotated[
    int | None, typer.Option(min=1, help="Maximum number of adaptation steps; default: the recipe's own.")
]
EngineWeightsOption = Annotated[
    Path | None,
    typer.Option(
        "--weights", help="Weights file or folder of the engine; default: where the engine keeps them."
    ),
]


def propose(
    study: StudyArgument,
    output: OutputOption = None,
    recipe: RecipeOption = "quick",
    steps: StepsOption = None,
    seed: SeedOption = 0,
    model: ModelOption = None,
    engine: EngineOption = "fcd",
    weights: EngineWeightsOption = None,
    device: DeviceOption = "auto",
    settings: SetOption = None,
    contour: ContourOption = None,
    drawn_by: DrawnByOption = None,
    subject: SubjectOption = None,
    profile: ProfileOption = None,
    dates: DateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Segment, adapt, track and measure: writes proposals for a reader, never a category.

    Run it again with the same output folder to go on where it stopped.
    """
    from HCCResponseLib.pipeline.request import Options
    from HCCResponseLib.report.subject.output import write_outputs

    with errors_as_one_line():
        options = Options(recipe, steps, seed, model, engine, weights, device, read_settings(settings))
        file, folder = study_of(study, output, FromImages(contour, drawn_by, subject, profile, dates))
        session = open_and_propose(file, folder, options)
        result = write_outputs(session, with_category=False)
        tell(result, as_json)


def assess(
    study: StudyArgument,
    output: OutputOption = None,
    decisions: Annotated[
        Path | None, typer.Option(help="YAML or JSON file with a reader's decisions.")
    ] = None,
    accept_proposals_as: Annotated[
        str | None,
        typer.Option(
            help="Accept undecided proposals unseen, in this reader's name; not that a lesion has disappeared, nor "
            "what was proposed on scans that the network was not made for."
        ),
    ] = None,
    recipe: RecipeOption = "quick",
    steps: StepsOption = None,
    seed: SeedOption = 0,
    model: ModelOption = None,
    engine: EngineOption = "fcd",
    weights: EngineWeightsOption = None,
    device: DeviceOption = "auto",
    settings: SetOption = None,
    contour: ContourOption = None,
    drawn_by: DrawnByOption = None,
    subject: SubjectOption = None,
    profile: ProfileOption = None,
    dates: DateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Proposals plus a reader's decisions: category, trace and report.

    A category needs a decision on every lesion and candidate; what is missing is listed (exit status 1).
    """
    from HCCResponseLib.base.errors import IncompleteReadError
    from HCCResponseLib.pipeline.request import Options
    from HCCResponseLib.report.subject.output import write_outputs
    from HCCResponseLib.review.decisions.decisions_file import load_decisions
    from HCCResponseLib.review.read.category import missing

    with errors_as_one_line():
        if decisions is not None:
            load_decisions(decisions)
        options = Options(recipe, steps, seed, model, engine, weights, device, read_settings(settings))
        file, folder = study_of(study, output, FromImages(contour, drawn_by, subject, profile, dates))
        session = open_and_propose(file, folder, options)
        if decisions is not None:
            _decide_from_file(session, decisions, options)
        if accept_proposals_as:
            accept_everything(session, accept_proposals_as, options)
        gaps = missing(session.state)
        if gaps:
            write_outputs(session, with_category=False)
            raise IncompleteReadError("No category yet. Still missing: " + " ".join(gaps))
        result = write_outputs(session)
        tell(result, as_json)


def _decide_from_file(session: Session, decisions: Path, options: Options) -> None:
    """Decisions on time points that wait for an accepted baseline are applied once those are proposed."""
    from HCCResponseLib.review.decisions.decisions_file import apply_decisions

    grids = {p.name: session.image(p).geometry for p in session.study.timepoints}
    waiting = frozenset(p.name for p in session.study.timepoints if p.name not in session.state.provenance)
    done = apply_decisions(session.store, session.state, decisions, grids, waiting)
    if waiting:
        _propose(session, options)
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
    _propose(session, options, frozenset())
    return session


def _propose(session: Session, options: Options, said: frozenset[str] | None = None) -> None:
    """Make what proposals are missing.

    Args:
        said: time points whose cautions were told before; by default those that are proposed already.
    """
    from HCCResponseLib.lesions.proposal import domain_words
    from HCCResponseLib.pipeline.propose import propose as make_proposals

    told = frozenset(session.state.provenance) if said is None else said
    with job_progress("Proposals") as report:
        waiting = make_proposals(session, options, report)
    for name, facts in session.state.provenance.items():
        if name not in told:
            say_remarks(name, domain_words(facts))
    if waiting:
        console.print(
            f"waiting for decisions on the baseline before proposing: {', '.join(waiting)}", style="yellow"
        )


def accept_everything(session: Session, reader: str, options: Options) -> None:
    """Accept proposals unseen; an accepted baseline opens the follow-ups, which are then accepted too.

    Lesions that are proposed as disappeared stay undecided, and so does what was proposed on scans that the network
    was not made for.
    """
    from HCCResponseLib.review.decisions.decide import accept_all

    accept_all(session.store, session.state, reader)
    _propose(session, options)
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
