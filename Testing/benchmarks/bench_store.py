"""How long opening a read and storing a decision take in a store of a million events, on SQLite and PostgreSQL.

    PYTHONPATH=SlicerHCCResponse:Testing/support python Testing/benchmarks/bench_store.py

Prints a Markdown table. The store is filled in bulk with reads of 200 events, twenty of them side by side, on a chain
that fits; in its middle lies the read that is timed: 6 time points with 8 lesions each, contours on a grid of
120 x 512 x 512, every row decided. Every commit waits for the disk. The same is timed in a store of 2,000 events, so
that the ratio tells what the size costs whatever else the machine was doing.
"""

import argparse
import itertools
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import text

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import Proposal, ProposalKind
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.read.records import Action, Decision, write_proposal
from HCCResponseLib.review.read.state import read_state
from HCCResponseLib.review.store import FIRST_HASH, ReadStore, open_store
from HCCResponseLib.review.store.chain import FORMAT, row_hash
from HCCResponseLib.review.store.schema import events
from postgres import running_server
from reads import study
from stores import around_the_guards, write_in_bulk

POINTS = [f"time point {n}" for n in range(6)]
COLUMNS = [c.name for c in events.columns]
TIMED = "read that is timed"
PAYLOAD = {"time_point": "follow-up 3", "name": "L4", "action": "accept", "role": None, "state": None, "mask": None,
           "measurement": None, "long_axis_mm": None, "reason": "", "seen": True}  # fmt: skip


