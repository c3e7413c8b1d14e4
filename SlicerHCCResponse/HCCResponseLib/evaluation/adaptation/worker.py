"""Child process of the benchmark: ``python -m HCCResponseLib.evaluation.adaptation.worker request.json``."""

import json
from typing import Any

import numpy as np

from HCCResponseLib import __version__
from HCCResponseLib.base.jobs import Progress, Report, part_of, serve
from HCCResponseLib.evaluation.adaptation.lines import prompt_model
from HCCResponseLib.evaluation.adaptation.methods import methods_named
from HCCResponseLib.evaluation.adaptation.pairs import draw_pair
from HCCResponseLib.evaluation.adaptation.pictures import draw_worst_lesion
from HCCResponseLib.evaluation.adaptation.request import EvaluationRequest
from HCCResponseLib.evaluation.adaptation.run import PreparedPair, evaluate, prepare
from HCCResponseLib.evaluation.adaptation.store import PICTURES, is_done, read_records
from HCCResponseLib.evaluation.records import append_record
from HCCResponseLib.imaging.read import read_label_map, read_volume
from HCCResponseLib.imaging.volumes import require_same_grid
from HCCResponseLib.nets.model import load_model


def work(request: EvaluationRequest, report: Report) -> dict[str, Any]:
    """Evaluate what is not yet there, pair by pair; returns how many were made and how many were there."""
    folder = request.output
    base = load_model(request.base)
    grown_in = _background(request)
    methods = methods_named(request.methods)
    prompts = prompt_model(request.prompts) if any(m.prompts for m in methods) else None
    label = request.background.replace("/", "-")
    made = there = 0
    total = len(request.seeds) * len(methods)
    for seed in request.seeds:
        pair: PreparedPair | None = None
        for method in methods:
            key = {
                "seed": seed,
                "background": request.background,
                "method": json.loads(json.dumps(method.as_dict())),
                "base_sha256": prompts.sha256 if method.line and prompts else base.sha256,
            }
            if method.second_look and prompts:
                key["prompts_sha256"] = prompts.sha256
            if is_done(read_records(folder), key):
                there += 1
                continue
            stage, share = f"Seed {seed}, {method.name}", (made + there) / total
            report(Progress(stage, share))
            pair = pair or prepare(draw_pair(seed, grown_in))
            record = {**key, "software": __version__}
            within = part_of(report, share, 1 / total, stage)
            kept = folder / "adapted" / f"{label}-{seed}"
            measured, contours = evaluate(pair, method, base, seed, within, kept, prompts)
            record |= measured
            name = f"{label} {seed} {method.name}"
            draw_worst_lesion(folder / PICTURES / method.name, name, pair, contours, record)
            append_record(folder, record)
            made += 1
    return {"made": made, "there": there}


def _background(request: EvaluationRequest) -> tuple[Any, Any] | None:
    if request.image is None or request.liver is None:
        return None
    image, liver = read_volume(request.image), read_label_map(request.liver)
    require_same_grid(liver, image)
    return image, np.asarray(liver.labels > 0)


if __name__ == "__main__":
    serve(EvaluationRequest.read, work)
