"""``hcc-response evaluate segmentation``: any engine against reference masks."""

from __future__ import annotations

import shlex
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from HCCResponseLib.cli.common import (
    DeviceOption,
    JsonOption,
    SetOption,
    console,
    errors_as_one_line,
    read_settings,
    say,
    say_json,
)
from HCCResponseLib.cli.progress import job_progress

if TYPE_CHECKING:
    from HCCResponseLib.evaluation.segmentation.cases import ReferenceCase
    from HCCResponseLib.evaluation.segmentation.results import ScanResult
    from HCCResponseLib.evaluation.segmentation.run import EngineRun
    from HCCResponseLib.statistics.estimate import Figure

_STOPPED = "stopped; the scans that are done are kept, and the same command goes on with the others"


def segmentation(
    scans: Annotated[
        Path,
        typer.Argument(
            metavar="CASES.csv",
            help="CSV with the columns name, patient, image, liver, lesions, one line a scan. liver and lesions are "
            "label maps, FILE or FILE:1,2 for these values; empty where there is no reference.",
        ),
    ],
    engine: Annotated[str, typer.Option(help="Segmentation engine; see 'hcc-response engines list'.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Folder for results, figures and report; name it again to go on."
        ),
    ],
    weights: Annotated[
        Path | None,
        typer.Option(help="Weights file or folder of the engine; default: where the engine keeps them."),
    ] = None,
    device: DeviceOption = "auto",
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Segment scans with an engine and compare with reference masks; run it again to go on where it stopped."""
    with errors_as_one_line():
        from HCCResponseLib.engines.registry import engine_named
        from HCCResponseLib.engines.run import check_engine
        from HCCResponseLib.evaluation.segmentation.cases import read_cases
        from HCCResponseLib.evaluation.segmentation.report import write_report
        from HCCResponseLib.evaluation.segmentation.run import EngineRun, require_unaided, weights_hash

        cases, info, parameters = read_cases(scans), engine_named(engine), read_settings(settings)
        require_unaided(info)
        info.settings(parameters)
        digest = weights_hash(weights, check_engine(engine, weights))
        run = EngineRun(info, weights, digest, device, output.resolve(), parameters)
        words = [
            "evaluate",
            "segmentation",
            str(scans),
            "--engine",
            engine,
            "--device",
            device,
            "-o",
            str(output),
        ]
        words += ["--weights", str(weights)] if weights else []
        words += [word for given in settings or () for word in ("--set", given)]
        found = write_report(_evaluated(cases, run), run, f"hcc-response {shlex.join(words)}")
        _tell(found, run.output / "report.html", as_json)


def _evaluated(cases: list[ReferenceCase], run: EngineRun) -> list[ScanResult]:
    from HCCResponseLib.engines.run import run_engine
    from HCCResponseLib.evaluation.segmentation.run import evaluate_scans

    def tell(result: ScanResult) -> None:
        console.print(_line(result), soft_wrap=True, markup=False)

    try:
        with job_progress("Evaluating") as report:
            return evaluate_scans(cases, run, run_engine, report, tell)
    except KeyboardInterrupt as stop:
        console.print(_STOPPED, style="yellow", soft_wrap=True)
        raise typer.Exit(130) from stop


def _line(result: ScanResult) -> str:
    said = [result.problem] if result.problem else []
    if result.liver is not None:
        said.append(f"liver Dice {result.liver.near.dice:.3f}")
    if result.tumour is not None:
        said.append(f"tumour Dice {result.tumour.dice:.3f}")
    if result.lesions is not None:
        said.append(f"{sum(one.found for one in result.lesions)} of {len(result.lesions)} lesions found")
        said.append(f"{len(result.false_parts or ())} false parts")
    return f"{result.name}: {', '.join(said)}"


def _tell(found: list[Figure], report: Path, as_json: bool) -> None:
    from HCCResponseLib.evaluation.segmentation.figures import BY_THRESHOLD
    from HCCResponseLib.statistics.estimate import as_records, in_cells

    if as_json:
        answer: dict[str, Any] = {"figures": as_records(found), "report": str(report)}
        say_json(answer)
        return
    for section, figures in groupby(found, lambda figure: figure.section):
        if section.startswith(BY_THRESHOLD):
            continue  # a curve in the report
        say(section)
        for name, value, interval, n, _ in map(in_cells, figures):
            say(f"  {name}: {value}" + ("" if interval == "-" else f", 95 %: {interval}") + f", n = {n}")
    say(f"Figures, curve and the worst scans drawn: {report}")