def bulk_rows(
    count: int, position: int, last: str, prefix: str, per_read: int, beside: int
) -> Iterator[tuple]:
    """Rows that continue a store's chain: reads of ``per_read`` events, ``beside`` of them side by side."""
    payload = json.dumps(PAYLOAD, sort_keys=True)
    row = dict.fromkeys(COLUMNS, "") | {"format": FORMAT, "utc": "2026-01-01T00:00:00.000+00:00", "actor": "Dr A",
        "role": "reader", "action": "decision", "item": "follow-up 3 / L4", "old": "proposed, 21.3 mm",
        "new": "accepted, 21.3 mm", "payload": payload, "software": "hcc-response", "profile": "0" * 64}  # fmt: skip
    tails = {}
    for number in range(count):
        group, place = divmod(number, per_read * beside)
        name = f"{prefix}{group}-{place % beside}"
        row |= {"position": position + number + 1, "read_id": name, "sequence": place // beside + 1}
        row |= {
            "previous": tails.get(name, FIRST_HASH) if place >= beside else FIRST_HASH,
            "previous_in_store": last,
        }
        last = row["hash"] = row_hash(row)
        tails[name] = last
        if place == per_read * beside - 1:
            tails = {}
        yield tuple(row[c] for c in COLUMNS)


def fill(where: str, count: int, prefix: str, per_read: int = 200, beside: int = 20) -> None:
    """Append rows in bulk, past the guard that looks at every single one."""
    with around_the_guards(where) as connection:
        tail = connection.execute(
            text("SELECT position, hash FROM events ORDER BY position DESC LIMIT 1")
        ).first()
        rows = bulk_rows(count, *(tail or (0, FIRST_HASH)), prefix, per_read, beside)
        write_in_bulk(connection, COLUMNS, rows)


def write_timed_read(where: str) -> None:
    """The read that a reader opens."""
    mask = np.zeros((120, 512, 512), bool)
    mask[50:60, 200:240, 200:240] = True
    measured = measure_lesion(mask, Geometry((120, 512, 512), (2.5, 0.8, 0.8)))
    store = ReadStore(where, TIMED)
    content = {"study": study(tuple(POINTS)).model_dump(mode="json"), "fingerprints": {}}
    store.append("software", "study", content)
    for number, (point, lesion) in enumerate(itertools.product(POINTS, range(8))):
        own = Lesion.of(np.roll(mask, number, axis=1))
        write_proposal(
            store,
            Proposal(point, f"L{lesion}", ProposalKind.LESION, LesionState.MEASURED, own, measured, "x"),
        )
    state = read_state(store)
    for point, lesion in itertools.product(POINTS, range(8)):
        decide(store, state, Decision("Dr A", point, f"L{lesion}", Action.ACCEPT))
    store.close()


@dataclass
class Times:
    """Milliseconds of every repeat by the clock and on the processor (of this process), each in order."""

    clock: list[float]
    processor: list[float]

    @property
    def median(self) -> float:
        """By the clock."""
        return statistics.median(self.clock)


def timed(work: Callable[[], object], repeats: int) -> Times:
    """Time every repeat."""
    pairs = []
    for _ in range(repeats):
        clock, processor = time.perf_counter(), time.process_time()
        work()
        pairs.append(((time.perf_counter() - clock) * 1000, (time.process_time() - processor) * 1000))
    return Times(sorted(p[0] for p in pairs), sorted(p[1] for p in pairs))


def open_timed(where: str) -> None:
    """From nothing to the state of the read."""
    store = ReadStore(where, TIMED)
    assert len(read_state(store).rows) == len(POINTS)
    store.close()


def measure(name: str, where: str, count: int) -> list[tuple[str, Times]]:
    """Fill a store and time it."""
    open_store(where).close()
    fill(where, count // 2, "a")
    write_timed_read(where)
    fill(where, count - count // 2, "b")
    print(f"{name}: {count:,} events are stored", flush=True)
    opened = timed(lambda: open_timed(where), 31)
    store = ReadStore(where, TIMED)
    again = timed(lambda: read_state(store.other(TIMED)), 31)
    state = read_state(store)
    edit = np.zeros((120, 512, 512), bool)
    edit[50:60, 100:140, 100:140] = True
    accept = Decision("Dr A", POINTS[1], "L1", Action.ACCEPT)
    appended = timed(lambda: decide(store, state, accept), 101)
    contour = iter(range(1000))
    packed = [np.packbits(np.roll(edit, n, axis=2)[55]).tobytes() for n in range(101)]
    drawn = timed(lambda: store.append("Dr A", "note", PAYLOAD, [packed[next(contour)]]), 101)
    store.close()
    return [("connect and open a read", opened), ("open a read", again), ("append a decision", appended),
            ("append an event with a contour", drawn)]  # fmt: skip


def long_read(where: str, count: int) -> str:
    """What one read of very many events costs."""
    fill(where, count, "long", per_read=count, beside=1)
    store = open_store(where)
    middle = timed(lambda: store.events("long0-0"), 5).median
    later = timed(lambda: store.events("long0-0", after=count - 10), 5).median
    store.close()
    return f"one read of {count:,} events: all of them {middle:.0f} ms, the last ten {later:.1f} ms"


def verified(where: str) -> str:
    """How long the whole chain takes."""
    store = open_store(where)
    start = time.perf_counter()
    found = store.check()
    seconds = time.perf_counter() - start
    store.close()
    assert found.good, found
    return f"the whole chain of {found.events:,} events checked in {seconds:.0f} s"


def report(name: str, small: str, large: str, count: int) -> list[str]:
    """Table rows and remarks of one database."""
    few, many = measure(name, small, 2000), measure(name, large, count)
    lines = []
    for (what, fast), (_, slow) in zip(few, many, strict=True):
        late, own = slow.clock[int(len(slow.clock) * 0.95)], statistics.median(slow.processor)
        ratio = slow.median / fast.median
        lines.append(f"| {name} | {what} | {slow.median:.1f} | {late:.1f} | {own:.1f} | {ratio:.2f} |")
    lines.append(f"{name}: {verified(large)}; {long_read(large, 100_000)}")
    return lines


def main() -> None:
    """Time both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    count = parser.parse_args().events
    with tempfile.TemporaryDirectory() as folder:
        lines = report("SQLite", f"{folder}/small.sqlite", f"{folder}/large.sqlite", count)
        size = Path(f"{folder}/large.sqlite").stat().st_size
    with running_server(durable=True) as server:
        lines += report("PostgreSQL", server.new_database(), server.new_database(), count)
    heads = (f"in a store of {count:,} events", "median, ms", "95th percentile, ms", "processor, ms")
    print(f"\n| database | {' | '.join(heads)} | against 2,000 events |\n|---|---|---|---|---|---|")
    print("\n".join(x for x in lines if x.startswith("|")))
    print("\n" + "\n".join(x for x in lines if not x.startswith("|")))
    print(
        f"SQLite file: {size / 1e6:,.0f} MB; machine: load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )


if __name__ == "__main__":
    main()
