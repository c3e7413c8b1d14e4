"""Signing in at a store whose log is long: what it takes besides the one Argon2 pass that every password costs.

    PYTHONPATH=SlicerHCCResponse:Testing/support python Testing/benchmarks/bench_sign_in.py [EVENTS]

Prints processor milliseconds for the first sign-in of a process and for later ones, whatever else the machine was
doing. The bar is 200 ms at 100,000 events.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from committees import SmallCommittee
from forgery import forge
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.store import STORE_LOG, ReadStore

EVENTS, TIMES = 100_000, 7


def milliseconds(work: Callable[[], object]) -> float:
    """Processor time of one run, ms."""
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start)


def main(events: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        committee = SmallCommittee(Path(folder) / "reads.sqlite")
        forge(committee.store.path, STORE_LOG, "ann", "signed-in", {"name": "ann"}, events)
        committee.store.close()
        store = ReadStore(Path(folder) / "reads.sqlite", STORE_LOG)
        people = People(store)
        name, password = committee.credentials("ann")
        first = milliseconds(lambda: people.authenticate(name, password))
        later = [milliseconds(lambda: people.authenticate(name, password)) for _ in range(TIMES)]
        # Under the costs of this store, which are low.
        hasher = people.rules().hasher()
        hashed = statistics.median(milliseconds(lambda: hasher.hash(password)) for _ in range(TIMES))
        store.close()
    print(f"log of {events} events; the Argon2 pass of {hashed:.0f} ms is taken off")
    print(f"first sign-in of a process: {first - hashed:.0f} ms")
    print(f"later sign-ins, median of {TIMES}: {statistics.median(later) - hashed:.0f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
