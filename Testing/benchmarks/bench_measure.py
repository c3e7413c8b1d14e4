"""How fast lesions are measured, beside pyradiomics and scikit-image on the same masks in the same run.

    python Testing/benchmarks/bench_measure.py --radiomics-python PATH

PATH is a Python that has pyradiomics 3.0.1 and SimpleITK (it needs numpy < 2, hence its own environment). Its
shape features are timed inside that process, without start-up and file reading. Prints medians of wall and of
CPU time; the latter tells more on a machine that others share. Run with one thread: OMP_NUM_THREADS=1.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage.measure import regionprops

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.measure import MRECIST, RECIST, convention, measure_label_map, measure_lesion

SPACING = (2.5, 0.7, 0.7)

RADIOMICS = """
import json, sys, time
import numpy as np, SimpleITK as sitk, radiomics, logging
from radiomics import shape
radiomics.setVerbosity(logging.ERROR)
array = np.load(sys.argv[1]).astype(np.uint8)
mask = sitk.GetImageFromArray(array)
mask.SetSpacing(json.loads(sys.argv[2]))
image = sitk.Cast(mask, sitk.sitkFloat32)
answer = {"version": radiomics.__version__, "wall": [], "cpu": []}
for _ in range(int(sys.argv[3])):
    wall, cpu = time.perf_counter(), time.process_time()
    features = shape.RadiomicsShape(image, mask, label=1)
    features.enableAllFeatures()
    values = features.execute()
    answer["wall"].append(time.perf_counter() - wall)
    answer["cpu"].append(time.process_time() - cpu)
answer["diameter"] = float(values["Maximum2DDiameterSlice"])
print(json.dumps(answer))
"""


def lesion(
    shape: tuple[int, int, int], radii: tuple[float, float, float], rough: float, seed: int
) -> np.ndarray:
    """An ellipsoid with a smooth random surface, bool (z, y, x); radii in voxels."""
    grid = np.ogrid[tuple(slice(-(n // 2), n - n // 2) for n in shape)]
    radius = np.sqrt(sum((axis / r) ** 2 for axis, r in zip(grid, radii, strict=True)))
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), (2, 7, 7))
    return np.asarray(radius + rough * noise / noise.std() < 1)


def label_map() -> np.ndarray:
    """Ten lesions in 200 x 512 x 512 voxels: one of 120 mm, nine of 20 to 40 mm."""
    labels = np.zeros((200, 512, 512), dtype=np.uint8)
    labels[50:97, 100:290, 100:290][lesion((47, 190, 190), (22.5, 82, 82), 0.06, 1)] = 1
    for number in range(2, 11):
        z, y, x = 100 + 10 * (number - 2), 60 + 70 * (number % 6), 320 + 60 * (number % 3)
        part = lesion((15, 60, 60), (6, 12 + number, 11 + number), 0.08, number)
        labels[z : z + 15, y : y + 60, x : x + 60][part] = number
    return labels


def timed(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median wall and CPU seconds of ``work``, after one run to warm up."""
    work()
    wall, cpu = [], []
    for _ in range(repeats):
        one, other = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - one)
        cpu.append(time.process_time() - other)
    return statistics.median(wall), statistics.median(cpu)


def row(name: str, seconds: tuple[float, float], note: str = "") -> None:
    print(f"{name:58s} {1000 * seconds[0]:10.1f} {1000 * seconds[1]:10.1f}   {note}")


def feret(mask: np.ndarray) -> float:
    """scikit-image's largest Feret diameter over slices, in pixels."""
    return max(regionprops(one.astype(np.uint8))[0].feret_diameter_max for one in mask if one.any())


def radiomics(python: Path, mask: np.ndarray, repeats: int) -> dict[str, object]:
    """Times and diameter of pyradiomics' shape features for one mask.

    Raises:
        SystemExit: that Python has no working pyradiomics; the message is its own.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mask.npy"
        np.save(file, mask)
        command = [str(python), "-c", RADIOMICS, str(file), json.dumps(SPACING[::-1]), str(repeats)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise SystemExit(f"pyradiomics does not run in {python}:\n{done.stderr}")
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def compare(mask: np.ndarray, ours: tuple[float, float], python: Path | None, repeats: int) -> None:
    """Print the other tools' times for one mask and how many times longer they take."""
    theirs = timed(lambda: feret(mask), 3)
    row(
        "scikit-image feret_diameter_max, every slice",
        theirs,
        f"{theirs[1] / ours[1]:.0f} x ours; one caliper only",
    )
    if python is None:
        print("pyradiomics: not run (give --radiomics-python)")
        return
    answer = radiomics(python, mask, repeats)
    wall, cpu = answer["wall"], answer["cpu"]
    assert isinstance(wall, list)
    assert isinstance(cpu, list)
    other = (statistics.median(wall), statistics.median(cpu))
    row(f"pyradiomics {answer['version']} shape features", other, f"{other[1] / ours[1]:.0f} x ours")
    found = measure_lesion(mask, Geometry(mask.shape, SPACING), convention("pyradiomics"))
    print(
        f"  its Maximum2DDiameterSlice {answer['diameter']:.6f}, ours {found.long_axis.length_raw_mm:.6f} mm"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--radiomics-python", type=Path, help="Python with pyradiomics 3.0.1")
    parser.add_argument("--repeats", type=int, default=21, help="runs per figure (default 21)")
    parser.add_argument("--radiomics-repeats", type=int, default=3)
    options = parser.parse_args()
    repeats = options.repeats
    shape = (47, 190, 190)
    masks = {
        "smooth": lesion(shape, (22.5, 85.5, 85.5), 0.0, 1),
        "lobulated": lesion(shape, (21, 74, 74), 0.08, 7),
        "rim with necrotic centre": lesion(shape, (22.5, 85, 85), 0.0, 1)
        & ~lesion(shape, (20, 60, 60), 0.1, 2),
    }
    print(f"{'':58s} {'wall ms':>10s} {'CPU ms':>10s}")
    geometry = Geometry(shape, SPACING)
    for name, mask in masks.items():
        how = MRECIST if name.startswith("rim") else RECIST
        found = measure_lesion(mask, geometry, how)
        assert found.short_axis is not None
        count = int(mask.any(axis=(1, 2)).sum())
        size = f"{found.long_axis.length_mm} x {found.short_axis.length_mm} mm, {count} slices"
        ours = timed(lambda m=mask, h=how: measure_lesion(m, geometry, h), repeats)
        row(f"one lesion, {name} ({how.name})", ours, size)
        if name == "lobulated":
            compare(mask, ours, options.radiomics_python, options.radiomics_repeats)
    labels = label_map()
    grid = Geometry(labels.shape, SPACING)
    row(
        "120 mm lesion in a 512 x 512 x 200 volume", timed(lambda: measure_lesion(labels == 1, grid), repeats)
    )
    for kind in (np.uint8, np.int16, np.int32):
        typed = labels.astype(kind)
        row(
            f"10 lesions of a 512 x 512 x 200 {kind.__name__} label map",
            timed(lambda t=typed: measure_label_map(t, grid), repeats),
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
