"""The walk through a read: each row is shown with its picture, answered, and stored before the next one is shown."""

import base64
from collections.abc import Callable, Collection
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.report.subject.output import file_stems
from HCCResponseLib.report.subject.pictures import row_picture
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.decisions.decide import answer, as_length, decide
from HCCResponseLib.review.decisions.template import row_words
from HCCResponseLib.review.read.category import category, missing
from HCCResponseLib.review.read.lifecycle import points
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.session import Session
from HCCResponseLib.review.read.state import Row, RowStatus

_STATES = {
    "t": LesionState.TOO_SMALL,
    "d": LesionState.DISAPPEARED,
    "n": LesionState.NOT_EVALUABLE,
    "i": LesionState.NOT_IMAGED,
}
_STATE_WORDS = "[t]oo small to measure  [d]isappeared  [n]ot evaluable  not [i]maged"
_LESION = "[a]ccept  [e]dit length  [s]tate  [r]eject  [l]ater  [q]uit"
_CHANGE = "Enter goes on; a name, such as L1 or baseline L1, changes that row; q stops"
_OF_LESION = {"a": Action.ACCEPT, "r": Action.REJECT}
_OF_CANDIDATE = {"n": Action.NEW, "e": Action.EQUIVOCAL, "d": Action.DISMISS}
# Lengths beyond these shares of what is shown are asked about: readers differ by 20 % (Yoon 2016), not by half.
_USUAL = (Decimal("0.6"), Decimal("1.6"))
_MEASURABLE_MM = 10
_CANDIDATE = "[n]ew lesion  [e]quivocal  [d]ismiss  [l]ater  [q]uit"


class Stop(Exception):  # noqa: N818  # no error: the reader goes away
    """The reader stops here."""


