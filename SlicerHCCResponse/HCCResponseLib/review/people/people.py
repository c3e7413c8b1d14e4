"""The people of a study: accounts, roles, passwords, sign-in. Every change and every failed sign-in is an event.

    people = people_of(store)                    # the committee's, or else those of this computer's user
    people.accounts()                            # to pick a name from; empty: let the first person make an account
    people.add("jdoe", "Jane Doe, MD", {Role.READER, Role.MANAGER}, password)      # the first account
    person = people.authenticate("jdoe", password)                                 # SignInError if not accepted

There are no default accounts and no default passwords. Passwords are kept as Argon2id hashes only.
"""

import os
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import argon2

from HCCResponseLib.base.errors import AccessError, InputError, SignInError
from HCCResponseLib.base.folders import data_folder, user_folder
from HCCResponseLib.base.text import one_line
from HCCResponseLib.review.people import accounts as kind
from HCCResponseLib.review.people.account_rules import AccountRules
from HCCResponseLib.review.people.accounts import Account, Register, replay
from HCCResponseLib.review.read.access import INCOMPATIBLE_ROLES, Role
from HCCResponseLib.review.store import STORE_LOG, Event, ReadStore

PEOPLE_FILE = "HCC_RESPONSE_PEOPLE"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_NOBODY = ("nobody", "software")
_REFUSED = "Name and password were not accepted."


@dataclass(frozen=True)
class Person:
    """Someone who has just shown name and password."""

    name: str
    printed_name: str
    roles: frozenset[Role]


