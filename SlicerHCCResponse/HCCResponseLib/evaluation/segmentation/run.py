"""An engine on every scan of a list, one after the other; what is done stays done."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from HCCResponseLib import __version__
from HCCResponseLib.base.errors import InputError, JobCancelledError, StorageError
from HCCResponseLib.base.files import sha256_of
from HCCResponseLib.base.jobs import Ending, Outcome, Progress, Report, part_of
from HCCResponseLib.engines.contract import EngineInfo, Gives, Request, Result
from HCCResponseLib.evaluation.records import append_record
from HCCResponseLib.evaluation.segmentation.cases import Reference, ReferenceCase
from HCCResponseLib.evaluation.segmentation.comparison import (
    Found,
    compare_lesions,
    compare_liver,
    compare_tumour,
    operating_points,
)
from HCCResponseLib.evaluation.segmentation.drawing import draw_scan
from HCCResponseLib.evaluation.segmentation.results import (
    RunKey,
    ScanResult,
    ScanState,
    as_line,
    finished,
)
from HCCResponseLib.imaging.read import read_label_map
from HCCResponseLib.imaging.resample import resample
from HCCResponseLib.imaging.volumes import LabelMap
from HCCResponseLib.imaging.write import write_label_map

Segmenter = Callable[[str, Request, Path, Report], Outcome[Result]]
CONTOURS, PICTURES = "contours", "pictures"


@dataclass(frozen=True)
class EngineRun:
    """What is evaluated, and where the results go.

    Attributes:
        engine: which one; ``weights``: file or folder, ``None`` for its own.
        weights_sha256: see :func:`weights_hash`.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; ``parameters``: of the engine, where not as usual.
        output: folder of the results.
    """

    engine: EngineInfo
    weights: Path | None
    weights_sha256: str
    device: str
    output: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def key(self, reference: Reference) -> RunKey:
        """What a result of a scan rests on."""
        return RunKey(
            image_sha256=reference.image.sha256,
            reference_sha256=reference.sha256,
            engine=self.engine.name,
            weights_sha256=self.weights_sha256,
            software=__version__,
            parameters=json.loads(json.dumps(dict(self.parameters))),
        )


def require_unaided(info: EngineInfo) -> None:
    """Refuse an engine that works only with what a reader shows it. Raises ``InputError``."""
    if info.needs_prompt or info.needs_prior:
        shown = "a line, a click or a box" if info.needs_prompt else "an earlier contour"
        raise InputError(
            f"Engine '{info.name}' needs {shown} for each lesion, so it cannot be evaluated on scans alone."
        )


def weights_hash(weights: Path | None, facts: Mapping[str, Any]) -> str:
    """Hex SHA-256 of an engine's weights: of the file, of all files of the folder, or of what the engine says of them.

    Args:
        facts: of :func:`HCCResponseLib.engines.run.check_engine`.
    """
    if "sha256" in facts:
        return str(facts["sha256"])
    place = weights or (Path(str(facts["folder"])) if "folder" in facts else None)
    if place is not None and place.is_file():
        return sha256_of(place)
    if place is not None and place.is_dir():
        files = sorted(p for p in place.rglob("*") if p.is_file())
        lines = [f"{p.relative_to(place).as_posix()} {sha256_of(p)}" for p in files]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def evaluate_scans(
    cases: Sequence[ReferenceCase],
    run: EngineRun,
    segment: Segmenter,
    report: Report,
    tell: Callable[[ScanResult], None],
) -> list[ScanResult]:
    """Evaluate every scan; one line of ``results.jsonl``, the contours and a picture are written for each.

    A scan whose line rests on the same image, reference, weights and software is not looked at again.

    Args:
        segment: runs an engine, as :func:`HCCResponseLib.engines.run.run_engine`.
        tell: called with each result as soon as it is there.

    Raises:
        StorageError: the results cannot be written.
    """
    done, results = finished(run.output), []
    for number, case in enumerate(cases):
        share = number / len(cases)
        stage = f"Scan {number + 1} of {len(cases)}, {case.name}"
        report(Progress(f"{stage}: reading", share))
        results.append(_result(case, run, segment, part_of(report, share, 1 / len(cases), stage), done))
        tell(results[-1])
    return results


def _result(
    case: ReferenceCase,
    run: EngineRun,
    segment: Segmenter,
    report: Report,
    done: Mapping[tuple[str, str, str], ScanResult],
) -> ScanResult:
    try:
        reference = case.read()
    except InputError as problem:
        key = RunKey("", "", run.engine.name, run.weights_sha256, __version__, run.parameters)
        result = ScanResult(case.name, case.patient, key, ScanState.UNREADABLE, str(problem))
        append_record(run.output, as_line(result))
        return result
    key = run.key(reference)
    there = done.get((case.name, key.image_sha256, key.reference_sha256))
    if there is not None and there.key == key and there.patient == case.patient:
        return there
    result, found = _looked_at(case, reference, run, segment, report)
    geometry = reference.image.geometry
    write_label_map(LabelMap(found.labels, geometry), run.output / CONTOURS / f"{case.name}.nrrd")
    draw_scan(run.output / PICTURES / f"{case.name}.png", result, reference, found)
    append_record(run.output, as_line(result))
    return result


def _looked_at(
    case: ReferenceCase, reference: Reference, run: EngineRun, segment: Segmenter, report: Report
) -> tuple[ScanResult, Found]:
    """The engine's answer beside the reference; of an engine that fails, as if it had found nothing."""
    image = reference.image
    request = Request(
        case.image,
        weights=run.weights,
        device=run.device,
        parameters=run.parameters,
        image_sha256=image.sha256,
    )
    state, problem = ScanState.DONE, ""
    facts: dict[str, Any] = {}
    nothing = np.zeros(image.geometry.size, np.float32)
    with tempfile.TemporaryDirectory(prefix="hcc-response-") as folder:
        outcome = segment(run.engine.name, request, Path(folder), report)
        if outcome.ending is Ending.CANCELLED:
            raise JobCancelledError(outcome.message)
        if outcome.kind is StorageError:
            outcome.require()
        if outcome.result is None:
            state, problem = ScanState.FAILED, outcome.message or outcome.ending.value
            found = Found(nothing.astype(np.uint8), nothing, run.engine.gives)
        else:
            facts = dict(outcome.result.provenance)
            found = _found(outcome.result, reference, run.engine.gives)
            if Gives.LIVER in found.gives and not found.liver_mask.any():
                state, problem = ScanState.NO_LIVER, "The engine found no liver in this scan."
    return _compared(case, run.key(reference), reference, found, (state, problem), facts), found


def _found(result: Result, reference: Reference, gives: frozenset[Gives]) -> Found:
    labels = read_label_map(result.labels, empty=True).labels
    probabilities = result.read_probabilities()
    # Ones and zeros are how labels come where an engine gives no probabilities; zeros alone say nothing of that.
    if probabilities.tumour.any() and np.isin(probabilities.tumour, (0, 1)).all():
        return Found(labels, None, gives)
    return Found(
        labels, resample(probabilities.tumour, probabilities.grid, reference.image.geometry, fill=0), gives
    )


def _compared(
    case: ReferenceCase,
    key: RunKey,
    reference: Reference,
    found: Found,
    went: tuple[ScanState, str],
    facts: Mapping[str, Any],
) -> ScanResult:
    lesions = compare_lesions(reference, found)
    seconds = facts.get("seconds")
    return ScanResult(
        case.name,
        case.patient,
        key,
        *went,
        liver=compare_liver(reference, found),
        tumour=compare_tumour(reference, found),
        lesions=lesions and lesions[0],
        false_parts=lesions and lesions[1],
        points=operating_points(reference, found),
        seconds=None if seconds is None else float(seconds),
        device=str(facts.get("device", "")),
        weights=dict(facts.get("weights", {})),
    )
