"""Our prompt network: the reader shows a lesion by a line, clicks or a box, and it contours that lesion."""

from collections.abc import Mapping
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
    source="this software; after an idea of LETT-NeXt, arXiv 2606.30108",
    weights="a file of 'hcc-response prompts train', named or put into {folder} as 'prompt-compact.safetensors'; "
    "{shipped}",
    shipped="Models/prompt-compact.safetensors",
    needs_weights=True,
    takes_clicks=True,
    takes_line=True,
    needs_prompt=True,
    system_mib=1500,
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

    assert case.weights is not None  # needs_weights
    report(Progress("Loading the network", 0.1))
    model = load_prompt_model(case.weights)
    prior = None if case.prior is None else case.prior.labels > 0
    report(Progress("Contouring", 0.5))
    shown = Prompts(case.line, case.clicks)
    found = contour_from_prompts(model, case.image, shown, prior, InferenceSettings(case.device))
    labels = np.zeros(case.image.geometry.size, np.uint8)
    labels[found.box][found.mask] = TUMOUR
    return Segmentation(
        labels=labels,
        weights={str(case.weights): model.sha256},
        facts={"voxel_mm": round(found.voxel_mm, 3)},
    )


def files(weights: Path | None, _: Mapping[str, Any]) -> list[Path]:
    """The weights."""
    return [weights] if weights else []


def check(weights: Path | None) -> dict[str, Any]:
    """Load the weights; their hash and the side of the cube.

    Raises:
        ModelError: none are named, or they cannot be read.
    """
    from HCCResponseLib.base.errors import ModelError
    from HCCResponseLib.engines.environments import weights_words
    from HCCResponseLib.nets.prompts.network import load_prompt_model

    if weights is None:
        raise ModelError(f"Engine 'prompt' needs weights: {weights_words(INFO)}.")
    model = load_prompt_model(weights)
    return {"sha256": model.sha256, "side_voxels": model.shape.side}
