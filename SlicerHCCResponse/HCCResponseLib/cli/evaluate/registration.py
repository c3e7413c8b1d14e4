"""``hcc-response evaluate registration``: does the estimated error of carried places rank the true one?"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from HCCResponseLib.cli.common import console, errors_as_one_line, say, say_json


def registration(
    pairs: Annotated[int, typer.Option(min=1, help="Drawn pairs.")] = 24,
    fit: Annotated[
        Path | None,
        typer.Option(
            help="Fit the estimate on the development block and write it here, instead of judging it."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="JSON lines, one for each pair; pairs in it are not computed again."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Estimated against true error of carried places, in right and in wrong registrations of drawn pairs."""
    with errors_as_one_line():
        from HCCResponseLib.evaluation.tracking.errors import (
            FIT_SEED,
            TEST_SEED,
            fit_errors,
            run_errors,
            summarise_errors,
        )
        from HCCResponseLib.track.registration.residual import save_model, shipped_model

        block = "held-out" if fit is None else "development"
        kept = output or Path(f"benchmark-output/registration-{block}.jsonl")
        first = TEST_SEED if fit is None else FIT_SEED
        records = _records(kept, range(first, first + pairs), run_errors)
        model = shipped_model()
        if fit is not None:
            model = fit_errors(records)
            save_model(model, fit)
        figures = summarise_errors(records, model)
        if as_json:
            say_json(
                {"block": block, "model": vars(model), "figures": figures, "not_defined": _reasons(figures)}
            )
        else:
            _tell(block, figures)


def _records(path: Path, seeds: range, run: Any) -> list[dict[str, Any]]:
    """Records of all seeds; those of an earlier run are taken, a line that a crash cut short is done again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found: dict[int, dict[str, Any]] = {}
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                record = json.loads(line)
            except json.JSONDecodeError:
                continue
            found[record["seed"]] = record
    for seed in seeds:
        if seed not in found:
            found[seed] = run(seed)
            with path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(found[seed]) + "\n")
            console.print(f"seed {seed}: done", markup=False)
    return [found[seed] for seed in seeds]


def _reasons(figures: dict[str, Any]) -> dict[str, str]:
    """Why figures are null: an area under the curve needs places that are off and places that are not."""
    why = "no place is off by more than 10 mm, or each of them is"
    return {
        f"{name}, {key}": why for name, one in figures.items() for key, value in one.items() if value is None
    }


def _tell(block: str, figures: dict[str, Any]) -> None:
    say(f"{block} pairs")
    for name, content in figures.items():
        say(f"\n{name}")
        for key, value in content.items():
            words = (
                f"{value:.3f}" if isinstance(value, float) else "not defined" if value is None else str(value)
            )
            say(f"  {key.replace('_', ' '):<28}{words}")
