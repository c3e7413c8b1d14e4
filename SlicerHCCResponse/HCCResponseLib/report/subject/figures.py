"""Pictures of the report: key slices with contour and long axis, and the sum of diameters over time."""

import base64
import io
from dataclasses import dataclass
from datetime import date
from typing import Any

from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from HCCResponseLib.imaging.volumes import SOFT_TISSUE_WINDOW, Volume, window
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.measure import LesionMeasurement, slice_contours
from HCCResponseLib.measure.plane import FloatArray

_CONTOUR, _LINE, _SHORT = "#ffb000", "#00c8ff", "#7fe0a0"
_HALF_MIN_MM = 55.0


@dataclass(frozen=True)
class KeySlice:
    """What one picture shows.

    Attributes:
        image: the scan.
        centre: (z, y, x) index around which it is cut.
        half_mm: half the side of the square shown.
        contour: to be drawn, or ``None``.
        measurement: long and short axis to draw, or ``None``.
        caption: drawn into the lower left corner.
    """

    image: Volume
    centre: tuple[int, int, int]
    half_mm: float
    contour: Lesion | None
    measurement: LesionMeasurement | None
    caption: str


def half_side_mm(contour: Lesion | None, spacing: tuple[float, float, float]) -> float:
    """Half the side of a square that shows a lesion with its surroundings."""
    if not contour:
        return _HALF_MIN_MM
    sides = [(n - 1) * s for n, s in zip(contour.voxels.shape[1:], spacing[1:], strict=True)]
    return float(max(_HALF_MIN_MM, 0.5 * max(sides) + 25.0))


def outlines(contour: Lesion, level: int) -> list[FloatArray]:
    """Closed curves (n, 2) around a contour on one slice, as (y, x) indices of the image."""
    return [line + contour.start[1:] for line in slice_contours(contour.plane(level))]


def draw_key_slice(key: KeySlice) -> str:
    """A PNG as a data URI: soft-tissue window, patient's right on the left, 10 mm ticks, contour and axes."""
    z, y, x = key.centre
    sy, sx = key.image.geometry.spacing[1:]
    figure = Figure(figsize=(3.4, 3.4), dpi=110)
    axes = figure.add_axes((0, 0, 1, 1))
    plane = window(key.image.hu[z], SOFT_TISSUE_WINDOW)
    axes.imshow(plane, cmap="gray", vmin=0, vmax=1, aspect=sy / sx, interpolation="bilinear")
    if key.contour is not None:
        for line in outlines(key.contour, z):
            axes.plot(line[:, 1], line[:, 0], color=_CONTOUR, linewidth=1.3)
    measured = key.measurement
    if measured is not None and measured.slice_axis == 0 and measured.slice_index == z:
        _axis(axes, measured, "long_axis", _LINE)
        _axis(axes, measured, "short_axis", _SHORT)
    axes.set_xlim(x - key.half_mm / sx, x + key.half_mm / sx)
    axes.set_ylim(y + key.half_mm / sy, y - key.half_mm / sy)
    axes.set_axis_off()
    figure.set_facecolor("black")
    _words(axes, key.caption, z, key.half_mm)
    return as_png(figure)


def _axis(axes: Axes, measurement: LesionMeasurement, which: str, colour: str) -> None:
    line = getattr(measurement, which)
    if line is None:
        return
    (_, y0, x0), (_, y1, x1) = line.start_index, line.end_index
    axes.plot([x0, x1], [y0, y1], color=colour, linewidth=1.4, marker="o", markersize=2.6)


def _words(axes: Axes, caption: str, z: int, half_mm: float) -> None:
    box = {"facecolor": "black", "alpha": 0.55, "pad": 2.5, "edgecolor": "none"}
    style: dict[str, Any] = {"color": "white", "fontsize": 8.5, "bbox": box}
    axes.text(0.02, 0.02, caption, transform=axes.transAxes, va="bottom", **style)
    axes.text(0.02, 0.98, f"slice {z + 1}", transform=axes.transAxes, va="top", **style)
    axes.text(0.98, 0.98, "L", transform=axes.transAxes, va="top", ha="right", **style)
    share = 20.0 / (2 * half_mm)
    bar: dict[str, Any] = {"transform": axes.transAxes, "solid_capstyle": "butt"}
    axes.plot([0.97 - share, 0.97], [0.028, 0.028], color="black", linewidth=4.5, **bar)
    axes.plot([0.97 - share, 0.97], [0.028, 0.028], color="white", linewidth=2, **bar)
    axes.text(0.97 - share / 2, 0.045, "20 mm", transform=axes.transAxes, va="bottom", ha="center", **style)


@dataclass(frozen=True)
class SumPoint:
    """One visit in the plot; ``total_mm`` is ``None`` where the sum is incomplete."""

    name: str
    date: date
    total_mm: float | None
    response: str


def draw_sums(points: list[SumPoint], pr_percent: float, pd_percent: float, pd_absolute_mm: float) -> str:
    """Sum of diameters over time with the limits of PR (from baseline) and PD (from nadir); PNG as a data URI."""
    figure = Figure(figsize=(7.2, 3.1), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    known = [(date2num(p.date), p.total_mm) for p in points if p.total_mm is not None]
    days, sums = [k[0] for k in known], [k[1] for k in known]
    axes.plot(days, sums, color="#1f5fa8", marker="o", linewidth=2)
    for point in points:
        if point.total_mm is not None:
            label = f"{point.total_mm:.1f} mm" + (f"\n{point.response}" if point.response else "")
            axes.annotate(
                label,
                (date2num(point.date), point.total_mm),
                (0, 8),
                textcoords="offset points",
                ha="center",
                fontsize=9,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
                zorder=5,
            )
    if sums:
        nadir = min(sums[:-1] or sums)
        limit = nadir + max(nadir * pd_percent / 100, pd_absolute_mm)
        _limit(axes, sums[0] * (1 - pr_percent / 100), "PR at or below", "#2e7d4f")
        _limit(axes, limit, "PD at or above", "#b3402e")
        axes.set_ylim(0, max(*sums, limit) * 1.28)
    axes.set_ylabel("Sum of diameters (mm)")
    axes.set_xticks([date2num(p.date) for p in points], [f"{p.name}\n{p.date}" for p in points])
    axes.margins(x=0.18)
    axes.spines[["top", "right"]].set_visible(False)
    return as_png(figure)


def _limit(axes: Axes, value: float, words: str, colour: str) -> None:
    axes.axhline(value, color=colour, linestyle="--", linewidth=1)
    text = f"{words}\n{value:.1f} mm"
    axes.text(
        1.01,
        value,
        text,
        transform=axes.get_yaxis_transform(),
        color=colour,
        fontsize=8,
        va="center",
        ha="left",
    )


def as_png(figure: Figure) -> str:
    """A figure as a PNG data URI, the same bytes every time."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
