"""What people wait for in a committee: signing in, deciding, signing; work list and one read among 10,000 subjects.

    PYTHONPATH=SlicerHCCResponse:Testing/support python Testing/benchmarks/bench_committee.py [--subjects 10000]

First a Markdown table of a large store on SQLite and PostgreSQL: two reads a subject, ten visits each, about a hundred
events for every subject. The bars are 1 s for a work list and 50 ms for one read. "Linear" is the way of earlier
versions: every look goes through the store's log and through each read that it lists. Then medians in milliseconds for
reads of different length in one run, so that the growth tells whatever the machine was doing beside it.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from committees import FIRST, SmallCommittee, password
from HCCResponseLib.review.committee.adjudication import case
from HCCResponseLib.review.committee.assignments import open_any
from HCCResponseLib.review.committee.worklist import assignments, work_list
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.people.account_rules import shipped_rules
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.people.person import Person
from HCCResponseLib.review.read.lifecycle import amend, stage
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.state import read_life, read_state
from HCCResponseLib.review.signing.audit import verify
from HCCResponseLib.review.signing.signing import sign_and_lock
from HCCResponseLib.review.store import STORE_LOG, ReadStore, open_store
from large_committee import REAL, large_committee
from postgres import programs, running_server
from reads import BASELINE

LENGTHS = (10, 100, 1000)
TIMES = 7
#: Reads that the linear way is timed on; all of them would take minutes.
SAMPLE = 200
#: A process that opens the store, signs in and lists; it says the milliseconds of the list itself.
FRESH = """
import sys, time
from HCCResponseLib.review.committee.worklist import work_list
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.store import STORE_LOG, ReadStore, open_store
store = ReadStore(open_store(sys.argv[1]), STORE_LOG)
person = People(store).authenticate(sys.argv[2], sys.argv[3])
clock, own = time.perf_counter(), time.process_time()
work_list(store, person)
print(1000 * (time.perf_counter() - clock), 1000 * (time.process_time() - own))
"""
#: What one line of the table holds: by the clock and on the processor, ms.
Figures = tuple[float, float]


def median_ms(work: Callable[[], object], times: int = TIMES) -> float:
    """Median wall time of some runs, ms."""
    return both_ms(work, times)[0]


def both_ms(work: Callable[[], object], times: int = TIMES) -> Figures:
    """Medians of some runs by the clock and on the processor (of this process), ms."""
    pairs = []
    for _ in range(times):
        clock, own = time.perf_counter(), time.process_time()
        work()
        pairs.append((1000 * (time.perf_counter() - clock), 1000 * (time.process_time() - own)))
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def fresh_ms(where: str, name: str, times: int = 3) -> Figures:
    """The list in a process of its own, as a command has it: medians, ms."""
    pairs = []
    for _ in range(times):
        done = subprocess.run(
            [sys.executable, "-c", FRESH, where, name, password(name)],
            capture_output=True,
            text=True,
            check=True,
        )
        pairs.append(tuple(map(float, done.stdout.split())))
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def linear_list(store: ReadStore, person: Person) -> tuple[int, Figures]:
    """Reads of a person, and the list by going through the log and each read; beyond some reads it is scaled up."""
    found = []
    log = both_ms(lambda: found.append([a for a in assignments(store) if mine(a.reader, person)]), 1)
    own = both_ms(lambda: store.events(), 1)
    some = found[0][:SAMPLE]
    each = both_ms(lambda: [stage(read_life(store.other(a.read_id))) for a in some], 1)
    share = len(found[0]) / max(1, len(some))
    return len(found[0]), (log[0] + own[0] + share * each[0], log[1] + own[1] + share * each[1])


def mine(reader: str, person: Person) -> bool:
    """Whether a person may know of a reader's read; of the two whom this benchmark looks as."""
    return person.name in (reader, "boss")


def linear_open(store: ReadStore, read_id: str) -> None:
    """One read the earlier way: the assignment, and those of its subject, out of the whole log."""
    for _ in range(2):
        store.events()
    for _ in range(3):
        read_life(store.other(read_id))
    read_state(store.other(read_id))


