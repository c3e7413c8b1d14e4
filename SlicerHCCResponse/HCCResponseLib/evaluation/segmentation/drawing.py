"""A picture of each scan: reference and found contours on the slice where they differ most."""

from pathlib import Path
from typing import Any

import numpy as np

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.evaluation.segmentation.cases import Reference
from HCCResponseLib.evaluation.segmentation.comparison import Found
from HCCResponseLib.evaluation.segmentation.results import ScanResult
from HCCResponseLib.imaging.boxes import Box, tight_box
from HCCResponseLib.imaging.volumes import window
from HCCResponseLib.lesions.lesion import union

# Level 50, width 400: the usual window of the abdomen.
_WINDOW = (-150.0, 250.0)
_MARGIN_MM, _BAR_MM = 25.0, 50.0
_INCHES, _LINE_INCHES = 6.0, 0.18
# Colours that are told apart with any colour vision: Okabe & Ito.
_LINES = {
    "liver, reference": ("#56b4e9", "-", 1.3),
    "liver, found": ("#0072b2", (0, (3, 1.5)), 1.3),
    "lesion, reference": ("#f0e442", "-", 1.6),
    "tumour, found": ("#d55e00", (0, (3, 1.5)), 1.6),
}


def draw_scan(path: Path, result: ScanResult, reference: Reference, found: Found) -> None:
    """Write the picture. Raises ``StorageError``."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    masks = _masks(reference, found)
    level = _level(masks)
    box = _view(masks, reference)
    _, height_mm, width_mm = _sides_mm(box, reference)
    words = title(result, level, len(reference.image.hu))
    figure, axis = _sheet(Figure, width_mm, height_mm, words)
    shown = window(reference.image.hu[level][box[1:]], _WINDOW)
    extent = (0.0, width_mm, height_mm, 0.0)
    axis.imshow(shown, cmap="gray", vmin=0, vmax=1, extent=extent, interpolation="bilinear")
    drawn = []
    for name, mask in masks.items():
        plane, (colour, dashes, width) = mask[level][box[1:]], _LINES[name]
        if plane.any():
            across, down = _centres(plane.shape[1], width_mm), _centres(plane.shape[0], height_mm)
            axis.contour(across, down, plane, [0.5], colors=colour, linestyles=[dashes], linewidths=width)
            drawn.append(Line2D([], [], color=colour, linestyle=dashes, linewidth=width, label=name))
    _dress(axis, width_mm, height_mm)
    if drawn:
        figure.legend(handles=drawn, loc="lower center", ncols=4, fontsize=8, frameon=False)
    write_atomically(path, lambda temporary: figure.savefig(temporary, dpi=110))


def _sheet(figure_class: Any, width_mm: float, height_mm: float, words: list[str]) -> tuple[Any, Any]:
    """A figure as wide as the slice, with room for the title above and the legend below, and its axis."""
    slice_inches, above = _INCHES * height_mm / width_mm, _LINE_INCHES * (len(words) + 0.6)
    height = slice_inches + above + 2 * _LINE_INCHES
    figure = figure_class(figsize=(_INCHES, height))
    axis = figure.add_axes((0, 2 * _LINE_INCHES / height, 1, slice_inches / height))
    top = 1 - 0.4 * _LINE_INCHES / height
    figure.text(0.01, top, "\n".join(words), fontsize=9, va="top", linespacing=1.3)
    return figure, axis


def title(result: ScanResult, level: int, levels: int) -> list[str]:
    """What stands over a picture: the scan, its figures, the slice.

    Args:
        level: index of the slice from the feet up; ``levels``: how many there are.
    """
    said = []
    liver = None if result.liver is None else result.liver.near
    for what, near in (("tumour", result.tumour), ("liver", liver)):
        if near is not None:
            away = "-" if near.hausdorff95_mm is None else f"{near.hausdorff95_mm:.1f} mm"
            said.append(f"{what}: Dice {near.dice:.2f}, HD95 {away}")
    lesions = result.lesions or ()
    if lesions:
        largest = max(lesions, key=lambda one: one.diameter_mm)
        length = "not found" if largest.found_mm is None else f"{largest.found_mm:.1f} mm found"
        said.append(f"largest lesion {largest.diameter_mm:.1f} mm, {length}")
    if not result.tumour and result.false_parts:
        said.append(f"{len(result.false_parts)} false part(s), no lesion in the reference")
    first = f"{result.name} (slice {level + 1} of {levels}, counted from the feet)"
    return [first, *said]


def _masks(reference: Reference, found: Found) -> dict[str, Mask]:
    """What is drawn: what is found only where there is something to compare it with."""
    masks: dict[str, Mask] = {}
    if reference.liver is not None:
        masks |= {"liver, reference": reference.liver, "liver, found": found.liver_mask}
    if reference.lesions is not None:
        empty = np.zeros(reference.image.geometry.size, bool)
        drawn = union(reference.lesions).to_mask() if reference.lesions else empty
        masks |= {"lesion, reference": drawn, "tumour, found": found.tumour_mask}
    return masks


def _level(masks: dict[str, Mask]) -> int:
    """The slice where tumours differ most; where they do not, or are not compared, the liver."""
    for truth, found in (("lesion, reference", "tumour, found"), ("liver, reference", "liver, found")):
        if truth in masks:
            differing = np.count_nonzero(masks[truth] != masks[found], axis=(1, 2))
            if differing.any():
                return int(differing.argmax())
    areas = sum(np.count_nonzero(mask, axis=(1, 2)) for mask in masks.values())
    return int(np.argmax(areas))


def _view(masks: dict[str, Mask], reference: Reference) -> Box:
    """The part of the scan that holds every contour, with what lies around; the whole scan where there is none."""
    spacing, shape = reference.image.geometry.spacing, reference.image.hu.shape
    boxes = [box for mask in masks.values() if (box := tight_box(mask)) is not None]
    sides = []
    for axis, step in enumerate(spacing):
        pad = int(np.ceil(_MARGIN_MM / step))
        low = min((box[axis].start for box in boxes), default=0)
        high = max((box[axis].stop for box in boxes), default=shape[axis])
        sides.append(slice(max(0, low - pad), min(shape[axis], high + pad)))
    return sides[0], sides[1], sides[2]


def _sides_mm(box: Box, reference: Reference) -> tuple[float, float, float]:
    z, y, x = ((s.stop - s.start) * mm for s, mm in zip(box, reference.image.geometry.spacing, strict=True))
    return z, y, x


def _centres(count: int, length: float) -> Any:
    """Where the middles of so many pixels lie along a side."""
    return (np.arange(count) + 0.5) * length / count


def _dress(axis: Any, width: float, height: float) -> None:
    """Sides of the patient and a scale, no axes."""
    from matplotlib.patheffects import withStroke

    axis.set(xlim=(0, width), ylim=(height, 0))
    axis.set_axis_off()
    # Read on bone and contrast medium, too.
    style = {"color": "white", "fontsize": 9, "path_effects": [withStroke(linewidth=2, foreground="black")]}
    axis.text(4, height / 2, "R", va="center", **style)
    axis.text(width - 4, height / 2, "L", va="center", ha="right", **style)
    axis.plot([6, 6 + _BAR_MM], [height - 6] * 2, color="white", lw=2, solid_capstyle="butt")
    axis.text(6 + _BAR_MM / 2, height - 9, "5 cm", ha="center", **style)
