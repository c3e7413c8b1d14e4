"""Child process of an adaptation: ``python -m HCCResponseLib.adapt.worker request.json``."""

from dataclasses import asdict, replace
from typing import Any

from HCCResponseLib.adapt.copies import cut_surroundings
from HCCResponseLib.adapt.idol import adapt
from HCCResponseLib.adapt.recipe import recipe_named
from HCCResponseLib.adapt.request import AcceptedContours, AdaptationRequest
from HCCResponseLib.base.jobs import Progress, Report, serve
from HCCResponseLib.imaging.read import read_label_map
from HCCResponseLib.imaging.volumes import LabelMap, Volume, require_same_grid
from HCCResponseLib.nets.model import load_model, save_adapted
from HCCResponseLib.nets.precision import device_in_words, torch_device


def work(request: AdaptationRequest, report: Report) -> dict[str, Any]:
    """Adapt and save only what changed.

    Returns:
        SHA-256, steps, held-out Dice, recipe, device.
    """
    report(Progress("Reading baseline", 0.0))
    base = load_model(request.base)
    visits = [_accepted(visit) for visit in request.visits]
    device = torch_device(request.device)
    recipe = recipe_named(request.recipe)
    if request.steps:
        recipe = replace(recipe, steps=request.steps)
    cases = [case for visit in visits for case in cut_surroundings(*visit, base.grid, recipe)]
    done = adapt(base.network, cases, recipe, request.seed, report, device)
    facts = {
        "recipe": asdict(recipe),
        "seed": request.seed,
        "visits": len(visits),
        "device": device_in_words(device),
        "steps": done.steps,
        "best_step": done.best_step,
        "held_out_dice": list(done.held_out_dice),
    }
    digest = save_adapted(request.output, done.network, base, facts)
    return {"sha256": digest, "base_sha256": base.sha256, **facts}


def _accepted(visit: AcceptedContours) -> tuple[Volume, LabelMap]:
    image = visit.image.read()
    contour = read_label_map(visit.contour)
    require_same_grid(contour, image)
    return image, contour


if __name__ == "__main__":
    serve(AdaptationRequest.read, work)
