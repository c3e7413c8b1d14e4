"""Seconds and peak memory of segment, adapt, track and measure on the synthetic subject.

Run: ``python Testing/benchmarks/bench_pipeline.py [--repeats 3] [--steps 150]``. Every step runs in a process of its
own, so that its peak memory is its own; seconds are the median of the repeats, without starting Python and importing.
"""

import argparse
import json
import multiprocessing
import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

SEED = 7


def segment(folder: Path, _: int) -> Callable[[], object]:
    from HCCResponseLib.imaging.read import read_volume
    from HCCResponseLib.nets.model import load_model
    from HCCResponseLib.nets.segment import liver_and_tumour

    image, model = read_volume(folder / "follow-up.nii.gz"), load_model()
    return lambda: liver_and_tumour(model, image)


def adapt(folder: Path, steps: int) -> Callable[[], object]:
    from HCCResponseLib.adapt.copies import cut_surroundings
    from HCCResponseLib.adapt.idol import adapt as run
    from HCCResponseLib.adapt.recipe import QUICK
    from HCCResponseLib.base.jobs import ignore_progress
    from HCCResponseLib.imaging.read import read_label_map, read_volume
    from HCCResponseLib.nets.model import load_model

    image, contour = (
        read_volume(folder / "baseline.nii.gz"),
        read_label_map(folder / "baseline-contour.nii.gz"),
    )
    model, recipe = load_model(), replace(QUICK, steps=steps)
    cases = cut_surroundings(image, contour, model.grid, recipe)
    return lambda: run(model.network, cases, recipe, 0, ignore_progress)


def track(folder: Path, _: int) -> Callable[[], object]:
    from HCCResponseLib.imaging.read import read_label_map, read_volume
    from HCCResponseLib.track.registration.register import register

    before, after = read_volume(folder / "baseline.nii.gz"), read_volume(folder / "follow-up.nii.gz")
    drawn = read_label_map(folder / "baseline-contour.nii.gz").labels > 0
    return lambda: register(before, after, drawn)


def measure(folder: Path, _: int) -> Callable[[], object]:
    from HCCResponseLib.imaging.read import read_label_map
    from HCCResponseLib.measure import measure_label_map

    drawn = read_label_map(folder / "baseline-contour.nii.gz")
    return lambda: measure_label_map(drawn.labels, drawn.geometry)


STEPS = {"segment": segment, "adapt": adapt, "track": track, "measure": measure}


def timed(name: str, folder: Path, steps: int, repeats: int, connection) -> None:
    job = STEPS[name](folder, steps)
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    connection.send({"step": name, "seconds": statistics.median(seconds), "peak_mib": peak})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", type=int, default=150, help="most adaptation steps")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    from HCCResponseLib.cli.demo import write_study
    from HCCResponseLib.synth.subject import make_subject

    context = multiprocessing.get_context("spawn")
    rows = []
    with tempfile.TemporaryDirectory() as work:
        folder = write_study(make_subject(SEED), Path(work)).parent
        print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, seed {SEED}")
        print(f"{'step':<10}{'seconds':>10}{'peak MiB':>10}")
        for name in STEPS:
            ours, theirs = context.Pipe(duplex=False)
            repeats = 1 if name == "adapt" else options.repeats
            process = context.Process(target=timed, args=(name, folder, options.steps, repeats, theirs))
            process.start()
            row = ours.recv()
            process.join()
            rows.append(row)
            print(f"{row['step']:<10}{row['seconds']:>10.3f}{row['peak_mib']:>10.0f}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
