"""How well a registration went: as a whole and at one place, in figures and in words for a reader.

The checks see gross faults. Errors within a smooth liver are estimated from four figures of the registration
(residual.py): on held-out drawn pairs that puts 265 of 500 places that were off by more than 10 mm in doubt, and 127 of
1,080 others (docs/tracking.md). What passes is not proved right.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.track.registration.residual import WRONG_MM, shipped_model

_LEAST_SIMILARITY = 0.6
_LEAST_OVERLAP = 0.8
_MOST_FOLDING = 0.02
_MOST_CYCLE_MM = 8.0
_MOST_OUTLINE_MM = 8.0


@dataclass(frozen=True)
class Quality:
    """A registration as a whole.

    Attributes:
        body_similarity: normalised correlation of the two bodies, -1 to 1.
        liver_overlap: Dice of the livers after registration; ``None`` without liver masks.
        cycle_error_mm: how far points of the liver miss themselves there and back, 95th percentile.
        folding: share of the liver's voxels at which the field folds (Jacobian not above 0).
        trustworthy: whether identities may be carried over at all: no gross fault was found.
        remarks: what a reader must know.
    """

    body_similarity: float
    liver_overlap: float | None
    cycle_error_mm: float
    folding: float
    trustworthy: bool
    remarks: tuple[str, ...] = ()

    def facts(self) -> dict[str, object]:
        """Plain values for provenance."""
        return {
            "body_similarity": round(self.body_similarity, 4),
            "liver_overlap": None if self.liver_overlap is None else round(self.liver_overlap, 4),
            "cycle_error_mm": round(self.cycle_error_mm, 2),
            "folding": round(self.folding, 6),
            "trustworthy": self.trustworthy,
            "remarks": list(self.remarks),
        }


@dataclass(frozen=True, eq=False)
class TrustMaps:
    """Figures on the registration's grid, (z, y, x).

    Attributes:
        cycle_mm: how far a point misses itself there and back.
        jacobian: local change of volume; not above 0 where the field folds.
        outline_mm: how far the livers' outlines lie apart nearby; ``None`` without liver masks.
        figures: what the error is estimated from, (4, z, y, x), see :mod:`.residual`; ``None`` without liver masks.
    """

    cycle_mm: Float32
    jacobian: Float32
    outline_mm: Float32 | None
    figures: Float32 | None = None


@dataclass(frozen=True)
class LocalTrust:
    """One place of the follow-up.

    Attributes:
        trustworthy: whether the match with the baseline shows no gross fault here, and no error above 10 mm is likely.
        imaged: whether the follow-up shows it.
        cycle_mm: see :class:`TrustMaps`; ``None`` outside the grid.
        reasons: why not, in words.
        error_mm: how far the place may lie from the right one, see :mod:`.residual`; ``None`` where nothing is known.
    """

    trustworthy: bool
    imaged: bool
    cycle_mm: float | None
    reasons: tuple[str, ...]
    error_mm: float | None = None


def judge(
    alike: float,
    overlap: float | None,
    maps: TrustMaps,
    liver: Mask | None,
    orientation: str | None,
    remark: str | None,
) -> Quality:
    """The figures of the whole and what they mean.

    Args:
        liver: where the maps count, (z, y, x); everywhere when ``None``.
        orientation: how the follow-up lies otherwise than the baseline.
        remark: what is wrong with the masks.
    """
    region = np.ones(maps.jacobian.shape, bool) if liver is None else liver
    folding = float((maps.jacobian[region] <= 0).mean())
    cycle = float(np.percentile(maps.cycle_mm[region], 95))
    remarks = [] if remark is None else [remark]
    if orientation is not None:
        remarks.append(
            f"The follow-up seems to be {orientation} against the baseline; check its orientation."
        )
    elif alike <= _LEAST_SIMILARITY:
        remarks.append(
            "The two bodies do not fit: other patient, other region, or hardly any common field of view."
        )
    if overlap is not None and overlap < _LEAST_OVERLAP:
        remarks.append(f"The livers do not fit on each other (overlap {overlap:.2f}).")
    if folding > _MOST_FOLDING:
        remarks.append(f"The deformation folds in {100 * folding:.1f} % of the liver.")
    return Quality(alike, overlap, cycle, folding, not remarks, tuple(remarks))


def place_words(
    quality: Quality, maps: TrustMaps, index: npt.NDArray[np.float64], imaged: tuple[bool, bool]
) -> LocalTrust:
    """Judge one place.

    Args:
        index: continuous (z, y, x) on the maps' grid.
        imaged: whether baseline and follow-up show it.
    """
    reasons = list(quality.remarks)
    if not imaged[0]:
        reasons.append("This place was not imaged at baseline.")
    if not imaged[1]:
        reasons.append("This place is not in this scan's field of view.")
    nearest = np.rint(index).astype(int)
    shape = np.asarray(maps.cycle_mm.shape)
    if (nearest < 0).any() or (nearest >= shape).any():
        reasons.append("This place lies outside of what was registered in detail.")
        return LocalTrust(False, imaged[1], None, tuple(reasons))
    around = tuple(slice(max(0, i - 1), i + 2) for i in nearest)
    cycle = float(np.median(maps.cycle_mm[around]))
    if cycle > _MOST_CYCLE_MM:
        reasons.append(f"The two directions of registration differ by {cycle:.0f} mm here.")
    if (maps.jacobian[around] <= 0).any():
        reasons.append("The deformation folds here.")
    if maps.outline_mm is not None and float(maps.outline_mm[tuple(nearest)]) > _MOST_OUTLINE_MM:
        reasons.append("The livers' outlines do not fit on each other here.")
    error = None
    if maps.figures is not None:
        model = shipped_model()
        error = float(model.estimate_mm(maps.figures[(slice(None), *nearest)]))
        if error >= model.doubt_mm:
            reasons.append(
                f"The place may be off by more than {WRONG_MM:.0f} mm (estimated error {error:.0f} mm)."
            )
    return LocalTrust(not reasons, imaged[1], cycle, tuple(reasons), error)
