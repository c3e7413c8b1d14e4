"""``hcc-response train --pack``: a base network from whole real scans in which tumours are grown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from HCCResponseLib.base.errors import InputError, ModelError
from HCCResponseLib.cli.common import say
from HCCResponseLib.cli.streamed import CHECKPOINT, reporter, training_notes, write_curve

if TYPE_CHECKING:
    from HCCResponseLib.nets.architectures import NetworkConfig
    from HCCResponseLib.nets.model import Model
    from HCCResponseLib.nets.prompts.pack import ScanFacts
    from HCCResponseLib.nets.streamed.training import StreamTraining


@dataclass(frozen=True)
class PackedJob:
    """What is asked for; fields as the options of ``hcc-response train``."""

    packs: list[Path]
    output: Path
    network: str
    steps: int
    minutes: float
    batch: int
    workers: int
    kept: int
    without: list[str]
    start: Path | None
    learning_rate: float
    warm_up: int
    device: str
    seed: int


def train_packed(job: PackedJob) -> None:
    """Train from a pack alone; goes on from a checkpoint beside the output."""
    from HCCResponseLib.nets.grown import BaseSource
    from HCCResponseLib.nets.prompts.pack import kept_patients, read_pack
    from HCCResponseLib.nets.streamed.training import StreamPlan, train_on_stream
    from HCCResponseLib.nets.streamed.vary import Variation

    scans = kept_patients([s for pack in job.packs for s in read_pack(pack)], job.without)
    plan = StreamPlan(
        _shape(job.network),
        job.steps,
        job.minutes,
        job.batch,
        job.learning_rate,
        job.warm_up or 50,
        kept=job.kept,
        seed=job.seed,
    )
    before = _before(job, plan.network)
    state = train_on_stream(
        plan,
        BaseSource.of(scans),
        Variation(classes=3),
        reporter(plan),
        job.output.with_suffix(CHECKPOINT),
        job.device,
        job.workers,
        start=before.network if before else None,
    )
    facts = [s.facts for s in scans]
    notes = training_notes(plan, state, facts, job.device, job.without)
    if before:
        notes["started_from"] = {"sha256": before.sha256, **before.notes}
    _write(job, state, notes, facts)


def _before(job: PackedJob, shape: NetworkConfig) -> Model | None:
    from HCCResponseLib.nets.model import load_model

    if job.start is None:
        return None
    model = load_model(job.start)
    if model.network.config != shape:
        raise ModelError(f"Model '{job.start}' is of another architecture than the one to train.")
    return model


def _shape(name: str) -> NetworkConfig:
    from HCCResponseLib.nets.network import MOON2026
    from HCCResponseLib.nets.unet import UNetConfig

    published = replace(MOON2026, in_channels=2, out_channels=3)
    known: dict[str, NetworkConfig] = {"unet": UNetConfig(), "fcd": published}
    if name not in known:
        raise InputError(f"There is no network '{name}'; known are {', '.join(known)}.")
    return known[name]


def _write(job: PackedJob, state: StreamTraining, notes: dict[str, Any], scans: list[ScanFacts]) -> None:
    from HCCResponseLib.base.files import write_text
    from HCCResponseLib.nets.base_card import base_card
    from HCCResponseLib.nets.inputs import WITH_OVERVIEW
    from HCCResponseLib.nets.model import save_model

    digest = save_model(job.output, state.averaged, WITH_OVERVIEW, notes)
    write_text(job.output.with_suffix(".md"), base_card(job.output, digest, state.averaged, notes, scans))
    write_curve(job.output, state)
    say(
        f"Model written to {job.output} (SHA-256 {digest[:12]}...), {state.step} steps, {notes['minutes']} min"
    )
