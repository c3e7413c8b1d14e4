"""Write sequences that are killed at random moments, and what the store holds after each of them.

Run as ``python killed_writer.py STORE SEQUENCES SEED``. Every sequence is a forked child that opens the store and
appends decisions, each acknowledged through a pipe after the append returned, until SIGKILL. After each, the store is
opened anew: everything acknowledged must be there and the chain must fit. Prints one line of JSON.
"""

import json
import os
import random
import select
import signal
import sys
import time

import alembic.command  # noqa: F401  what the upgrade would import, so that a child starts at once

from HCCResponseLib.review.store import ReadStore, blob_key


def write(where: str, sequence: int, pipe: int) -> None:
    """Append until the end comes; every third decision brings a contour of its own."""
    store = ReadStore(where)
    for number in range(10_000):
        name = f"{sequence}.{number}"
        contours = [name.encode() * 3000] if number % 3 == 0 else []
        store.append("Dr A", "decision", {"name": name}, contours)
        os.write(pipe, f"{name}\n".encode())


def killed(where: str, sequence: int, seconds: float) -> list[str]:
    """One child; what it acknowledged. It is killed this long after its start, every other one after its first word."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            write(where, sequence, writer)
        finally:
            os._exit(1)
    os.close(writer)
    words, sent = b"", False
    end = time.monotonic() + seconds if sequence % 2 else float("inf")
    while True:
        if not sent and time.monotonic() >= end:
            os.kill(child, signal.SIGKILL)
            sent = True
        wait = None if sent or end == float("inf") else max(0.0, end - time.monotonic())
        ready = select.select([reader], [], [], wait)[0]
        if ready:
            part = os.read(reader, 65536)
            if not part:
                break
            words += part
            end = min(end, time.monotonic() + seconds)
    os.close(reader)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status), f"sequence {sequence} ended by itself: {status}"
    # A line cut by the kill was not acknowledged.
    return words.decode().split("\n")[:-1]


def main() -> None:
    """All sequences; raises where something acknowledged is gone or the chain does not fit."""
    where, sequences, draw = sys.argv[1], int(sys.argv[2]), random.Random(int(sys.argv[3]))
    acknowledged: set[str] = set()
    unacknowledged, idle, done = 0, 0, 0
    ReadStore(where).close()
    for sequence in range(sequences):
        fresh = killed(where, sequence, draw.uniform(0.0, 0.03))
        acknowledged.update(fresh)
        idle += not fresh
        store = ReadStore(where)
        with store.transaction():  # a server may still be busy with what a killed client had asked for
            events = store.events(after=done)
        names = [e.payload["name"] for e in events]
        assert set(fresh) <= set(names), f"lost: {set(fresh) - set(names)}"
        assert names == [f"{sequence}.{i}" for i in range(len(names))], "a gap or a foreign event"
        unacknowledged += len(names) - len(fresh)
        for event in events:
            assert bool(event.contours) == (int(event.payload["name"].split(".")[1]) % 3 == 0)
            assert all(blob_key(store.blob(key)) == key for key in event.contours)
        done += len(events)
        store.close()
    store = ReadStore(where)
    found = store.store.check()
    assert found.good, found
    assert acknowledged <= {e.payload["name"] for e in store.events()}
    store.close()
    print(json.dumps({"acknowledged": len(acknowledged), "events": found.events, "idle": idle,
                      "stored_unacknowledged": unacknowledged}))  # fmt: skip


if __name__ == "__main__":
    main()
