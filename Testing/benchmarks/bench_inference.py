"""Seconds, memory and Dice of whole-scan segmentation: ours against a plain sliding window, in one run.

Run: ``python Testing/benchmarks/bench_inference.py [--repeats 3] [--all]``. Every run is a process of its own; its peak
memory is what the system says of it when it ends. "Plain" is MONAI's sliding window over the whole scan with an overlap
of 0.5 in float32. "Ours" is the engine ``fcd`` as shipped. With ``--all`` each part of ours is also measured alone.

Scans: a phantom; the two real scans where they are (``HCC_RESPONSE_DATA`` or ``../shared/data``), padded with air to
the 512 x 512 of the scanner that they were cut from, and resampled to 100 slices. Seconds and CPU seconds (of all
threads together, which a busy machine disturbs less) are of the segmentation alone, "whole process" is with start,
reading and writing; medians of the repeats. Waiting threads sleep in all runs; the allocator settings that our jobs
run with (``base/jobs/process.py``) are part of ours, so plain is measured with and without them.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SEED = 7
ROOT = Path(__file__).resolve().parents[2]
MODES = {
    "plain, 0.5 overlap, float32": {"plain": True, "environment": False},
    "plain, with our allocator settings": {"plain": True},
    "ours": {},
    "ours, whole scan": {"region": "whole"},
    "ours, float32": {"precision": "float32"},
    "ours, channels last": {"channels_last": True},
    "ours, without our allocator settings": {"environment": False},
}


def child(job: dict) -> None:
    """One segmentation; prints its seconds."""
    import torch

    from HCCResponseLib.imaging.read import read_volume
    from HCCResponseLib.nets.model import load_model
    from HCCResponseLib.nets.segment import liver_and_tumour
    from HCCResponseLib.nets.windows import InferenceSettings

    torch.manual_seed(0)
    image, model, how = read_volume(Path(job["image"])), load_model(), job["how"]
    if how.get("channels_last"):
        model.network.to(memory_format=torch.channels_last_3d)
    started, used = time.perf_counter(), time.process_time()
    if how.get("plain"):
        liver, tumour, grid = plain(model, image)
    else:
        settings = InferenceSettings(precision=how.get("precision", "auto"))
        liver, tumour, grid = liver_and_tumour(model, image, settings, how.get("region", "liver"))
    facts = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - used}
    np.savez(job["output"], liver=liver, tumour=tumour, spacing=grid.spacing, origin=grid.origin)
    print(json.dumps(facts))


def plain(model, image):
    """MONAI's sliding window over the whole scan, on the same working grid."""
    import torch
    from monai.inferers import sliding_window_inference

    from HCCResponseLib.imaging.resample import resample, working_geometry
    from HCCResponseLib.nets.inputs import network_input

    grid = working_geometry(image.geometry, model.spacing)
    x = torch.from_numpy(network_input(resample(image.hu, image.geometry, grid), None))[None]
    x = torch.cat([x, torch.zeros_like(x)], 1)
    with torch.inference_mode():
        logits = sliding_window_inference(
            x, (64,) * 3, 1, model.network, overlap=0.5, mode="gaussian", padding_mode="constant", cval=-1.0
        )
    found = logits[0].softmax(0).numpy()
    return 1 - found[0], found[-1], grid


def run(image: Path, how: dict, work: Path) -> dict:
    """One child process: seconds, wall seconds, peak MiB, masks."""
    from HCCResponseLib.base.jobs.process import ALLOCATION

    output = work / "out.npz"
    job = json.dumps({"image": str(image), "output": str(output), "how": how})
    extra = ALLOCATION if how.get("environment", True) else {"OMP_WAIT_POLICY": "PASSIVE"}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, __file__, "--child", job], stdout=subprocess.PIPE, env={**os.environ, **extra}
    )
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    with np.load(output) as stored:
        found = {k: stored[k] for k in stored.files}
    facts = {"wall": time.perf_counter() - started, "peak_mib": usage.ru_maxrss / 1024, "found": found}
    return {**json.loads(said.splitlines()[-1]), **facts}


def dice(a, b) -> float:
    return float(2 * (a & b).sum() / max(1, int(a.sum() + b.sum())))


def masks(found: dict, geometry) -> dict:
    """Liver and tumour on the scan's grid as the pipeline uses them: the largest liver, tumours within."""
    from HCCResponseLib.imaging.geometry import Geometry
    from HCCResponseLib.imaging.resample import resample
    from HCCResponseLib.track.new_lesions.candidates import Survey

    x, y, z = (float(v) for v in found["origin"])
    grid = Geometry(
        found["liver"].shape, tuple(float(s) for s in found["spacing"]), (x, y, z), geometry.direction
    )
    liver = Survey(found["liver"], found["tumour"], grid).liver_mask
    tumour = np.where(liver, found["tumour"], 0).astype(np.float32)
    return {
        "liver": resample(liver.astype(np.float32), grid, geometry, fill=0) > 0.5,
        "tumour": resample(tumour, grid, geometry, fill=0) > 0.5,
    }


