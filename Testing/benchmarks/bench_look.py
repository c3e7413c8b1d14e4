"""Whether grown tumours can be told from real ones: the area under the curve of a small classifier that tries.

Run: ``python Testing/benchmarks/bench_look.py livers.pack`` with a pack of ``hcc-response prompts pack`` in which at
least two patients have real tumours. At points of the border, tissue within 12 mm is described by seven figures (level,
scatter and noise on both sides, sharpness of the border). A logistic regression learns from all patients but one what
is real and what is grown in the same livers, and is asked about the one left out. 0.5 = cannot tell, 1 = always can.
Tumours that are taken over come from other patients than the one they are shown in. Two minutes on one CPU core.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy import ndimage, optimize

POINTS, TUMOURS, RADIUS_MM = 12, 30, 12.0


def figures_at(hu, mask, liver, spacing, rng, count):
    """Seven figures (n, 7) at points of a tumour's border."""
    border = np.argwhere(mask & ~ndimage.binary_erosion(mask) & ndimage.binary_dilation(liver & ~mask))
    if len(border) < POINTS:
        return np.zeros((0, 7))
    fine = hu - ndimage.gaussian_filter(hu, [1.5 / s for s in spacing])
    smooth = hu - fine
    slope = ndimage.generic_gradient_magnitude(smooth, ndimage.sobel)
    rows = []
    for centre in border[rng.integers(len(border), size=count)]:
        reach = np.ceil(RADIUS_MM / np.asarray(spacing)).astype(int)
        box = tuple(slice(max(c - r, 0), c + r + 1) for c, r in zip(centre, reach, strict=True))
        inside, outside = mask[box], (liver & ~mask)[box]
        edge = inside & ~ndimage.binary_erosion(inside)
        if min(inside.sum(), outside.sum(), edge.sum()) < 30:
            continue
        tumour, around = smooth[box][inside], smooth[box][outside]
        step = np.median(tumour) - np.median(around)
        sharp = np.median(slope[box][edge]) / (abs(step) + 10.0)
        noise = np.log(fine[box][inside].std() + 1), np.log(fine[box][outside].std() + 1)
        rows.append([step, tumour.std(), around.std(), *noise, noise[0] - noise[1], sharp])
    return np.asarray(rows).reshape(-1, 7)


def real_ones(scan, rng):
    found = []
    for value in np.unique(scan.lesions)[1:]:
        mask = scan.lesions == value
        if mask.sum() >= 100:
            hu = scan.hu.astype(np.float32)
            found.append(figures_at(hu, mask, scan.liver, scan.facts.spacing, rng, POINTS * 6))
    return np.concatenate(found) if found else np.zeros((0, 7))


def grown_ones(scan, kind, donors, sizes, rng):
    from HCCResponseLib.nets.prompts.tumours import draw_tumour, paint_tumour
    from HCCResponseLib.nets.transplants import draw_transplant, paint_transplant
    from HCCResponseLib.synth.anatomy import Points

    depth, spacing = scan.depth_mm(), scan.facts.spacing
    free = scan.liver & ~ndimage.binary_dilation(scan.lesions > 0, iterations=3)
    level, found = float(np.median(scan.hu[free])), []
    for _ in range(TUMOURS):
        diameter = float(rng.choice(sizes) * np.exp(rng.normal(scale=0.2)))
        room = np.argwhere(free & (depth >= min(diameter / 4, 0.7 * float(depth.max()))))
        place, hu = room[rng.integers(len(room))], scan.hu.astype(np.float32)
        if kind == "painted":
            sides = zip(hu.shape, place, spacing, strict=True)
            z, y, x = ((np.arange(n, dtype=np.float32) - p) * s for n, p, s in sides)
            points = Points(x[None, None, :], y[None, :, None], z[:, None, None])
            mask = paint_tumour(hu, points, draw_tumour(rng, diameter), free, level)
        else:
            near = [d for d in donors if d.diameter_mm >= diameter / 1.4] or list(donors)
            shown = draw_transplant(rng, near[int(rng.integers(len(near)))], diameter)
            mask = paint_transplant(hu, spacing, place, shown, 1.0, free, level)
        if mask.sum() >= 100:
            found.append(figures_at(hu, mask, scan.liver & (scan.lesions == 0), spacing, rng, POINTS))
    return np.concatenate(found) if found else np.zeros((0, 7))


def learned(x, y):
    """Weights of a logistic regression with a ridge; both classes weigh the same."""
    share = np.where(y, 0.5 / y.mean(), 0.5 / (1 - y).mean())

    def loss(w):
        score = np.where(y, 1, -1) * (x @ w[:-1] + w[-1])
        return float((share * np.logaddexp(0, -score)).mean() + 0.01 * (w[:-1] ** 2).sum())

    return optimize.minimize(loss, np.zeros(x.shape[1] + 1), method="L-BFGS-B").x


def area(scores, y):
    ranks = np.argsort(np.argsort(scores)) + 1
    real = int(y.sum())
    return float((ranks[y].sum() - real * (real + 1) / 2) / (real * (len(y) - real)))


def main() -> None:
    from HCCResponseLib.nets.prompts.pack import read_pack
    from HCCResponseLib.nets.transplants import real_tumours

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pack", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    scans = [s for s in read_pack(options.pack) if s.lesions.any()]
    if len({s.facts.patient for s in scans}) < 2:
        parser.error("fewer than two patients of this pack have real tumours")
    rng = np.random.default_rng(options.seed)
    real = [real_ones(scan, rng) for scan in scans]
    sizes = [t.diameter_mm for t in real_tumours(scans)]
    for kind in ("painted", "taken over"):
        grown = []
        for scan in scans:
            donors = real_tumours([s for s in scans if s.facts.patient != scan.facts.patient])
            grown.append(grown_ones(scan, kind, donors, sizes, rng))
        areas = []
        for left, scan in enumerate(scans):
            patient = scan.facts.patient
            others = [i for i, s in enumerate(scans) if s.facts.patient != patient]
            train = np.concatenate([*(real[i] for i in others), *(grown[i] for i in others)])
            truth = np.repeat([True, False], [sum(len(m[i]) for i in others) for m in (real, grown)])
            mean, spread = train.mean(0), train.std(0) + 1e-6
            weights = learned((train - mean) / spread, truth)
            test = (np.concatenate([real[left], grown[left]]) - mean) / spread
            answer = np.repeat([True, False], [len(real[left]), len(grown[left])])
            areas.append(area(test @ weights[:-1], answer))
            print(
                f"{kind}, {patient} left out: area {areas[-1]:.2f} ({answer.sum()} real, {(~answer).sum()} grown)"
            )
        print(f"{kind}: mean area {np.mean(areas):.2f}")


if __name__ == "__main__":
    main()