class Walk:
    """One reader's way through the rows of a read."""

    def __init__(
        self,
        session: Session,
        names: Collection[str],
        ask: Callable[[str], str],
        tell: Callable[[str], None],
    ) -> None:
        """Args:
        names: the reader's name first, then others of the same person; what these have decided is not asked again.
        ask: shows a question and returns what was typed.
        """
        self._session, self._names, self._ask, self._tell = session, list(names), ask, tell
        self._later: set[tuple[str, str]] = set()

    def waiting(self) -> list[tuple[str, str]]:
        """Time point and name of every row that this reader has neither decided with a look nor put off."""
        return [
            (point, name)
            for point, name, row in self._unlocked()
            if (point, name) not in self._later and not self._is_done(row)
        ]

    def rows(self) -> bool:
        """Ask for every row that waits, then what is to be changed; False where the reader stops."""
        try:
            while True:
                while waiting := self.waiting():
                    self._row(*waiting[0], len(waiting))
                changed = self._to_change()
                if changed is None:
                    return True
                self._row(*changed, 0)
        except Stop:
            return False

    def _to_change(self) -> tuple[str, str] | None:
        """A row that the reader wants to answer anew, of the decided ones that are listed; None: go on."""
        rows = {(p, n): r for p, n, r in self._unlocked() if (p, n) not in self._later}
        if not rows:
            return None
        self._tell("")
        for point in dict.fromkeys(point for point, _ in rows):
            self._tell(f"{point}: " + "; ".join(f"{n} {r.words}" for (p, n), r in rows.items() if p == point))
        while typed := self._ask(_CHANGE):
            if typed.lower() in ("q", "quit"):
                raise Stop
            # The latest time point that has a row of this name, unless another one is named with it.
            found = [key for key in rows if typed.lower() in (key[1].lower(), " ".join(key).lower())]
            if found:
                return found[-1]
            self._tell(f"  There is no row '{typed}'.")
        return None

    def _unlocked(self) -> list[tuple[str, str, Row]]:
        state = self._session.state
        return [
            (point, name, row)
            for point in points(state)
            if point not in state.locked
            for name, row in state.rows.get(point, {}).items()
        ]

    def questions(self) -> None:
        """Ask what only the reader can answer, once every row is decided: was a CR right, or a misread PR?"""
        store, state = self._session.store, self._session.state
        profile = profile_of(store, state)
        if missing(state):
            return
        for point in points(state):
            asked = [q for q in category(state, profile, point).latest.questions if q.blocking]
            if asked and point not in state.locked:
                said = self._ask(f"{point}: {asked[0].text} ({' or '.join(asked[0].choices)})")
                answer(store, state, profile, self._names[0], point, said)

    def _is_done(self, row: Row) -> bool:
        said = row.decision
        return said is not None and said.seen and said.reader in self._names

    def _row(self, point: str, name: str, left: int) -> None:
        state = self._session.state
        row = state.rows[point][name]
        # What was rejected may be accepted after all: then the proposal counts, so that is what has to be seen.
        shown = Row(row.proposal) if row.status is RowStatus.REJECTED else row
        picture = self._picture(point, name, shown)
        self._tell("")
        self._tell(
            f"{f'{left} left. ' if left else ''}{point}, {name}: {row_words(shown)}{self._before(point, name)}"
        )
        if row.decision is not None:
            self._tell(f"  so far: {row.words}, by {row.decision.reader}")
        self._tell(f"  picture: {picture or 'none; look at the place in the images'}")
        try:
            self._answer(point, name, row, seen=picture is not None)
        except InputError as problem:
            self._tell(f"  {problem}")

    def _before(self, point: str, name: str) -> str:
        """The lesion's size at the time point before."""
        names = points(self._session.state)
        earlier = names[names.index(point) - 1] if names.index(point) else None
        row = self._session.state.row(earlier, name) if earlier else None
        return f" ({earlier}: {row.size_words})" if row else ""

    def _picture(self, point: str, name: str, row: Row) -> Path | None:
        images = {p.name: p for p in self._session.study.timepoints}
        data = row_picture(self._session.state, point, row, lambda n: self._session.image(images[n]))
        if data is None:
            return None
        stem = file_stems(points(self._session.state))[point]
        path = self._session.folder / "pictures" / f"{stem}-{name.replace(' ', '_')}.png"
        drawn = base64.b64decode(data.partition(",")[2])
        write_atomically(path, lambda new: new.write_bytes(drawn))
        return path.resolve()

    def _answer(self, point: str, name: str, row: Row, seen: bool) -> None:
        key = self._choice(_CANDIDATE if row.is_candidate else _LESION)
        if key == "q":
            raise Stop
        if key == "l":
            self._later.add((point, name))
            return
        self._later.discard((point, name))
        action, state, length = self._meant(key, row)
        reason = ""
        if action in (Action.REJECT, Action.DISMISS):
            reason = self._ask("  why")
        elif row.decision is not None:
            reason = self._ask("  reason for the change (may be empty)")
        decision = Decision(
            self._names[0], point, name, action, state=state, long_axis_mm=length, reason=reason, seen=seen
        )
        if key == "a" and row.decision is not None and row.decision.action is Action.EDIT:
            # What is shown is accepted, not what was proposed before somebody edited it.
            decision = replace(row.decision, reader=self._names[0], reason=reason, seen=seen)
        decide(self._session.store, self._session.state, decision)

    def _choice(self, options: str) -> str:
        """The letter of one option, typed as the letter or as the whole word.

        Raises:
            InputError: something else was typed.
        """
        typed = self._ask(f"  {options}").lower()
        for option in options.split("  "):
            letter = option[option.index("[") + 1]
            if typed in (letter, option.replace("[", "").replace("]", "")):
                return letter
        raise InputError("Please type one of the letters in brackets, or the whole word.")

    def _meant(self, key: str, row: Row) -> tuple[Action, LesionState | None, Decimal | None]:
        if row.is_candidate:
            return _OF_CANDIDATE[key], None, None
        if key == "e":
            length = as_length(self._ask("  long axis in mm"))
            if row.long_mm and not _USUAL[0] * row.long_mm <= length <= _USUAL[1] * row.long_mm:
                self._confirm(f"{length} mm, where {row.long_mm} mm is shown")
            return Action.EDIT, None, length
        if key == "s":
            state = _STATES[self._choice(_STATE_WORDS)]
            if state is LesionState.TOO_SMALL and row.long_mm and row.long_mm >= _MEASURABLE_MM:
                self._confirm(f"too small to measure (counts as 5 mm), where {row.long_mm} mm is shown")
            return Action.EDIT, state, None
        return _OF_LESION[key], None, None

    def _confirm(self, what: str) -> None:
        """Ask once more about what is unusual.

        Raises:
            InputError: it was a slip.
        """
        if self._ask(f"  {what}: is that meant? [y]es  [n]o").lower() not in ("y", "yes"):
            raise InputError("Nothing was stored.")
