"""Registration of the real pair HCC_007: seconds, peak memory, liver overlap, folding, place of the treated tumour.

Run: ``python Testing/benchmarks/bench_real_registration.py [--repeats 3]`` with HCC_RESPONSE_DATA naming the folder of
real scans. Liver masks come from the base network (timed apart). The treated tumour of the follow-up has no contour;
its lipiodol does: how much of the dense part (above 200 HU within the liver's outline) lies in the carried contour is
said beside the share that a carried contour would hold by chance.
"""

import argparse
import os
import resource
import statistics
import time
from pathlib import Path

from scipy import ndimage


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    from HCCResponseLib.imaging.read import read_label_map, read_volume
    from HCCResponseLib.imaging.resample import resample
    from HCCResponseLib.imaging.volumes import Region
    from HCCResponseLib.lesions.lesion import Lesion
    from HCCResponseLib.nets.model import load_model
    from HCCResponseLib.nets.segment import liver_and_tumour
    from HCCResponseLib.track.new_lesions.candidates import Survey
    from HCCResponseLib.track.registration.register import Scan, carry_contours, register_scans

    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("HCC_RESPONSE_DATA", default)) / "hcc_007"
    before = read_volume(folder / "BL_19971227_portal.nii.gz")
    after = read_volume(folder / "FU_19980314_portal.nii.gz")
    drawn = read_label_map(folder / "BL_tumour_silhouette_label.nii.gz")
    model = load_model()
    started = time.process_time()
    first, second = (Survey(*liver_and_tumour(model, v)) for v in (before, after))
    print(f"load {os.getloadavg()[0]:.1f}; both surveys: {time.process_time() - started:.1f} CPU s")
    spots = Region(second.tumour_mask, second.grid)
    lesion = Region(drawn.labels > 0, drawn.geometry)
    cpu, wall = [], []
    for _ in range(options.repeats):
        started, clock = time.process_time(), time.monotonic()
        found = register_scans(Scan(before, first.region, lesion), Scan(after, second.region, spots))
        cpu.append(time.process_time() - started)
        wall.append(time.monotonic() - clock)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"registration, median of {options.repeats}: {statistics.median(cpu):.1f} CPU s, "
          f"{statistics.median(wall):.1f} s wall; peak of the process {peak:.0f} MiB")  # fmt: skip
    print(found.quality)
    moved = carry_contours({"L1": Lesion.of(lesion.mask)}, before.geometry, after.geometry, found)
    carried = moved["L1"].lesion.to_mask()
    liver = resample(second.liver_mask, second.grid, after.geometry, linear=False, fill=0)
    inside = ndimage.binary_closing(liver | carried, iterations=6)
    dense = ndimage.binary_opening((after.hu > 200) & inside)
    dense = ndimage.binary_erosion(inside, iterations=4) & dense
    print(f"carried contour {carried.sum() * after.geometry.voxel_volume_mm3 / 1000:.0f} mL, baseline "
          f"{lesion.mask.sum() * before.geometry.voxel_volume_mm3 / 1000:.0f} mL")  # fmt: skip
    print(f"dense lipiodol in the carried contour: {100 * (dense & carried).sum() / dense.sum():.0f} %, "
          f"by chance {100 * carried.sum() / inside.sum():.0f} %")  # fmt: skip


if __name__ == "__main__":
    main()
