"""Using a network on a whole scan or on one region, on its working grid."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.imaging.boxes import Box, bounding_box, surrounding_box
from HCCResponseLib.imaging.geometry import Geometry, box_geometry
from HCCResponseLib.imaging.resample import resample, working_geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.label_maps import label_map
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.nets.inputs import Spacing, network_input, prior_channel
from HCCResponseLib.nets.losses import tumour_logits
from HCCResponseLib.nets.model import Model
from HCCResponseLib.nets.windows import InferenceSettings, slide

WINDOW = 64
_REGION_MM = 26.0
# Around a small lesion, so that lesion and surroundings fill one window of the fine grid.
_FINE_REGION_MM = 19.0
PLAIN = InferenceSettings(precision="float32")
# The shipped network still recognises the liver at 1.5 times its own voxel size (Dice 0.93 to 0.95 with its own
# full view of the two real scans), no longer at twice or three times: Testing/benchmarks/bench_inference.py.
_COARSE = 1.5
_COARSE_OVERLAP = 0.125
_MAYBE = 0.3
# Windows are chosen by the nearer margin, what they say is kept in the wider one.
_CHOOSE_MM, _KEEP_MM = 10.0, 20.0
_LEAST_LIVER_MM3 = 150_000.0
_BODY_HU = -300


def window_mm(spacing: Spacing) -> float:
    """Side in mm of a region that fills one window; smaller ones would be mostly padding.

    One voxel less than the window: a box on the scan's own grid is rounded up, and a voxel too many would be cut into
    eight windows.
    """
    return (WINDOW - 1) * max(spacing)


def run_network(
    model: Model,
    image: Float32,
    inference: InferenceSettings = PLAIN,
    where: Mask | None = None,
    each: Callable[[float], None] = lambda _: None,
) -> Float32:
    """Logits (outputs, z, y, x) of an input (channels, z, y, x) of any size; ``where`` and ``each`` as in ``slide``."""
    x = torch.from_numpy(image)
    missing = model.network.config.in_channels - x.shape[0]
    if missing > 0:
        x = torch.cat([x, x.new_zeros(missing, *x.shape[1:])])
    network = model.network.to(inference.device)
    return np.asarray(slide(network, x, network.config.out_channels, inference, where, each).numpy())


def tumour_probability(
    model: Model,
    image: Volume,
    box: Box,
    prior: Mask | None,
    spacing: Spacing,
    inference: InferenceSettings = PLAIN,
) -> tuple[Float32, Geometry]:
    """Tumour probability in one index box of a scan, on a working grid.

    Args:
        spacing: of that grid, (z, y, x) in mm.
        prior: registered earlier contour on the scan's own grid, (z, y, x), or ``None``.

    Returns:
        probability (z, y, x) and its grid.
    """
    grid = working_geometry(image.geometry, spacing, box)
    hu = resample(image.hu, image.geometry, grid)
    channel = None
    if prior is not None and model.network.config.in_channels > 1:
        here = resample(prior.astype(np.float32), image.geometry, grid, fill=0) > 0.5
        channel = prior_channel(here, grid.size, grid.spacing)
    logits = torch.from_numpy(run_network(model, network_input(hu, channel), inference))[None]
    return np.asarray(tumour_logits(logits).softmax(1)[0, 1].numpy()), grid


def known_probability(
    image: Volume,
    model: Model,
    carried: Mapping[str, Lesion],
    with_prior: bool,
    inference: InferenceSettings = PLAIN,
    report: Callable[[float], None] = lambda _: None,
) -> Float32:
    """Tumour probability around each known lesion on the image's own grid, (z, y, x); 0 elsewhere.

    Where the surroundings of two lesions meet, the look at the nearer one counts: at the edge of its window, where
    another lesion lies, a network knows less.

    Args:
        carried: registered earlier contour of each lesion on the image's grid; it says where to look.
        with_prior: give these contours to the network too; only to one that has learned with them.
        report: called with the share that is done.
    """
    size, scan = image.geometry.size, image.geometry.spacing
    prior = label_map(list(carried.values()), size) > 0 if with_prior else None
    out = np.zeros(size, np.float32)
    nearest = np.full(size, np.inf, np.float16)
    for number, lesion in enumerate(carried.values()):
        report(number / len(carried))
        if not lesion:
            continue
        spacing = model.grid.of_lesion(lesion.box, scan)
        margin = _REGION_MM if spacing == model.spacing else _FINE_REGION_MM
        box = surrounding_box(lesion.box, size, scan, margin, window_mm(spacing))
        probability, grid = tumour_probability(model, image, box, prior, spacing, inference)
        local = resample(probability, grid, box_geometry(image.geometry, box), fill=0).astype(np.float32)
        away, before = _away_mm(lesion.box, box, scan), nearest[box]
        both = np.where(away == before, np.maximum(out[box], local), local)
        out[box] = np.where(away > before, out[box], both)
        nearest[box] = np.minimum(before, away)
    return out


def _away_mm(box: Box, region: Box, spacing: Spacing) -> npt.NDArray[np.float16]:
    """How far each voxel of a region lies from a box within it, along the axis where it is farthest; 0 inside."""
    along = []
    for inner, outer, step in zip(box, region, spacing, strict=True):
        index = np.arange(outer.start, outer.stop)
        along.append(np.maximum(np.maximum(inner.start - index, index - inner.stop + 1), 0) * step)
    z, y, x = (values.astype(np.float16) for values in along)
    return np.asarray(np.maximum(np.maximum(z[:, None, None], y[None, :, None]), x[None, None, :]))


def liver_and_tumour(
    model: Model,
    image: Volume,
    inference: InferenceSettings | None = None,
    region: str = "liver",
    report: Callable[[str, float], None] = lambda *_: None,
) -> tuple[Float32, Float32, Geometry]:
    """Probabilities of liver (tumour included) and of tumour over a scan, (z, y, x) on the working grid.

    Args:
        region: ``liver``: a coarse look finds the liver, and the network then looks there only; outside both
            probabilities are 0. ``whole``: everywhere.
        report: called with a stage and the share of the work that is done.

    Returns:
        liver, tumour, and the working grid on which both lie.
    """
    inference = inference or InferenceSettings()
    grid = working_geometry(image.geometry, model.spacing)
    hu = resample(image.hu, image.geometry, grid)
    away = None
    if region == "liver":
        away = liver_distance(model, image, grid, inference, lambda f: report("Finding the liver", 0.25 * f))
    first = 0.25 if away is not None else 0.0
    logits = run_network(
        model,
        network_input(hu, None),
        inference,
        None if away is None else away <= _CHOOSE_MM,
        lambda f: report("Segmenting", first + (1 - first) * f),
    )
    probability = torch.from_numpy(logits).softmax(0).numpy()
    if away is not None:
        probability[1:, away > _KEEP_MM] = 0
        probability[0, away > _KEEP_MM] = 1
    tumour = probability[-1]
    liver = 1 - probability[0] if probability.shape[0] == 3 else np.zeros_like(tumour)
    return np.asarray(liver), np.asarray(tumour), grid


def liver_distance(
    model: Model, image: Volume, grid: Geometry, inference: InferenceSettings, each: Callable[[float], None]
) -> Float32 | None:
    """Distance in mm to what a coarse look takes for liver, (z, y, x) on ``grid``; ``None`` when it finds none."""
    if model.network.config.out_channels != 3:
        return None
    z, y, x = (s * _COARSE for s in model.spacing)
    whole = working_geometry(image.geometry, model.grid.overview or (z, y, x))
    body = resample(image.hu, image.geometry, whole) > _BODY_HU
    if not body.any():
        return None
    box = bounding_box(body, whole.spacing, 0.0)
    coarse = working_geometry(whole, whole.spacing, box)
    settings = InferenceSettings(inference.device, inference.precision, _COARSE_OVERLAP, inference.window)
    hu = resample(image.hu, image.geometry, coarse)
    logits = torch.from_numpy(run_network(model, network_input(hu, None), settings, None, each))
    maybe = 1 - logits.softmax(0)[0].numpy() > _MAYBE
    parts, count = ndimage.label(maybe)
    sizes = np.bincount(parts.ravel())[1:] if count else np.array([0])
    if sizes.max() * coarse.voxel_volume_mm3 < _LEAST_LIVER_MM3:
        return None
    liver = parts == int(sizes.argmax()) + 1
    away = ndimage.distance_transform_edt(~liver, sampling=coarse.spacing).astype(np.float32)
    return np.asarray(resample(away, coarse, grid, fill=2 * _KEEP_MM))
