"""``hcc-response train --pack``: a base network from whole real scans in which tumours are grown."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from HCCResponseLib.base.errors import InputError, ModelError
from HCCResponseLib.cli.common import say
from HCCResponseLib.cli.streamed import CHECKPOINT, reporter, training_notes, write_curve

if TYPE_CHECKING:
    from HCCResponseLib.nets.architectures import NetworkConfig
    from HCCResponseLib.nets.model import Model
    from HCCResponseLib.nets.prompts.pack import ScanFacts
    from HCCResponseLib.nets.streamed.training import StreamTraining

_WARM_UP = 50


@dataclass(frozen=True)
class PackedOptions:
    """Options of a training from packs."""

    pack: Annotated[
        list[Path] | None,
        typer.Option(
            help="Train on real scans with grown tumours: a pack of 'prompts pack --whole', and one without for small "
            "lesions. Of the others only --network to --without and output, steps, seed, start, warm-up, learning "
            "rate and device count then."
        ),
    ] = None
    network: Annotated[str, typer.Option(help="With --pack: unet, or fcd as published.")] = "unet"
    minutes: Annotated[
        float,
        typer.Option(min=0, help="With --pack: end after so many minutes at the latest (0 = no limit)."),
    ] = 0.0
    batch: Annotated[int, typer.Option(min=1, help="With --pack: patches a step.")] = 2
    workers: Annotated[int, typer.Option(min=0, help="With --pack: processes that draw patches.")] = 1
    kept: Annotated[int, typer.Option(min=1, help="With --pack: patches from which a batch is picked.")] = 256
    without: Annotated[
        list[str] | None, typer.Option(help="With --pack: patient to leave out; may be repeated.")
    ] = None


@dataclass(frozen=True)
class CommonOptions:
    """Options that both kinds of training have; ``warm_up`` ``None``: as usual for packs."""

    output: Path
    steps: int
    start: Path | None
    learning_rate: float
    warm_up: int | None
    device: str
    seed: int


def train_packed(given: PackedOptions, job: CommonOptions) -> None:
    """Train from a pack alone; goes on from a checkpoint beside the output."""
    from HCCResponseLib.nets.grown import BaseSource
    from HCCResponseLib.nets.prompts.pack import kept_patients, read_pack
    from HCCResponseLib.nets.streamed.training import StreamPlan, train_on_stream
    from HCCResponseLib.nets.streamed.vary import Variation

    scans = kept_patients([s for pack in given.pack or [] for s in read_pack(pack)], given.without or [])
    plan = StreamPlan(
        _shape(given.network),
        job.steps,
        given.minutes,
        given.batch,
        job.learning_rate,
        _WARM_UP if job.warm_up is None else job.warm_up,
        kept=given.kept,
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
        given.workers,
        start=before.network if before else None,
    )
    facts = [s.facts for s in scans]
    notes = training_notes(plan, state, facts, job.device, given.without or [])
    if before:
        notes["started_from"] = {"sha256": before.sha256, **before.notes}
    _write(job, state, notes, facts)


def _before(job: CommonOptions, shape: "NetworkConfig") -> "Model | None":
    from HCCResponseLib.nets.model import load_model

    if job.start is None:
        return None
    model = load_model(job.start)
    if model.network.config != shape:
        raise ModelError(f"Model '{job.start}' is of another architecture than the one to train.")
    return model


def _shape(name: str) -> "NetworkConfig":
    from HCCResponseLib.nets.network import MOON2026
    from HCCResponseLib.nets.unet import UNetConfig

    published = replace(MOON2026, in_channels=2, out_channels=3)
    known: dict[str, NetworkConfig] = {"unet": UNetConfig(), "fcd": published}
    if name not in known:
        raise InputError(f"There is no network '{name}'; known are {', '.join(known)}.")
    return known[name]


def _write(
    job: CommonOptions, state: "StreamTraining", notes: dict[str, Any], scans: "list[ScanFacts]"
) -> None:
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
