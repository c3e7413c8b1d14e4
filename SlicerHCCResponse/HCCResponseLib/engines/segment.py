"""Using a network on a whole scan or on one region: sliding window on the working grid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from monai.inferers import sliding_window_inference

from HCCResponseLib.engines.losses import tumour_logits
from HCCResponseLib.engines.model import Model
from HCCResponseLib.engines.normalise import network_input, prior_channel
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.resample import resample, working_geometry
from HCCResponseLib.imaging.volumes import Volume

Float32 = npt.NDArray[np.float32]
Box = tuple[slice, slice, slice]
WINDOW = 64
_BATCH = 1


def window_mm(model: Model) -> float:
    """Side of a region that fills one window; smaller ones would be mostly padding.

    One voxel less than the window: a box on the scan's own grid is rounded up, and a voxel too many would be cut into
    eight windows.
    """
    return (WINDOW - 1) * max(model.spacing)


def run_network(model: Model, image: Float32, overlap: float) -> Float32:
    """Logits (outputs, z, y, x) of an input (channels, z, y, x) of any size."""
    x = torch.from_numpy(image)[None]
    missing = model.network.config.in_channels - x.shape[1]
    if missing > 0:
        x = torch.cat([x, x.new_zeros(1, missing, *x.shape[2:])], 1)
    with torch.inference_mode():
        logits = sliding_window_inference(
            x,
            (WINDOW,) * 3,
            _BATCH,
            model.network,
            overlap=overlap,
            mode="gaussian",
            padding_mode="constant",
            cval=-1.0,
        )
    return np.asarray(logits[0].numpy())


def tumour_probability(
    model: Model, image: Volume, box: Box, prior: npt.NDArray[np.bool_] | None, overlap: float = 0.5
) -> tuple[Float32, Geometry]:
    """Tumour probability in one index box of a scan, on the working grid.

    Args:
        prior: registered earlier contour on the scan's own grid, (z, y, x), or ``None``.

    Returns:
        probability (z, y, x) and its grid.
    """
    grid = working_geometry(image.geometry, model.spacing, box)
    hu = resample(image.hu, image.geometry, grid)
    channel = None
    if prior is not None and model.network.config.in_channels > 1:
        here = resample(prior.astype(np.float32), image.geometry, grid, fill=0) > 0.5
        channel = prior_channel(here, grid.size, grid.spacing)
    logits = torch.from_numpy(run_network(model, network_input(hu, channel), overlap))[None]
    return np.asarray(tumour_logits(logits).softmax(1)[0, 1].numpy()), grid


def liver_and_tumour(model: Model, image: Volume, overlap: float = 0.25) -> tuple[Float32, Float32, Geometry]:
    """Probabilities of liver (tumour included) and of tumour over a whole scan, on the working grid."""
    box = tuple(slice(0, n) for n in image.geometry.size)
    grid = working_geometry(image.geometry, model.spacing, (box[0], box[1], box[2]))
    hu = resample(image.hu, image.geometry, grid)
    logits = torch.from_numpy(run_network(model, network_input(hu, None), overlap))
    probability = logits.softmax(0).numpy()
    tumour = probability[-1]
    liver = 1 - probability[0] if probability.shape[0] == 3 else np.zeros_like(tumour)
    return np.asarray(liver), np.asarray(tumour), grid
