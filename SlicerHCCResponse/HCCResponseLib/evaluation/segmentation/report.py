"""What an evaluation writes: figures as a table and as text, the curve, and one page with the worst scans drawn."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from HCCResponseLib.base.files import write_text
from HCCResponseLib.base.pages import page
from HCCResponseLib.engines.contract import Gives
from HCCResponseLib.evaluation.segmentation.comparison import LEAST_IOU
from HCCResponseLib.evaluation.segmentation.figures import (
    BY_THRESHOLD,
    TITLE,
    diameter_error_mm,
    diameter_error_percent,
    figures,
)
from HCCResponseLib.evaluation.segmentation.froc import Detection, SizeClass, curves, draw_froc
from HCCResponseLib.evaluation.segmentation.results import ScanResult, ScanState
from HCCResponseLib.evaluation.segmentation.run import PICTURES, EngineRun
from HCCResponseLib.statistics.estimate import Figure, as_csv, as_markdown, in_cells

_WORST = 10


@dataclass(frozen=True)
class Section:
    """A table of the page: rows of figure, value, interval, number, method."""

    title: str
    rows: Sequence[Sequence[str]]


def write_report(results: Sequence[ScanResult], run: EngineRun, made_by: str) -> list[Figure]:
    """Write ``figures.csv``, ``figures.md``, ``froc.png`` and ``report.html``; returns the figures.

    Args:
        made_by: the command, as it was typed.

    Raises:
        StorageError: they cannot be written.
    """
    found, folder = figures(results), run.output
    write_text(folder / "figures.csv", as_csv(found))
    write_text(folder / "figures.md", as_markdown(found, TITLE))
    froc = folder / "froc.png"
    drawn = draw_froc(froc, results)
    if not drawn:
        froc.unlink(missing_ok=True)  # of an earlier list of scans
    worst = worst_first([r for r in results if r.state is not ScanState.UNREADABLE])
    by_threshold = curves(results)
    shown = [f for f in found if not f.section.startswith(BY_THRESHOLD)]  # a table of its own on the page
    values = {
        "title": TITLE,
        "facts": _facts(results, run, made_by),
        "problems": [r for r in results if r.state is not ScanState.DONE],
        "froc": _embedded(froc) if drawn else None,
        "labels_only": drawn and not by_threshold,
        "curve": [_curve_row(size, points) for size, points in by_threshold.items()],
        "thresholds": [p.threshold for p in next(iter(by_threshold.values()), ())],
        "sections": [
            Section(t, [in_cells(f) for f in rows]) for t, rows in groupby(shown, lambda f: f.section)
        ],
        "scans": [_scan_row(r) for r in worst],
        "lesions": [row for r in worst for row in _lesion_rows(r)],
        "worst": [(r.name, _embedded(folder / PICTURES / f"{r.name}.png")) for r in worst[:_WORST]],
        "least_iou": LEAST_IOU,
    }
    write_text(folder / "report.html", page("segmentation.html.j2", values))
    return found


def worst_first(results: Sequence[ScanResult]) -> list[ScanResult]:
    """By the Dice coefficient of the tumour, of the liver where no lesion is compared; then by false parts, by name."""
    return sorted(
        results,
        key=lambda r: (1.0 if r.dice is None else r.dice, -len(r.false_parts or ()), r.name),
    )


def _facts(results: Sequence[ScanResult], run: EngineRun, made_by: str) -> list[tuple[str, str]]:
    devices = sorted({r.device for r in results if r.device})
    used = sorted({f"{Path(p).name} {sha}" for r in results for p, sha in r.weights.items()})
    settings = ", ".join(f"{k}={v}" for k, v in run.parameters.items()) or "as usual"
    return [
        ("Engine", f"{run.engine.title} ({run.engine.name}), licence {run.engine.licence}"),
        ("Marks", " and ".join(g.value for g in Gives if g in run.engine.gives)),
        ("Weights (SHA-256)", "; ".join(used) or run.weights_sha256),
        ("Settings", settings),
        ("Computed on", ", ".join(devices) or "-"),
        ("Scans", f"{len(results)} of {len({r.patient for r in results})} patient(s)"),
        ("Software", f"hcc-response {results[0].key.software}" if results else ""),
        ("Made by", made_by),
    ]


def _embedded(picture: Path) -> str | None:
    """A picture as part of the page; ``None`` where somebody has removed the file."""
    if not picture.is_file():
        return None
    return "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode("ascii")


def _curve_row(size: SizeClass, points: Sequence[Detection]) -> tuple[str, list[str]]:
    cells = []
    for point in points:
        found = f"{point.found.count} of {point.found.total}" if point.found.total else "no lesion"
        cells.append(f"{found}; {_text(point.false_a_scan.value, '.2f')} false")
    return size.words, cells


def _scan_row(result: ScanResult) -> dict[str, str]:
    liver, tumour, lesions = result.liver, result.tumour, result.lesions
    return {
        "name": result.name,
        "patient": result.patient,
        "state": "" if result.state is ScanState.DONE else result.state.value,
        "liver": _text(liver and liver.near.dice, ".3f"),
        "liver_surface": _text(liver and liver.near.surface_dice, ".3f"),
        "liver_hd": _text(liver and liver.near.hausdorff95_mm, ".1f"),
        "volumes": "-" if liver is None else f"{liver.found_ml:.0f} / {liver.reference_ml:.0f}",
        "outside": _text(liver and liver.outside_ml, ".1f"),
        "tumour": _text(tumour and tumour.dice, ".3f"),
        "tumour_surface": _text(tumour and tumour.surface_dice, ".3f"),
        "tumour_hd": _text(tumour and tumour.hausdorff95_mm, ".1f"),
        "found": "-" if lesions is None else f"{sum(one.found for one in lesions)} of {len(lesions)}",
        "false": "-" if result.false_parts is None else str(len(result.false_parts)),
        "seconds": _text(result.seconds, ".0f"),
    }


def _lesion_rows(result: ScanResult) -> list[dict[str, str]]:
    rows = [
        {
            "scan": result.name,
            "what": f"lesion {number}",
            "reference": f"{one.diameter_mm:.1f}",
            "found": _text(one.found_mm, ".1f") if one.found else "not found",
            "error": _error(diameter_error_mm(one), diameter_error_percent(one)),
            "dice": f"{one.dice:.3f}",
            "remark": "drawn together with another lesion" if one.merged and one.found else "",
        }
        for number, one in enumerate(result.lesions or (), start=1)
    ]
    for part in result.false_parts or ():
        highest = "" if part.highest is None else f"highest probability {part.highest:.2f}"
        rows.append(
            {
                "scan": result.name,
                "what": "false part",
                "reference": "-",
                "found": f"{part.diameter_mm:.1f}",
                "error": "-",
                "dice": "-",
                "remark": highest,
            }
        )
    return rows


def _error(mm: float | None, percent: float | None) -> str:
    return "-" if mm is None or percent is None else f"{mm:+.1f} mm ({percent:+.0f} %)"


def _text(value: Any, form: str) -> str:
    return "-" if value is None else format(value, form)
