"""The people of a study: accounts, roles, passwords, sign-in. Every change and every failed sign-in is an event.

    people = people_of(store)                    # the committee's, or else those of this computer's user
    people.accounts()                            # to pick a name from; empty: let the first person make an account
    people.add("jdoe", "Jane Doe, MD", {Role.READER, Role.MANAGER}, password)      # the first account
    person = people.authenticate("jdoe", password)                                 # SignInError if not accepted

There are no default accounts and no default passwords. Passwords are kept as Argon2id hashes only. With each password
comes a key (:mod:`HCCResponseLib.review.people.keys`), under which its owner signs: another password locks the same
key, a password that a manager gives makes a new one, and so does the owner's first own password after it. Passwords are
tried and locked before the store is held for writing; rights are looked up while it is.
"""

import os
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from HCCResponseLib.base.errors import AccessError, InputError, PasswordDueError, SignInError
from HCCResponseLib.base.folders import data_folder, user_folder
from HCCResponseLib.base.text import one_line
from HCCResponseLib.review.people import accounts as kind
from HCCResponseLib.review.people.account_rules import AccountRules
from HCCResponseLib.review.people.accounts import Account, Register, first_look, replay
from HCCResponseLib.review.people.keys import SigningKey, new_key
from HCCResponseLib.review.people.newcomers import Newcomer
from HCCResponseLib.review.people.passwords import Try, next_secret, secret, try_password
from HCCResponseLib.review.people.person import Person, Signatory, require_role
from HCCResponseLib.review.read.access import INCOMPATIBLE_ROLES, Role
from HCCResponseLib.review.store import STORE_LOG, Event, ReadStore, Store

PEOPLE_FILE = "HCC_RESPONSE_PEOPLE"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_NOBODY = ("nobody", "software")
_REFUSED = "Name and password were not accepted."


#: Per open store, the number of the last event of its log that was taken in and the register up to there.
_TAKEN_IN: "WeakKeyDictionary[Store, tuple[int, Register]]" = WeakKeyDictionary()


