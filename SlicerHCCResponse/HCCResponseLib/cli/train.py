"""``hcc-response train``: a base model from synthetic subjects."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from HCCResponseLib import __version__
from HCCResponseLib.cli.common import console, errors_as_one_line, progress_bar, say
from HCCResponseLib.errors import ModelError

if TYPE_CHECKING:
    from HCCResponseLib.engines.network import FCD
    from HCCResponseLib.engines.training import TrainingPlan


def train(
    output: Annotated[
        Path, typer.Option(help="Where the weights go; the model card is written beside them.")
    ],
    subjects: Annotated[int, typer.Option(min=1, help="Synthetic subjects to train on.")] = 120,
    validation_subjects: Annotated[int, typer.Option(min=1, help="Further subjects, held out.")] = 8,
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 3000,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    start: Annotated[Path | None, typer.Option(help="Go on from this model instead of from scratch.")] = None,
    learning_rate: Annotated[float, typer.Option(min=1e-6, help="Start of the polynomial decay.")] = 1e-3,
    cache: Annotated[
        Path | None, typer.Option(help="Folder that keeps drawn subjects for the next run.")
    ] = None,
    keep_every: Annotated[
        int, typer.Option(help="Write an interim model every so many steps (0 = never).")
    ] = 0,
) -> None:
    """Train a base segmentation model on synthetic subjects (CPU)."""
    from HCCResponseLib.engines.training import TrainingPlan

    plan = replace(
        TrainingPlan(),
        subjects=subjects,
        validation_subjects=validation_subjects,
        steps=steps,
        seed=seed,
        learning_rate=learning_rate,
    )
    with errors_as_one_line():
        if cache is not None:
            _train(plan, start, output, cache, keep_every)
            return
        with tempfile.TemporaryDirectory() as folder:
            _train(plan, start, output, Path(folder), keep_every)


def _train(plan: TrainingPlan, start: Path | None, output: Path, cache: Path, keep_every: int) -> None:
    from HCCResponseLib.engines.model import load_model, save_model
    from HCCResponseLib.engines.pool import FIRST_TRAINING_SEED, build_pool
    from HCCResponseLib.engines.training import train as run_training
    from HCCResponseLib.engines.training import validate

    before = load_model(start) if start else None
    if before and before.network.config != plan.network:
        raise ModelError(f"Model '{start}' is of another architecture than the one to train.")
    started = time.monotonic()
    count = plan.subjects + plan.validation_subjects
    seeds = range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + count)
    recent: list[float] = []
    with progress_bar() as bar:
        drawing = bar.add_task("Drawing synthetic subjects", total=count)
        cases = build_pool(
            seeds,
            plan.spacing,
            cache,
            os.cpu_count() or 1,
            lambda done, _: bar.update(drawing, completed=done),
        )
        learning = bar.add_task("Training", total=plan.steps)

        def report(step: int, loss: float, network: FCD) -> None:
            recent.append(loss)
            del recent[:-50]
            bar.update(
                learning, completed=step, description=f"Training, loss {sum(recent) / len(recent):.3f}"
            )
            if step % 100 == 0 and not console.is_terminal:
                console.print(f"step {step} of {plan.steps}, loss {sum(recent) / len(recent):.3f}")
            if keep_every and step % keep_every == 0:
                save_model(output.with_suffix(f".step{step}.pt"), network, plan.spacing, {})

        network = run_training(plan, cases[: plan.subjects], report, before.network if before else None)
    scores = validate(network, cases[plan.subjects :], plan.patch)
    minutes = (time.monotonic() - started) / 60
    notes: dict[str, Any] = {"plan": plan.as_dict(), "validation_dice": scores, "minutes": round(minutes, 1)}
    if before:
        notes["started_from"] = {"sha256": before.sha256, **before.notes}
    digest = save_model(output, network, plan.spacing, notes)
    _write_card(output, digest, notes, sum(p.numel() for p in network.parameters()))
    say(f"Model written to {output} (SHA-256 {digest[:12]}...), held-out tumour Dice {scores}")


def _write_card(output: Path, digest: str, notes: dict[str, Any], parameters: int) -> None:
    from HCCResponseLib.engines.card import card_text
    from HCCResponseLib.imaging.files import write_text

    facts = {
        "name": output.stem,
        "sha256": digest,
        "bytes": output.stat().st_size,
        "parameters": parameters,
        "software": f"hcc-response {__version__}",
        "trained": datetime.now(UTC).date().isoformat(),
        "licence": "Apache-2.0",
        "training_data": "synthetic phantoms drawn by this software; no patient data",
        "training_data_licence": "Apache-2.0 (generated by this software)",
        **notes,
    }
    write_text(output.with_suffix(".md"), card_text(facts))
