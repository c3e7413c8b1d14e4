"""Looking at all reads of some stores side by side, for tables and figures: who may, and the event that it was done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from HCCResponseLib.base.errors import AccessError
from HCCResponseLib.cli.common import errors_as_one_line
from HCCResponseLib.cli.sign_in import PasswordFiles, enter

if TYPE_CHECKING:
    from HCCResponseLib.review.people.person import Person
    from HCCResponseLib.review.store import ReadStore


class Observation:
    """One command that looks at stores; each of them gets its events."""

    def __init__(self, stores: Sequence[str], name: str | None, files: PasswordFiles) -> None:
        self._stores, self._name, self._files = stores, name, files
        self._persons: list[Person | None] = []

    def admit(self, store: ReadStore) -> None:
        """Let only managers and auditors look at all reads of a store with accounts; a store without has no door.

        Raises:
            AccessError: nobody signs in, or somebody else.
        """
        from HCCResponseLib.review.people.people import People
        from HCCResponseLib.review.read.access import Role

        people = People(store)
        if not people.accounts():
            self._persons.append(None)
            return
        if self._name is None:
            raise AccessError(
                f"'{store.store.name}' has accounts: sign in as a manager or an auditor, --as NAME."
            )
        signed, _ = enter(people, self._name, self._files)
        person = signed.locked()
        self._persons.append(person)
        if not person.roles & {Role.MANAGER, Role.AUDITOR}:
            raise AccessError(
                f"{person.printed_name} may not see all reads beside each other; a manager or an auditor may."
            )

    def exported(self, what: str, files: Sequence[Path]) -> None:
        """Note in every store that its reads were written out.

        Args:
            what: the kind of files, such as ``sdtm``.
        """
        from HCCResponseLib.review.read.workflow import EXPORTED, note

        details = {"format": what, "files": [str(file.resolve()) for file in files]}
        for store, person in self._opened():
            note(store, person.name if person else "", EXPORTED, "all reads", details, new=what)

    def sign_out(self) -> None:
        """Note the end of it in every store that was signed in to."""
        from HCCResponseLib.review.people.people import People

        for store, person in self._opened():
            if person is not None:
                People(store).sign_out(person)

    def _opened(self) -> Iterator[tuple[ReadStore, Person | None]]:
        from HCCResponseLib.cohort.committee.from_store import open_place
        from HCCResponseLib.review.store import ReadStore

        # The latest may have been refused, so that there are fewer persons than stores.
        for where, person in zip(self._stores, self._persons, strict=False):
            store = open_place(where)
            try:
                yield ReadStore(store), person
            finally:
                store.close()


@contextmanager
def observing(stores: Sequence[str], name: str | None, files: PasswordFiles) -> Iterator[Observation]:
    """Look at stores; whoever signed in is signed out at the end. Errors become one line."""
    with errors_as_one_line():
        looking = Observation(stores, name, files)
        try:
            yield looking
        finally:
            looking.sign_out()
