"""All figures of an evaluation, with intervals by patient."""

from collections.abc import Callable, Sequence

from HCCResponseLib.evaluation.segmentation.comparison import BORDER_MM
from HCCResponseLib.evaluation.segmentation.froc import (
    PATIENT,
    Detection,
    by_patient,
    curves,
    detections,
    with_lesion_reference,
)
from HCCResponseLib.evaluation.segmentation.results import LesionResult, LiverResult, ScanResult, ScanState
from HCCResponseLib.evaluation.segmentation.surfaces import Nearness
from HCCResponseLib.statistics.estimate import Figure
from HCCResponseLib.statistics.proportions import clustered_mean, clustered_share

TITLE = "Segmentation against reference masks"
BY_THRESHOLD = "Lesions found by threshold"
# A larger piece outside of the liver is another organ, not a border that is drawn differently.
OTHER_ORGAN_ML = 5.0
_DRAWS = "bootstrap of patients"
Value = Callable[[ScanResult], float | None]


def figures(results: Sequence[ScanResult]) -> list[Figure]:
    """Every figure, in the order of the report."""
    return [
        *_scans(results),
        *_liver(results),
        *_tumour(results),
        *_detection("Lesions found, by size", detections(results)),
        *_diameters(results),
        *(
            figure
            for size, points in curves(results).items()
            for figure in _detection(f"{BY_THRESHOLD}, {size.words}", points)
        ),
        _mean(results, "Time", "time of the engine a scan", "s", lambda r: r.seconds),
    ]


def _scans(results: Sequence[ScanResult]) -> list[Figure]:
    readable = [r for r in results if r.state is not ScanState.UNREADABLE]
    liver = [r for r in readable if r.liver is not None]
    return [
        _share(
            "Scans", "could not be read (left out of everything else)", results, _is(ScanState.UNREADABLE)
        ),
        _share("Scans", "engine failed (counts as nothing found)", readable, _is(ScanState.FAILED)),
        _share("Scans", "no liver found, where a reference has one", liver, _is(ScanState.NO_LIVER)),
    ]


def _is(state: ScanState) -> Callable[[ScanResult], bool]:
    return lambda result: result.state is state


def _liver(results: Sequence[ScanResult]) -> list[Figure]:
    compared = [r for r in results if r.liver is not None]
    if not compared:
        return []
    values: list[tuple[str, str, Value]] = [
        ("Dice", "", _of_liver(lambda liver: liver.near.dice)),
        ("surface Dice at 2 mm", "", _of_liver(lambda liver: liver.near.surface_dice)),
        ("HD95", "mm", _of_liver(lambda liver: liver.near.hausdorff95_mm)),
        ("volume, found minus reference", "%", _of_liver(_volume_error)),
        (f"largest part more than {BORDER_MM:g} mm outside", "mL", _of_liver(lambda liver: liver.outside_ml)),
    ]
    return [
        *(_mean(compared, "Liver", *value) for value in values),
        _share(
            "Liver",
            f"scans with more than {OTHER_ORGAN_ML:g} mL in such a part",
            compared,
            lambda r: r.liver is not None and r.liver.outside_ml > OTHER_ORGAN_ML,
        ),
    ]


def _of_liver(value: Callable[[LiverResult], float | None]) -> Value:
    return lambda result: None if result.liver is None else value(result.liver)


def _volume_error(liver: LiverResult) -> float:
    return 100 * (liver.found_ml / liver.reference_ml - 1)


def _of_tumour(value: Callable[[Nearness], float | None]) -> Value:
    return lambda result: None if result.tumour is None else value(result.tumour)


def _tumour(results: Sequence[ScanResult]) -> list[Figure]:
    compared = [r for r in results if r.tumour is not None]
    if not compared:
        return []
    values: list[tuple[str, str, Value]] = [
        ("Dice", "", _of_tumour(lambda near: near.dice)),
        ("surface Dice at 2 mm", "", _of_tumour(lambda near: near.surface_dice)),
        ("HD95", "mm", _of_tumour(lambda near: near.hausdorff95_mm)),
    ]
    return [_mean(compared, "Tumour, all lesions of a scan together", *value) for value in values]


def _detection(section: str, points: Sequence[Detection]) -> list[Figure]:
    made = []
    for point in points:
        at = point.size.words if point.threshold is None else f"threshold {point.threshold:g}"
        found, false, how = point.found, point.false_a_scan, f"share of lesions; {_DRAWS}"
        if found.total:
            made.append(
                Figure(section, f"found, {at}", "", found.percent, found.count, found.total, "%", how)
            )
        if found.total or false.value:
            how = f"mean of scans; {_DRAWS}"
            made.append(Figure(section, f"false parts a scan, {at}", "", false, None, point.scans, "", how))
    return made


def _diameters(results: Sequence[ScanResult]) -> list[Figure]:
    compared = [r for r in with_lesion_reference(results) if any(one.found for one in r.lesions or ())]
    if not compared:
        return []
    section = "Longest diameter of found lesions"
    return [
        _lesion_mean(compared, section, "found minus reference", "mm", diameter_error_mm),
        _lesion_mean(compared, section, "found minus reference, relative", "%", diameter_error_percent),
        _lesion_mean(
            compared,
            section,
            "size of the error, relative",
            "%",
            lambda one: _size(diameter_error_percent(one)),
        ),
        _lesion_mean(
            compared, section, "Dice of a found lesion", "", lambda one: one.dice if one.found else None
        ),
    ]


def diameter_error_mm(lesion: LesionResult) -> float | None:
    """Found minus reference, in mm; ``None`` where it was not found."""
    return None if lesion.found_mm is None else lesion.found_mm - lesion.diameter_mm


def diameter_error_percent(lesion: LesionResult) -> float | None:
    """The same in per cent of the reference."""
    error = diameter_error_mm(lesion)
    return None if error is None else 100 * error / lesion.diameter_mm


def _size(value: float | None) -> float | None:
    return None if value is None else abs(value)


def _share(
    section: str, name: str, results: Sequence[ScanResult], has: Callable[[ScanResult], bool]
) -> Figure:
    counts = [(sum(map(has, scans)), len(scans)) for scans in by_patient(results)]
    share = clustered_share(counts, who=PATIENT)
    return Figure(
        section, name, "", share.percent, share.count, share.total, "%", f"share of scans; {_DRAWS}"
    )


def _mean(results: Sequence[ScanResult], section: str, name: str, unit: str, value: Value) -> Figure:
    values = [[v for scan in scans if (v := value(scan)) is not None] for scans in by_patient(results)]
    return _of(section, name, unit, values, "mean of scans")


def _lesion_mean(
    results: Sequence[ScanResult],
    section: str,
    name: str,
    unit: str,
    value: Callable[[LesionResult], float | None],
) -> Figure:
    values = [
        [v for scan in scans for one in scan.lesions or () if (v := value(one)) is not None]
        for scans in by_patient(results)
    ]
    return _of(section, name, unit, values, "mean of lesions")


def _of(section: str, name: str, unit: str, values: list[list[float]], method: str) -> Figure:
    found = clustered_mean(values, who=PATIENT)
    return Figure(section, name, "", found, None, sum(map(len, values)), unit, f"{method}; {_DRAWS}")