def phantom(work: Path) -> dict:
    from HCCResponseLib.imaging.write import write_volume
    from HCCResponseLib.synth.subject import make_subject

    point = make_subject(SEED).timepoints[0]
    write_volume(point.volume, work / "phantom.nrrd")
    lesions = point.lesions.labels > 0
    return {"name": f"phantom, seed {SEED}", "image": work / "phantom.nrrd", "truth": {"tumour": lesions}}


def padded(path: Path, label: Path, what: str, work: Path) -> dict:
    """A real scan on the scanner's 512 x 512 with 100 slices, with its truth."""
    from HCCResponseLib.imaging.geometry import Geometry
    from HCCResponseLib.imaging.read import read_label_map, read_volume
    from HCCResponseLib.imaging.resample import resample
    from HCCResponseLib.imaging.volumes import Volume
    from HCCResponseLib.imaging.write import write_volume

    image, drawn = read_volume(path), read_label_map(label)
    z, y, x = image.geometry.size
    step = image.geometry.spacing[0] * z / 100
    corner = image.geometry.index_to_lps((0, (y - 512) // 2, (x - 512) // 2))
    spacing = (step, *image.geometry.spacing[1:])
    wide = Geometry((100, 512, 512), spacing, tuple(float(v) for v in corner), image.geometry.direction)
    name = path.parent.name
    write_volume(Volume(resample(image.hu, image.geometry, wide), wide), work / f"{name}.nrrd")
    truth = resample((drawn.labels > 0).astype(np.float32), image.geometry, wide, fill=0) > 0.5
    return {"name": name, "image": work / f"{name}.nrrd", "truth": {what: truth}}


def cases(work: Path) -> list[dict]:
    data = Path(os.environ.get("HCC_RESPONSE_DATA", ROOT.parent / "shared" / "data"))
    if not data.is_dir():
        print(f"Real scans are not here ({data}); set HCC_RESPONSE_DATA to measure on them too.\n")
        return [phantom(work)]
    chaos, pair = data / "chaos_ct3", data / "hcc_007"
    silhouette = pair / "BL_tumour_silhouette_label.nii.gz"
    return [
        padded(pair / "BL_19971227_portal.nii.gz", silhouette, "tumour", work),
        padded(chaos / "ct.nii.gz", chaos / "liver_label.nii.gz", "liver", work),
        phantom(work),
    ]


def middle(done: list[dict], name: str) -> float:
    return float(statistics.median(r[name] for r in done))


def measure(case: dict, modes: dict, repeats: int, work: Path) -> list[dict]:
    """Rows of the table for one scan; the modes take turns, so that a busy moment hits all of them."""
    from HCCResponseLib.imaging.read import read_volume

    geometry = read_volume(case["image"]).geometry
    runs: dict[str, list[dict]] = {name: [] for name in modes}
    for _ in range(repeats):
        for name, how in modes.items():
            runs[name].append(run(case["image"], how, work))
    first = masks(runs[next(iter(modes))][0]["found"], geometry)
    slow = runs[next(iter(modes))]
    ((what, truth),) = case["truth"].items()
    rows = []
    for name, done in runs.items():
        found = masks(done[0]["found"], geometry)
        rows.append(
            {
                "scan": case["name"],
                "voxels": " x ".join(str(n) for n in reversed(geometry.size)),
                "how": name,
                "seconds": round(middle(done, "seconds"), 1),
                "faster": round(middle(slow, "seconds") / middle(done, "seconds"), 1),
                "cpu": round(middle(done, "cpu"), 1),
                "less_cpu": round(middle(slow, "cpu") / middle(done, "cpu"), 1),
                "wall": round(middle(done, "wall"), 1),
                "peak_mib": round(middle(done, "peak_mib")),
                "dice": f"{what} {dice(found[what], truth):.4f}",
                "change": f"{dice(found[what], truth) - dice(first[what], truth):+.4f}",
                "liver_as_plain": f"{dice(found['liver'], first['liver']):.4f}",
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--all", action="store_true", help="also each part of ours alone")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(json.loads(options.child))
        return
    modes = MODES if options.all else dict(list(MODES.items())[:3])
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, {options.repeats} repeats\n")
    titles = {
        "scan": "scan",
        "voxels": "voxels",
        "how": "how",
        "seconds": "s",
        "faster": "times faster",
        "cpu": "CPU s",
        "less_cpu": "times less CPU",
        "wall": "whole process s",
        "peak_mib": "peak MiB",
        "dice": "Dice with truth",
        "change": "against plain",
        "liver_as_plain": "liver Dice with plain",
    }
    print("| " + " | ".join(titles.values()) + " |\n|" + "---|" * len(titles))
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(Path(folder)):
            for row in measure(case, modes, options.repeats, Path(folder)):
                print("| " + " | ".join(str(row[k]) for k in titles) + " |", flush=True)


if __name__ == "__main__":
    main()
