"""How long the list of a patient's folder takes, and how much memory: ``open-dicom`` without its looks at pictures.

Run: ``python Testing/benchmarks/bench_open_dicom.py [--files 3000] [--runs 3]``. Ten series of 512 x 512 pixels
(1.6 GB on the disk) are written into a temporary folder. Time is the median of the runs, beside that of reading the
same headers by pydicom alone; memory is how far the process grows.
"""

import argparse
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

SERIES = 10


def write_folder(folder: Path, files: int) -> None:
    from dicom_corpus import Series, slice_of

    plane = np.random.default_rng(0).integers(0, 2000, (512, 512), np.uint16)
    for number in range(SERIES):
        series = Series(name=f"PORTAL {number}", number=number + 1, tags={"Rows": 512, "Columns": 512})
        home = folder / f"study {number % 2}" / f"series {number}"
        home.mkdir(parents=True)
        for index in range(files // SERIES):
            slice_of(series, index, plane).save_as(home / f"{index:04d}", enforce_file_format=True)


def seconds(work: object, runs: int) -> float:
    took = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return statistics.median(took)


def main() -> None:
    from pydicom import dcmread

    from HCCResponseLib.dicom.catalogue.series import catalogue

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_folder(folder, given.files)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        ours = seconds(lambda: catalogue([folder]), given.runs)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        alone = seconds(lambda: [dcmread(p, stop_before_pixels=True) for p in files], given.runs)
    both = f"{ours:.1f} s (median of {given.runs}), pydicom alone {alone:.1f} s, ratio {ours / alone:.2f}"
    print(f"{len(files)} files: {both}")
    print(f"memory grown by {grown:.0f} MiB")


if __name__ == "__main__":
    main()
