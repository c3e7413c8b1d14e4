"""Running an engine: in a process of its own, with four ways to end and never a crash of the caller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from HCCResponseLib.base.devices import device_parts
from HCCResponseLib.base.errors import (
    HCCResponseError,
    InputError,
    JobCancelledError,
    JobFailedError,
    JobOutOfMemoryError,
    ModelError,
)
from HCCResponseLib.base.jobs import Report, ignore_progress, never, run_job
from HCCResponseLib.engines.contract import EngineInfo, EngineRun, Request, Result, RunState
from HCCResponseLib.engines.environments import missing, python_of
from HCCResponseLib.engines.memory import free_gpu_mib, shortage
from HCCResponseLib.engines.registry import engine_named, how_to_install, module_of

_WORKER = "HCCResponseLib.engines.worker"


def run_engine(
    name: str,
    request: Request,
    work: Path,
    report: Report = ignore_progress,
    cancelled: Callable[[], bool] = never,
) -> EngineRun:
    """Run an engine on one scan.

    Args:
        name: see :func:`HCCResponseLib.engines.registry.engines`.
        work: an existing folder that gets the result files.
        report: called in the caller's thread for every progress line.
        cancelled: polled about 20 times a second; once true, the process tree is killed.

    Returns:
        how it ended; an unknown engine, bad input and missing weights are ``State.FAILED`` with a message.
    """
    try:
        info = engine_named(name)
        _refuse_the_impossible(info, request)
        request = replace(request, device=_device(info, request))
        short = shortage(info, request.image, request.device)
        if short:
            return EngineRun(RunState.OUT_OF_MEMORY, message=short, offers=info.offers(request))
        job = {"engine": module_of(name), "request": request.to_json(), "work": str(work.absolute())}
        try:
            answer = run_job(_WORKER, job, work, report, cancelled, python_of(info))
        except JobOutOfMemoryError as problem:
            return EngineRun(RunState.OUT_OF_MEMORY, message=str(problem), offers=info.offers(request))
    except JobCancelledError as problem:
        return EngineRun(RunState.CANCELLED, message=str(problem))
    except HCCResponseError as problem:
        return EngineRun(RunState.FAILED, message=str(problem))
    result = Result(Path(answer["labels"]), Path(answer["probabilities"]), answer["provenance"])
    return EngineRun(RunState.DONE, result)


def result_of(outcome: EngineRun) -> Result:
    """The result of a run that must have succeeded.

    Raises:
        JobCancelledError, JobOutOfMemoryError, JobFailedError: as the run ended.
    """
    if outcome.result is not None:
        return outcome.result
    if outcome.state is RunState.CANCELLED:
        raise JobCancelledError(outcome.message)
    if outcome.state is RunState.OUT_OF_MEMORY:
        offers = "; ".join(o.title for o in outcome.offers)
        raise JobOutOfMemoryError(outcome.message + (f" Lighter settings: {offers}." if offers else ""))
    raise JobFailedError(outcome.message)


def check_engine(name: str, weights: Path | None, work: Path) -> dict[str, object]:
    """Load an engine's packages and weights in its own environment; returns facts about them.

    Raises:
        InputError, ModelError, JobFailedError: what is missing, and what to do.
    """
    info = engine_named(name)
    _require_installed(info)
    job = {"engine": module_of(name), "check": str(weights.absolute()) if weights else None}
    return run_job(_WORKER, job, work, python=python_of(info))


def _require_installed(info: EngineInfo) -> None:
    if missing(info):
        raise ModelError(f"Engine '{info.name}' is not installed. Run: {how_to_install(info)}")


def _refuse_the_impossible(info: EngineInfo, request: Request) -> None:
    _require_installed(info)
    info.settings(request.parameters)
    if info.needs_prior and request.prior is None:
        raise InputError(f"Engine '{info.name}' needs an earlier contour (prior).")
    if request.prompts and not info.takes_prompts:
        raise InputError(f"Engine '{info.name}' does not use clicks (prompts).")
    if info.needs_weights and request.weights is None:
        raise ModelError(f"Engine '{info.name}' needs weights: {info.weights}")
    if request.weights is not None and not request.weights.exists():
        raise ModelError(f"Weights '{request.weights}' of engine '{info.name}' do not exist: {info.weights}")


def _device(info: EngineInfo, request: Request) -> str:
    """The device asked for; ``auto`` stays on the CPU when the GPU has no room."""
    kind, _ = device_parts(request.device)
    if kind == "auto":
        free = free_gpu_mib() if "cuda" in info.devices else 0
        return "cpu" if free is not None and free < info.gpu_mib else "auto"
    if kind not in info.devices:
        raise InputError(f"Engine '{info.name}' does not run on '{request.device}'; use {info.devices[0]}.")
    return request.device
