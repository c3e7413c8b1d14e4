"""A planned committee, written through the review layer as its people would: assign, decide, sign, adjudicate."""

import atexit
import shutil
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np

from HCCResponseLib.imaging.study import Study
from HCCResponseLib.lesions.proposal import Proposal, ProposalKind, Suggestion
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.response.types import LesionRole, LesionState
from HCCResponseLib.review.committee.adjudication import adjudicate, case
from HCCResponseLib.review.committee.assignments import assign, open_read, reread
from HCCResponseLib.review.committee.worklist import assignments
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.people.account_rules import shipped_rules
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.read.access import Role
from HCCResponseLib.review.read.records import Action, Decision, write_proposal
from HCCResponseLib.review.signing.signing import sign_and_lock
from HCCResponseLib.review.store import ReadStore
from reads import GRID, drawn_disc
from simulated_committee import DATES, LESIONS, POINTS, READERS, PlannedRead

SIGN_IN = {"HCC_RESPONSE_USER": "boss", "HCC_RESPONSE_PASSWORD": "quiet river stones"}
PASSWORD = "quiet river stones"
CHEAP = {"argon2_time_cost": 1, "argon2_memory_kib": 8192}
PLACES = {"L1": (22, 22), "L2": (22, 58), "L3": (58, 22)}


class SteppingClock(datetime):
    """A clock for the store: every event is some seconds after the one before, sometimes after a long pause.

    It starts some weeks ago, so that passwords are still good when a command looks at the real clock.
    """

    moment = datetime.now(UTC) - timedelta(days=60)
    steps = np.random.default_rng(11)

    @classmethod
    def now(cls, tz=None):
        """The next moment."""
        seconds = 1800 if cls.steps.random() < 0.04 else float(cls.steps.uniform(4, 70))
        cls.moment += timedelta(seconds=round(seconds, 3))
        return cls.moment


@lru_cache
def _accounts() -> Path:
    """A store with everybody's account, made once; hashing passwords takes its time."""
    folder = tempfile.TemporaryDirectory(prefix="hcc-committee-")
    atexit.register(folder.cleanup)
    path = Path(folder.name) / "accounts.sqlite"
    store = ReadStore(path)
    people = People(store, lambda: SteppingClock.moment)
    people.add("boss", "Maria Manager", {Role.MANAGER}, PASSWORD)
    boss = people.authenticate("boss", PASSWORD)
    people.set_rules(boss, shipped_rules().model_copy(update=CHEAP), "cheap hashes for tests")
    for name, role in (*((r, Role.READER) for r in READERS), ("judge", Role.ADJUDICATOR)):
        people.add(name, f"Doctor {name[-1].upper()}", {role}, "temporary words here", by=boss)
        people.change_password(name, "temporary words here", PASSWORD)
    store.close()
    return path


class WrittenCommittee:
    """A committee's store with its people, all of them at the clock of :class:`SteppingClock`."""

    def __init__(self, path: Path) -> None:
        shutil.copy(_accounts(), path)
        self.store = ReadStore(path)
        self.people = People(self.store, lambda: SteppingClock.moment)
        names = ("boss", *READERS, "judge")
        self.persons = {name: self.people.authenticate(name, PASSWORD) for name in names}
        self.manager = self.persons["boss"]

    def close(self) -> None:
        """Let the store go."""
        self.store.close()

    def read(self, plans: Iterable[PlannedRead], unsigned: frozenset[str] = frozenset()) -> None:
        """Assign the reads of one subject and let each reader do what was planned."""
        for place, plan in enumerate(plans, start=1):
            with self.store.transaction():
                made = assign(
                    self.store,
                    self.manager,
                    self.people,
                    study(plan.subject),
                    {},
                    plan.reader,
                    f"RADIOLOGIST {place}",
                )
                self._do(plan, made.read_id, plan.reader not in unsigned)

    def read_again(self, plan: PlannedRead) -> None:
        """The same reader reads the subject again, under a new plan."""
        first = next(a for a in assignments(self.store, plan.subject) if a.reader == plan.reader)
        with self.store.transaction():
            made = reread(self.store, self.manager, first.read_id, "intra-reader agreement")
            self._do(plan, made.read_id, True)

    def choose(self, subject: str, reader: str, reason: str) -> None:
        """The adjudicator accepts one reader's read."""
        read_id = next(a.read_id for a in case(self.store, subject).reads if a.reader == reader)
        adjudicate(self.store, self.people, ("judge", PASSWORD), subject, read_id, reason)

    def _do(self, plan: PlannedRead, read_id: str, sign: bool) -> None:
        propose(self.store.other(read_id), plan)
        for number, point in enumerate(POINTS):
            own, state = open_read(self.store, self.persons[plan.reader], read_id)
            for decision in decisions(plan, number):
                decide(own, state, decision)
            if sign:
                sign_and_lock(own, state, self.people, (plan.reader, PASSWORD), point)


def study(subject: str) -> Study:
    """A study whose images are never read."""
    entries = [
        {"name": name, "date": day.isoformat(), "image": f"{number}.nrrd"}
        for number, (name, day) in enumerate(zip(POINTS, DATES, strict=True))
    ]
    return Study.model_validate({"subject": subject, "timepoints": entries})


@lru_cache
def _contour(lesion: str) -> tuple[np.ndarray, object]:
    drawn = drawn_disc(26, *PLACES[lesion])
    return drawn, measure_lesion(drawn, GRID)


def propose(store: ReadStore, plan: PlannedRead) -> None:
    """The same proposals for every reader: three lesions with a contour at baseline, a candidate at one follow-up."""
    for number, point in enumerate(POINTS):
        for lesion in LESIONS:
            drawn, measured = _contour(lesion) if number == 0 else (None, None)
            state = LesionState.MEASURED if number == 0 else LesionState.NOT_EVALUABLE
            kind = ProposalKind.LESION
            write_proposal(store, Proposal(point, lesion, kind, state, drawn, measured, "test"))
        if plan.new_at == number:
            suggested = (ProposalKind.CANDIDATE, LesionState.MEASURED, None, None, "test", Suggestion.NEW)
            write_proposal(store, Proposal(point, "C1", *suggested))
        store.append("software", "proposed", {"time_point": point})


def decisions(plan: PlannedRead, number: int) -> list[Decision]:
    """What the reader decides at one time point."""
    point, made = POINTS[number], []
    for lesion, length in zip(LESIONS, plan.lengths[number], strict=True):
        role = None
        if number == 0:
            role = LesionRole.TARGET if lesion in plan.targets else LesionRole.NON_TARGET
        state = LesionState.DISAPPEARED if length is None else None
        made.append(
            Decision(
                plan.reader, point, lesion, Action.EDIT, role, state, long_axis_mm=length, reason="own line"
            )
        )
    if plan.new_at == number:
        made.append(Decision(plan.reader, point, "C1", Action.NEW, reason="=washout"))
    return made
