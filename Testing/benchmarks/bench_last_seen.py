"""The prior of a second follow-up: the contour of the baseline, or that of the first follow-up.

Run: ``python Testing/benchmarks/bench_last_seen.py [--courses 12] [--first-seed 54000]``. Drawn courses over three
visits with a stable, a shrinking and a growing lesion; the network learns from the true contours of the first two and
contours the third. About half a minute a course on one CPU core.
"""

import argparse
import statistics

KINDS = ("stable", "shrinks", "grows")


def figures(seed: int) -> list[dict]:
    """Each lesion's Dice and error of the diameter by both priors."""
    import numpy as np

    from HCCResponseLib.adapt.copies import cut_surroundings
    from HCCResponseLib.adapt.idol import adapt
    from HCCResponseLib.adapt.recipe import QUICK
    from HCCResponseLib.evaluation.adaptation.run import dice
    from HCCResponseLib.imaging.volumes import LabelMap, Region
    from HCCResponseLib.lesions.label_maps import lesions_of
    from HCCResponseLib.measure import measure_lesion
    from HCCResponseLib.nets.model import load_model
    from HCCResponseLib.nets.segment import known_probability
    from HCCResponseLib.synth.course import CourseKind, VisitPlan, make_course
    from HCCResponseLib.synth.render import Motion
    from HCCResponseLib.track.identity.components import carry_identities
    from HCCResponseLib.track.registration.register import Scan, carry_contours, register_scans

    low, high = (-165.0, -120.0, -105.0), (75.0, 120.0, 130.0)
    rng = np.random.default_rng(seed)
    sizes = rng.uniform(18, 45, 3)
    wanted = [(CourseKind(kind), float(mm)) for kind, mm in zip(KINDS, sizes, strict=True)]
    moves = (Motion(), Motion((6, -5, 4), liver_mm=(2, -2, 12)), Motion((-4, 3, -6), liver_mm=(0, 2, -10)))
    plans = [VisitPlan(move, (2.5, 1.5, 1.5), low, high) for move in moves]
    course = make_course(seed, wanted, plans, fresh_texture=True)
    base = load_model()
    labelled = [(v.volume, LabelMap(v.labels, v.volume.geometry)) for v in course.visits]
    cases = [
        case for image, drawn in labelled[:2] for case in cut_surroundings(image, drawn, base.grid, QUICK)
    ]
    done = adapt(base.network, cases, QUICK, seed, lambda *_: None)
    base.network.load_state_dict(done.network.state_dict())
    last = course.visits[2]
    truth = lesions_of(last.labels)
    grids = [v.volume.geometry for v in course.visits]
    scans = [
        Scan(v.volume, Region(v.liver, grid), Region(v.labels > 0, grid))
        for v, grid in zip(course.visits, grids, strict=True)
    ]
    found = []
    for number, prior in enumerate(("baseline", "last")):
        before = {f"L{value}": one for value, one in lesions_of(course.visits[number].labels).items()}
        between = register_scans(scans[number], scans[2])
        carried = carry_contours(before, grids[number], grids[2], between)
        places = {n: c.lesion for n, c in carried.items()}
        drawn = known_probability(last.volume, base, places, True) > 0.5
        contours = carry_identities(drawn, carried, grids[2].spacing)
        for value, true in truth.items():
            contour = contours.get(f"L{value}")
            mm = [measure_lesion(c, grids[2]).long_axis.length_raw_mm if c else 0.0 for c in (true, contour)]
            kind = course.courses[course.names[value - 1]].value
            found.append(
                {"prior": prior, "kind": kind, "dice": dice(contour, true), "error_mm": mm[1] - mm[0]}
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--courses", type=int, default=12)
    parser.add_argument("--first-seed", type=int, default=54_000)
    options = parser.parse_args()
    found = []
    for seed in range(options.first_seed, options.first_seed + options.courses):
        found += figures(seed)
        print(f"seed {seed} done", flush=True)
    for kind in (*KINDS, "all"):
        for prior in ("baseline", "last"):
            mine = [f for f in found if f["prior"] == prior and kind in (f["kind"], "all")]
            errors = [f["error_mm"] for f in mine]
            print(
                f"{kind}, prior of {prior}: {len(mine)} lesions, Dice {statistics.mean(f['dice'] for f in mine):.3f}, "
                f"error {statistics.mean(errors):+.1f} mm (SD {statistics.pstdev(errors):.1f}), "
                f"not found {sum(f['dice'] == 0 for f in mine)}"
            )


if __name__ == "__main__":
    main()
