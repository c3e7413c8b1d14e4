"""Unfinished contours of the open read: shown and kept at every stroke, decisions only when the reader is done."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from HCCResponseLib.base.errors import HCCResponseError, InputError
from HCCResponseLib.review.decisions.drafts import Draft, DraftFile
from HCCResponseLib.review.read.session import Session
from HCCResponseLib.review.read.state import ReadState, Row

Place = tuple[str, str]


@dataclass(frozen=True)
class OpenDraft:
    """A draft as it is shown.

    Attributes:
        row: its row as the decision would leave it, measured.
        restored: comes from an earlier session and was not drawn on since; only its reader's word finishes it.
    """

    draft: Draft
    row: Row
    restored: bool = False


class OpenDrafts:
    """The drafts of one reader on one open read, the latest last.

    Args:
        measured: gives the row that a draft would make; raises for one that would be refused.
    """

    def __init__(self, session: Session, reader: str, measured: Callable[[Draft], Row]) -> None:
        self._file, self._measured = DraftFile(session), measured
        self._open: dict[Place, OpenDraft] = {}
        self._kept: list[Draft] = []
        self.remarks: tuple[str, ...] = ()
        """What was found when the read was opened, in words."""
        self._restore(session.state, reader)

    def _restore(self, state: ReadState, reader: str) -> None:
        try:
            found = self._file.load()
        except InputError as problem:
            self.remarks = (f"{problem} The file is kept as '{self._file.set_aside().name}'.",)
            return
        words = []
        for draft in found:
            where = f"contour of {draft.name} at {draft.time_point}"
            row = state.row(*draft.place)
            if draft.reader != reader:
                self._kept.append(draft)
                words.append(f"An unfinished {where} by {draft.reader} waits for its reader.")
            elif draft.contour and not (row and row.decision and row.contour == draft.contour):
                # One that is a decision already was stored just before a crash.
                words.append(self._take_up(draft, where))
        self.remarks = tuple(words)

    def _take_up(self, draft: Draft, where: str) -> str:
        try:
            self._open[draft.place] = OpenDraft(draft, self._measured(draft), restored=True)
        except HCCResponseError as problem:
            self._kept.append(draft)
            return f"An unfinished {where} is kept in '{self._file.path.name}', but cannot be used. {problem}"
        return f"The unfinished {where} is restored; finish it by Done, or discard it."

    @property
    def rows(self) -> dict[Place, Row]:
        """Rows under a draft, as they would be."""
        return {place: one.row for place, one in self._open.items()}

    def latest(self, wanted: Place | None = None) -> OpenDraft | None:
        """The draft of a row, else the one that was drawn on last."""
        return self._open.get(wanted) if wanted in self._open else next(reversed(self._open.values()), None)

    def get(self, place: Place) -> OpenDraft | None:
        """The draft of a row, if there is one."""
        return self._open.get(place)

    def fresh(self, stay: Place | None) -> list[Place]:
        """Rows that were drawn on since the read was opened, but for the one at which the reader stays."""
        return [place for place, one in self._open.items() if not one.restored and place != stay]

    def put(self, draft: Draft) -> None:
        """Keep what a stroke left; it stays open in memory even where it cannot be written.

        Raises:
            InputError, AccessError: the row cannot be edited.
            StorageError: the file cannot be written.
        """
        opened = OpenDraft(draft, self._measured(draft))
        self._open.pop(draft.place, None)
        self._open[draft.place] = opened
        self._save()

    def hold(self, place: Place) -> None:
        """Wait for the reader's word, as with one that was restored."""
        self._open[place] = replace(self._open[place], restored=True)

    def remove(self, place: Place) -> None:
        """Let a draft go, because it is a decision now or was discarded."""
        if self._open.pop(place, None) is not None:
            self._save()

    def _save(self) -> None:
        self._file.save([*self._kept, *(one.draft for one in self._open.values())])

    def shown_in(self, state: ReadState) -> ReadState:
        """The read with its drafts in their rows: to look at, never to compute a category from."""
        if not self._open:
            return state
        rows = {point: dict(known) for point, known in state.rows.items()}
        for (point, name), one in self._open.items():
            rows[point][name] = one.row
        return replace(state, rows=rows)
