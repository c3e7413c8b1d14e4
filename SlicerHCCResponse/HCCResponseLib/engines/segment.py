"""Using a network on a whole scan or on one region: sliding window on the working grid."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from monai.inferers import sliding_window_inference

from HCCResponseLib.engines.losses import tumour_logits
from HCCResponseLib.engines.model import Model
from HCCResponseLib.engines.normalise import network_input, prior_channel
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.resample import bounding_box, resample, working_geometry
from HCCResponseLib.imaging.volumes import Volume

Float32 = npt.NDArray[np.float32]
Box = tuple[slice, slice, slice]
WINDOW = 64
_REGION_MM = 26.0
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


def known_probability(
    image: Volume, model: Model, carried: Mapping[str, npt.NDArray[np.bool_]], with_prior: bool
) -> npt.NDArray[np.float32]:
    """Tumour probability around each known lesion on the image's own grid, (z, y, x); 0 elsewhere.

    Args:
        carried: registered earlier contour of each lesion on the image's grid; it says where to look.
        with_prior: give these contours to the network too; only to one that has learned with them.
    """
    prior = np.logical_or.reduce(list(carried.values())) if with_prior else None
    out = np.zeros(image.geometry.size, np.float32)
    for mask in carried.values():
        if not mask.any():
            continue
        box = bounding_box(mask, image.geometry.spacing, _REGION_MM, window_mm(model))
        probability, grid = tumour_probability(model, image, box, prior)
        target = _box_geometry(image.geometry, box)
        local = resample(probability, grid, target, fill=0).astype(np.float32)
        out[box] = np.maximum(out[box], local)
    return out


def _box_geometry(geometry: Geometry, box: tuple[slice, slice, slice]) -> Geometry:
    """The grid of one index box of a larger grid."""
    x, y, z = geometry.index_to_lps([s.start for s in box])
    size = tuple(s.stop - s.start for s in box)
    return Geometry(
        (size[0], size[1], size[2]), geometry.spacing, (float(x), float(y), float(z)), geometry.direction
    )


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
