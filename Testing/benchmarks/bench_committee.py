"""What people wait for: signing in, deciding and signing in reads of different length, listing a committee's reads.

    PYTHONPATH=SlicerHCCResponse:Testing/support python Testing/benchmarks/bench_committee.py

Prints medians in milliseconds, for reads of different length in one run, so that the growth tells whatever the machine
was doing beside it.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from committees import FIRST, SmallCommittee
from HCCResponseLib.review.committee.assignments import visible
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.people.account_rules import shipped_rules
from HCCResponseLib.review.read.lifecycle import amend, stage
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.state import read_life
from HCCResponseLib.review.signing.signing import sign_and_lock
from reads import BASELINE

LENGTHS = (10, 100, 1000)
TIMES = 7


def median_ms(work: Callable[[], object], times: int = TIMES) -> float:
    """Median wall time of some runs, ms."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        committee = SmallCommittee(Path(folder) / "reads.sqlite")
        hasher = shipped_rules().hasher()
        digest = hasher.hash("quiet river stones")
        check = median_ms(lambda: hasher.verify(digest, "quiet river stones"))
        print(f"password check with the shipped costs: {check:.0f} ms")
        for number, length in enumerate(LENGTHS):
            _one_read(committee, f"S{number}", length)
        assigned = visible(committee.store, committee.person("boss"))

        def listing() -> None:
            for a in assigned:
                stage(read_life(committee.store.other(a.read_id)))

        print(f"list of {len(assigned)} reads with {sum(LENGTHS)} decisions: {median_ms(listing):.0f} ms")
        committee.store.close()


def _one_read(committee: SmallCommittee, subject: str, length: int) -> None:
    store, state = committee.open("ann", committee.assign("ann", FIRST, subject).read_id)
    committee.propose(store, state, BASELINE, 40)
    accept = Decision("ann", BASELINE, "L1", Action.ACCEPT)
    for _ in range(length):
        decide(store, state, accept)
    one = median_ms(lambda: decide(store, state, accept))
    sign, reopen = [], committee.credentials("boss")
    for _ in range(3):
        sign.append(
            median_ms(
                lambda: sign_and_lock(store, state, committee.people, committee.credentials("ann"), BASELINE),
                1,
            )
        )
        amend(store, state, committee.people, reopen, BASELINE, "once more")
    print(
        f"{length} decisions: one more {one:.1f} ms, signature (cheap password) {statistics.median(sign):.0f} ms"
    )


if __name__ == "__main__":
    main()
