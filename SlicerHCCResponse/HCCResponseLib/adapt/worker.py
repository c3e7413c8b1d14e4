"""Child process of an adaptation: ``python -m HCCResponseLib.adapt.worker request.json``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from HCCResponseLib.adapt.copies import cut_surroundings
from HCCResponseLib.adapt.idol import adapt
from HCCResponseLib.adapt.recipe import recipe_named
from HCCResponseLib.engines.model import load_model, save_adapted
from HCCResponseLib.engines.process import Progress, Report, serve
from HCCResponseLib.imaging.read import read_label_map, read_volume
from HCCResponseLib.imaging.volumes import require_same_grid


def work(request: dict[str, Any], report: Report) -> dict[str, Any]:
    """Adapt and save only what changed.

    Request: ``image``, ``contour``, ``output`` (paths), ``base`` (path or null), ``recipe`` (name), ``steps`` (or
    null), ``seed``. Result: SHA-256, steps, held-out Dice, recipe.
    """
    report(Progress("Reading baseline", 0.0))
    base = load_model(Path(request["base"]) if request["base"] else None)
    image = read_volume(Path(request["image"]))
    contour = read_label_map(Path(request["contour"]))
    require_same_grid(contour, image)
    recipe = recipe_named(request["recipe"])
    if request.get("steps"):
        recipe = replace(recipe, steps=int(request["steps"]))
    cases = cut_surroundings(image, contour, base.spacing, recipe)
    done = adapt(base.network, cases, recipe, int(request["seed"]), report)
    facts = {
        "recipe": recipe.as_dict(),
        "seed": request["seed"],
        "steps": done.steps,
        "best_step": done.best_step,
        "held_out_dice": list(done.held_out_dice),
    }
    digest = save_adapted(Path(request["output"]), done.network, base, facts)
    return {"sha256": digest, "base_sha256": base.sha256, **facts}


if __name__ == "__main__":
    serve(work)
