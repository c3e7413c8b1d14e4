"""Liver mask of the real baseline HCC_007, which comes without one, to grow synthetic tumours in.

Run: ``python Testing/benchmarks/real_liver.py --output hcc007-liver.nii.gz``. Taken: the largest part of what the base
network calls liver, from 20 to 220 HU, at least 10 mm away from the expert's tumour, below the slice where the heart
begins (chosen by looking), without what hangs on by less than 18 mm (aorta, stomach wall).
"""

import argparse
import os
from pathlib import Path

import numpy as np
from scipy import ndimage

_FIRST_HEART_SLICE = 55
_HANGS_ON_MM = 9.0


def folder() -> Path:
    """Where the real data lie."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("HCC_RESPONSE_DATA", beside)) / "hcc_007"


def largest(mask: np.ndarray) -> np.ndarray:
    """The largest connected part."""
    parts, _ = ndimage.label(mask)
    return parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))


def main() -> None:
    from HCCResponseLib.imaging.read import read_label_map, read_volume
    from HCCResponseLib.imaging.resample import resample
    from HCCResponseLib.imaging.volumes import LabelMap
    from HCCResponseLib.imaging.write import write_label_map
    from HCCResponseLib.nets.model import load_model
    from HCCResponseLib.nets.segment import liver_and_tumour

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("hcc007-liver.nii.gz"))
    options = parser.parse_args()
    image = read_volume(folder() / "BL_19971227_portal.nii.gz")
    tumour = read_label_map(folder() / "BL_tumour_silhouette_label.nii.gz").labels > 0
    spacing = image.geometry.spacing
    probability, _, grid = liver_and_tumour(load_model(), image)
    liver = ndimage.binary_fill_holes(largest(resample(probability, grid, image.geometry, fill=0) > 0.5))
    smooth = ndimage.gaussian_filter(image.hu.astype(np.float32), 1.0)
    usable = liver & (smooth > 20) & (smooth < 220)
    usable &= ndimage.distance_transform_edt(~tumour, sampling=spacing) > 10.0
    usable[_FIRST_HEART_SLICE:] = False
    core = largest(ndimage.distance_transform_edt(usable, sampling=spacing) > _HANGS_ON_MM)
    usable &= ndimage.distance_transform_edt(~core, sampling=spacing) <= _HANGS_ON_MM
    write_label_map(LabelMap(usable.astype(np.uint8), image.geometry), options.output)
    voxel_ml = image.geometry.voxel_volume_mm3 / 1000
    print(
        f"liver of the base network {liver.sum() * voxel_ml:.0f} mL, usable {usable.sum() * voxel_ml:.0f} mL"
    )


if __name__ == "__main__":
    main()
