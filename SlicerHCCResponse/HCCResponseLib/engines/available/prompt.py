"""Our prompt network: the reader shows a lesion by a line, clicks or a box, and it contours that lesion."""

from pathlib import Path
from typing import Any

import numpy as np

from HCCResponseLib.base.jobs import Progress, Report
from HCCResponseLib.engines.contract import TUMOUR, Case, EngineInfo, Gives, Segmentation

INFO = EngineInfo(
    name="prompt",
    title="Contour of the lesion that is shown by a line or a click",
    gives=frozenset({Gives.TUMOUR}),
    licence="Apache-2.0",
    source="this software; idea: LETT-NeXt, arXiv 2606.30108",
    weights="shipped; another file of 'hcc-response prompts train' may be named",
    takes_clicks=True,
    takes_line=True,
    needs_prompt=True,
    card="Models/prompt-compact.md",
)


def segment(case: Case, report: Report) -> Segmentation:
    """The lesion under the prompts; a label map given as prior is the contour that is to be corrected.

    Raises:
        InputError: a prompt lies outside of the scan, or nothing is found there.
        ModelError: weights that cannot be read.
    """
    from HCCResponseLib.lesions.prompt import Prompts
    from HCCResponseLib.nets.prompts.contour import contour_from_prompts
    from HCCResponseLib.nets.prompts.network import load_prompt_model
    from HCCResponseLib.nets.windows import InferenceSettings

    report(Progress("Loading the network", 0.1))
    model = load_prompt_model(case.weights)
    prior = None if case.prior is None else case.prior.labels > 0
    report(Progress("Contouring", 0.5))
    found = contour_from_prompts(
        model, case.image, Prompts(case.line, case.clicks), prior, InferenceSettings(case.device)
    )
    labels = np.zeros(case.image.geometry.size, np.uint8)
    labels[found.box][found.mask] = TUMOUR
    used = str(case.weights or "shipped")
    return Segmentation(
        labels=labels, weights={used: model.sha256}, facts={"voxel_mm": round(found.voxel_mm, 3)}
    )


def check(weights: Path | None) -> dict[str, Any]:
    """Load the weights, which raises ``ModelError`` where they cannot be read; their hash and the side of the cube."""
    from HCCResponseLib.nets.prompts.network import load_prompt_model

    model = load_prompt_model(weights)
    return {"sha256": model.sha256, "side_voxels": model.shape.side}
