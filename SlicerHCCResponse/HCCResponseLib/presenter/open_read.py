"""The read that is open in the panel: opening and closing it, its images, its drafts, who is told of changes."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.study import Study
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.pipeline.request import AssignedRead
from HCCResponseLib.presenter.drafts import OpenDrafts
from HCCResponseLib.presenter.view import PanelView, build_view, open_points
from HCCResponseLib.response.profiles.load import Profile, load_profile
from HCCResponseLib.review.committee.assignments import blinded, open_read
from HCCResponseLib.review.decisions.drafts import Draft
from HCCResponseLib.review.people.people import People, people_of
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.session import Session, open_session
from HCCResponseLib.review.read.state import ReadState, Row, read_state
from HCCResponseLib.review.store import ReadStore, open_store

Listener = Callable[[], None]


class OpenRead(ABC):
    """The read that is open, with its reader, drafts and listeners; what the reader does is :class:`Presenter`'s.

    ``changed`` listeners are called after every action that changed the read; they show it anew.

    Attributes:
        reader: who reads.
        reason: gives the reason that the reader has typed for a change, empty where none is.
        collect: hands over (to :meth:`Presenter.draw`) what was drawn and not told yet, before something is decided.
    """

    def __init__(self) -> None:
        self.session: Session | None = None
        self.assigned: AssignedRead | None = None
        self.reader = ""
        self.reason: Callable[[], str] = str
        self._profile: Profile | None = None
        self._drafts: OpenDrafts | None = None
        self.collect: Listener = lambda: None
        self._listeners: list[Listener] = []

    def on_change(self, listener: Listener) -> None:
        """Call ``listener`` after every change."""
        self._listeners.append(listener)

    def open(self, study: Study, folder: Path) -> None:
        """Open or resume a read; the one that was open is closed first.

        Raises:
            InputError: see :func:`HCCResponseLib.review.read.session.open_session`; the read that was open stays open.
        """
        load_profile(study.profile)
        self.adopt(open_session(study, folder, by=self.reader.strip()))

    def open_assigned(self, study: Study, folder: Path, where: str, read_id: str, password: str) -> None:
        """Sign in and open a read that was assigned to this reader.

        Args:
            where: the committee's store, a file or a URL.

        Raises:
            SignInError, AccessError, InputError: the read that was open stays open.
        """
        store = ReadStore(open_store(where, create=False))
        try:
            person = people_of(store).authenticate(self._who(), password).locked()
            session = open_session(blinded(study), folder, open_read(store, person, read_id))
        except Exception:
            store.close()
            raise
        self.adopt(session)
        self.assigned = AssignedRead(store=where, read_id=read_id, person=person)

    def adopt(self, session: Session) -> None:
        """Take over a session that was opened elsewhere."""
        self.close()
        self.session, self._profile = session, profile_of(session.store, session.state)
        self._drafts = OpenDrafts(session, self.reader.strip(), self._drawn)

    def close(self) -> None:
        """Close the read; everything decided is in its store already, unfinished contours are in their file."""
        session, assigned = self.session, self.assigned
        self.session = self._profile = self.assigned = self._drafts = None
        if session is None:
            return
        try:
            if assigned is not None:
                People(session.store).sign_out(assigned.person)
        finally:
            session.store.close()

    def reload(self) -> None:
        """Read the store again, after another process has written to it."""
        session = self._open()
        if self.assigned is None:
            session.state = read_state(session.store)
        else:
            session.state = open_read(session.store, self.assigned.person, self.assigned.read_id)[1]
        self.tell()

    def _open(self) -> Session:
        if self.session is None:
            raise InputError("No study is open. Choose a study and press Open.")
        return self.session

    @property
    def state(self) -> ReadState:
        """State of the open read. Raises ``InputError`` when none is open."""
        return self._open().state

    @property
    def profile(self) -> Profile:
        """Profile of the open read. Raises ``InputError`` when none is open."""
        self._open()
        assert self._profile is not None
        return self._profile

    def points(self) -> list[str]:
        """Names of the time points that may be seen, see :func:`HCCResponseLib.presenter.view.open_points`."""
        return open_points(self.state)

    def image(self, time_point: str) -> Volume:
        """Image of a time point. Raises ``AccessError`` while an earlier one is not signed in a sequential read."""
        session = self._open()
        return session.image(next(p for p in session.study.timepoints if p.name == time_point))

    def view(self) -> PanelView:
        """What the panel shows now."""
        return build_view(self.shown(), self.profile, frozenset(self.drafts.rows))

    @property
    def drafts(self) -> OpenDrafts:
        """Unfinished contours of the open read. Raises ``InputError`` when none is open."""
        self._open()
        assert self._drafts is not None
        return self._drafts

    def shown(self) -> ReadState:
        """The read with unfinished contours in their rows: to look at, never to compute a category from."""
        return self.drafts.shown_in(self.state)

    def row(self, time_point: str, name: str) -> Row:
        """One row. Raises ``InputError`` when there is none."""
        row = self.state.row(time_point, name)
        if row is None:
            raise InputError(f"Lesion {name} has no proposal at {time_point}.")
        return row

    @abstractmethod
    def _drawn(self, draft: Draft) -> Row:
        """The row that a draft would make."""

    def _who(self) -> str:
        if not self.reader.strip():
            raise InputError("Say who reads: enter your name in the Study section first.")
        return self.reader.strip()

    def tell(self) -> None:
        """Tell all listeners that the read has changed."""
        for listener in self._listeners:
            listener()
