"""``hcc-response evaluate prompts``: contours from one line against known truth."""

import json
from pathlib import Path
from typing import Annotated

import typer

from HCCResponseLib.cli.common import JsonOption, errors_as_one_line, say, say_json


def prompts(
    pack: Annotated[
        Path,
        typer.Argument(help="Pack of 'hcc-response prompts pack' with patients that were not trained on."),
    ],
    model: Annotated[Path, typer.Option(help="Prompt network of 'hcc-response prompts train'.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File for one line of JSON a case.")] = Path(
        "prompts.jsonl"
    ),
    per_size: Annotated[
        int, typer.Option(min=0, help="Grown lesions of each class of size in each scan.")
    ] = 5,
    lines: Annotated[int, typer.Option(min=1, help="Lines, each drawn anew, for every real lesion.")] = 3,
    as_json: JsonOption = False,
) -> None:
    """Contour lesions, grown and real, from one line each; Dice coefficients, surfaces, lengths and time by size."""
    with errors_as_one_line():
        from HCCResponseLib.base.files import write_text
        from HCCResponseLib.evaluation.prompts import PromptResult, as_row, evaluate_prompts, summary
        from HCCResponseLib.nets.prompts.network import load_prompt_model
        from HCCResponseLib.nets.prompts.pack import read_pack

        network, scans = load_prompt_model(model), read_pack(pack)
        known = set(network.notes.get("patients", ())) & {s.facts.patient for s in scans}
        if known and not as_json:
            say(
                f"The network has learned from {', '.join(sorted(known))}; figures of these patients prove nothing."
            )

        def report(result: PromptResult) -> None:
            if not as_json:
                say(f"{result.scan} {result.kind} {result.diameter_mm:.0f} mm: Dice {result.dice:.3f}")

        results = evaluate_prompts(network, scans, per_size, lines, report)
        write_text(output, "".join(json.dumps(as_row(r)) + "\n" for r in results))
        rows = summary(results)
        if as_json:
            say_json({"model_sha256": network.sha256, "learned_from": sorted(known), "rows": rows})
            return
        for row in rows:
            say(
                f"{row['kind']:<6} {row['from_mm']:g} to {row['to_mm']:g} mm: {row['lesions']} lesions of "
                f"{row['patients']} patients, Dice median {row['median_dice']:.3f}, mean {row['mean_dice']:.3f}, "
                f"surface {row['mean_surface_dice']:.3f}, {row['median_seconds']:.2f} s"
            )
