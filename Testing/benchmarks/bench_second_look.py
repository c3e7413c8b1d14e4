"""How to show the prompt network the place of a lesion that was overlooked: where ``second_look.py`` has its line from.

Run: ``python Testing/benchmarks/bench_second_look.py [--pairs 72] [--first-seed 30020]``. Of drawn pairs (development
seeds) every lesion counts of which the base network draws nothing, with the earlier contour or without it, though the
tissue in its place is certainly no healthy liver. About six seconds a pair on one CPU core.
"""

import argparse
import statistics

WAYS = ("earlier contour and click", "click", "line, whole side", "line, 0.7", "line, 0.7, then its own")


def overlooked(seed: int) -> list[dict]:
    """Dice of each way, for each lesion of one pair."""
    import numpy as np

    from HCCResponseLib.evaluation.adaptation.pairs import draw_pair
    from HCCResponseLib.evaluation.adaptation.run import prepare
    from HCCResponseLib.nets.model import load_model
    from HCCResponseLib.nets.segment import known_probability
    from HCCResponseLib.track.identity.presence import HealthyLiver

    pair, base = prepare(draw_pair(seed, None)), load_model()
    second = pair.subject.timepoints[1]
    places = {n: c.lesion for n, c in pair.carried.items() if c.lesion}
    known = [*places.values(), *(one for one in pair.truth.values() if one)]
    healthy = HealthyLiver.of(second.volume, np.asarray(second.liver, bool), known)
    out = []
    for prior in (True, False) if healthy else ():
        found = known_probability(second.volume, base, places, prior) > 0.5
        for name, place in places.items():
            there, truth = healthy.difference(place), pair.truth[name]
            if truth and there and there.is_unlike_liver and not place.values(found).any():
                out.append({"seed": seed, "name": name, **ways(second.volume, place, truth)})
    return list({one["name"]: one for one in out}.values())


def ways(image, place, truth) -> dict[str, float]:
    import numpy as np

    from HCCResponseLib.base.errors import InputError
    from HCCResponseLib.evaluation.adaptation.lines import prompt_model
    from HCCResponseLib.evaluation.adaptation.run import dice
    from HCCResponseLib.lesions.lesion import Lesion
    from HCCResponseLib.lesions.prompt import Click, Line, Prompts
    from HCCResponseLib.measure import measure_lesion
    from HCCResponseLib.nets.prompts.contour import contour_from_prompts
    from HCCResponseLib.track.identity.second_look import short_line

    model, grid = prompt_model(None), image.geometry

    def drawn(prompts, prior=None):
        try:
            found = contour_from_prompts(model, image, prompts, prior)
        except InputError:
            return None
        return Lesion(grid.size, tuple(s.start for s in found.box), found.mask)

    short = short_line(place, grid)
    half = (np.array(short.end) - short.start) / 1.4
    whole = Line(tuple(short.middle - half), tuple(short.middle + half))
    click = (Click(short.middle),)
    first = drawn(Prompts(short))
    own = measure_lesion(first, grid).long_axis if first else None
    answers = (
        drawn(Prompts(clicks=click), place.to_mask()),
        drawn(Prompts(clicks=click)),
        drawn(Prompts(whole)),
        first,
        drawn(Prompts(Line(own.start_lps, own.end_lps))) if own else None,
    )
    return {way: dice(answer, truth) for way, answer in zip(WAYS, answers, strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=72)
    parser.add_argument("--first-seed", type=int, default=30_020)
    options = parser.parse_args()
    found = []
    for seed in range(options.first_seed, options.first_seed + options.pairs):
        for one in overlooked(seed):
            found.append(one)
            print(one, flush=True)
    for way in WAYS if found else ():
        print(f"{way}: mean Dice {statistics.mean(one[way] for one in found):.3f} of {len(found)} lesions")


if __name__ == "__main__":
    main()
