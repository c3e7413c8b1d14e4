"""Whole reads of synthetic subjects that the shipped model has not been trained on, beside their truth.

Run: ``python Testing/benchmarks/bench_fates.py [--subjects 4] [--first-seed 100]``. Contrast of every tumour is drawn
(-65 to -22 HU, or 25 to 60 HU against liver), so these subjects are harder than the demonstration. Every proposal is
accepted as it is; where one says that a lesion has disappeared, the simulated reader looks. About two minutes a subject
on two CPU cores.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path


def one(seed: int) -> dict:
    from HCCResponseLib.cli.demo import compare, look_for_disappeared, write_study
    from HCCResponseLib.imaging.study import load_study
    from HCCResponseLib.pipeline.propose import propose
    from HCCResponseLib.pipeline.request import Options
    from HCCResponseLib.report.subject.output import write_result
    from HCCResponseLib.response.profiles.load import load_profile
    from HCCResponseLib.review.decisions.decide import accept_all
    from HCCResponseLib.review.read.category import category
    from HCCResponseLib.review.read.session import open_session
    from HCCResponseLib.synth.subject import make_subject

    subject = make_subject(seed)
    with tempfile.TemporaryDirectory() as work:
        session = open_session(load_study(write_study(subject, Path(work) / "study")), Path(work) / "read")
        propose(session, Options())
        accept_all(session.store, session.state, "benchmark")
        look_for_disappeared(session, subject)
        profile = load_profile(session.study.profile)
        result = write_result(Path(work), session.state, profile, category(session.state, profile))
        session.store.close()
    candidates = [r for r in result["time_points"][1]["rows"] if r["kind"] == "candidate"]
    return {**compare(subject, result), "candidates": len(candidates)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--subjects", type=int, default=4)
    parser.add_argument("--first-seed", type=int, default=100)
    options = parser.parse_args()
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    errors: list[float] = []
    agreed = extra = shown = 0
    for seed in range(options.first_seed, options.first_seed + options.subjects):
        read = one(seed)
        words = []
        for x in read["lesions"]:
            asked[x["true_fate"]] += 1
            right[x["true_fate"]] += x["true_fate"] == x["found_fate"]
            true_mm, found_mm = x["true_mm"][1], x["found_mm"][1]
            if true_mm and found_mm:
                errors.append(float(found_mm) - true_mm)
            words.append(f"{x['true_fate']}: {x['found_fate']} ({true_mm} / {found_mm} mm)")
        agreed += read["true_category"] == read["found_category"]
        extra += read["false_new_lesions"]
        shown += read["candidates"]
        print(
            f"seed {seed}: category {read['found_category']} (true {read['true_category']}); "
            + "; ".join(words),
            flush=True,
        )
    n = options.subjects
    print("\n| figure | value |\n|---|---|")
    for fate, count in asked.items():
        print(f"| {fate}: recognised | {right[fate]} of {count} |")
    print(f"| category as the truth | {agreed} of {n} |")
    print(f"| candidates shown a scan | {shown / n:.1f} |")
    print(f"| false new lesions suggested a scan | {extra / n:.2f} |")
    if errors:
        errors.sort()
        mean = sum(errors) / len(errors)
        print(
            f"| follow-up long axis minus truth | mean {mean:+.1f} mm, from {errors[0]:+.1f} to {errors[-1]:+.1f} |"
        )


if __name__ == "__main__":
    main()
