"""Lesions found against false parts a scan, at several thresholds of the probability (FROC)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.evaluation.segmentation.results import ScanResult
from HCCResponseLib.statistics.estimate import Estimate
from HCCResponseLib.statistics.proportions import Share, clustered_mean, clustered_share

PATIENT = "patient"


@dataclass(frozen=True)
class SizeClass:
    """Lesions and false parts by their longest diameter, from ``low`` to below ``high`` mm."""

    low: float
    high: float

    @property
    def words(self) -> str:
        """For people."""
        if self.high == float("inf"):
            return f"{self.low:g} mm and more"
        return f"{self.low:g} to {self.high:g} mm"

    def holds(self, diameter_mm: float) -> bool:
        """Whether a diameter belongs to it."""
        return self.low <= diameter_mm < self.high


MEASURABLE = SizeClass(10, float("inf"))
SIZES = (
    SizeClass(5, 10),
    SizeClass(10, 20),
    SizeClass(20, 50),
    SizeClass(50, float("inf")),
    MEASURABLE,
)


@dataclass(frozen=True)
class Detection:
    """How many lesions of a class of size are found, and how much is called a lesion that is none.

    Attributes:
        threshold: of the probability; ``None``: as the engine marks them.
        found: share of the lesions of the reference, per cent, with its interval by patient.
        false_a_scan: false parts of this size a scan, with its interval by patient.
        scans: how many were compared.
    """

    size: SizeClass
    threshold: float | None
    found: Share
    false_a_scan: Estimate
    scans: int


def by_patient(results: Sequence[ScanResult]) -> list[list[ScanResult]]:
    """The scans of each patient, in the order of their first."""
    groups: dict[str, list[ScanResult]] = {}
    for result in results:
        groups.setdefault(result.patient, []).append(result)
    return list(groups.values())


def with_lesion_reference(results: Sequence[ScanResult]) -> list[ScanResult]:
    """Scans on which lesions are compared."""
    return [r for r in results if r.lesions is not None]


def detections(results: Sequence[ScanResult]) -> list[Detection]:
    """As the engine marks them: one for each class of size."""
    return [_detection(results, size, None, _as_marked) for size in SIZES]


def curves(results: Sequence[ScanResult]) -> dict[SizeClass, list[Detection]]:
    """The same at every threshold, by class of size; none where the engine gives labels only."""
    compared = with_lesion_reference(results)
    if not compared or not all(r.points for r in compared):
        return {}
    thresholds = [p.threshold for p in compared[0].points]
    return {
        size: [_detection(results, size, t, _at(number)) for number, t in enumerate(thresholds)]
        for size in SIZES
    }


Marks = tuple[Sequence[bool], Sequence[float]]


def _as_marked(result: ScanResult) -> Marks:
    lesions, false = result.lesions or (), result.false_parts or ()
    return [one.found for one in lesions], [one.diameter_mm for one in false]


def _at(number: int) -> Callable[[ScanResult], Marks]:
    return lambda result: (result.points[number].found, result.points[number].false_mm)


def _detection(
    results: Sequence[ScanResult],
    size: SizeClass,
    threshold: float | None,
    marks: Callable[[ScanResult], Marks],
) -> Detection:
    counts, false = [], []
    for scans in by_patient(with_lesion_reference(results)):
        found = [
            hit
            for scan in scans
            for hit, lesion in zip(marks(scan)[0], scan.lesions or (), strict=True)
            if size.holds(lesion.diameter_mm)
        ]
        counts.append((sum(found), len(found)))
        false.append([float(sum(map(size.holds, marks(scan)[1]))) for scan in scans])
    return Detection(
        size,
        threshold,
        clustered_share(counts, who=PATIENT),
        clustered_mean(false, who=PATIENT),
        sum(map(len, false)),
    )


_COLOURS = ("#009e73", "#56b4e9", "#e69f00", "#d55e00", "#000000")
_MARKERS = ("^", "v", "s", "D", "o")


def draw_froc(path: Path, results: Sequence[ScanResult]) -> bool:
    """Write the picture; false, and no picture, where there is no lesion of 5 mm or more in any reference.

    Raises:
        StorageError: it cannot be written.
    """
    from matplotlib.figure import Figure

    shown = curves(results) or {one.size: [one] for one in detections(results)}
    shown = {size: points for size, points in shown.items() if points[0].found.total}
    if not shown:
        return False
    figure = Figure(figsize=(7.2, 5.4), layout="constrained")
    axis = figure.subplots()
    for size, points in shown.items():
        number = SIZES.index(size)
        across = [p.false_a_scan.value or 0.0 for p in points]
        up = [100 * p.found.count / p.found.total for p in points]
        label = f"{size.words} (n = {points[0].found.total})"
        axis.plot(
            across,
            up,
            label=label,
            color=_COLOURS[number],
            marker=_MARKERS[number],
            markersize=6,
            linewidth=2.2 if size == MEASURABLE else 1.2,
            clip_on=False,
            zorder=3,
        )
        if size == MEASURABLE:
            for (x, y), thresholds in _named(points, across, up).items():
                axis.annotate(thresholds, (x, y), (7, 5), textcoords="offset points", fontsize=8)
    axis.set(xlabel="false parts of that size a scan", ylabel="lesions found, %", ylim=(-4, 108))
    widest = max(1.0, 1.08 * axis.get_xlim()[1])
    axis.set_xlim(-0.02 * widest, widest)
    axis.grid(color="#dddddd", lw=0.6)
    axis.set_title(_froc_title(shown), fontsize=10)
    figure.legend(loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    write_atomically(path, lambda temporary: figure.savefig(temporary, dpi=110))
    return True


def _named(points: Sequence[Detection], across: list[float], up: list[float]) -> dict[Any, str]:
    """The thresholds at each place of the curve; where several fall on one, all of them."""
    names: dict[Any, str] = {}
    for point, *place in zip(points, across, up, strict=True):
        if point.threshold is not None:
            there = names.get(tuple(place))
            names[tuple(place)] = f"{there}, {point.threshold:g}" if there else f"{point.threshold:g}"
    return names


def _froc_title(shown: dict[SizeClass, list[Detection]]) -> str:
    if next(iter(shown.values()))[0].threshold is None:
        return "Lesions found and false parts, as the engine marks them (it gives no probabilities)"
    return "Lesions found and false parts by threshold (numbers beside the black line)"
