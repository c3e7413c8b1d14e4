"""What a reader has changed after deciding: old value and new, who, when and why; and when a why is due."""

from collections.abc import Sequence
from dataclasses import dataclass

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.text import one_line
from HCCResponseLib.lesions.links import SOFTWARE
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.state import ReadState
from HCCResponseLib.review.signing.signatures import moment
from HCCResponseLib.review.store import Event, ReadStore

#: What a reader says, by action, and under which name the log keeps earlier words on the same thing.
_SAID = {
    "decision": "row",
    "undo": "row",
    "non-target": "non-target",
    "answer": "answer",
    "site": "site",
    "visit": "visit",
    "links": "links",
}

# A signed time point that was opened again.
_AMENDED = "amended"
_WHERE = (
    "'review' asks for it; else give it as 'reason' in the decisions file, with --reason of 'read decide', or in the "
    "box 'Reason for a change' of the panel."
)


@dataclass(frozen=True)
class Change:
    """One word of a reader that took the place of an earlier one, or the opening of a signed time point.

    Attributes:
        who: the reader; for somebody who may not know names, the stream.
        utc, local: when, as in the event.
        action, item: what was changed, as in the log.
        old, new: the value before and after, in words.
        reason: why; empty where none was asked for.
    """

    who: str
    utc: str
    local: str
    action: str
    item: str
    old: str
    new: str
    reason: str

    @property
    def when(self) -> str:
        """Date and time in UTC, with the local time where it is known and differs."""
        return moment(self.utc, self.local)

    @property
    def words(self) -> str:
        """On one line."""
        why = f" ({self.reason})" if self.reason else " (no reason given)"
        return (
            f"{self.item}: {self.old or 'nothing'} -> {self.new or 'nothing'}, {self.who}, {self.when}{why}"
        )


def changes(store: ReadStore, state: ReadState) -> list[Change]:
    """Every word of a reader that replaced an earlier one, and every amendment, in order, as far as the state goes.

    Args:
        store: of this read.
        state: as its viewer may see it.
    """
    until, alias = state.until, state.alias
    events = [e for e in store.events() if until is None or e.sequence <= until]
    return [
        Change(_who(e, alias), e.utc, e.local, e.action, e.item, e.old, e.new, e.reason)
        for e in _changing(events)
    ]


def _who(event: Event, alias: str) -> str:
    """The actor; for a viewer who may not know names the reader's stream, or the role of whoever amended."""
    if not alias:
        return event.actor
    return event.role if event.action == _AMENDED and event.role else alias


def _changing(events: Sequence[Event]) -> list[Event]:
    said: set[tuple[str, str]] = set()
    found = []
    for event in events:
        if event.action == _AMENDED:
            found.append(event)
        if event.action not in _SAID or event.actor == SOFTWARE:
            continue
        place = (_SAID[event.action], event.item)
        if place in said:
            found.append(event)
        said.add(place)
    return found


def reason_for_change(
    store: ReadStore, state: ReadState, time_point: str, what: str, reason: str, decided: bool
) -> str:
    """The reason for a word of a reader, cleaned; where the read's profile wants one, it must be there.

    ``reason_for_change`` of the profile: ``never``; ``after-lock``, for everything that is said at a time point that
    was signed before; ``after-decision``, also for what takes the place of an earlier word.

    Args:
        what: the thing that is changed, for the message.
        decided: there is an earlier word on it.

    Raises:
        InputError: it is missing, or it is no line of text.
    """
    why = one_line(reason, "the reason", 1000, required=False)
    rule = "never" if state.study is None else profile_of(store, state).reason_for_change
    if why or rule == "never":
        return why
    if any(signature.time_point == time_point for signature in state.locks.signatures):
        raise InputError(f"'{time_point}' was signed before: a change of {what} needs a reason. {_WHERE}")
    if decided and rule == "after-decision":
        raise InputError(f"{what} is decided already: a change needs a reason. {_WHERE}")
    return why
