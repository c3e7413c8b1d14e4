"""The worst lesion of each pair drawn: both visits side by side, the true contour and the one that was found."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.evaluation.adaptation.run import PreparedPair
from HCCResponseLib.evaluation.adaptation.stats import Record
from HCCResponseLib.imaging.boxes import Box, bounding_box
from HCCResponseLib.imaging.volumes import Volume, window
from HCCResponseLib.lesions.lesion import Lesion, union

# About the level of what is shown: narrow enough for a tumour that is 15 HU darker than its liver, in any phase.
_BELOW_HU, _ABOVE_HU = 120.0, 120.0
_SOFT_HU = (-20, 250)
_AROUND_MM = 25.0
# Told apart with any colour vision: Okabe & Ito.
_TRUE, _FOUND, _PLACE = ("#f0e442", "-"), ("#d55e00", (0, (3, 1.5))), ("#56b4e9", (0, (1, 1)))


def draw_worst_lesion(
    folder: Path, name: str, pair: PreparedPair, found: Mapping[str, Lesion | None], record: Record
) -> Path | None:
    """Draw the lesion with the lowest Dice coefficient in place of an earlier picture of this pair.

    Nothing is drawn, and ``None`` returned, where no lesion has a coefficient.

    Args:
        name: of the pair; the file's name begins with the coefficient, so that a listing has the worst first.
        found: each lesion's contour at the follow-up; record: what was measured.

    Raises:
        StorageError: it cannot be written.
    """
    from matplotlib.figure import Figure

    # Of other weights or a second run: its name would be another one.
    for earlier in folder.glob(f"[01].[0-9][0-9]-{_file(name)}"):
        earlier.unlink()
    rows = [row for row in record["lesions"] if row["dsc"] is not None]
    if not rows:
        return None
    row = min(rows, key=lambda one: float(one["dsc"]))
    lesion = row["lesion"]
    first, second = (visit.volume for visit in pair.subject.timepoints)
    figure = Figure(figsize=(8.0, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw(left, first, {_TRUE: pair.before[lesion]})
    place = pair.carried[lesion].lesion
    _draw(right, second, {_PLACE: place, _TRUE: pair.truth[lesion], _FOUND: found.get(lesion)})
    left.set_title(f"baseline, {row['baseline_mm']:.1f} mm", fontsize=9)
    lengths = f"true {row['true_mm']:.1f} mm, found {row['found_mm']:.1f} mm"
    right.set_title(f"follow-up, {lengths}", fontsize=9)
    words = "yellow: true; orange, dashed: found; blue, dotted: carried from the baseline"
    figure.suptitle(f"{name}, {lesion} ({row['fate']}): Dice {row['dsc']:.2f}\n{words}", fontsize=9)
    path = folder / f"{row['dsc']:.2f}-{_file(name)}"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda temporary: figure.savefig(temporary, dpi=90))
    return path


def _file(name: str) -> str:
    return f"{name.replace(' ', '-')}.png"


def _draw(axis: Any, image: Volume, contours: Mapping[Any, Lesion | None]) -> None:
    shown = {style: one for style, one in contours.items() if one}
    spacing = image.geometry.spacing
    axis.set_axis_off()
    if not shown:
        return
    everything = union(list(shown.values())).to_mask()
    level = _level(shown)
    box: Box = bounding_box(everything, spacing, _AROUND_MM)
    cut = image.hu[level][box[1:]]
    height, width = (n * s for n, s in zip(cut.shape, spacing[1:], strict=True))
    axis.imshow(window(cut, _range_of(cut)), cmap="gray", vmin=0, vmax=1, extent=(0, width, height, 0))
    for (colour, dashes), one in shown.items():
        plane: Mask = one.to_mask()[level][box[1:]]
        if plane.any():
            across = (np.arange(cut.shape[1]) + 0.5) * spacing[2]
            down = (np.arange(cut.shape[0]) + 0.5) * spacing[1]
            axis.contour(across, down, plane, [0.5], colors=colour, linestyles=[dashes], linewidths=1.3)
    axis.text(2, height - 2, f"slice {level + 1}", color="white", fontsize=8)


def _range_of(cut: npt.NDArray[np.int16]) -> tuple[float, float]:
    soft = cut[(cut > _SOFT_HU[0]) & (cut < _SOFT_HU[1])]
    level = float(np.median(soft)) if soft.size else 60.0
    return level - _BELOW_HU, level + _ABOVE_HU


def _level(shown: Mapping[Any, Lesion]) -> int:
    """The slice with most of the true contour; where there is none, of whatever there is."""
    one = shown.get(_TRUE) or next(iter(shown.values()))
    return one.start[0] + int(np.argmax(one.voxels.sum((1, 2))))