def large_store(name: str, where: str, subjects: int) -> list[str]:
    """Fill a store and time it; rows of the table."""
    start = time.perf_counter()
    large_committee(where, subjects, readers=min(50, subjects)).store.close()
    print(f"{name}: {subjects} subjects written in {time.perf_counter() - start:.0f} s", flush=True)
    return timed_store(name, where)


def timed_store(name: str, where: str) -> list[str]:
    """Time a filled store; rows of the table."""
    store = ReadStore(open_store(where), STORE_LOG)
    people, read_id = People(store), f"{REAL}-1"
    boss, reader = (people.authenticate(who, password(who)) for who in ("boss", "r1"))
    made = both_ms(store.store.rebuild_standings, 1)
    lines = [("the table behind the lists made anew from the log, once", None, made, None)]
    for person in (boss, reader):
        count, before = linear_list(store, person)
        what = f"work list of {count} reads"
        lines.append((f"{what}, first look of a process", before, fresh_ms(where, person.name), 1000))
        lines.append((f"{what}, later looks", before, both_ms(lambda p=person: work_list(store, p)), 1000))
    opened = both_ms(lambda: open_any(store, reader, read_id), 21)
    lines.append(("one read of 102 events", both_ms(lambda: linear_open(store, read_id), 1), opened, 50))
    lines.append(("both reads of a subject compared", None, both_ms(lambda: case(store, REAL)), None))
    checked = both_ms(lambda: verify(store, read_id), 3)
    lines.append(("chain and 10 signatures of one read checked", None, checked, None))
    total = store.events()[-1].position
    wall = fifty_at_once(where, 50)
    found = store.store.check()
    assert found.good, found.reason
    lines.append((f"50 people append 5 events each to the {total:,} at once", None, (wall, wall), None))
    store.close()
    return [row(name, *line) for line in lines]


def row(name: str, what: str, before: Figures | None, now: Figures, bar: float | None) -> str:
    """One line of the table, ms."""
    linear = "" if before is None else f"{before[0]:,.0f}"
    return f"| {name} | {what} | {linear} | {now[0]:,.0f} | {now[1]:,.0f} | {bar or ''} |"


def fifty_at_once(where: str, people: int) -> float:
    """Milliseconds until each of many people with a store of their own has appended five events."""

    def write(number: int) -> None:
        store = ReadStore(where, f"note of {number}")
        for turn in range(5):
            store.append(f"r{number}", "note", {"turn": turn})
        store.close()

    with ThreadPoolExecutor(people) as pool:
        start = time.perf_counter()
        list(pool.map(write, range(people)))
        return 1000 * (time.perf_counter() - start)


def scale(subjects: int) -> None:
    """Print the table of the large store."""
    with tempfile.TemporaryDirectory() as folder:
        lines = large_store("SQLite", f"{folder}/reads.sqlite", subjects)
    if programs() is not None:
        with running_server(durable=True) as server:
            lines += large_store("PostgreSQL", server.new_database(), subjects)
    print(f"\n| database | {subjects:,} subjects, ms | linear | now | on the processor | bar |")
    print("\n".join(["|---|---|---|---|---|---|", *lines]))
    print(f"\nload {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n", flush=True)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=10_000)
    scale(parser.parse_args().subjects)
    with tempfile.TemporaryDirectory() as folder:
        committee = SmallCommittee(Path(folder) / "reads.sqlite")
        hasher = shipped_rules().hasher()
        digest = hasher.hash("quiet river stones")
        check = median_ms(lambda: hasher.verify(digest, "quiet river stones"))
        print(f"password check with the shipped costs: {check:.0f} ms")
        for number, length in enumerate(LENGTHS):
            _one_read(committee, f"S{number}", length)
        boss = committee.person("boss")
        listing = median_ms(lambda: work_list(committee.store, boss))
        print(f"list of {len(LENGTHS)} reads with {sum(LENGTHS)} decisions: {listing:.0f} ms")
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
