"""Links of a read as events: what the software proposed, and what a reader relinked, split or merged."""

from collections.abc import Mapping, Sequence

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.lesions.links import SOFTWARE, LinkSet, links_to_json, relink
from HCCResponseLib.review.read.changes import reason_for_change
from HCCResponseLib.review.read.lifecycle import hold_draft
from HCCResponseLib.review.read.records import row_name
from HCCResponseLib.review.read.state import ReadState
from HCCResponseLib.review.store import ReadStore


def write_links(store: ReadStore, state: ReadState, links: LinkSet, actor: str = SOFTWARE) -> None:
    """Append a set of links; the state shows it in front of the one before."""
    old = state.links.get(links.time_point)
    store.append(
        actor,
        "links",
        links_to_json(links),
        item=row_name(links.time_point, "links"),
        old="" if old is None else old.words,
        new=links.words,
        reason=links.reason,
    )
    state.links[links.time_point] = links


def reader_relinks(
    store: ReadStore,
    state: ReadState,
    time_point: str,
    owners: Mapping[int, Sequence[str]],
    reader: str,
    reason: str = "",
) -> LinkSet:
    """Say to which lesions parts belong (none = may be new, several = merged); the old links stay in the history.

    Contours and decisions are not touched: the reader edits the rows whose parts have changed.

    Raises:
        InputError: no links at this time point, the profile wants a reason, or as
            :func:`HCCResponseLib.lesions.links.relink`.
        AccessError: the time point is locked or not open yet, or the read is somebody else's.
    """
    if time_point not in state.links:
        raise InputError(f"There are no links at '{time_point}' to change; propose this time point first.")
    old = state.links[time_point]
    links = relink(old, owners, reader, reason)
    with store.transaction():
        hold_draft(store, state, reader, time_point)
        reason_for_change(store, state, time_point, "the links", reason, old.before is not None)
        write_links(store, state, links, reader)
    return links