class People:
    """The accounts in one store.

    Attributes:
        log: the store's own log, whose events the accounts are.
    """

    def __init__(self, store: ReadStore, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Args:
        store: any read of the store; accounts are events in the store's own log.
        now: the clock, for lock-outs and password age.
        """
        self.log, self._now = store.other(STORE_LOG), now

    def close(self) -> None:
        """Let the store go."""
        self.log.close()

    def accounts(self) -> list[Account]:
        """All accounts by name, disabled ones too."""
        found = self._register().accounts
        return [found[name] for name in sorted(found)]

    def account(self, name: str) -> Account:
        """One account. Raises ``InputError`` when there is none of this name."""
        found = self._register().accounts
        if name not in found:
            raise InputError(f"There is no account '{name[:40]}'. Accounts: {', '.join(found) or 'none'}.")
        return found[name]

    def rules(self) -> AccountRules:
        """The rules for passwords and lock-outs."""
        return self._register().rules

    def add(
        self,
        name: str,
        printed_name: str,
        roles: Collection[Role],
        password: str,
        by: Signatory | None = None,
    ) -> Account:
        """Make an account. The first one needs nobody and must be a manager; every other one needs a manager.

        A password that a manager chose for someone else must be changed by its owner before the first signature.

        Raises:
            InputError: the name is taken or impossible, roles that exclude each other, a weak password.
            AccessError: ``by`` is not a manager.
        """
        return self.add_all([Newcomer(name, printed_name, roles, password)], by)[0]

    def add_all(self, newcomers: Sequence[Newcomer], by: Signatory | None = None) -> list[Account]:
        """Make an account for each, or for nobody; see :meth:`add`."""
        prepared = []
        for one in newcomers:
            rules = self._may_add(one.name, one.roles, by).rules
            printed = one_line(one.printed_name, "the printed name", 100)
            rules.check_password(one.password, one.name, printed)
            key = new_key()
            prepared.append((one, printed, key, secret(key, one.password, rules)))
        with self.log.transaction():
            for one, printed, key, hidden in prepared:
                self._may_add(one.name, one.roles, by)
                payload = {
                    "name": one.name,
                    "printed_name": printed,
                    "roles": _role_list(one.roles),
                    "temporary": by is not None,
                    "public_key": key.public,
                }
                actor, signer = (by.name, by.key) if by else (one.name, key)
                new = f"{printed}: {_words(one.roles)}"
                self._append(actor, kind.ADDED, payload, new=new, signer=signer, secret=hidden)
            return [self.account(one.name) for one in newcomers]

    def _may_add(self, name: str, roles: Collection[Role], by: Signatory | None) -> Register:
        register = self._register()
        if register.accounts:
            self._require_manager(by)
        elif Role.MANAGER not in roles:
            raise InputError("The first account must be a manager's; only a manager can add the others.")
        if not _NAME.fullmatch(name):
            raise InputError(
                "A sign-in name has 1 to 40 small letters, digits, dots, hyphens or underscores "
                "and starts with a letter or digit."
            )
        if name in register.accounts:
            raise InputError(f"The name '{name}' is taken; names are never given to a second person.")
        _role_list(roles)
        return register

    def present(self, person: Signatory) -> Signatory:
        """The same person with the rights of this moment; to be called inside the transaction that writes.

        Raises:
            AccessError: the account was disabled, or its password changed, since this person signed in.
        """
        account = self._register().accounts.get(person.name)
        if account is None or not account.active:
            raise AccessError(f"{person.printed_name} has no open account here.")
        if person.key.public != account.public_key:
            raise AccessError(f"{person.printed_name} has another password now and must sign in again.")
        return replace(person, roles=account.roles)

    def require_open(self, name: str) -> None:
        """Refuse somebody whose account was disabled; to be called inside the transaction that writes.

        A name without an account passes: reads that nobody assigned are kept without accounts, too.

        Raises:
            AccessError: the account is disabled.
        """
        account = self._register().accounts.get(name)
        if account is not None and not account.active:
            raise AccessError(f"The account '{name}' is disabled; ask a manager.")

    def authenticate(self, name: str, password: str) -> Signatory:
        """Check name and password. Every failure is an event; too many in a row lock the account out.

        Raises:
            PasswordDueError: accepted, but the password must be changed first.
            SignInError: not accepted, locked out or disabled.
        """
        tried = self._try(name, password)
        with self.log.transaction():
            account, refused = self._attempt(name, tried)
        if account is None:
            raise SignInError(refused)
        if account.temporary:
            raise PasswordDueError(
                "This password was chosen by a manager; please change it before you go on."
            )
        if account.expired(self.rules(), self._now()):
            raise PasswordDueError("This password is too old; please change it before you go on.")
        assert tried.key is not None
        return Signatory(account.name, account.printed_name, account.roles, tried.key)

    def sign_out(self, person: Person) -> None:
        """Note that somebody's session ends. One that a crash ends has no such event."""
        self._append(person.name, kind.SIGNED_OUT, {"name": person.name})

    def change_password(self, name: str, old: str, new: str) -> None:
        """The owner changes the password; works with a temporary or expired one.

        The key stays the same. After a temporary password there is a new one, which its manager never had.

        Raises:
            SignInError: the old password was not accepted.
            InputError: the new one is weak or was used before.
        """
        tried, hidden = self._try(name, old), b""
        key = tried.key
        if tried.account is not None and tried.account.active and key is not None:
            key = new_key() if tried.account.temporary else key
            hidden = self._next_secret(tried.account, key, new)
        with self.log.transaction():
            account, refused = self._attempt(name, tried)
            if account is not None and key is not None:
                payload = {"name": name, "temporary": False, "public_key": key.public}
                self._append(name, kind.PASSWORD, payload, signer=tried.key, secret=hidden)
        if account is None:
            raise SignInError(refused)

    def reset_password(self, by: Signatory, name: str, new: str) -> None:
        """A manager gives a temporary password to someone who lost theirs; also ends a lock-out."""
        account, key = self._managed(by, name), new_key()
        hidden = self._next_secret(account, key, new)
        with self.log.transaction():
            self._managed(by, name)
            payload = {"name": name, "temporary": True, "public_key": key.public}
            self._append(by.name, kind.PASSWORD, payload, signer=by.key, secret=hidden)

    def set_roles(self, by: Signatory, name: str, roles: Collection[Role], reason: str) -> None:
        """Change somebody's roles. Raises ``AccessError`` if no manager would be left."""
        with self.log.transaction():
            account = self._managed(by, name)
            if Role.MANAGER not in roles:
                self._keep_a_manager(account)
            payload, old = {"name": name, "roles": _role_list(roles)}, _words(account.roles)
            self._manage(by, kind.ROLES, payload, reason, old, _words(roles))

    def disable(self, by: Signatory, name: str, reason: str) -> None:
        """Close an account; its signatures stay. Raises ``AccessError`` if no manager would be left."""
        with self.log.transaction():
            self._keep_a_manager(self._managed(by, name))
            self._manage(by, kind.DISABLED, {"name": name}, reason)

    def enable(self, by: Signatory, name: str, reason: str) -> None:
        """Open a disabled account again."""
        with self.log.transaction():
            self._managed(by, name)
            self._manage(by, kind.ENABLED, {"name": name}, reason)

    def let_in(self, by: Signatory, name: str, reason: str) -> None:
        """End a lock-out before its time."""
        with self.log.transaction():
            self._managed(by, name)
            self._manage(by, kind.LET_IN, {"name": name}, reason)

    def set_rules(self, by: Signatory, rules: AccountRules, reason: str) -> None:
        """Put other rules for passwords and lock-outs in force."""
        with self.log.transaction():
            self._require_manager(by)
            self._manage(by, kind.RULES, {"rules": rules.model_dump()}, reason, str(self.rules()), str(rules))

    def _try(self, name: str, password: str) -> Try:
        login = self.log.store.login
        if login is not None and login.name != name:
            self._append("nobody", kind.FAILED, {"name": None})
            raise SignInError(
                f"The database was opened as '{login.name}'; only the account of that name can sign in here."
            )
        return try_password(self.log, self._register(), self._now(), name, password)

    def _failed(self, name: str) -> str:
        self._append(name, kind.FAILED, {"name": name})
        if not self.account(name).locked_out(self.rules(), self._now()):
            return _REFUSED
        self._append("software", kind.LOCKED_OUT, {"name": name})
        return f"{_REFUSED} The account is now locked out; ask a manager or wait."

    def _next_secret(self, account: Account, key: SigningKey, new: str) -> bytes:
        return next_secret(self.log, self.rules(), account, key, new)

    def _attempt(self, name: str, tried: Try) -> tuple[Account | None, str]:
        """The account that was opened, or why not; counted and written down before anything is refused."""
        register, now = self._register(), self._now()
        account = register.accounts.get(name)
        if account is None:
            # The log keeps no name: people type passwords into name fields.
            self._append("nobody", kind.FAILED, {"name": None})
            return None, _REFUSED
        if account.locked_out(register.rules, now):
            self._append(name, kind.TRIED, {"name": name})
            return None, "This account is locked out after too many failed sign-ins; ask a manager or wait."
        if tried.account is None or (tried.account.hashes, tried.account.box) != (
            account.hashes,
            account.box,
        ):
            return None, "The account was changed at this very moment; please sign in again."
        if tried.key is None:
            return None, self._failed(name)
        if not account.active:
            self._append(name, kind.TRIED, {"name": name})
            return None, "This account is disabled; ask a manager."
        self._append(name, kind.SIGNED_IN, {"name": name})
        if tried.box is not None:
            payload = {"name": name, "public_key": tried.key.public}
            self._append(name, kind.KEY, payload, signer=tried.key, secret=tried.box)
        return account, ""

    def _managed(self, by: Signatory, name: str) -> Account:
        self._require_manager(by)
        return self.account(name)

    def _require_manager(self, by: Signatory | None) -> None:
        require_role(by, Role.MANAGER)
        assert by is not None
        require_role(self.present(by), Role.MANAGER)

    def _keep_a_manager(self, account: Account) -> None:
        others = [
            a for a in self.accounts() if a.active and Role.MANAGER in a.roles and a.name != account.name
        ]
        if Role.MANAGER in account.roles and not others:
            raise AccessError(f"'{account.name}' is the only manager; make another one first.")

    def _register(self) -> Register:
        """The register as it is now; what was taken in before is not read again."""
        store = self.log.store
        seen, known = _TAKEN_IN.get(store, (0, None))
        if known is None:
            seen, known = first_look(store)
        fresh = self.log.events(seen)
        register = replay(fresh, known) if fresh else known
        if not store.writing:
            _TAKEN_IN[store] = (fresh[-1].sequence if fresh else seen, register)
        return register

    def _manage(
        self, by: Signatory, action: str, payload: dict[str, Any], reason: str, old: str = "", new: str = ""
    ) -> None:
        """What a manager does to an account or the rules, signed and with a reason."""
        why = one_line(reason, "the reason", 500)
        self._append(by.name, action, payload, old=old, new=new, reason=why, signer=by.key)

    def _append(
        self,
        actor: str,
        action: str,
        payload: dict[str, Any],
        *,
        old: str = "",
        new: str = "",
        reason: str = "",
        signer: SigningKey | None = None,
        secret: bytes = b"",
    ) -> Event:
        item = f"account {payload['name']}" if payload.get("name") else "accounts"
        role = Role.MANAGER.value if payload.get("name") != actor and actor not in _NOBODY else ""
        return self.log.append(
            actor,
            action,
            payload,
            [secret] if secret else [],
            item=item,
            old=old,
            new=new,
            reason=reason,
            role=role,
            signer=signer,
        )


def people_file() -> Path:
    """Where the accounts of a radiologist alone live; the variable ``HCC_RESPONSE_PEOPLE`` wins."""
    chosen = os.environ.get(PEOPLE_FILE)
    if chosen:
        return Path(chosen)
    file = data_folder() / "people.sqlite"
    # Accounts made before HCC_RESPONSE_HOME counted for them, too, are in the user's own folder.
    earlier = user_folder() / "people.sqlite"
    return earlier if earlier.exists() and not file.exists() else file


def local_people() -> People:
    """The accounts of this computer's user, in an owner-only file.

    Raises:
        StorageError: the file cannot be opened or made.
    """
    return People(ReadStore(people_file()))


def people_of(store: ReadStore) -> People:
    """Who can sign in this read: the accounts of its store, or where it has none those of this computer's user."""
    people = People(store)
    return people if people.accounts() else local_people()


def _words(roles: Collection[Role]) -> str:
    return ", ".join(_role_list(roles))


def _role_list(roles: Collection[Role]) -> list[str]:
    if not roles:
        raise InputError("An account needs at least one role.")
    for pair in INCOMPATIBLE_ROLES:
        if pair <= set(roles):
            raise InputError(f"One person cannot be {' and '.join(sorted(pair))}: blinding would be lost.")
    return sorted(role.value for role in roles)
