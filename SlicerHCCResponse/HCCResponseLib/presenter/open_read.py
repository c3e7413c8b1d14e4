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
from HCCResponseLib.review.read.lifecycle import is_signed
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.profile_change import changed_profile, take_profile
from HCCResponseLib.review.read.session import Session, open_session
from HCCResponseLib.review.read.state import ReadState, Row, read_state
from HCCResponseLib.review.store import ReadStore, open_store

Listener = Callable[[], None]
Why = Callable[[str], str]
"""Told what has changed, gives the reason to go on under the changed profile; empty to keep the one of the read."""


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
        self._profile_remark = ""
        self._drafts: OpenDrafts | None = None
        self.collect: Listener = lambda: None
        self._listeners: list[Listener] = []

    def on_change(self, listener: Listener) -> None:
        """Call ``listener`` after every change."""
        self._listeners.append(listener)

    def open(self, study: Study, folder: Path, why: Why = lambda _: "") -> None:
        """Open or resume a read; the one that was open is closed first.

        Args:
            why: asked where the profile has changed since the read was begun and nothing of it is signed. The reason
                that it gives is stored with the change; without one the read keeps its profile.

        Raises:
            InputError: see :func:`HCCResponseLib.review.read.session.open_session`, or the study names another profile
                and no reason was given; the read that was open stays open.
        """
        load_profile(study.profile)
        session = open_session(study, folder, by=self.reader.strip(), other_profile=True)
        try:
            remark = self._settle_profile(session, study, why)
        except Exception:
            session.store.close()
            raise
        self.adopt(session)
        self._profile_remark = remark

    def _settle_profile(self, session: Session, study: Study, why: Why) -> str:
        """Under which profile the read goes on; returns what to tell of one that was not taken."""
        change = changed_profile(session.store, session.state, study)
        if change is None:
            return ""
        told = f"The profile has changed since this read was begun: {change.words}."
        signed = bool(session.state.locked)
        reason = "" if signed else why(told)
        if reason:
            take_profile(session.store, session.state, change, reason, self.reader.strip())
            return ""
        if change.before.name == change.after.name:
            return f"{told} The read keeps the one it was begun under."
        how = (
            "A signed read keeps its profile"
            if signed
            else "To go on under the new one: press Open and say yes"
        )
        raise InputError(f"{told} {how}. To read the study anew: name another folder.")

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
        self._profile_remark = ""
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
    def remarks(self) -> tuple[str, ...]:
        """What was found when the read was opened, in words."""
        return (*filter(None, [self._profile_remark]), *self.drafts.remarks)

    def doubt(self) -> str:
        """Why others should not rely on the read yet, and what to do about it; empty for one that is signed as seen."""
        if is_signed(self.state) and not self.state.unseen():
            return ""
        # Loads what tables are made of; asked for at an export only.
        from HCCResponseLib.cohort.committee.from_store import doubt_words

        return doubt_words("This read", self.state, is_signed(self.state))

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
