"""Adapted networks of the benchmark, kept so that another way to use them costs no second adaptation."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from HCCResponseLib.adapt.copies import Surroundings
from HCCResponseLib.adapt.idol import adapt
from HCCResponseLib.adapt.recipe import Recipe
from HCCResponseLib.base.jobs import Report
from HCCResponseLib.evaluation.adaptation.memory import peak_mib, reset_peak
from HCCResponseLib.nets.model import Model, load_adapted, save_adapted


def adapted_model(
    folder: Path | None,
    name: str,
    base: Model,
    cases: list[Surroundings],
    recipe: Recipe,
    seed: int,
    report: Report,
) -> Model:
    """The adapted model of one pair, with its steps, seconds and memory in the notes.

    Args:
        folder: where it is kept, or taken from if it is there; ``None`` = nowhere.
        name: of the pair; recipe and base model go into the file name too.
    """
    plain = recipe.as_dict()
    key = hashlib.sha256(json.dumps([plain, base.sha256, seed], sort_keys=True).encode()).hexdigest()[:12]
    file = None if folder is None else folder / f"{name}-{recipe.name}-{key}.safetensors"
    if file is not None and file.is_file():
        return load_adapted(file, base)
    reset_peak()
    started = time.monotonic()
    done = adapt(base.network, cases, recipe, seed, report)
    notes: dict[str, Any] = {
        "recipe": plain,
        "steps": done.steps,
        "best_step": done.best_step,
        "held_out_dice": list(done.held_out_dice),
        "adapt_s": round(time.monotonic() - started, 2),
        "peak_mib": peak_mib(),
        "work": round(done.steps * recipe.relative_cost, 2),
    }
    if file is not None:
        save_adapted(file, done.network, base, notes)
    return Model(done.network, base.grid, "", base.sha256, notes)
