"""Our base network: liver and tumour on portal-venous CT."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
    name="fcd",
    title="The base network of this software",
    gives=frozenset({Gives.LIVER, Gives.TUMOUR}),
    licence="Apache-2.0",
    source="U-Net after Isensee et al., Nat Methods 2021, 10.1038/s41592-020-01008-z; FCD files open, too",
    weights="shipped; another file of 'hcc-response train' may be named",
    card="Models/base-unet.md",
    parameters=(
        Parameter("patch", 64, "side of the window in voxels, a multiple of 16", lighter=(48, 32)),
        Parameter("overlap", 0.5, "share of a window that its neighbour sees too"),
        Parameter("precision", "auto", "auto, float32, bfloat16 or float16"),
        Parameter("flips", False, "also look at mirrored images and average: four times slower"),
        Parameter("region", "liver", "liver: find the liver first and look there; whole: look everywhere"),
    ),
)


def segment(case: Case, report: Report) -> Segmentation:
    """Find the liver on a coarse grid, then liver and tumour there; probabilities (z, y, x) on the working grid.

    Raises:
        InputError: settings that the network cannot work with.
        ModelError: weights that cannot be read.
    """
    from HCCResponseLib.nets.model import load_model
    from HCCResponseLib.nets.segment import liver_and_tumour
    from HCCResponseLib.nets.windows import InferenceSettings, require_usable

    settings = case.settings
    inference = InferenceSettings(
        case.device, settings["precision"], settings["overlap"], settings["patch"], settings["flips"]
    )
    report(Progress("Loading the network", 0.02))
    model = load_model(case.weights)
    require_usable(inference, model.network.divisor)
    liver, tumour, grid = liver_and_tumour(
        model, case.image, inference, settings["region"], lambda s, f: report(Progress(s, 0.05 + 0.9 * f))
    )
    return Segmentation(
        Probabilities(liver, tumour, grid),
        weights={str(weights_file(case.weights)): model.sha256},
        facts={"computed_in": inference.computed_in()},
    )


def files(weights: Path | None, _: Mapping[str, Any]) -> list[Path]:
    """The weights."""
    return [weights_file(weights)]


def check(weights: Path | None) -> dict[str, Any]:
    """Load the weights, which raises ``ModelError`` where they cannot be read; their hash and voxel size in mm."""
    from HCCResponseLib.nets.model import load_model

    model = load_model(weights)
    return {"sha256": model.sha256, "spacing_mm": list(model.spacing)}
