"""A thousand lesions on a fine scan, from connected components to stored proposals: peak memory and seconds.

    PYTHONPATH=SlicerHCCResponse python Testing/benchmarks/bench_lesions.py [--spots 1000] [--runs 3] [--stages]

A tumour probability of 400 x 512 x 512 voxels (z, y, x) holds that many spots of 7 to 20 mm, most of them beside the
place of a known lesion; every twentieth known lesion is gone and every twentieth spot is new. Timed are components,
matching against the known lesions, contours, measurement, evidence, writing all proposals and links to a store, and
reading them back. Each run is a child process on one core, so that the peak is its own; the input arrays count.
Prints seconds by the clock and on the processor and peak memory against the goal of 20 s and 2 GiB; leaves with an
error when a goal is missed. On a busy machine the processor's seconds are the ones to compare.
"""

import argparse
import cProfile
import json
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.label_maps import lesions_of
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.warped import WarpedContour
from HCCResponseLib.review.read.links import write_links
from HCCResponseLib.review.read.records import write_proposal
from HCCResponseLib.review.read.state import read_state
from HCCResponseLib.review.store import ReadStore
from HCCResponseLib.track.identity.follow_up import propose_known
from HCCResponseLib.track.identity.matching import KnownLesion
from HCCResponseLib.track.registration.trust import LocalTrust

SHAPE, SPACING = (400, 512, 512), (1.0, 0.7, 0.7)
GOAL_S, GOAL_GIB = 20.0, 2.0
EVERY = 20


def draw(spots: int):
    """Label map (z, y, x) with ``spots`` ellipsoids on a jittered lattice, the same each time."""
    rng = np.random.default_rng(0)
    side = int(np.ceil(spots ** (1 / 3)))
    labels = np.zeros(SHAPE, np.uint16)
    places = np.stack(np.unravel_index(rng.permutation(side**3)[:spots], (side,) * 3), 1)
    cell = np.asarray(SHAPE) / side
    most = np.minimum(10.0 / np.asarray(SPACING), 0.4 * cell)
    for value, place in enumerate(places, start=1):
        radii = most * rng.uniform(0.35, 1.0, 3)
        centre = (place + 0.5 + rng.uniform(-0.05, 0.05, 3)) * cell
        low = np.maximum(np.floor(centre - radii), 0).astype(int)
        high = np.minimum(np.ceil(centre + radii) + 1, SHAPE).astype(int)
        axes = np.ogrid[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
        inside = sum(((a - c) / r) ** 2 for a, c, r in zip(axes, centre, radii, strict=True)) <= 1
        labels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))][inside] = value
    return labels


def known_of(labels, geometry):
    """Every spot as a known lesion whose registered place lies a few voxels beside it."""
    sure = LocalTrust(True, True, 0.5, ())
    found = {}
    for value, spot in lesions_of(labels).items():
        if value % EVERY == 1:
            continue
        z, y, x = spot.start
        start = (min(z + 1, SHAPE[0] - spot.voxels.shape[0]), max(y - 2, 0), max(x - 1, 0))
        volume = spot.volume_mm3(geometry.voxel_volume_mm3)
        place = WarpedContour(Lesion(spot.shape, start, spot.voxels))
        found[f"L{value}"] = KnownLesion(place, volume, sure)
    return found


def stored(links, proposals):
    """The rows of a new store into which everything was written, read back from it."""
    with tempfile.TemporaryDirectory() as folder:
        store = ReadStore(Path(folder) / "read.sqlite")
        with store.transaction():
            write_links(store, read_state(store), links)
            for one in proposals:
                write_proposal(store, one)
        rows = read_state(store).rows["follow-up 1"]
        store.close()
    return rows


def one_run(spots: int, profile: bool) -> dict[str, float]:
    """What the child does; everything after the input arrays is timed."""
    labels = draw(spots)
    geometry = Geometry(SHAPE, SPACING)
    known = known_of(labels, geometry)
    probability = np.where((labels > 0) & (labels % EVERY != 0), np.float32(0.9), np.float32(0))
    del labels
    profiler = cProfile.Profile()
    if profile:
        profiler.enable()
    clock, processor = time.monotonic(), time.process_time()
    links, proposals = propose_known("follow-up 1", probability, known, geometry)
    proposed = time.process_time() - processor
    rows = stored(links, proposals)
    spent = time.monotonic() - clock, time.process_time() - processor
    if profile:
        profiler.disable()
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("cumulative").print_stats(35)
    assert [rows[one.name].proposal for one in proposals] == proposals
    states = [str(one.state) for one in proposals]
    return {
        "clock_s": spent[0],
        "processor_s": spent[1],
        "until_proposals_s": proposed,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "known": len(known),
        "measured": states.count("measured"),
        "gone": states.count("disappeared"),
        "new": len(links.new()),
    }


def child(spots: int, profile: bool) -> dict[str, float]:
    """One run in a process of its own, on one core."""
    words = [sys.executable, __file__, "--child", "--spots", str(spots), *(["--stages"] if profile else [])]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(words, stdout=subprocess.PIPE, env={**os.environ, **threads}, check=True)
    return json.loads(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spots", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--stages", action="store_true", help="profile of each run")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        print(json.dumps(one_run(options.spots, options.stages)))
        return 0
    print(f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "")
    runs = [child(options.spots, options.stages) for _ in range(options.runs)]
    print("| clock s | processor s | of it until proposals s | peak GiB | measured | gone | new |")
    print("|---|---|---|---|---|---|---|")
    for run in runs:
        print(f"| {run['clock_s']:.1f} | {run['processor_s']:.1f} | {run['until_proposals_s']:.1f} | "
              f"{run['peak_gib']:.2f} | {run['measured']} | {run['gone']} | {run['new']} |")  # fmt: skip
    seconds, peak = min(r["processor_s"] for r in runs), max(r["peak_gib"] for r in runs)
    print(f"goal {GOAL_S:.0f} s and {GOAL_GIB:.0f} GiB: {seconds / GOAL_S:.2f} of the time (best run), "
          f"{peak / GOAL_GIB:.2f} of the memory (worst run)")  # fmt: skip
    return int(seconds > GOAL_S or peak > GOAL_GIB)


if __name__ == "__main__":
    sys.exit(main())
