"""From stores to the records of a committee: which reads are finished, which one counts, what the adjudicator chose."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from HCCResponseLib.base.csv_files import read_csv_rows
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cohort.committee.reads import PAUSE_LIMIT, Adjudication, Committee, CommitteeRead
from HCCResponseLib.cohort.committee.same_lesion import common_names
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import LesionRole
from HCCResponseLib.review.committee.adjudication import VARIABLES, AdjudicationCase, case
from HCCResponseLib.review.committee.worklist import Assignment, ReadKind, assignments
from HCCResponseLib.review.read.category import findings, in_force, missing, roles
from HCCResponseLib.review.read.lifecycle import is_signed
from HCCResponseLib.review.read.outcome import outcome
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.session import STORE
from HCCResponseLib.review.read.start import start_of
from HCCResponseLib.review.read.state import ReadState, read_state
from HCCResponseLib.review.signing.content import values_hash
from HCCResponseLib.review.store import STORE_LOG, ReadStore, Store, open_store

_DECIDING = ("decision", "non-target")
FIRST_STREAM = "RADIOLOGIST 1"
TOGETHER = timedelta(seconds=0.5)
_NAMED = 5  # rows that a message names before it counts the rest


def load_committee(
    stores: Sequence[str | Path],
    pause: timedelta = PAUSE_LIMIT,
    references: Mapping[str, date] | None = None,
    admit: Callable[[ReadStore], None] | None = None,
    include_unsigned: bool = False,
) -> Committee:
    """All finished reads of some stores.

    Assigned reads are finished once they are signed to their end; reads that nobody assigned, such as a radiologist's
    own study, once every decision is there. One that is not signed, or that has rows which were accepted unseen, is
    refused, or with ``include_unsigned`` carries that and is never the accepted one.

    Args:
        stores: files, folders that hold a ``read.sqlite``, or database URLs.
        pause: longer gaps between decisions do not count as reading time.
        references: start for the minimum SD time by subject; the baseline's date without one.
        admit: called with each store before it is read; raises for who may not see all reads beside each other.
        include_unsigned: take finished reads that are not signed or not reviewed too.

    Raises:
        InputError: no finished read, reads under different profiles, or reads that are not signed or not reviewed.
        StorageError: a store cannot be opened or is damaged.
    """
    collected = _Collection(pause, references or {})
    for where in stores:
        store = open_place(where)
        try:
            read = ReadStore(store)
            if admit is not None:
                admit(read)
            collected.add(read)
        finally:
            store.close()
    if collected.doubtful and not include_unsigned:
        raise InputError(
            f"Nothing was written. {' '.join(collected.doubtful)} Or give --include-unsigned: every table then says "
            "which reads are not signed or not reviewed, and none of these counts as accepted."
        )
    return collected.committee()


def open_place(where: str | Path) -> Store:
    """The store at a place: a file, a folder that holds a ``read.sqlite``, or a database URL.

    Raises:
        StorageError: it is not there, or cannot be opened.
    """
    folder = "://" not in str(where) and Path(where).is_dir()
    return open_store(Path(where) / STORE if folder else where, create=False)


class _Collection:
    """Reads, choices and what is left out, from one store after the other."""

    def __init__(self, pause: timedelta, references: Mapping[str, date]) -> None:
        self.pause, self.references = pause, references
        self.profile: Profile | None = None
        self.reads: list[CommitteeRead] = []
        self.adjudications: list[Adjudication] = []
        self.left_out: list[str] = []
        self.doubtful: list[str] = []

    def add(self, store: ReadStore) -> None:
        """All reads of one store."""
        assigned = assignments(store)
        of_subject: dict[str, list[Assignment]] = {}
        for one in assigned:
            of_subject.setdefault(one.subject, []).append(one)
        for subject, reads in of_subject.items():
            self._subject(store, case(store, subject), reads)
        known = {STORE_LOG, *(a.read_id for a in assigned)}
        for read_id in store.store.reads():
            if read_id not in known:
                self._single(store.other(read_id))

    def committee(self) -> Committee:
        """What was found. Raises ``InputError`` when that is nothing."""
        if self.profile is None or not self.reads:
            why = f": {'; '.join(self.left_out)}" if self.left_out else ""
            raise InputError(f"There is no finished read{why}.")
        return Committee(
            self.profile, tuple(self.reads), tuple(self.adjudications), tuple(self.left_out), self.pause
        )

    def _subject(self, store: ReadStore, found: AdjudicationCase, assigned: list[Assignment]) -> None:
        states: dict[str, ReadState] = {}
        for a in assigned:
            state = read_state(store.other(a.read_id))
            if is_signed(state):
                states[a.read_id] = state
            else:
                self.left_out.append(f"read '{a.read_id}' is not signed to its end")
        if found.needs_adjudication:
            self.left_out.append(
                f"subject '{found.subject}' waits for adjudication; none of its reads counts yet"
            )
        reads = [a for a in assigned if a.read_id in states]
        names = common_names([self._targets(store.other(a.read_id), states[a.read_id]) for a in reads])
        made = {
            a.read_id: self._read(store.other(a.read_id), states[a.read_id], a, found.accepted, targets)
            for a, targets in zip(reads, names, strict=True)
        }
        self.reads += made.values()
        if found.chosen_by and found.accepted in made:
            self.adjudications.append(_choice(found, made))

    def _single(self, store: ReadStore) -> None:
        state = read_state(store)
        gaps = missing(state)
        if state.study is None or gaps:
            self.left_out.append(f"read '{store.read_id}' of '{store.store.name}' has decisions missing")
            return
        reader = ", ".join(state.readers()) or "nobody"
        own = Assignment(store.read_id, state.study.subject, reader, FIRST_STREAM)
        (targets,) = common_names([self._targets(store, state)])
        self.reads.append(self._read(store, state, own, store.read_id, targets))

    def _read(
        self,
        store: ReadStore,
        state: ReadState,
        own: Assignment,
        accepted: str | None,
        targets: frozenset[str],
    ) -> CommitteeRead:
        profile = self._same(store, state)
        assert state.study is not None
        reference = self.references.get(own.subject) or start_of(state.study, profile)
        result = outcome(findings(state, profile), in_force(state, profile), reference)
        repeat = own.kind is ReadKind.REREAD
        signed, reviewed = is_signed(state), not state.unseen()
        if not (signed and reviewed):
            name = f"The read '{own.read_id}' of subject '{own.subject}'"
            self.doubtful.append(doubt_words(name, state, signed))
        counts = accepted == own.read_id and signed and reviewed
        times = _seconds(store, self.pause)
        return CommitteeRead(
            own.subject, own.reader, own.stream, result, counts, repeat, targets, times,
            dict(state.sites), dict(state.visits), signed, reviewed, reference,
        )  # fmt: skip

    def _targets(self, store: ReadStore, state: ReadState) -> dict[str, Lesion | None]:
        """Contours of the targets at baseline by name."""
        assert state.study is not None
        rows = state.rows[state.study.timepoints[0].name]
        role_of = roles(state, self._same(store, state))
        return {name: rows[name].contour for name, (role, _) in role_of.items() if role is LesionRole.TARGET}

    def _same(self, store: ReadStore, state: ReadState) -> Profile:
        """The profile of the read, which must be that of all others."""
        assert state.study is not None
        profile = profile_of(store, state)
        if self.profile is None:
            self.profile = profile
        if values_hash(profile) != values_hash(self.profile):
            raise InputError(
                f"Subject '{state.study.subject}' is read under profile '{profile.name}', others under "
                f"'{self.profile.name}'; evaluate one profile at a time."
            )
        return self.profile


def doubt_words(name: str, state: ReadState, signed: bool) -> str:
    """Why a read is not one to rely on, and what to do about it.

    Args:
        name: what the sentence calls it.
    """
    unseen = state.unseen()
    some = ", ".join(unseen[:_NAMED]) + (f" and {len(unseen) - _NAMED} more" if len(unseen) > _NAMED else "")
    if not unseen:
        return f"{name} is not signed: sign it."
    look = f"{len(unseen)} of its rows were accepted unseen ({some}): decide on each of them"
    if signed:
        return f"{name} is signed, but {look}, in an amended version, and sign again."
    return f"{name} is not signed, and {look}, then sign."


def _seconds(store: ReadStore, pause: timedelta) -> dict[str, float]:
    """Active reading time of each time point, from the moments at which a person decided on a row of it.

    A row that was accepted unseen is none. Decisions within half a second of each other were given together, by a
    file or one word for many rows, and are one moment.
    """
    moments: dict[str, list[datetime]] = {}
    for event in store.events():
        if event.action in _DECIDING and event.payload.get("seen", True):
            when = datetime.fromisoformat(event.utc)
            moments.setdefault(event.payload["time_point"], []).append(when)
    times = {name: active_seconds(found, pause) for name, found in moments.items()}
    return {name: value for name, value in times.items() if value is not None}


def active_seconds(moments: Sequence[datetime], pause: timedelta = PAUSE_LIMIT) -> float | None:
    """Seconds between the first and the last decision without the gaps longer than ``pause``.

    None where all decisions were given together (within :data:`TOGETHER`): one moment has no length.
    """
    ordered = sorted(moments)
    gaps = [later - earlier for earlier, later in pairwise(ordered)]
    if not any(gap > TOGETHER for gap in gaps):
        return None
    return sum((gap for gap in gaps if gap <= pause), timedelta()).total_seconds()


def _choice(found: AdjudicationCase, made: Mapping[str, CommitteeRead]) -> Adjudication:
    """What was chosen, and which readers it agrees with in every variable that differed."""
    assert found.accepted is not None
    chosen = made[found.accepted]
    own = next(a.kind is ReadKind.ADJUDICATION for a in found.reads if a.read_id == found.accepted)
    readers = [made[a.read_id] for a in found.reads if a.kind is ReadKind.READ and a.read_id in made]
    same = [
        r.reader
        for r in readers
        if all(VARIABLES[v](r.outcome) == VARIABLES[v](chosen.outcome) for v in found.differing)
    ]
    return Adjudication(
        found.subject,
        found.chosen_by,
        None if own else chosen.reader,
        frozenset(same),
        found.differing,
        found.reason,
    )


def load_reference_dates(path: Path) -> dict[str, date]:
    """Reference dates by subject from a CSV file with the columns ``subject`` and ``date``.

    Raises:
        InputError: missing file or column, a date that is not ISO 8601, a subject twice.
    """
    columns, rows = read_csv_rows(path, "Reference dates")
    if not {"subject", "date"} <= set(columns):
        raise InputError(f"Reference dates '{path}' need the columns subject,date.")
    found: dict[str, date] = {}
    for number, row in enumerate(rows, start=2):
        if row["subject"] in found:
            raise InputError(f"Reference dates '{path}', line {number}: '{row['subject']}' appears twice.")
        try:
            found[row["subject"]] = date.fromisoformat(row["date"])
        except ValueError as problem:
            raise InputError(
                f"Reference dates '{path}', line {number}, cannot be read: {problem}."
            ) from problem
    return found
