"""Accounts as the log of events tells them: who exists, with which roles, and whether they can sign in."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from HCCResponseLib.review.people.account_rules import AccountRules, shipped_rules
from HCCResponseLib.review.read.access import Role
from HCCResponseLib.review.store import STORE_LOG, Event, Store

ADDED, DISABLED, ENABLED = "account-added", "account-disabled", "account-enabled"
ROLES, PASSWORD, RULES = "account-roles", "account-password", "account-rules"
SIGNED_IN, FAILED, TRIED = "signed-in", "sign-in-failed", "sign-in-refused"
SIGNED_OUT = "signed-out"
LOCKED_OUT, LET_IN = "locked-out", "let-in-again"
KEY = "account-key"
#: What changes an account or the rules; somebody answers for each of them.
CHANGES = (ADDED, DISABLED, ENABLED, ROLES, PASSWORD, RULES, LET_IN, KEY)


@dataclass(frozen=True)
class Account:
    """One person's account.

    Attributes:
        name: what is typed to sign in; unique, never given to anyone else.
        printed_name: as it stands below a signature.
        active: false once a manager has disabled it; it stays in the log for good.
        temporary: the password was chosen by a manager and must be changed by its owner before signing.
        failures: failed sign-ins since the last good one; ``last_failure`` is the time of the latest.
        hashes: where the Argon2 hashes of all passwords are, the present one last: the key of a stored blob, or the
            hash itself in events of earlier versions; never shown.
        public_key: 32 bytes, base64; empty in a store of an earlier version until the next sign-in.
        box: key of the stored blob that holds the locked private key.
    """

    name: str
    printed_name: str
    roles: frozenset[Role]
    active: bool = True
    temporary: bool = False
    password_set: datetime | None = None
    failures: int = 0
    last_failure: datetime | None = None
    hashes: tuple[str, ...] = ()
    public_key: str = ""
    box: str = ""

    def locked_out(self, rules: AccountRules, now: datetime) -> bool:
        """Too many failed sign-ins, and the time to wait is not over."""
        if self.failures < rules.failures_before_lock or self.last_failure is None:
            return False
        return rules.lock_minutes is None or now < self.last_failure + timedelta(minutes=rules.lock_minutes)

    def expired(self, rules: AccountRules, now: datetime) -> bool:
        """The password is older than the rules allow."""
        if rules.password_days is None or self.password_set is None:
            return False
        return now >= self.password_set + timedelta(days=rules.password_days)


@dataclass(frozen=True)
class Register:
    """All accounts and the rules that hold for them."""

    accounts: dict[str, Account]
    rules: AccountRules


def replay(events: Iterable[Event], known: Register | None = None) -> Register:
    """The register after these events, on top of what was known; events of other kinds are passed over."""
    accounts = dict(known.accounts) if known else {}
    rules = known.rules if known else shipped_rules()
    for event in events:
        if event.action == RULES:
            rules = AccountRules.model_validate(event.payload["rules"])
        elif event.action == ADDED:
            payload = event.payload
            roles = frozenset(map(Role, payload["roles"]))
            fresh = Account(payload["name"], payload["printed_name"], roles)
            accounts[fresh.name] = _with_password(fresh, event)
        elif (name := event.payload.get("name")) in accounts:
            accounts[name] = _changed(accounts[name], event)
    return Register(accounts, rules)


def first_look(store: Store) -> tuple[int, Register]:
    """The register of a store and the number of the last event that it rests on, without reading every sign-in.

    A good sign-in matters only to an account with failures before it.
    """
    last = store.last_sequence(STORE_LOG)
    found = store.some_events(STORE_LOG, (*CHANGES, FAILED), last)
    register = replay(found)
    failing = [name for name, account in register.accounts.items() if account.failures]
    if failing:
        found += store.some_events(STORE_LOG, (SIGNED_IN,), last, actors=failing)
        register = replay(sorted(found, key=lambda event: event.sequence))
    return last, register


def _changed(account: Account, event: Event) -> Account:
    changes: dict[str, Any] = {}
    match event.action:
        case "account-disabled" | "account-enabled":
            changes = {"active": event.action == ENABLED}
        case "account-roles":
            changes = {"roles": frozenset(map(Role, event.payload["roles"]))}
        case "account-password":
            return _with_password(account, event)
        case "account-key":
            changes = {"public_key": event.payload["public_key"], "box": event.contours[0]}
        case "sign-in-failed":
            moment = datetime.fromisoformat(event.utc)
            changes = {"failures": account.failures + 1, "last_failure": moment}
        case "signed-in" | "let-in-again" if account.failures:
            changes = {"failures": 0, "last_failure": None}
    return replace(account, **changes) if changes else account


def _with_password(account: Account, event: Event) -> Account:
    return replace(
        account,
        hashes=(*account.hashes, event.payload.get("hash") or event.contours[0]),
        public_key=event.payload.get("public_key", ""),
        box=next(iter(event.contours), ""),
        temporary=event.payload["temporary"],
        password_set=datetime.fromisoformat(event.utc),
        failures=0,
        last_failure=None,
    )
