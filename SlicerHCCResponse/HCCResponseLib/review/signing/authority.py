"""Whose key was in force when: the accounts of a store's log, each change of them vouched for by a signature.

The first manager's key stands for itself; every other key is signed by a manager's, and the key that an owner makes
after a temporary password by the temporary one. So a key that somebody slips into the log is vouched for by nobody.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from HCCResponseLib.review.people import accounts as kind
from HCCResponseLib.review.people.accounts import Account, Register, replay
from HCCResponseLib.review.people.keys import fingerprint, signature_fits
from HCCResponseLib.review.read.access import Role
from HCCResponseLib.review.store import Event, sealed_content


@dataclass
class Authority:
    """The accounts of one store through time.

    Attributes:
        problem: number of the first change of an account that nobody vouches for, and why; ``None`` where all is well.
        own_word: names whose key nobody but its holder vouches for, with the key's fingerprint.
    """

    problem: tuple[int, str] | None = None
    own_word: dict[str, str] = field(default_factory=dict)
    _past: dict[str, list[tuple[int, str, Account]]] = field(default_factory=dict)

    def at(self, name: str, position: int) -> Account | None:
        """An account as it was before an event of the same store."""
        found = [account for place, _, account in self._past.get(name, []) if place < position]
        return found[-1] if found else None

    def on(self, name: str, utc: str) -> Account | None:
        """An account as it was at a time, for signatures in another store of the same computer."""
        found = [account for _, since, account in self._past.get(name, []) if since <= utc]
        return found[-1] if found else None

    @property
    def anybody(self) -> bool:
        """Whether the store has accounts."""
        return bool(self._past)

    def knows_anybody(self, position: int) -> bool:
        """Whether the store had accounts before this event."""
        return any(past[0][0] < position for past in self._past.values())

    def note(self, event: Event, account: Account) -> None:
        """Take in how an account is after an event."""
        self._past.setdefault(account.name, []).append((event.position, event.utc, account))


def authority_of(events: Iterable[Event], since: int | None) -> Authority:
    """Go through the log of a store.

    Args:
        since: position of the store's first event by software that signs; ``None`` where there is none.
    """
    found, register = Authority(), replay([])
    for event in events:
        if event.action not in kind.CHANGES:
            continue
        fault = _fault(register, event, since)
        if fault:
            found.problem = (event.sequence, fault)
            break
        own = _own_fingerprint(event)
        if own is not None and event.payload["key"] == own:
            found.own_word[event.actor] = own
        register = replay([event], register)
        if event.payload.get("name") in register.accounts:
            found.note(event, register.accounts[event.payload["name"]])
    return found


def seal_fault(event: Event, public: str) -> str:
    """Why an event is not signed under this public key (base64, empty for none); empty when it is."""
    key, signature = event.payload.get("key"), event.payload.get("signature")
    if not isinstance(key, str) or not isinstance(signature, str):
        return "it has no signature"
    if not public or key != fingerprint(public):
        return f"it is signed with a key that is not {event.actor}'s"
    if not signature_fits(public, sealed_content(event), signature):
        return "the signature does not fit what was signed"
    return ""


def _fault(register: Register, event: Event, since: int | None) -> str:
    if since is None or event.position < since:
        return ""
    try:
        public = _vouching(register, event)
        # What cannot be taken in, nobody of this software wrote.
        replay([event], register)
    except (KeyError, IndexError, TypeError, ValueError) as problem:
        return f"it is not as this software writes it ({problem})"
    if public is None:
        return f"'{event.actor}' had no right to it"
    return seal_fault(event, public)


def _vouching(register: Register, event: Event) -> str | None:
    """The public key that must have signed a change of an account; ``None`` where nobody could."""
    name, actor = event.payload.get("name"), register.accounts.get(event.actor)
    if event.action == kind.ADDED and not register.accounts and event.actor == name:
        return str(event.payload["public_key"])
    if actor is None or not actor.active:
        return None
    if event.action == kind.KEY:
        own_first = event.actor == name and not actor.public_key
        return str(event.payload["public_key"]) if own_first else None
    if event.action == kind.PASSWORD and event.actor == name:
        return actor.public_key
    manages = Role.MANAGER in actor.roles and not actor.temporary
    return actor.public_key if manages else None


def _own_fingerprint(event: Event) -> str | None:
    """The fingerprint of the key that an event brings, where it is a person's first."""
    brings = event.action in (kind.ADDED, kind.KEY) and "public_key" in event.payload
    return fingerprint(event.payload["public_key"]) if brings else None
