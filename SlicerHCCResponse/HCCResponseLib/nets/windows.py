"""Sliding windows: where they lie, which are worth looking at, how their answers are joined."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.nets.precision import best_precision

Corner = tuple[int, int, int]
_SIGMA = 0.125
_LEAST_WEIGHT = 1e-3
_PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class InferenceSettings:
    """How windows are computed.

    Attributes:
        device: ``cpu`` or ``cuda:N``.
        precision: ``float32``, ``bfloat16``, ``float16``; ``auto``: see :func:`best_precision`.
        overlap: share that neighbours share along each axis, 0 to below 1.
        window: side in voxels.
        flips: also look at the three mirrored images and average (four times the work).
    """

    device: str = "cpu"
    precision: str = "auto"
    overlap: float = 0.5
    window: int = 64
    flips: bool = False

    def number_type(self) -> torch.dtype | None:
        """What autocast computes with; ``None`` for plain float32."""
        return _PRECISIONS[self.computed_in()]

    def computed_in(self) -> str:
        """The number type by name, for provenance."""
        return best_precision(self.device) if self.precision == "auto" else self.precision


def require_usable(inference: InferenceSettings, divisor: int) -> None:
    """Refuse settings that a network cannot work with.

    Args:
        divisor: of the network; a window's side must be a multiple of it.

    Raises:
        InputError: the side, the precision or the overlap cannot be used.
    """
    if inference.window < divisor or inference.window % divisor:
        raise InputError(f"The patch must be a multiple of {divisor} voxels, not {inference.window}.")
    if inference.precision not in ("auto", *_PRECISIONS):
        raise InputError(f"Unknown precision '{inference.precision}'; use auto, {', '.join(_PRECISIONS)}.")
    if not 0 <= inference.overlap < 1:
        raise InputError(f"The overlap must be at least 0 and below 1, not {inference.overlap}.")


def starts(length: int, window: int, overlap: float) -> list[int]:
    """First index of every window along one axis; the last one ends at the end.

    Args:
        length, window: of the axis and of a window, in voxels; ``overlap``: 0 to below 1.
    """
    step = max(1, int(window * (1 - overlap)))
    last = max(0, length - window)
    return [*range(0, last, step), last]


def corners(shape: Sequence[int], inference: InferenceSettings, where: Mask | None) -> list[Corner]:
    """First corner (z, y, x) in voxels of every window that is worth looking at.

    Args:
        shape: (z, y, x), no side shorter than the window.
        where: (z, y, x); a window counts if its middle, the part in which it says more than its neighbours, holds a
            marked voxel. ``None``: all windows.
    """
    along = [starts(n, inference.window, inference.overlap) for n in shape]
    if where is None:
        return [(z, y, x) for z, y, x in itertools.product(*along)]
    middles = [_middles(s, inference.window, n) for s, n in zip(along, shape, strict=True)]
    chosen = []
    for picked in itertools.product(*(range(len(s)) for s in along)):
        part = tuple(middles[axis][i] for axis, i in enumerate(picked))
        if where[part].any():
            z, y, x = (along[axis][i] for axis, i in enumerate(picked))
            chosen.append((z, y, x))
    return chosen


def _middles(first: list[int], window: int, length: int) -> list[slice]:
    """The part of each window that is nearer to its centre than to any other centre; together the whole axis."""
    centres = [s + window / 2 for s in first]
    borders = [0, *(int((a + b) / 2) for a, b in itertools.pairwise(centres)), length]
    return [slice(a, b) for a, b in itertools.pairwise(borders)]


def slide(
    network: torch.nn.Module,
    image: torch.Tensor,
    outputs: int,
    inference: InferenceSettings,
    where: Mask | None = None,
    each: Callable[[float], None] = lambda _: None,
) -> torch.Tensor:
    """Logits (outputs, z, y, x) of an image (channels, z, y, x), float32 on the CPU.

    Args:
        network: on ``inference.device``, in evaluation mode.
        where: see :func:`corners`; where no window looked the first output is 20 and all others are 0, "background".
        each: called after every window with the share that is done.
    """
    size = [max(n, inference.window) for n in image.shape[1:]]
    before = [(s - n) // 2 for s, n in zip(size, image.shape[1:], strict=True)]
    padding = [v for s, n, b in zip(size, image.shape[1:], before, strict=True) for v in (b, s - n - b)]
    padded = torch.nn.functional.pad(image, (*padding[4:], *padding[2:4], *padding[:2]), value=-1.0)
    if where is not None:
        where = np.pad(where, [tuple(padding[i : i + 2]) for i in (0, 2, 4)])
    total = torch.zeros(outputs, *size)
    seen = torch.zeros(size)
    weight = _importance(inference.window)
    places = corners(size, inference, where)
    for number, corner in enumerate(places, start=1):
        part = tuple(slice(c, c + inference.window) for c in corner)
        logits = _logits_of(network, padded[(slice(None), *part)][None], inference)
        total[(slice(None), *part)] += logits * weight
        seen[part] += weight
        each(number / len(places))
    nothing = seen == 0
    total /= seen.clamp_min(1e-12)
    total[0][nothing] = 20.0
    inside = tuple(slice(b, b + n) for b, n in zip(before, image.shape[1:], strict=True))
    return total[(slice(None), *inside)]


def _logits_of(network: torch.nn.Module, window: torch.Tensor, inference: InferenceSettings) -> torch.Tensor:
    """Logits (outputs, w, w, w) of one window (1, channels, w, w, w)."""
    kind = inference.number_type()
    reduced = torch.autocast(inference.device.partition(":")[0], dtype=kind, enabled=kind is not None)
    with torch.inference_mode(), reduced:
        window = window.to(inference.device)
        found = network(window).float()
        if inference.flips:
            for axis in (2, 3, 4):
                found = found + network(window.flip(axis)).float().flip(axis)
            found = found / 4
    return torch.as_tensor(found[0].cpu())


def _importance(window: int) -> torch.Tensor:
    """A Gaussian around the centre of a window (w, w, w): a network knows least at the edge."""
    axis = torch.arange(window, dtype=torch.float32) - (window - 1) / 2
    bell = torch.exp(-0.5 * (axis / (_SIGMA * window)) ** 2)
    return (bell[:, None, None] * bell[None, :, None] * bell[None, None, :]).clamp_min(_LEAST_WEIGHT)
