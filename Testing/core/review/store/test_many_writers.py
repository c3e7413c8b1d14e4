"""A committee at work: many people append at once, and every event is there once, in one chain."""

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from HCCResponseLib.review.store import ReadStore, open_store

EVENTS = 5
#: What each person's read says of itself, so that the table of standings is written by all of them, too.
LIFE = (
    ("assigned", {"order": "hybrid"}),
    ("study", {"study": {"timepoints": [{"name": "baseline"}]}}),
    ("signed", {"time_point": "baseline", "meaning": "authorship"}),
)
PROCESS = "import sys; from test_many_writers import write; write(sys.argv[1], int(sys.argv[2]))"


def write(where: str, person: int) -> None:
    """Five events of one person, in turns in the read that is theirs and in one that all write to."""
    store = open_store(where)
    for number in range(EVENTS):
        own = number < len(LIFE)
        action, payload = LIFE[number] if own else ("note", {})
        read = ReadStore(store, f"read of {person}" if own else "all")
        read.append(f"person {person}", action, {**payload, "number": number})
    store.close()


def check_all_there(where: str, people: int) -> None:
    store = open_store(where)
    rows = list(store.rows())
    found = Counter((row["actor"], row["payload"].partition('"number": ')[2][0]) for row in rows)
    assert found == Counter((f"person {p}", str(n)) for p in range(people) for n in range(EVENTS))
    assert [row["position"] for row in rows] == list(range(1, people * EVENTS + 1))
    assert [e.sequence for e in store.events("all")] == list(range(1, 2 * people + 1))
    assert store.check().good
    assert store.check().events == people * EVENTS
    assert store.check_standings() == ""
    store.close()


def test_fifty_people_at_once_on_a_server_lose_and_double_nothing(postgres):
    where = postgres.new_database()
    open_store(where).close()
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda person: write(where, person), range(50)))
    check_all_there(where, 50)


def test_eight_programs_at_once_on_one_file_lose_and_double_nothing(tmp_path):
    where = str(tmp_path / "reads.sqlite")
    folder = __file__.rpartition("/")[0]
    programs = [
        subprocess.Popen([sys.executable, "-c", PROCESS, where, str(person)], cwd=folder)
        for person in range(8)
    ]
    assert [program.wait() for program in programs] == [0] * 8
    check_all_there(where, 8)
