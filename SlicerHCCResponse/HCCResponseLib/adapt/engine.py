"""A network adapted to one patient: contours known lesions again, near the registered earlier contours."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.jobs import Progress, Report
from HCCResponseLib.engines.contract import (
    Case,
    EngineInfo,
    Gives,
    Parameter,
    Probabilities,
    Segmentation,
)
from HCCResponseLib.nets.weights_file import weights_file

INFO = EngineInfo(
    name="adapted",
    title="FCD adapted to this patient",
    gives=frozenset({Gives.TUMOUR}),
    licence="Apache-2.0",
    source="IDOL: Chun et al., Med Phys 2022; Moon, Choi et al., Front Oncol 2026",
    weights="a file that 'hcc-response adapt' has written",
    needs_weights=True,
    needs_prior=True,
    parameters=(
        Parameter("base", "", "base model that the weights were adapted from; empty: the shipped one"),
        Parameter("patch", 64, "side of the window in voxels, a multiple of 16", lighter=(48, 32)),
        Parameter("precision", "float32", "auto, float32, bfloat16 or float16"),
    ),
)


def segment(case: Case, report: Report) -> Segmentation:
    """Tumour probability around every earlier contour, (z, y, x) on the image's own grid; 0 elsewhere.

    Raises:
        InputError: no weights, no earlier contour, or settings that the network cannot work with.
        ModelError: the weights cannot be read, or were adapted from another base model.
    """
    from HCCResponseLib.lesions.label_maps import lesions_of
    from HCCResponseLib.nets.model import load_model
    from HCCResponseLib.nets.segment import known_probability
    from HCCResponseLib.nets.windows import InferenceSettings, require_usable

    if case.prior is None or case.weights is None:
        raise InputError("The adapted network needs its weights and an earlier contour.")
    settings, prior = case.settings, case.prior
    model = load_model(case.weights, Path(settings["base"]) if settings["base"] else None)
    inference = InferenceSettings(case.device, settings["precision"], window=settings["patch"])
    require_usable(inference, model.network.divisor)
    carried = {str(value): lesion for value, lesion in lesions_of(prior.labels).items()}
    out = known_probability(
        case.image,
        model,
        carried,
        model.uses_prior,
        inference,
        lambda f: report(Progress("Contouring known lesions", 0.1 + 0.85 * f)),
    )
    return Segmentation(
        Probabilities(np.zeros_like(out), out, case.image.geometry),
        weights={str(case.weights): model.sha256},
        facts={"base_sha256": model.base_sha256, "computed_in": inference.computed_in()},
    )


def files(weights: Path | None, settings: Mapping[str, Any]) -> list[Path]:
    """The adapted weights, and those that they were adapted from."""
    base = weights_file(Path(settings["base"]) if settings["base"] else None)
    return [weights, base] if weights else [base]


def check(weights: Path | None) -> dict[str, Any]:
    """Load the weights; adapted weights need their base, so the shipped one must be it."""
    from HCCResponseLib.nets.model import load_model

    if weights is None:
        return {"weights": INFO.weights}
    model = load_model(weights)
    return {"sha256": model.sha256, "base_sha256": model.base_sha256}
