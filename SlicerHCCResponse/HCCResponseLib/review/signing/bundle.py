"""The audit bundle: everything that a third party needs to check a store, without this software and without a password.

``Resources/Audit/verify_bundle.py`` checks it with Python and the package ``cryptography`` alone.
"""

from pathlib import Path

from HCCResponseLib.base.errors import AccessError, InputError
from HCCResponseLib.review.people import accounts as kind
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.people.person import Person
from HCCResponseLib.review.read.access import Role
from HCCResponseLib.review.read.workflow import BUNDLED, note
from HCCResponseLib.review.store import ReadStore
from HCCResponseLib.review.store.bundle import write_bundle

_SECRET = (kind.ADDED, kind.PASSWORD, kind.KEY)


def export_bundle(person: Person, store: ReadStore, people: People, path: Path) -> int:
    """Write the bundle of a whole store, a SQLite file; returns how many events it holds.

    Args:
        people: the accounts of the store, or of this computer for a store that has none.

    Raises:
        AccessError: neither a manager nor an auditor.
        InputError: the file is the store itself.
        StorageError: the file cannot be written.
    """
    if not person.roles & {Role.MANAGER, Role.AUDITOR}:
        raise AccessError("Only a manager or an auditor may have the audit bundle.")
    elsewhere = people.log.store
    for own in (store.store.path, elsewhere.path):
        if own is not None and Path(path).resolve() == own.resolve():
            raise InputError(f"'{path}' is the store itself; give the bundle another name.")
    accounts = None if elsewhere.name == store.store.name else elsewhere
    count = write_bundle(store.store, accounts, _SECRET, Path(path))
    details = {"file": str(Path(path).resolve()), "events": count}
    note(store, person.name, BUNDLED, "store", details, new=Path(path).name)
    return count
