"""Seconds on a GPU against the CPU of the same machine: training, adaptation, segmentation; and whether masks agree.

Run: ``python Testing/benchmarks/bench_gpu.py [--steps 60] [--devices cpu,cuda] [--json FILE]``. Without a GPU that
torch can use it says so and ends with status 1; ``--devices cpu,cpu`` only tries the script out. Everything runs in
this process, with the settings of memory and threads that our jobs run with, on subjects that the software draws; no
image file is read or written. The first run on a GPU, which loads its kernels, is listed apart. Dice coefficients
compare the masks of both devices with each other, not with the truth.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "SlicerHCCResponse"))

PAIR_SEED = 30_000  # a development seed of the adaptation benchmark
SUBJECTS, HELD_OUT = 2, 1
TIMED_STEPS = 20
REPEATS = 3


def synchronise(device: str) -> None:
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def seconds_of(job: Callable[[], Any], device: str) -> tuple[float, Any]:
    synchronise(device)
    started = time.perf_counter()
    found = job()
    synchronise(device)
    return time.perf_counter() - started, found


def dice(a: Any, b: Any) -> float:
    total = int(a.sum() + b.sum())
    return float(2 * (a & b).sum() / total) if total else 1.0


def say(device: str, rows: dict[str, float]) -> dict[str, float]:
    """Print at once what is known, in case the time ends early."""
    for name, seconds in rows.items():
        print(f"{device}: {name}: {seconds:.2f} s", flush=True)
    return rows


def with_our_settings() -> None:
    """Start again with the settings of our jobs, which have to be there before torch is loaded."""
    from HCCResponseLib.base.jobs.process import ALLOCATION

    if any(os.environ.get(name) != value for name, value in ALLOCATION.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ALLOCATION})


def train_command(cache: Path, device: str, steps: int) -> None:
    """``hcc-response train``, without the other commands and what they need."""
    import typer

    from HCCResponseLib.cli.train import train

    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(train)
    words = ["--output", str(cache / f"{device.replace(':', '-')}.safetensors"), "--cache", str(cache)]
    words += ["--subjects", str(SUBJECTS), "--validation-subjects", str(HELD_OUT), "--steps", str(steps)]
    status = app([*words, "--precision", "bfloat16", "--device", device], standalone_mode=False)
    if status:
        sys.exit(f"The command 'train' failed on {device}.")


def training_rows(device: str, steps: int, cache: Path) -> dict[str, float]:
    """Seconds of the whole command, and of one step."""
    from dataclasses import replace

    from HCCResponseLib.nets.pool import FIRST_TRAINING_SEED, build_pool
    from HCCResponseLib.nets.training import TrainingPlan, train

    seeds = range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + SUBJECTS + HELD_OUT)
    cases = build_pool(seeds, cache, os.cpu_count() or 1, lambda *_: None)[:SUBJECTS]
    command, _ = seconds_of(lambda: train_command(cache, device, steps), device)
    ends: list[float] = []
    plan = replace(TrainingPlan(), steps=TIMED_STEPS, precision="bfloat16")
    train(plan, cases, lambda *_: ends.append(time.perf_counter()), device=device)
    between = [b - a for a, b in zip(ends, ends[1:], strict=False)]
    rows = {f"command train, {steps} steps": command, "one training step": statistics.median(between)}
    return say(device, rows)


def adaptation_rows(device: str) -> tuple[dict[str, float], dict[str, Any], bool]:
    """Seconds of an adaptation and of contouring with it, masks, and whether adapting again gives the same bits.

    The last weights are kept even where those before were better: otherwise the base network itself may be compared.
    """
    from dataclasses import replace

    import torch

    from HCCResponseLib.adapt.copies import cut_surroundings
    from HCCResponseLib.adapt.idol import adapt
    from HCCResponseLib.adapt.recipe import QUICK
    from HCCResponseLib.base.jobs import ignore_progress
    from HCCResponseLib.evaluation.adaptation.pairs import draw_pair
    from HCCResponseLib.lesions.label_maps import lesions_of
    from HCCResponseLib.nets.model import Model, load_model
    from HCCResponseLib.nets.segment import known_probability
    from HCCResponseLib.nets.windows import InferenceSettings

    base, pair = load_model(), draw_pair(PAIR_SEED, None)
    first, second = pair.timepoints
    recipe = replace(QUICK, keep_better=False)
    cases = cut_surroundings(first.volume, first.lesions, base.grid, recipe)

    def learn() -> Any:
        return adapt(base.network, cases, recipe, 0, ignore_progress, device).network

    once, network = seconds_of(learn, device)
    again, repeated = seconds_of(learn, device)
    same = all(
        torch.equal(a, b)
        for a, b in zip(network.state_dict().values(), repeated.state_dict().values(), strict=True)
    )
    places = {str(v): lesion for v, lesion in lesions_of(second.lesions.labels).items()}
    model = Model(network, base.grid)
    settings = InferenceSettings(device, "float32")
    contour, found = seconds_of(
        lambda: known_probability(second.volume, model, places, True, settings), device
    )
    rows = {
        "first adaptation": once,
        "second adaptation": again,
        f"contour {len(places)} known lesions": contour,
    }
    return say(device, rows), {"known lesions": found > 0.5}, same


def segmentation_rows(device: str) -> tuple[dict[str, float], dict[str, Any]]:
    """Seconds of a whole scan of the demonstration, and masks of liver and tumour on the working grid."""
    from HCCResponseLib.nets.model import load_model
    from HCCResponseLib.nets.segment import liver_and_tumour
    from HCCResponseLib.nets.windows import InferenceSettings
    from HCCResponseLib.synth.subject import make_subject

    image, model = make_subject(7).timepoints[1].volume, load_model()
    settings = InferenceSettings(device)
    runs = [seconds_of(lambda: liver_and_tumour(model, image, settings), device) for _ in range(1 + REPEATS)]
    liver, tumour, _ = runs[-1][1]
    rows = {
        "segment a scan, first": runs[0][0],
        "segment a scan, then": statistics.median(r[0] for r in runs[1:]),
    }
    return say(device, rows), {"liver of a scan": liver > 0.5, "tumours of a scan": tumour > 0.5}


def measure(device: str, steps: int, cache: Path) -> dict[str, Any]:
    """Everything on one device."""
    import torch

    from HCCResponseLib.nets.precision import best_precision, device_in_words, torch_device

    device = torch_device(device)
    if device.startswith("cuda"):
        torch.cuda.init()
        torch.cuda.reset_peak_memory_stats(device)
    rows = training_rows(device, steps, cache)
    adapted, masks, same = adaptation_rows(device)
    segmented, more = segmentation_rows(device)
    peak = torch.cuda.max_memory_allocated(device) / 2**20 if device.startswith("cuda") else None
    return {
        "device": f"{device_in_words(device)}, computes in {best_precision(device)}",
        "rows": {**rows, **adapted, **segmented},
        "masks": {**masks, **more},
        "same": same,
        "peak_gpu_mib": peak and round(peak),
    }


def tell(done: list[dict[str, Any]], file: Path | None) -> None:
    """Seconds, ratio, Dice."""
    slow, fast = done
    print(f"\nA: {slow['device']}\nB: {fast['device']}\n\n| | A, s | B, s | A / B |\n|---|---|---|---|")
    for name, seconds in slow["rows"].items():
        other = fast["rows"][name]
        print(f"| {name} | {seconds:.2f} | {other:.2f} | {seconds / other:.1f} |")
    agreement = {n: dice(mask, fast["masks"][n]) for n, mask in slow["masks"].items()}
    print("\n| masks of A against B | voxels A | voxels B | Dice |\n|---|---|---|---|")
    for name, value in agreement.items():
        print(f"| {name} | {slow['masks'][name].sum()} | {fast['masks'][name].sum()} | {value:.4f} |")
    for letter, one in zip("AB", done, strict=True):
        print(f"{letter}: adapted twice with the same seed, same weights bit for bit: {one['same']}")
    if fast["peak_gpu_mib"]:
        print(f"B: most GPU memory held by torch: {fast['peak_gpu_mib']} MiB")
    if file:
        plain = [{k: v for k, v in one.items() if k != "masks"} for one in done]
        file.write_text(json.dumps({"devices": plain, "dice": agreement}, indent=2), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=60, help="training steps of the command")
    parser.add_argument("--devices", default="cpu,cuda", help="the two that are compared")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with_our_settings()
    import torch

    devices = options.devices.split(",")
    if any(d.startswith("cuda") for d in devices) and not torch.cuda.is_available():
        print(f"There is no CUDA GPU that torch {torch.__version__} can use here: nothing was measured.")
        sys.exit(1)
    load = os.getloadavg()[0]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, torch {torch.__version__}",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as work:
        done = [measure(d, options.steps, Path(work)) for d in devices]
    tell(done, options.json)


if __name__ == "__main__":
    main()
