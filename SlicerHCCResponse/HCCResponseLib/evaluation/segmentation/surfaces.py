"""How near two masks are to each other: overlap, and distances of their surfaces.

The surface figures are MONAI's (decision 0098: kept libraries, not our own code), on the box around both masks.
"""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.imaging.boxes import tight_box

if TYPE_CHECKING:
    import torch

Spacing = tuple[float, float, float]
TOLERANCE_MM = 2.0


@dataclass(frozen=True)
class Nearness:
    """Two masks side by side.

    Attributes:
        dice: Dice coefficient, 0 to 1.
        surface_dice: share of both surfaces within 2 mm of the other, 0 to 1.
        hausdorff95_mm: 95th percentile of the distances between the surfaces, the larger of both directions; ``None``
            where one of the masks is empty, since it has no surface.
    """

    dice: float
    surface_dice: float
    hausdorff95_mm: float | None


def nearness(found: Mask, truth: Mask, spacing: Spacing) -> Nearness | None:
    """All three figures of two masks (z, y, x) on one grid; ``None`` where both are empty.

    Args:
        spacing: (z, y, x) mm.
    """
    if not found.any() and not truth.any():
        return None
    share = 2 * int(np.count_nonzero(found & truth)) / (int(found.sum()) + int(truth.sum()))
    return Nearness(share, surface_dice(found, truth, spacing), hausdorff95_mm(found, truth, spacing))


def surface_dice(found: Mask, truth: Mask, spacing: Spacing) -> float:
    """Share of both surfaces that lies within 2 mm of the other one; 0 where a mask is empty.

    Source: Nikolov et al., J Med Internet Res 2021, with the areas of the surface elements, as MONAI computes it.
    """
    if not found.any() or not truth.any():
        return 0.0
    from monai.metrics import compute_surface_dice

    more = {"class_thresholds": [TOLERANCE_MM], "use_subvoxels": True}
    return _computed(compute_surface_dice, found, truth, spacing, more)


def hausdorff95_mm(found: Mask, truth: Mask, spacing: Spacing) -> float | None:
    """95th percentile of the distances between two surfaces, the larger of both directions; ``None`` without one.

    Source: the definition of Reinke, Maier-Hein et al., Nat Methods 2024 (Metrics Reloaded), as MONAI computes it.
    """
    if not found.any() or not truth.any():
        return None
    from monai.metrics import compute_hausdorff_distance

    return _computed(compute_hausdorff_distance, found, truth, spacing, {"percentile": 95})


def _computed(metric: Any, found: Mask, truth: Mask, spacing: Spacing, more: dict[str, Any]) -> float:
    box = tight_box(found | truth)
    assert box is not None
    with warnings.catch_warnings():
        # MONAI 1.5 warns of an argument that it gives itself.
        warnings.filterwarnings("ignore", "(?s).*always_return_as_numpy", FutureWarning)
        value = metric(
            _batch(found[box]), _batch(truth[box]), include_background=True, spacing=spacing, **more
        )
    return float(value)


def _batch(mask: Mask) -> "torch.Tensor":
    """One case of one channel, with a voxel of nothing on every side, so that no surface is cut."""
    import torch

    return torch.from_numpy(np.pad(mask, 1)[None, None])
