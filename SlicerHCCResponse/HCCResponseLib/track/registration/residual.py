"""How far a carried place may lie from the right one: an estimate in mm from four figures of the registration itself.

The estimate is log-linear, so that each figure multiplies it. Its few numbers are data
(``Resources/Registration/error.json``), fitted on drawn pairs by ``hcc-response evaluate registration --fit``;
docs/tracking.md says how well it ranks on pairs that took no part in that. It needs the livers' masks.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from HCCResponseLib.base.arrays import Float32, Mask
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.imaging.geometry import Geometry

# There and back at the place and over the liver (95th percentile), both in mm; how strongly the field bends (mm per
# mm); how far the place lies, in mm, from where the bodies and the shift of the liver as a whole would put it.
FIGURES = ("there_and_back", "there_and_back_liver", "bending", "unlike_body")
_LEAST = 0.05
# Errors of this size are what a reader must hear of: a lesion of the smallest measurable size lies beside its place.
WRONG_MM = 10.0
_LEAST_MARGIN_MM, _MOST_MARGIN_MM = 10.0, 25.0


@dataclass(frozen=True)
class ErrorModel:
    """The numbers of the estimate.

    Attributes:
        origin: from which pairs, and how many places.
        intercept, coefficients: of the logarithms of the figures (at least 0.05 each).
        within: nine in ten errors are at most this many times the estimate.
        doubt_mm: from this estimate on a place is in doubt: one in ten of the right places is, on those pairs.
    """

    origin: str
    intercept: float
    coefficients: Mapping[str, float]
    within: float
    doubt_mm: float

    def estimate_mm(self, figures: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Estimated errors in mm for figures (4, ...) in the order of ``FIGURES``; shape (...)."""
        logs = np.log(np.maximum(np.asarray(figures, float), _LEAST))
        weights = np.array([self.coefficients[name] for name in FIGURES])
        return np.asarray(np.exp(self.intercept + np.tensordot(weights, logs, 1)))


@cache
def shipped_model() -> ErrorModel:
    """The model of this installation."""
    return ErrorModel(**json.loads(resource_path("Registration/error.json").read_text(encoding="utf-8")))


def save_model(model: ErrorModel, path: Path) -> None:
    """Write it as JSON."""
    path.write_text(json.dumps(asdict(model), indent=2) + "\n", encoding="utf-8")


def fit_model(figures: npt.ArrayLike, errors_mm: npt.ArrayLike, origin: str) -> ErrorModel:
    """Least squares of the logarithms, slightly ridged.

    Args:
        figures: (4, n); ``errors_mm``: true errors (n,).
    """
    errors = np.asarray(errors_mm, float)
    logs = np.log(np.maximum(np.asarray(figures, float), _LEAST))
    middle = logs.mean(1)
    centred = (logs - middle[:, None]).T
    ridge = 20.0 * np.diag(centred.var(0) + 1e-6)
    target = np.log(np.maximum(errors, 0.5))
    weights = np.linalg.solve(centred.T @ centred + ridge, centred.T @ (target - target.mean()))
    rough = ErrorModel(
        origin,
        round(float(target.mean() - weights @ middle), 4),
        {name: round(float(w), 4) for name, w in zip(FIGURES, weights, strict=True)},
        1.0,
        np.inf,
    )
    said = rough.estimate_mm(figures)
    return ErrorModel(
        origin,
        rough.intercept,
        rough.coefficients,
        round(float(np.quantile(errors / said, 0.9)), 2),
        round(float(np.quantile(said[errors <= WRONG_MM], 0.9)), 1),
    )


def figure_maps(
    cycle_mm: Float32,
    field: Float32,
    liver: Mask,
    grid: Geometry,
    body: sitk.Transform,
    affine: sitk.AffineTransform,
) -> Float32:
    """The four figures on the registration's grid, (4, z, y, x) in the order of ``FIGURES``.

    Args:
        field: displacement (3, z, y, x) in voxels of ``grid``, before ``affine``.
        liver: of the follow-up, (z, y, x).
        body: follow-up to baseline by the bodies alone.
    """
    across = np.full(grid.size, np.percentile(cycle_mm[liver], 95), np.float32)
    slopes = np.stack([np.stack(np.gradient(c)) for c in field])
    bending = np.sqrt((slopes**2).sum((0, 1)))
    index = np.indices(grid.size).reshape(3, -1).T
    here = grid.index_to_lps(index)
    there = _moved(affine, grid.index_to_lps(index + field.reshape(3, -1).T))
    gap = there - _moved(body, here)
    gap -= gap[liver.ravel()].mean(0)
    unlike = np.linalg.norm(gap, axis=1).reshape(grid.size)
    return np.stack([cycle_mm, across, bending, unlike]).astype(np.float32)


def _moved(transform: sitk.Transform, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Points (n, 3) under a transform that keeps lines straight."""
    origin = np.asarray(transform.TransformPoint((0.0, 0.0, 0.0)))
    columns = np.stack([np.asarray(transform.TransformPoint(e)) - origin for e in np.eye(3).tolist()], 1)
    return np.asarray(points @ columns.T + origin)


def search_margin_mm(error_mm: float | None) -> float:
    """How far around a carried place a lesion is looked for: where nine in ten errors end, 10 to 25 mm."""
    if error_mm is None:
        return _LEAST_MARGIN_MM
    return float(np.clip(shipped_model().within * error_mm, _LEAST_MARGIN_MM, _MOST_MARGIN_MM))
