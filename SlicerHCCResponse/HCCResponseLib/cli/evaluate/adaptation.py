"""``hcc-response evaluate synthetic``: adaptation methods side by side on pairs with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.common import ModelOption, console, errors_as_one_line, say, say_json
from HCCResponseLib.cli.progress import job_progress

if TYPE_CHECKING:
    from HCCResponseLib.evaluation.adaptation.request import EvaluationRequest


def synthetic(
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder for results, tables and plots; name it again to go on."),
    ] = Path("benchmark"),
    pairs: Annotated[int, typer.Option(min=1, help="Number of pairs; each has a seed of its own.")] = 40,
    seed_start: Annotated[
        int, typer.Option(min=0, max=999_999, help="First seed. From 20000: test; from 30000: development.")
    ] = 20_100,
    methods: Annotated[
        str,
        typer.Option(
            help="Comma-separated: base, base-prior, line, faithful, uncertain, ours, ours-... (docs/benchmark.md)."
        ),
    ] = "base,base-prior,ours",
    background: Annotated[
        Path | None, typer.Option(help="CT in which tumours are grown; default: the drawn phantom.")
    ] = None,
    liver: Annotated[Path | None, typer.Option(help="Liver mask of that CT, on its grid.")] = None,
    model: ModelOption = None,
    prompt_model: Annotated[
        Path | None, typer.Option(help="Prompt network for 'line' and 'ours'; default: the one at hand.")
    ] = None,
    tables_only: Annotated[
        bool, typer.Option(help="Print the results that are there, compute nothing new.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print tables as JSON.")] = False,
) -> None:
    """Compare base network, published IDOL and ours on synthetic pairs; run it again to go on where it stopped."""
    with errors_as_one_line():
        from HCCResponseLib.evaluation.adaptation.methods import methods_named
        from HCCResponseLib.evaluation.adaptation.request import EvaluationRequest

        if (background is None) != (liver is None):
            raise InputError("--background and --liver belong together: a CT and the mask of its liver.")
        methods_named(methods)
        request = EvaluationRequest(
            output=output.resolve(),
            seeds=tuple(range(seed_start, seed_start + pairs)),
            methods=methods,
            base=model and model.resolve(),
            prompts=prompt_model and prompt_model.resolve(),
            background=f"{background.resolve().parent.name}/{background.name}" if background else "phantom",
            image=background and background.resolve(),
            liver=liver and liver.resolve(),
        )
        if not tables_only:
            _run(request)
        _tell(output, request.background, as_json)


def _run(request: EvaluationRequest) -> None:
    from HCCResponseLib.base.jobs import run_job
    from HCCResponseLib.evaluation.adaptation.request import WORKER

    with job_progress("Evaluating") as report:
        counts = run_job(WORKER, request, report)
    console.print(f"{counts['made']} results made, {counts['there']} were there already")


def _tell(output: Path, background: str, as_json: bool) -> None:
    from HCCResponseLib.base.files import write_text
    from HCCResponseLib.evaluation.adaptation.plots import draw_plots
    from HCCResponseLib.evaluation.adaptation.store import PICTURES, read_records
    from HCCResponseLib.evaluation.adaptation.table import (
        as_csv,
        markdown,
        paired_rows,
        size_rows,
        summary_rows,
    )

    # Backgrounds are reported apart, never mixed.
    records = [r for r in read_records(output) if r["background"] == background]
    if not records:
        raise InputError(f"There are no results for background '{background}' in '{output}'.")
    tables = [f(records) for f in (summary_rows, paired_rows, size_rows)]
    text = "\n\n".join(markdown(*t) for t in tables if t[1])
    write_text(output / "tables.md", text + "\n")
    write_text(output / "results.csv", as_csv(records))
    plots = draw_plots(records, output)
    if as_json:
        say_json([[dict(zip(head, row, strict=True)) for row in rows] for head, rows in tables])
        return
    say(text)
    console.print(f"Tables, CSV and plots are in {output}: {', '.join(p.name for p in plots)}")
    pictures = output / PICTURES
    if pictures.is_dir():
        console.print(f"The worst lesion of each pair is drawn in {pictures}, the worst pairs first by name.")
