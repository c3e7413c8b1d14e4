"""``hcc-response prompts``: the network that contours the lesion that a reader shows; its pack and its training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from HCCResponseLib.cli.common import (
    DeviceOption,
    JsonOption,
    SeedOption,
    errors_as_one_line,
    say,
    say_facts,
)
from HCCResponseLib.cli.streamed import CHECKPOINT, reporter, training_notes, write_curve

if TYPE_CHECKING:
    from HCCResponseLib.nets.prompts.network import PromptNetwork
    from HCCResponseLib.nets.prompts.pack import ScanFacts
    from HCCResponseLib.nets.streamed.training import StreamTraining

prompts_app = typer.Typer(
    name="prompts",
    help="The network that contours what a reader shows: make a training pack, train.",
    no_args_is_help=True,
)


@prompts_app.command()
def pack(
    scans: Annotated[
        Path,
        typer.Argument(help="CSV: name, patient, image, liver, lesions, licence, source; one line a scan."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The pack to write.")],
    whole: Annotated[
        bool, typer.Option("--whole", help="Whole scans, no finer than 2 mm, for 'train --pack'.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Put the livers of many scans into one small file, all that a training needs.

    Files are named from the CSV's folder. An empty 'liver' is found by the base network; 'lesions' may be empty.
    'FILE:1,2' takes these values of a label map, 'FILE' all of them; 'liver' may also be a file of corrections (YAML)
    as of 'prompts liver', 'lesions' one of outlines; public scans have both in Resources/Livers and Lesions.
    """
    with errors_as_one_line():
        from HCCResponseLib.cli.progress import progress_bar
        from HCCResponseLib.nets.prompts.pack import write_pack
        from HCCResponseLib.nets.prompts.scans import packed, read_scan_list

        rows = read_scan_list(scans)
        with progress_bar() as bar:
            found = [packed(row, whole) for row in bar.track(rows, description="Packing")]
        write_pack(output, found)
        size = output.stat().st_size / 2**20
        facts = {"output": str(output), "scans": len(found), "mib": round(size, 1)}
        say_facts(facts, as_json)


@prompts_app.command()
def liver(
    image: Annotated[Path, typer.Argument(help="CT scan: a file or the folder of one DICOM series.")],
    corrections: Annotated[
        Path, typer.Argument(help="YAML: window, a point in the liver, what is cut off, what is added.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Label map to write: 1 is liver.")],
    sheet: Annotated[
        Path | None, typer.Option(help="Picture of 25 slices with the contour, to look at before use.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Contour the liver of a scan for a training pack: by attenuation, with corrections that are written down.

    The file of corrections belongs to one scan and is refused for any other.
    """
    with errors_as_one_line():
        import numpy as np

        from HCCResponseLib.imaging.read import read_volume
        from HCCResponseLib.imaging.volumes import LabelMap
        from HCCResponseLib.imaging.write import write_label_map
        from HCCResponseLib.nets.prompts.livers import liver_by_attenuation, read_corrections
        from HCCResponseLib.nets.prompts.sheet import write_sheet

        given, scan = read_corrections(corrections), read_volume(image)
        found = liver_by_attenuation(scan, given)
        write_label_map(LabelMap(found.astype(np.uint8), scan.geometry), output)
        if sheet is not None:
            write_sheet(sheet, scan, found)
        volume = round(float(found.sum()) * scan.geometry.voxel_volume_mm3 / 1000)
        say_facts({"output": str(output), "liver_ml": volume}, as_json)


@prompts_app.command()
def train(
    pack: Annotated[Path, typer.Argument(help="A pack of 'hcc-response prompts pack'.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where the weights go; card and curve are written beside.")
    ],
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 4000,
    minutes: Annotated[
        float, typer.Option(min=0, help="End after so many minutes, whatever comes first (0 = no limit).")
    ] = 0.0,
    batch: Annotated[int, typer.Option(min=1, help="Samples a step.")] = 2,
    side: Annotated[int, typer.Option(min=32, help="Voxels along the side of the cube.")] = 64,
    workers: Annotated[int, typer.Option(min=0, help="Processes that draw samples.")] = 1,
    kept: Annotated[int, typer.Option(min=1, help="Samples from which a batch is picked.")] = 256,
    learning_rate: Annotated[float, typer.Option(min=1e-6, help="Learning rate at its highest.")] = 2e-3,
    warm_up: Annotated[int, typer.Option(min=0, help="Steps over which the learning rate rises.")] = 50,
    without: Annotated[
        list[str] | None, typer.Option(help="Patient to leave out, for validation; may be repeated.")
    ] = None,
    start: Annotated[
        Path | None, typer.Option(help="Start from these weights instead of from scratch.")
    ] = None,
    device: DeviceOption = "auto",
    seed: SeedOption = 0,
) -> None:
    """Train from a pack alone. If it is stopped, the same command goes on from the last checkpoint.

    The learning rate ends at zero when the steps or the minutes are used up.
    """
    with errors_as_one_line():
        from HCCResponseLib.nets.precision import torch_device
        from HCCResponseLib.nets.prompts.network import PromptNetwork, load_prompt_model
        from HCCResponseLib.nets.prompts.pack import kept_patients, read_pack
        from HCCResponseLib.nets.prompts.samples import VARIATION, Livers, PromptSource
        from HCCResponseLib.nets.streamed.training import StreamPlan, train_on_stream

        scans = kept_patients(read_pack(pack), without or [])
        before = load_prompt_model(start) if start else None
        network = PromptNetwork(before.shape.filters, side) if before else PromptNetwork(side=side)
        plan = StreamPlan(
            network.config(), steps, minutes, batch, learning_rate, warm_up, kept=kept, seed=seed
        )
        where = torch_device(device)
        state = train_on_stream(
            plan,
            PromptSource(Livers.of(scans), side),
            VARIATION,
            reporter(plan),
            output.with_suffix(CHECKPOINT),
            where,
            workers,
            start=before.network if before else None,
        )
        facts = [s.facts for s in scans]
        notes = training_notes(plan, state, facts, where, without or [])
        if before:
            notes["started_from"] = {"sha256": before.sha256, **before.notes}
        _write(output, network, state, notes, facts)


def _write(
    output: Path,
    network: PromptNetwork,
    state: StreamTraining,
    notes: dict[str, Any],
    scans: list[ScanFacts],
) -> None:
    from HCCResponseLib.base.files import write_text
    from HCCResponseLib.nets.prompts.card import prompt_card
    from HCCResponseLib.nets.prompts.network import save_prompt_model

    digest = save_prompt_model(output, state.averaged, network, notes)
    write_text(output.with_suffix(".md"), prompt_card(output, digest, network, notes, scans))
    write_curve(output, state)
    say(f"Model written to {output} (SHA-256 {digest[:12]}...), {state.step} steps, {notes['minutes']} min")
