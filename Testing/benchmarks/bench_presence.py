"""How far places with and without a tumour differ from healthy liver: where the limits of ``presence.py`` come from.

Run: ``python Testing/benchmarks/bench_presence.py [--image CT --liver LIVER_MASK] [--pairs 10]``. Pairs are drawn on
development seeds, in phantoms or in a real CT whose liver mask (1 = liver without tumours) lies on its grid. Each
lesion's true place at the follow-up is held against the true liver; where a lesion has vanished, the place that it had.
About ten seconds a pair on one CPU core.
"""

import argparse
from pathlib import Path


def differences(seed: int, background) -> list[dict]:
    import numpy as np

    from HCCResponseLib.evaluation.adaptation.pairs import draw_pair
    from HCCResponseLib.lesions.label_maps import lesions_of
    from HCCResponseLib.track.identity.presence import HealthyLiver

    subject = draw_pair(seed, background)
    first, second = subject.timepoints
    before, after = lesions_of(first.lesions.labels), lesions_of(second.lesions.labels)
    healthy = HealthyLiver.of(second.volume, np.asarray(second.liver, bool), list(after.values()))
    found = []
    for lesion in subject.lesions:
        place = after.get(lesion.label) or before[lesion.label]
        there = healthy.difference(place) if healthy else None
        if there is not None:
            kind = "there" if lesion.label in after else "gone"
            found.append({"kind": kind, "mm": lesion.diameters_mm[kind == "there"], "difference": there})
    return found


def main() -> None:
    from HCCResponseLib.evaluation.adaptation.pairs import DEVELOPMENT_SEEDS
    from HCCResponseLib.imaging.read import read_label_map, read_volume

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--image", type=Path)
    parser.add_argument("--liver", type=Path)
    parser.add_argument("--pairs", type=int, default=10)
    options = parser.parse_args()
    if (options.image is None) != (options.liver is None):
        parser.error("--image and --liver belong together")
    background = options.image and (
        read_volume(options.image),
        read_label_map(options.liver).labels > 0,
    )
    places = []
    for seed in range(DEVELOPMENT_SEEDS, DEVELOPMENT_SEEDS + options.pairs):
        for one in differences(seed, background):
            places.append(one)
            there = one["difference"]
            print(
                f"{seed} {one['kind']:5} {one['mm']:5.1f} mm  {there.hu:6.1f} HU  {there.score:6.1f} spreads"
            )
    for kind in ("there", "gone"):
        of_it = [one["difference"] for one in places if one["kind"] == kind]
        like, unlike = sum(d.is_like_liver for d in of_it), sum(d.is_unlike_liver for d in of_it)
        print(f"{kind}: {len(of_it)} places, {like} like liver, {unlike} unlike it")


if __name__ == "__main__":
    main()
