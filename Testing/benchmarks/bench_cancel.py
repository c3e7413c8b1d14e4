"""How long a cancel takes until the job's whole process tree is gone; docs/engines.md promises two seconds.

Run: ``PYTHONPATH=SlicerHCCResponse:Testing/support python Testing/benchmarks/bench_cancel.py [--repeats 5]``.
Seconds on the clock, so only a quiet machine tells. One of the engines refuses to end when it is asked politely.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from HCCResponseLib.base.jobs import Ending
from HCCResponseLib.engines.contract import Request
from HCCResponseLib.engines.run import run_engine
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.imaging.write import write_volume
from waiting import pids_in, wait_until_gone

PROCESSES = {"import": 1, "stubborn": 2}
ENGINES = Path(__file__).resolve().parents[1] / "support" / "engines"


def seconds(act: str, image: Path, folder: Path) -> float:
    """From the first time that the caller says "cancel" to the last process of the job."""
    note = folder / "pids"
    told: list[float] = []

    def cancelled() -> bool:
        if not told and len(pids_in(note)) == PROCESSES[act]:
            told.append(time.perf_counter())
        return bool(told)

    request = Request(image, device="cpu", parameters={"act": act, "note": str(note)})
    outcome = run_engine("misbehaving", request, folder, cancelled=cancelled)
    if outcome.ending is not Ending.CANCELLED:
        raise SystemExit(f"the job was not cancelled: {outcome.ending}, {outcome.message}")
    wait_until_gone(pids_in(note))
    return time.perf_counter() - told[0]


def main() -> None:
    """Print one line for each kind of job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    os.environ["HCC_RESPONSE_ENGINES"] = str(ENGINES)
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "ct.nrrd"
        hu = np.full((8, 12, 16), -1000, np.int16)
        hu[2:6, 3:9, 4:12] = 80
        write_volume(Volume(hu, Geometry(hu.shape, (2.5, 0.8, 0.8))), image)
        for act in PROCESSES:
            found = []
            for number in range(repeats):
                own = Path(folder) / f"{act}{number}"
                own.mkdir()
                found.append(seconds(act, image, own))
            print(f"{act:10} median {statistics.median(found):.2f} s, slowest {max(found):.2f} s")


if __name__ == "__main__":
    main()
