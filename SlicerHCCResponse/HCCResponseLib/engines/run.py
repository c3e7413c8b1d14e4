"""Running an engine: in a process of its own, with four ways to end and never a crash of the caller."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from HCCResponseLib.base.devices import device_parts
from HCCResponseLib.base.errors import HCCResponseError, InputError, ModelError
from HCCResponseLib.base.jobs import Ending, Job, Outcome, Progress, Report, ignore_progress, never, run_job
from HCCResponseLib.engines.contract import EngineInfo, Request, Result
from HCCResponseLib.engines.environments import missing, python_of, weights_at_hand, weights_words
from HCCResponseLib.engines.job import EngineJob
from HCCResponseLib.engines.kept import KeptResults
from HCCResponseLib.engines.memory import free_gpu_mib, shortage
from HCCResponseLib.engines.registry import engine_named, how_to_install, module_of

_WORKER = "HCCResponseLib.engines.worker"
_TAKEN = "Taken from an earlier run with the same image and weights"


def run_engine(
    name: str,
    request: Request,
    work: Path,
    report: Report = ignore_progress,
    cancelled: Callable[[], bool] = never,
    kept: KeptResults | None = None,
) -> Outcome[Result]:
    """Run an engine on one scan.

    Args:
        name: see :func:`HCCResponseLib.engines.registry.engines`.
        work: an existing folder that gets the result files.
        report: called in the caller's thread for every progress line.
        cancelled: polled about 20 times a second; once true, the process tree is killed.
        kept: where the results of earlier runs on this scan are; ``None``: the engine runs, and nothing is kept.

    Returns:
        how it ended; an unknown engine, bad input and missing weights have failed, with a message; where memory ran
        out, the lighter settings of the engine are offered.
    """
    try:
        info = engine_named(name)
        request = replace(request, weights=request.weights or weights_at_hand(info))
        _refuse_the_impossible(info, request)
        request = replace(request, device=_device(info, request))
        place = kept.of(info, request) if kept else None
        found = place.take(work) if place else None
        if found is not None:
            report(Progress(_TAKEN, 1.0))
            return Outcome.done(found)
        short = shortage(info, request.image, request.device)
        if short:
            return Outcome(Ending.OUT_OF_MEMORY, message=short, offers=info.offers(request))
        job = EngineJob(module_of(name), request, work)
        done = Job(_WORKER, job, report, python_of(info)).wait(cancelled)
    except HCCResponseError as problem:
        return Outcome.of(problem)
    result, offers = None, info.offers(request) if done.ending is Ending.OUT_OF_MEMORY else ()
    if done.result is not None:
        labels, probabilities = (Path(done.result[name]) for name in ("labels", "probabilities"))
        result = Result(labels, probabilities, done.result["provenance"])
        if place is not None:
            place.keep(result)
    return Outcome(done.ending, result, done.message, offers, done.kind)


def check_engine(name: str, weights: Path | None) -> dict[str, object]:
    """Load an engine's packages and weights in its own environment; returns facts about them.

    Raises:
        InputError, ModelError, JobFailedError: what is missing, and what to do.
    """
    info = engine_named(name)
    _require_installed(info)
    weights = weights or weights_at_hand(info)
    return run_job(_WORKER, EngineJob(module_of(name), weights=weights), python=python_of(info))


def fetch_weights(
    name: str,
    source: str | None = None,
    report: Report = ignore_progress,
    cancelled: Callable[[], bool] = never,
) -> dict[str, object]:
    """Let an engine download its own weights, in its own environment; what was cut off goes on.

    Args:
        name: of an engine with ``INFO.fetches``.
        source: address of a mirror with the same folders and names; ``None``: where the engine's project keeps them.

    Returns:
        facts: the folder, and the SHA-256 of every archive that was fetched.

    Raises:
        ModelError: the engine is not installed. InputError: what could not be had, and how to do it by hand.
        StorageError: no room. JobCancelledError: cancelled; what came so far stays.
    """
    info = engine_named(name)
    _require_installed(info)
    job = EngineJob(module_of(name), fetch=True, source=source)
    return Job(_WORKER, job, report, python_of(info)).wait(cancelled).require()


def _require_installed(info: EngineInfo) -> None:
    if missing(info):
        raise ModelError(f"Engine '{info.name}' is not installed. Run: {how_to_install(info)}")


def _refuse_the_impossible(info: EngineInfo, request: Request) -> None:
    _require_installed(info)
    info.settings(request.parameters)
    if info.needs_prior and request.prior is None:
        raise InputError(f"Engine '{info.name}' needs an earlier contour (prior).")
    if request.clicks and not info.takes_clicks:
        raise InputError(f"Engine '{info.name}' does not use clicks (prompts).")
    if request.line and not info.takes_line:
        raise InputError(f"Engine '{info.name}' does not use a line (prompt).")
    if info.needs_prompt and not request.clicks and not request.line:
        raise InputError(
            f"Engine '{info.name}' contours the lesion that is shown: give a line, a click or a box."
        )
    if info.needs_weights and request.weights is None:
        raise ModelError(f"Engine '{info.name}' needs weights: {weights_words(info)}")
    if request.weights is not None and not request.weights.exists():
        raise ModelError(
            f"Weights '{request.weights}' of engine '{info.name}' do not exist: {weights_words(info)}"
        )


def _device(info: EngineInfo, request: Request) -> str:
    """The device asked for; ``auto`` stays on the CPU when the GPU has no room."""
    kind, _ = device_parts(request.device)
    if kind == "auto":
        free = free_gpu_mib() if "cuda" in info.devices else 0
        return "cpu" if free is not None and free < info.gpu_mib else "auto"
    if kind not in info.devices:
        raise InputError(f"Engine '{info.name}' does not run on '{request.device}'; use {info.devices[0]}.")
    return request.device
