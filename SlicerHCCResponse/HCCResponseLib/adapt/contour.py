"""Contouring known lesions with an adapted network, and how far the base network is to be believed beside it.

The base network is asked first about what is known: the accepted lesions at baseline. Where it recognises one, its word
counts before that lesion is called gone; where it does not, the reader is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.imaging.resample import bounding_box
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.nets.model import Model
from HCCResponseLib.nets.segment import PLAIN, known_probability
from HCCResponseLib.nets.windows import InferenceSettings

Float32 = npt.NDArray[np.float32]
_THRESHOLD = 0.5
_PLACE_MM = 6.0
_POLE_AREA = 0.2
_POLE_PROBABILITY = 0.75
_SMALLEST_POLE_LESION_MM = 15.0


@dataclass(frozen=True)
class Gate:
    """What the base network makes of the lesions that are known.

    Attributes:
        recognised: Dice coefficient of the base network, given no contour, with each accepted lesion at baseline.
    """

    recognised: Mapping[str, float]

    @staticmethod
    def of(adapted: Model) -> Gate:
        """As it was stored with an adapted model; empty where it was not."""
        return Gate(dict(adapted.notes.get("base_recognised") or {}))

    def recognises(self, name: str) -> bool:
        """Whether the base network drew this lesion at baseline; of one not asked about, the worst counts."""
        return self.recognised.get(name, min(self.recognised.values(), default=0.0)) >= _THRESHOLD

    def evidence(self) -> dict[str, float | str | bool | list[float] | None]:
        """For the reader, beside a contour; nothing where the base network was not asked."""
        if not self.recognised:
            return {}
        found: dict[str, float | str | bool | list[float] | None] = {
            "base_network_at_baseline_dice": round(min(self.recognised.values()), 3),
        }
        if self.base_fails:
            found["remark_on_base_network"] = (
                "The base network misses a lesion that was accepted at baseline: its candidates for new lesions are of "
                "little worth in this patient."
            )
        return found

    @property
    def base_fails(self) -> bool:
        """It misses most of a lesion that the reader has drawn, and will do so at the follow-up."""
        return min(self.recognised.values(), default=0.0) < _THRESHOLD


NO_GATE = Gate({})


def ask_base(base: Model, image: Volume, lesions: Mapping[str, Mask]) -> Gate:
    """Let the base network contour the accepted lesions, (z, y, x) masks on ``image``'s grid, without a prior."""
    found = known_probability(image, base, lesions, False) > _THRESHOLD
    scores = {}
    for name, mask in lesions.items():
        box = bounding_box(mask, image.geometry.spacing, 2 * _PLACE_MM)
        place = _around(mask[box], image.geometry.spacing)
        seen = found[box] & place
        scores[name] = float(2 * (seen & mask[box]).sum() / max(int(seen.sum() + mask[box].sum()), 1))
    return Gate(scores)


def known_tumours(
    image: Volume,
    adapted: Model,
    base: Model,
    carried: Mapping[str, Mask],
    gate: Gate,
    with_prior: bool,
    inference: InferenceSettings = PLAIN,
    report: Callable[[float], None] = lambda _: None,
) -> Float32:
    """Tumour probability around each known lesion on the image's own grid, (z, y, x); 0 elsewhere.

    The adapted network's. Before a lesion is called gone, the base network is asked too, if it recognised this lesion
    at baseline: small lesions are the first thing that a network overfitted to large ones loses.

    Args:
        carried: registered earlier contour of each lesion on the image's grid.
        with_prior: give these contours to the adapted network too.
        report: called with the share that is done.
    """
    probability = known_probability(
        image, adapted, carried, with_prior, inference, lambda share: report(0.5 * share)
    )
    lost = [n for n, m in carried.items() if m.any() and _is_lost(probability, m, image.geometry.spacing)]
    lost = [n for n in lost if gate.recognises(n)]
    if not lost:
        return probability
    asked = {n: carried[n] for n in lost}
    second = known_probability(image, base, asked, False, inference, lambda share: report(0.5 + 0.5 * share))
    for name in lost:
        box = bounding_box(carried[name], image.geometry.spacing, 2 * _PLACE_MM)
        place = _around(carried[name][box], image.geometry.spacing)
        probability[box] = np.where(place, np.maximum(probability[box], second[box]), probability[box])
    return probability


def _around(mask: Mask, spacing: tuple[float, float, float]) -> Mask:
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=spacing) <= _PLACE_MM)


def _is_lost(probability: Float32, carried: Mask, spacing: tuple[float, float, float]) -> bool:
    box = bounding_box(carried, spacing, 2 * _PLACE_MM)
    return not bool((probability[box][_around(carried[box], spacing)] > _THRESHOLD).any())


def trim_poles(mask: Mask, probability: Float32, spacing: tuple[float, float, float]) -> Mask:
    """Take unsure small slices off the upper and lower end of a lesion, where networks draw too much (Moon 2026).

    A slice at an end goes while it is smaller than a fifth of the largest slice and its mean probability is below 0.75;
    lesions under 15 mm in height stay as they are.

    Args:
        mask: one lesion, (z, y, x); ``probability`` on the same grid; ``spacing`` in mm.
    """
    areas = mask.sum(axis=(1, 2))
    present = np.flatnonzero(areas)
    if len(present) * spacing[0] < _SMALLEST_POLE_LESION_MM:
        return mask
    out = mask.copy()
    for order in (present, present[::-1]):
        for z in order[: len(order) // 3]:
            sure = float(probability[z][mask[z]].mean()) if areas[z] else 0.0
            if areas[z] >= _POLE_AREA * areas.max() or sure >= _POLE_PROBABILITY:
                break
            out[z] = False
    return out
