"""Pictures of the report: key slices with contour and long axis, and the sum of diameters over time."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from HCCResponseLib.imaging.volumes import SOFT_TISSUE_WINDOW, Volume, window
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.measure import LesionMeasurement, slice_contours
from HCCResponseLib.measure.plane import FloatArray
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import TimePointEvaluation

Images = Callable[[str], Volume]
"""The image of a time point by its name."""
_CONTOUR, _LINE, _SHORT = "#ffb000", "#00c8ff", "#7fe0a0"
_HALF_MIN_MM = 55.0


def half_side_mm(contour: Lesion | None, spacing: tuple[float, float, float]) -> float:
    """Half the side of a square that shows a lesion with its surroundings."""
    if not contour:
        return _HALF_MIN_MM
    sides = [(n - 1) * s for n, s in zip(contour.voxels.shape[1:], spacing[1:], strict=True)]
    return float(max(_HALF_MIN_MM, 0.5 * max(sides) + 25.0))


def outlines(contour: Lesion, level: int) -> list[FloatArray]:
    """Closed curves (n, 2) around a contour on one slice, as (y, x) indices of the image."""
    return [line + contour.start[1:] for line in slice_contours(contour.plane(level))]


@dataclass(frozen=True, eq=False)
class KeySlice:
    """One slice with a lesion, or with the place where it was or would be.

    Attributes:
        centre: (z, y, x) index around which it is cut.
        caption: drawn into the lower left corner.
        title: drawn above the number of the slice: which visit.
        measurement: its long and short axis are drawn.
    """

    image: Volume
    centre: tuple[int, int, int]
    caption: str
    contour: Lesion | None = None
    measurement: LesionMeasurement | None = None
    title: str = ""


def draw_key_slices(shown: Sequence[KeySlice], half_mm: float, side_inches: float = 3.4) -> str:
    """A PNG as a data URI: slices side by side to one scale, in the soft-tissue window, patient's right on the left.

    Contour, axes and a bar of 20 mm are drawn into each.

    Args:
        half_mm: half the side of the square that is shown of each.
    """
    count = len(shown)
    figure = Figure(figsize=(side_inches * count, side_inches), dpi=110, facecolor="black")
    width = 1 / count - (0.004 if count > 1 else 0)
    for number, one in enumerate(shown):
        _draw_slice(figure.add_axes((number / count, 0, width, 1)), one, half_mm)
    return as_png(figure)


def _draw_slice(axes: Axes, shown: KeySlice, half_mm: float) -> None:
    z, y, x = shown.centre
    sy, sx = shown.image.geometry.spacing[1:]
    plane = window(shown.image.hu[z], SOFT_TISSUE_WINDOW)
    axes.imshow(plane, cmap="gray", vmin=0, vmax=1, aspect=sy / sx, interpolation="bilinear")
    for outline in outlines(shown.contour, z) if shown.contour is not None else ():
        axes.plot(outline[:, 1], outline[:, 0], color=_CONTOUR, linewidth=1.3)
    measured = shown.measurement
    if measured is not None and measured.slice_axis == 0 and measured.slice_index == z:
        for line, colour in ((measured.long_axis, _LINE), (measured.short_axis, _SHORT)):
            if line is not None:
                (_, y0, x0), (_, y1, x1) = line.start_index, line.end_index
                axes.plot([x0, x1], [y0, y1], color=colour, linewidth=1.4, marker="o", markersize=2.6)
    axes.set_xlim(x - half_mm / sx, x + half_mm / sx)
    axes.set_ylim(y + half_mm / sy, y - half_mm / sy)
    axes.set_axis_off()
    _words(axes, shown, half_mm)


def _words(axes: Axes, shown: KeySlice, half_mm: float) -> None:
    box = {"facecolor": "black", "alpha": 0.55, "pad": 2.5, "edgecolor": "none"}
    style: dict[str, Any] = {"color": "white", "fontsize": 8.5, "bbox": box}
    axes.text(0.02, 0.02, shown.caption, transform=axes.transAxes, va="bottom", **style)
    place = "\n".join(filter(None, (shown.title, f"slice {shown.centre[0] + 1}")))
    axes.text(0.02, 0.98, place, transform=axes.transAxes, va="top", **style)
    axes.text(0.98, 0.98, "L", transform=axes.transAxes, va="top", ha="right", **style)
    share = 20.0 / (2 * half_mm)
    bar: dict[str, Any] = {"transform": axes.transAxes, "solid_capstyle": "butt"}
    axes.plot([0.97 - share, 0.97], [0.028, 0.028], color="black", linewidth=4.5, **bar)
    axes.plot([0.97 - share, 0.97], [0.028, 0.028], color="white", linewidth=2, **bar)
    axes.text(0.97 - share / 2, 0.045, "20 mm", transform=axes.transAxes, va="bottom", ha="center", **style)


def draw_sums(points: Sequence[TimePointEvaluation], profile: Profile) -> str:
    """Complete sums over time with the limits of PR (from baseline) and PD (from nadir).

    Returns:
        a PNG as a data URI.
    """
    figure = Figure(figsize=(7.2, 3.1), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    known = [p for p in points if p.target.complete and p.target.sum is not None]
    days, sums = [date2num(p.date) for p in known], [float(p.target.sum or 0) for p in known]
    axes.plot(days, sums, color="#1f5fa8", marker="o", linewidth=2)
    style: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "fontsize": 9, "zorder": 5}
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    for point, day, total in zip(known, days, sums, strict=True):
        label = f"{total:.1f} {profile.unit}" + ("" if point.is_baseline else f"\n{point.overall or 'open'}")
        axes.annotate(label, (day, total), (0, 8), bbox=box, **style)
    if sums:
        nadir = min(sums[:-1] or sums)
        limit = nadir + max(nadir * float(profile.pd_percent) / 100, float(profile.pd_absolute_mm or 0))
        response = sums[0] * (1 - float(profile.pr_percent) / 100)
        _limit(axes, response, f"PR at or below\n{response:.1f} {profile.unit}", "#2e7d4f")
        _limit(axes, limit, f"PD at or above\n{limit:.1f} {profile.unit}", "#b3402e")
        axes.set_ylim(0, max(*sums, limit) * 1.28)
    axes.set_ylabel(f"{profile.sum_title} ({profile.unit})")
    axes.set_xticks([date2num(p.date) for p in points], [f"{p.name}\n{p.date}" for p in points])
    axes.margins(x=0.18)
    axes.spines[["top", "right"]].set_visible(False)
    return as_png(figure)


def _limit(axes: Axes, value: float, words: str, colour: str) -> None:
    axes.axhline(value, color=colour, linestyle="--", linewidth=1)
    style: dict[str, Any] = {"color": colour, "fontsize": 8, "va": "center", "ha": "left"}
    axes.text(1.01, value, words, transform=axes.get_yaxis_transform(), **style)


def as_png(figure: Figure) -> str:
    """A figure as a PNG data URI, the same bytes every time."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
