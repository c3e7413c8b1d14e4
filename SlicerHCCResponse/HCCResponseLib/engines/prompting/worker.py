"""The process that waits: ``python -m HCCResponseLib.engines.prompting.worker request.json``."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.base.jobs import peak_memory_mib
from HCCResponseLib.base.jobs.answering import Answer, answer_questions
from HCCResponseLib.engines.available.prompt import INFO
from HCCResponseLib.engines.memory import free_gpu_mib
from HCCResponseLib.engines.prompting.question import Loading, Question, read_part
from HCCResponseLib.engines.versions import versions
from HCCResponseLib.engines.worker import seed_everything, usable_device
from HCCResponseLib.nets.prompts.contour import contour_from_prompts
from HCCResponseLib.nets.prompts.network import load_prompt_model, warm_up
from HCCResponseLib.nets.windows import InferenceSettings


def prepare(text: str) -> tuple[Answer, float]:
    """Load the network and let it look at nothing once, since the first look takes longer than the others.

    Raises:
        ModelError: weights that cannot be read.
    """
    asked = Loading.read(text)
    seed_everything(0, INFO)
    model = load_prompt_model(asked.weights)
    settings = InferenceSettings(_with_room(usable_device(asked.device, INFO)))
    warm_up(model, settings)
    facts = {
        "engine": INFO.name,
        "weights": {asked.weights.name: model.sha256},
        "versions": dict(versions()),
        "device": settings.device,
        "precision": settings.computed_in(),
    }

    def answer(question: str) -> Mapping[str, Any]:
        started, worked = time.monotonic(), time.process_time()
        shown = Question.read(question)
        part, prior = read_part(shown.scan)
        # The part of a patient's scan is needed no longer.
        shown.scan.unlink()
        found = contour_from_prompts(model, part, shown.prompts, prior, settings)
        start = [one.start for one in found.box]
        write_atomically(shown.contour, lambda file: np.savez(file, start=start, voxels=found.mask))
        spent = {"seconds": round(time.monotonic() - started, 3), "voxel_mm": round(found.voxel_mm, 3)}
        cost = {"cpu_seconds": time.process_time() - worked, "peak_memory_mib": peak_memory_mib()}
        return {"facts": {**facts, **spent}, **cost}

    return answer, asked.idle_s


def _with_room(device: str) -> str:
    """The processor where the GPU has no room; another job may be at work there."""
    free = None if device == "cpu" else free_gpu_mib(int(device.partition(":")[2] or 0))
    return "cpu" if free is not None and free < INFO.gpu_mib else device


def main() -> None:
    """Entry point."""
    answer_questions(prepare)


if __name__ == "__main__":
    main()
