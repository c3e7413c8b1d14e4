"""Signed events looked at one by one: whose key, what was signed, and whether the decisions say the same again."""

from collections.abc import Iterator
from dataclasses import dataclass

from HCCResponseLib import __version__
from HCCResponseLib.base.errors import HCCResponseError, IncompleteReadError
from HCCResponseLib.review.committee.adjudication import ADJUDICATED
from HCCResponseLib.review.people.accounts import Account
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.state import read_state
from HCCResponseLib.review.read.workflow import UNBLINDED
from HCCResponseLib.review.signing.authority import Authority, seal_fault
from HCCResponseLib.review.signing.content import content_hash, hash_with_sources, values_hash
from HCCResponseLib.review.signing.signing import SIGNED, evaluate_up_to, reviewed_up_to
from HCCResponseLib.review.store import STORE_LOG, Event, ReadStore

#: What people answer for with their signature.
SIGNATURES = (SIGNED, ADJUDICATED)
_SEALED = (*SIGNATURES, "amended", "closed", "assigned", UNBLINDED)
_DOES_NOT_FIT = "the signature does not fit what was signed"


@dataclass(frozen=True)
class Checked:
    """One signed event.

    Attributes:
        event: which.
        fault: why it cannot be believed; empty when it can.
        keyless: given before people had keys, so that only its place in the chain speaks for it.
        note: what could not be computed again, and why; empty otherwise.
    """

    event: Event
    fault: str = ""
    keyless: bool = False
    note: str = ""


class SignatureCheck:
    """Checks signed events against the people of the store, or of this computer for a store without accounts."""

    def __init__(self, own: Authority, local: Authority | None, since: int | None) -> None:
        """Args:
        own: of the store.
        local: of this computer; ``None`` where nobody has an account here.
        since: position of the store's first event by software that signs.
        """
        self._own, self._local, self._since = own, local, since

    def events(self, read: ReadStore) -> Iterator[Checked]:
        """Every event of a read that somebody answers for, checked, in order."""
        events = read.events()
        names: list[str] = []
        for number, event in enumerate(events):
            if event.action == "study":
                names = [p["name"] for p in event.payload["study"]["timepoints"]]
            if event.action in _SEALED:
                yield self._checked(read, events[:number], names, event)

    def _checked(self, read: ReadStore, before: list[Event], names: list[str], event: Event) -> Checked:
        keyless = self._since is None or event.position < self._since
        try:
            fault = "" if keyless else self._seal_fault(event)
            if not fault and event.action in SIGNATURES and read.read_id != STORE_LOG:
                fault = _content_fault(before, names, event)
            if fault or event.action != SIGNED:
                return Checked(event, fault, keyless)
            fault, note = _computed_again(read, event)
            return Checked(event, fault, keyless, note)
        except (KeyError, TypeError, ValueError) as problem:
            return Checked(event, f"it is not as this software writes it ({problem})")

    def _seal_fault(self, event: Event) -> str:
        account, where = self._account(event)
        fault = seal_fault(event, account.public_key if account else "")
        if fault and account is None and "signature" in event.payload:
            return f"there is no account '{event.actor}' {where} whose key could speak for it"
        if fault or account is None or event.action not in SIGNATURES:
            return fault
        if not account.active or account.temporary:
            return f"the account '{event.actor}' could not sign then"
        printed = event.payload["printed_name"]
        return "" if printed == account.printed_name else f"'{printed}' is not the name of '{event.actor}'"

    def _account(self, event: Event) -> tuple[Account | None, str]:
        if self._own.knows_anybody(event.position):
            return self._own.at(event.actor, event.position), "in this store"
        if self._local is None:
            return None, "on this computer"
        return self._local.on(event.actor, event.utc), "on this computer"


def _content_fault(before: list[Event], names: list[str], event: Event) -> str:
    payload, previous = event.payload, event.previous
    if payload["signer"] != event.actor:
        return _DOES_NOT_FIT
    if event.action == ADJUDICATED:
        return "" if payload["heads"].get(event.read_id) == previous else _DOES_NOT_FIT
    content = content_hash(before, names, payload["time_point"], payload.get("content_version", 1))
    fits = payload["chain_head"] == previous and payload["content_sha256"] == content
    return "" if fits else _DOES_NOT_FIT


def _computed_again(read: ReadStore, event: Event) -> tuple[str, str]:
    """What category and sum come to from the decisions below a signature: a fault, or why it could not be told."""
    payload, point = event.payload, event.payload["time_point"]
    state = read_state(read, event.sequence - 1)
    where = f"event {event.sequence} of read '{read.read_id}'"
    try:
        profile = profile_of(read, state)
        if payload["profile_sha256"] not in (values_hash(profile), hash_with_sources(profile)):
            return (
                "",
                f"{where}: not computed again, its profile '{payload['profile']}' is not here as it was",
            )
        found = evaluate_up_to(state, profile, point)
    except IncompleteReadError as problem:
        return f"what was decided does not support it ({problem})", ""
    except HCCResponseError as problem:
        return "", f"{where}: not computed again ({problem})"
    total = None if found.target.sum is None else str(found.target.sum)
    again = (found.overall and str(found.overall), total, reviewed_up_to(state, point), state.locks.version)
    signed = tuple(payload[name] for name in ("category", "sum", "reviewed", "version"))
    if again == signed:
        return "", ""
    words = f"it says {signed[0]}, sum {signed[1]}; computed again: {again[0]}, sum {again[1]}"
    # Another version of the rules may come to something else; that is for people to judge.
    same_software = event.software == f"hcc-response {__version__}"
    return (words, "") if same_software else ("", f"{where}: {words}, by {event.software}")
