"""One read in a store: what the panel and the command line write to."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import StorageError
from HCCResponseLib.review.store.chain import DEFAULT_READ, Event
from HCCResponseLib.review.store.seal import Signer
from HCCResponseLib.review.store.store import Store, open_store


class ReadStore:
    """One reader's evaluation of one subject, kept as events.

    Attributes:
        store: where it is kept; several reads may share it.
        read_id: which read.
        role, profile: what every event from here carries, unless ``append`` says otherwise.
    """

    def __init__(
        self, where: Store | str | Path, read_id: str = DEFAULT_READ, *, role: str = "", profile: str = ""
    ) -> None:
        """Open a read: a path or URL opens its store, too.

        Raises:
            StorageError: the store cannot be opened, or is not one.
        """
        self.store = where if isinstance(where, Store) else open_store(where)
        self.read_id = read_id
        self.role = role
        self.profile = profile
        self._named: set[str] = set()
        self._contours: dict[str, bytes] = {}

    @property
    def path(self) -> Path | None:
        """The SQLite file; ``None`` on a server."""
        return self.store.path

    def close(self) -> None:
        """Let the store go."""
        self.store.close()

    def other(self, read_id: str) -> "ReadStore":
        """Another read of the same store."""
        return ReadStore(self.store, read_id, role=self.role, profile=self.profile)

    def acting(self, role: str, profile: str) -> "ReadStore":
        """The same read, with every event under this role and hash of the profile."""
        return ReadStore(self.store, self.read_id, role=role, profile=profile)

    def transaction(self) -> AbstractContextManager[None]:
        """See :meth:`Store.transaction`: decide on the latest state and append, with nobody in between."""
        return self.store.transaction()

    def append(
        self,
        actor: str,
        action: str,
        payload: Mapping[str, Any],
        blobs: Sequence[bytes] = (),
        *,
        item: str = "",
        old: str = "",
        new: str = "",
        reason: str = "",
        role: str | None = None,
        profile: str | None = None,
        expected_previous: str | None = None,
        signer: Signer | None = None,
    ) -> Event:
        """Write one event, with the contours it refers to, in one transaction that is on the disk on return.

        Args:
            item: what the action is about, such as ``follow-up 1 / L2``.
            old: value before, in words.
            new: value after, in words.
            reason: why.
            expected_previous: hash that the read's last event must have (``FIRST_HASH`` for none yet).
            signer: the actor's unlocked key, where the event is one that a person answers for; it signs all of it.

        Raises:
            ConflictError: the read has another last event; nothing was written.
            InputError: a text that no database can store.
            StorageError: disk full, file read-only or damaged; nothing of this event was written.
        """
        words = {
            "actor": actor,
            "action": action,
            "role": self.role if role is None else role,
            "item": item,
            "old": old,
            "new": new,
            "reason": reason,
            "profile": self.profile if profile is None else profile,
        }
        return self.store.append(self.read_id, words, payload, blobs, expected_previous, signer)

    def events(self, after: int = 0) -> list[Event]:
        """All events in order, or those after number ``after``; checked along the chain.

        Raises:
            StorageError: the file is damaged, or an event does not fit the chain.
        """
        events = self.store.events(self.read_id, after)
        self._named.update(key for event in events for key in event.contours)
        return events

    def head(self) -> str:
        """Hash of the last event; ``FIRST_HASH`` where there is none."""
        return self.store.head(self.read_id)

    def blob(self, sha256: str) -> bytes:
        """A stored contour by its hash. Raises ``StorageError`` when it is not there or damaged."""
        if sha256 not in self._contours:
            # All that the events seen so far name, in one go: a server is a network away, and they are small.
            self._contours |= self.store.blobs({sha256, *self._named} - self._contours.keys())
            self._named.clear()
        if sha256 not in self._contours:
            raise StorageError(f"Contour {sha256[:12]}... is missing from '{self.store.name}' or damaged.")
        return self._contours[sha256]

    def verify(self) -> int | None:
        """Number of the first event of this read that does not fit its chain; ``None`` when all do.

        :meth:`Store.check` looks at the whole store, and can look for a hash that was noted down.
        """
        return self.store.check(self.read_id).sequence
