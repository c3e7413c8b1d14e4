"""Writes the stores of a simulated committee, to try the commands of central review on them.

python Testing/benchmarks/simulated_committee_stores.py FOLDER [--subjects 100]
HCC_RESPONSE_USER=boss HCC_RESPONSE_PASSWORD="quiet river stones" hcc-response evaluate committee FOLDER/*.sqlite
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import HCCResponseLib.review.store.rows as rows_module
from HCCResponseLib.review.committee.adjudication import case
from simulated_committee import planned_committee, planned_reread
from written_committee import SteppingClock, WrittenCommittee

BATCH = 10
TRUSTED = {"reader-a": 0.8, "reader-b": 0.35, "reader-c": 0.6, "reader-d": 0.6}


def main() -> None:
    """Write the stores, ten subjects in each."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("folder", type=Path)
    options.add_argument("--subjects", type=int, default=100)
    given = options.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    rows_module.datetime = SteppingClock  # type: ignore[attr-defined]
    rng = np.random.default_rng(5)
    plans = planned_committee(given.subjects)
    for start in range(0, len(plans), BATCH):
        committee = WrittenCommittee(given.folder / f"batch-{start // BATCH:02d}.sqlite")
        for first, second in plans[start : start + BATCH]:
            committee.read((first, second))
            if case(committee.store, first.subject).needs_adjudication:
                weight = TRUSTED[first.reader] / (TRUSTED[first.reader] + TRUSTED[second.reader])
                winner = first if rng.random() < weight else second
                committee.choose(first.subject, winner.reader, "clearer on the late phase")
        committee.read_again(planned_reread(plans[start][0], start))
        committee.close()


if __name__ == "__main__":
    main()
