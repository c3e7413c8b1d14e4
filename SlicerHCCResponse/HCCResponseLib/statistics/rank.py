"""How well a figure ranks."""

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata


def area_under_curve(score: npt.ArrayLike, positive: npt.ArrayLike) -> float | None:
    """Chance that a positive has a higher score than a negative, ties counted half (Mann and Whitney 1947).

    ``None`` where one of the two kinds is missing.
    """
    is_positive = np.asarray(positive, bool)
    ranks = rankdata(np.asarray(score, float))
    n, m = int(is_positive.sum()), int((~is_positive).sum())
    return float((ranks[is_positive].sum() - n * (n + 1) / 2) / (n * m)) if n and m else None