class People:
    """The accounts in one store."""

    def __init__(self, store: ReadStore, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Args:
        store: any read of the store; accounts are events in the store's own log.
        now: the clock, for lock-outs and password age.
        """
        self._log, self._now = store.other(STORE_LOG), now

    def close(self) -> None:
        """Let the store go."""
        self._log.close()

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
        by: Person | None = None,
    ) -> Account:
        """Make an account. The first one needs nobody and must be a manager; every other one needs a manager.

        A password that a manager chose for someone else must be changed by its owner before the first signature.

        Raises:
            InputError: the name is taken or impossible, roles that exclude each other, a weak password.
            AccessError: ``by`` is not a manager.
        """
        with self._log.transaction():
            return self._add(name, printed_name, roles, password, by)

    def _add(
        self, name: str, printed_name: str, roles: Collection[Role], password: str, by: Person | None
    ) -> Account:
        register = self._register()
        if register.accounts:
            require_role(by, Role.MANAGER)
        elif Role.MANAGER not in roles:
            raise InputError("The first account must be a manager's; only a manager can add the others.")
        if not _NAME.fullmatch(name):
            raise InputError(
                "A sign-in name has 1 to 40 small letters, digits, dots, hyphens or underscores "
                "and starts with a letter or digit."
            )
        if name in register.accounts:
            raise InputError(f"The name '{name}' is taken; names are never given to a second person.")
        printed = one_line(printed_name, "the printed name", 100)
        register.rules.check_password(password, name, printed)
        payload = {
            "name": name,
            "printed_name": printed,
            "roles": _role_list(roles),
            "hash": register.rules.hasher().hash(password),
            "temporary": by is not None,
        }
        self._append(by.name if by else name, kind.ADDED, payload, new=f"{printed}: {_words(roles)}")
        return self.account(name)

    def authenticate(self, name: str, password: str) -> Person:
        """Check name and password. Every failure is an event; too many in a row lock the account out.

        Raises:
            SignInError: not accepted, locked out, disabled, or the password must be changed first.
        """
        account = self._check(name, password)
        register = self._register()
        if account.temporary:
            raise SignInError("This password was chosen by a manager; please change it before you go on.")
        if account.expired(register.rules, self._now()):
            raise SignInError("This password is too old; please change it before you go on.")
        return Person(account.name, account.printed_name, account.roles)

    def change_password(self, name: str, old: str, new: str) -> None:
        """The owner changes the password; works with a temporary or expired one.

        Raises:
            SignInError: the old password was not accepted.
            InputError: the new one is weak or was used before.
        """
        account = self._check(name, old)
        self._set_password(name, account, new, temporary=False)

    def reset_password(self, by: Person, name: str, new: str) -> None:
        """A manager gives a temporary password to someone who lost theirs; also ends a lock-out."""
        require_role(by, Role.MANAGER)
        self._set_password(by.name, self.account(name), new, temporary=True)

    def set_roles(self, by: Person, name: str, roles: Collection[Role], reason: str) -> None:
        """Change somebody's roles. Raises ``AccessError`` if no manager would be left."""
        account = self._managed(by, name)
        if Role.MANAGER not in roles:
            self._keep_a_manager(account)
        payload, old = {"name": name, "roles": _role_list(roles)}, _words(account.roles)
        self._append(by.name, kind.ROLES, payload, old=old, new=_words(roles), reason=_reason(reason))

    def disable(self, by: Person, name: str, reason: str) -> None:
        """Close an account; its signatures stay. Raises ``AccessError`` if no manager would be left."""
        self._keep_a_manager(self._managed(by, name))
        self._append(by.name, kind.DISABLED, {"name": name}, reason=_reason(reason))

    def enable(self, by: Person, name: str, reason: str) -> None:
        """Open a disabled account again."""
        self._managed(by, name)
        self._append(by.name, kind.ENABLED, {"name": name}, reason=_reason(reason))

    def let_in(self, by: Person, name: str, reason: str) -> None:
        """End a lock-out before its time."""
        self._managed(by, name)
        self._append(by.name, kind.LET_IN, {"name": name}, reason=_reason(reason))

    def set_rules(self, by: Person, rules: AccountRules, reason: str) -> None:
        """Put other rules for passwords and lock-outs in force."""
        require_role(by, Role.MANAGER)
        payload, old = {"rules": rules.model_dump()}, str(self.rules())
        self._append(by.name, kind.RULES, payload, old=old, new=str(rules), reason=_reason(reason))

    def _check(self, name: str, password: str) -> Account:
        """The account that name and password open; counted and written down before anything is refused."""
        with self._log.transaction():
            account, refused = self._attempt(name, password)
        if account is None:
            raise SignInError(refused)
        return account

    def _attempt(self, name: str, password: str) -> tuple[Account | None, str]:
        register, now = self._register(), self._now()
        rules, account = register.rules, register.accounts.get(name)
        if account is None:
            # As slow as a wrong password, and the log keeps no name: people type passwords into name fields.
            rules.hasher().hash(password[: rules.max_length])
            self._append("nobody", kind.FAILED, {"name": None})
            return None, _REFUSED
        if account.locked_out(rules, now):
            self._append(name, kind.TRIED, {"name": name})
            return None, "This account is locked out after too many failed sign-ins; ask a manager or wait."
        if len(password) > rules.max_length or not _matches(rules, account.hashes[-1], password):
            self._append(name, kind.FAILED, {"name": name})
            if not self.account(name).locked_out(rules, now):
                return None, _REFUSED
            self._append("software", kind.LOCKED_OUT, {"name": name})
            return None, f"{_REFUSED} The account is now locked out; ask a manager or wait."
        if not account.active:
            self._append(name, kind.TRIED, {"name": name})
            return None, "This account is disabled; ask a manager."
        self._append(name, kind.SIGNED_IN, {"name": name})
        return account, ""

    def _set_password(self, actor: str, account: Account, new: str, *, temporary: bool) -> None:
        rules = self.rules()
        rules.check_password(new, account.name, account.printed_name)
        recent = account.hashes[-rules.remembered_passwords :] if rules.remembered_passwords else ()
        if any(_matches(rules, digest, new) for digest in recent):
            raise InputError("This password was used before; please choose another one.")
        payload = {"name": account.name, "hash": rules.hasher().hash(new), "temporary": temporary}
        self._append(actor, kind.PASSWORD, payload)

    def _managed(self, by: Person, name: str) -> Account:
        require_role(by, Role.MANAGER)
        return self.account(name)

    def _keep_a_manager(self, account: Account) -> None:
        others = [
            a for a in self.accounts() if a.active and Role.MANAGER in a.roles and a.name != account.name
        ]
        if Role.MANAGER in account.roles and not others:
            raise AccessError(f"'{account.name}' is the only manager; make another one first.")

    def _register(self) -> Register:
        return replay(self._log.events())

    def _append(
        self, actor: str, action: str, payload: dict[str, Any], old: str = "", new: str = "", reason: str = ""
    ) -> Event:
        item = f"account {payload['name']}" if payload.get("name") else "accounts"
        role = Role.MANAGER.value if payload.get("name") != actor and actor not in _NOBODY else ""
        return self._log.append(actor, action, payload, item=item, old=old, new=new, reason=reason, role=role)


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


def _reason(text: str) -> str:
    return one_line(text, "the reason", 500)


def _words(roles: Collection[Role]) -> str:
    return ", ".join(_role_list(roles))


def _role_list(roles: Collection[Role]) -> list[str]:
    if not roles:
        raise InputError("An account needs at least one role.")
    for pair in INCOMPATIBLE_ROLES:
        if pair <= set(roles):
            raise InputError(f"One person cannot be {' and '.join(sorted(pair))}: blinding would be lost.")
    return sorted(role.value for role in roles)


def require_role(person: Person | None, role: Role) -> None:
    """Let only persons of this role pass. Raises ``AccessError``."""
    if person is None or role not in person.roles:
        article = "an" if role.value[0] in "aeiou" else "a"
        raise AccessError(f"Only {article} {role} may do this.")


def _matches(rules: AccountRules, digest: str, password: str) -> bool:
    try:
        return rules.hasher().verify(digest, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
