"""Throughput of the rule engine on one core: time-point evaluations a second.

Run:  python Testing/benchmarks/bench_rules.py [--minimum 20000]

A read has a baseline and five follow-ups with five targets, one non-target and a new-lesion status each; every
follow-up counts as one evaluation (target, non-target and overall response with numbers and trace).
"""

import argparse
import random
import sys
import time
from datetime import date, timedelta
from decimal import Decimal

from HCCResponseLib.response.read import evaluate_read, load_profile
from HCCResponseLib.response.types import (
    LesionFinding,
    LesionRole,
    LesionState,
    NewLesionStatus,
    Response,
    TimePointFindings,
)

FOLLOW_UPS = 5


def make_read(seed: int) -> list[TimePointFindings]:
    """A random but plausible read."""
    rng = random.Random(seed)
    sizes = [rng.randint(100, 600) for _ in range(5)]
    points = []
    for index in range(FOLLOW_UPS + 1):
        rows = tuple(_target(number, Decimal(size) / 10) for number, size in enumerate(sizes))
        new = NewLesionStatus.UNEQUIVOCAL if index and rng.random() < 0.05 else NewLesionStatus.NO
        code = Response.NON_CR_NON_PD if index else None
        points.append(
            TimePointFindings(f"t{index}", date(2020, 1, 1) + timedelta(days=56 * index), rows, code, new)
        )
        sizes = [max(0, round(size * rng.uniform(0.75, 1.15))) for size in sizes]
    return points


def _target(number: int, size: Decimal) -> LesionFinding:
    organ = ("liver", "liver", "lung", "adrenal", "bone")[number]
    return LesionFinding(f"T{number}", organ, False, LesionRole.TARGET, LesionState.MEASURED, size)


def measure(profile_name: str, seconds: float) -> float:
    """Evaluations a second under a profile, measured for about ``seconds``."""
    profile = load_profile(profile_name)
    reads = [make_read(seed) for seed in range(200)]
    for read in reads[:20]:
        evaluate_read(read, profile)
    done, start = 0, time.process_time()
    while time.process_time() - start < seconds:
        for read in reads:
            evaluate_read(read, profile)
        done += len(reads) * FOLLOW_UPS
    return done / (time.process_time() - start)


def main() -> int:
    """Print the measured figures; exit 1 when RECIST 1.1 is slower than the minimum."""
    parser = argparse.ArgumentParser(description="Throughput of the rule engine on one core.")
    parser.add_argument("--minimum", type=float, default=20_000)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    rates = {name: measure(name, options.seconds) for name in ("recist-1.1", "mrecist", "irecist")}
    for name, rate in rates.items():
        print(f"{name:12s} {rate:10,.0f} time-point evaluations a second (one core, CPU time)")
    slow = [name for name, rate in rates.items() if rate < options.minimum]
    print("minimum", f"{options.minimum:,.0f}:", "missed by " + ", ".join(slow) if slow else "met")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
