"""Passwords: tried, hashed and used to lock keys, before the store is held for writing, because this takes its time."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import argon2

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.review.people.account_rules import AccountRules
from HCCResponseLib.review.people.accounts import Account, Register
from HCCResponseLib.review.people.keys import SigningKey, lock, new_key, unlock
from HCCResponseLib.review.store import ReadStore


@dataclass(frozen=True)
class Try:
    """Name and password tried on an account, before the store is held.

    Attributes:
        account: as it was when it was tried; ``None`` for an unknown name.
        key: what the password opened; ``None`` when it did not.
        box: the locked key to be stored, for an account of an earlier version that had none.
    """

    account: Account | None
    key: SigningKey | None = None
    box: bytes | None = None


def try_password(log: ReadStore, register: Register, now: datetime, name: str, password: str) -> Try:
    """Whether the password opens the account; takes its time, so nobody waits for it with the store held."""
    rules, account = register.rules, register.accounts.get(name)
    if account is None:
        # As slow as a wrong password.
        rules.hasher().hash(password[: rules.max_length])
        return Try(None)
    if account.locked_out(rules, now) or len(password) > rules.max_length:
        return Try(account)
    if account.box:
        return Try(account, unlock(json.loads(log.blob(account.box))["box"], password))
    if not _matches(rules, account.hashes[-1], password):
        return Try(account)
    key = new_key()
    return Try(account, key, _as_blob({"box": lock(key, password, rules)}))


def next_secret(log: ReadStore, rules: AccountRules, account: Account, key: SigningKey, new: str) -> bytes:
    """The hash of a new password and the key locked by it. Raises ``InputError`` for a weak or used one."""
    rules.check_password(new, account.name, account.printed_name)
    recent = account.hashes[-rules.remembered_passwords :] if rules.remembered_passwords else ()
    login = log.store.login
    if login is not None and login.name != account.name:
        recent = ()  # a server shows nobody another person's hashes; the owner's next password is looked at
    if any(_matches(rules, _hash(log, where), new) for where in recent):
        raise InputError("This password was used before; please choose another one.")
    return secret(key, new, rules)


def _hash(log: ReadStore, where: str) -> str:
    """A password's hash: in a blob, or as an earlier version kept it, in the event."""
    return where if where.startswith("$") else str(json.loads(log.blob(where))["hash"])


def secret(key: SigningKey, password: str, rules: AccountRules) -> bytes:
    """What is kept of a password, apart from the event, so that the log can be handed out without it."""
    return _as_blob({"hash": rules.hasher().hash(password), "box": lock(key, password, rules)})


def _as_blob(secret: dict[str, Any]) -> bytes:
    return json.dumps(secret, sort_keys=True).encode()


def _matches(rules: AccountRules, digest: str, password: str) -> bool:
    try:
        return rules.hasher().verify(digest, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
