"""A small committee: accounts with cheap password hashes, reads whose proposals need no images or networks."""

import atexit
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from HCCResponseLib.imaging.study import Study
from HCCResponseLib.review.committee.assignments import assign, open_read
from HCCResponseLib.review.committee.worklist import Assignment
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.people.account_rules import shipped_rules
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.people.person import Person
from HCCResponseLib.review.read.access import Role
from HCCResponseLib.review.read.records import Action, Decision, write_proposal
from HCCResponseLib.review.read.state import ReadState, Row
from HCCResponseLib.review.signing.signing import sign_and_lock
from HCCResponseLib.review.store import STORE_LOG, ReadStore
from reads import BASELINE, FOLLOW_UP, lesion, study

FIRST, SECOND, THIRD = "RADIOLOGIST 1", "RADIOLOGIST 2", "ADJUDICATOR"
# Sizes of the one lesion at both time points: a partial response, a progression.
PR, PD = {BASELINE: 40, FOLLOW_UP: 20}, {BASELINE: 40, FOLLOW_UP: 60}
FIRST_PASSWORD = "a temporary password"
CHEAP = {"argon2_time_cost": 1, "argon2_memory_kib": 8192}
ROLES = {
    "boss": {Role.MANAGER},
    "ann": {Role.READER},
    "bob": {Role.READER, Role.ADJUDICATOR},
    "judge": {Role.ADJUDICATOR},
    "eve": {Role.AUDITOR},
}


def password(name: str) -> str:
    """The password of one of the committee's people."""
    return f"quiet river stones {len(name)}{name[0]}"


@lru_cache(maxsize=1)
def _accounts() -> Path:
    """A store with all accounts, made once; hashing passwords takes its time."""
    folder = tempfile.TemporaryDirectory(prefix="hcc-committee-")
    atexit.register(folder.cleanup)
    path = Path(folder.name) / "accounts.sqlite"
    store = ReadStore(path, STORE_LOG)
    fill(People(store))
    store.close()
    return path


def fill(people: People) -> None:
    """Make all accounts, with cheap hashes."""
    people.add("boss", "Bo Manager", ROLES["boss"], FIRST_PASSWORD)
    boss = people.authenticate("boss", FIRST_PASSWORD)
    people.set_rules(boss, shipped_rules().model_copy(update=CHEAP), "cheap hashes for tests")
    people.change_password("boss", FIRST_PASSWORD, password("boss"))
    for name, roles in list(ROLES.items())[1:]:
        people.add(name, f"Dr {name.title()}", roles, FIRST_PASSWORD, boss)
        people.change_password(name, FIRST_PASSWORD, password(name))


def charter(folder: Path, **fields: str) -> str:
    """The path of a trial's profile: RECIST 1.1 with these fields, each as YAML."""
    path = folder / "charter.yaml"
    lines = [f"  {name}: {{value: {value}, source: charter 6}}\n" for name, value in fields.items()]
    path.write_text("name: charter\nextends: recist-1.1\nfields:\n" + "".join(lines), encoding="utf-8")
    return str(path)


class SmallCommittee:
    """A store with everybody in it, and short words for what they do."""

    def __init__(self, where: str | Path, profile: str = "recist-1.1") -> None:
        server = "://" in str(where)
        if not server:
            shutil.copy(_accounts(), where)
        self.store = ReadStore(where, STORE_LOG)
        self.people = People(self.store)
        self.profile = profile
        if server and not self.people.accounts():
            fill(self.people)

    def credentials(self, name: str) -> tuple[str, str]:
        return name, password(name)

    def person(self, name: str) -> Person:
        return self.people.authenticate(*self.credentials(name))

    def study(self, subject: str = "S1") -> Study:
        return study().model_copy(update={"subject": subject, "profile": self.profile})

    def assign(self, reader: str, stream: str, subject: str = "S1") -> Assignment:
        return assign(self.store, self.person("boss"), self.people, self.study(subject), {}, reader, stream)

    def open(self, name: str, read_id: str) -> tuple[ReadStore, ReadState]:
        return open_read(self.store, self.person(name), read_id)

    def propose(self, store: ReadStore, state: ReadState, point: str, mm: float | None) -> None:
        """What the networks would propose: one lesion of this size."""
        proposal = lesion(point, "L1", mm)
        write_proposal(store, proposal)
        state.rows[point] = {"L1": Row(proposal)}

    def draft(self, name: str = "ann", read_id: str = "S1-1", point: str = BASELINE, mm: float = 40) -> Any:
        """Propose and accept one time point, unsigned."""
        store, state = self.open(name, read_id)
        self.propose(store, state, point, mm)
        decide(store, state, Decision(name, point, "L1", Action.ACCEPT))
        return store, state

    def read(self, name: str, read_id: str, sizes: dict[str, float | None] | None = None) -> Any:
        """Propose, accept and sign every time point in order."""
        store, state = self.open(name, read_id)
        for point, mm in (sizes or {BASELINE: 40, FOLLOW_UP: 20}).items():
            self.propose(store, state, point, mm)
            decide(store, state, Decision(name, point, "L1", Action.ACCEPT))
            sign_and_lock(store, state, self.people, self.credentials(name), point)
        return store, state
