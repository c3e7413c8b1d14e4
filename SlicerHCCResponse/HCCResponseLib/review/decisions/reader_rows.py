"""What a reader adds to a read: lesions that were not proposed, and where a lesion lies."""

import re
from dataclasses import asdict
from itertools import count

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.text import one_line
from HCCResponseLib.imaging.study import NAME
from HCCResponseLib.lesions.proposal import Proposal, ProposalKind
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.read.lifecycle import require_draft
from HCCResponseLib.review.read.records import row_name, write_proposal
from HCCResponseLib.review.read.state import ReadState, Site, refresh
from HCCResponseLib.review.store import ReadStore

ADDED_BY = "added by "


def add_row(store: ReadStore, state: ReadState, reader: str, time_point: str, name: str = "") -> str:
    """A row without contour for a lesion that the reader will draw; returns its name, a free one by default.

    At baseline it is a lesion to be followed, later a candidate for a new one.

    Raises:
        InputError: there is no such time point, or the name is taken there or cannot be one.
        AccessError: it is locked.
    """
    points = [p.name for p in state.study.timepoints] if state.study else []
    if time_point not in points:
        raise InputError(f"There is no time point '{time_point}' in this read.")
    at_baseline = time_point == points[0]
    kind = ProposalKind.LESION if at_baseline else ProposalKind.CANDIDATE
    name = name or _free_name(state, "L" if at_baseline else "N")
    if state.row(time_point, name) is not None or not re.fullmatch(NAME, name):
        raise InputError(
            f"'{name[:80]}' cannot be the name of a new row at '{time_point}': taken, or no name."
        )
    proposal = Proposal(time_point, name, kind, LesionState.NOT_EVALUABLE, None, None, ADDED_BY + reader)
    with store.transaction():
        refresh(store, state)
        require_draft(state, reader, time_point)
        write_proposal(store, proposal)
    state.propose(proposal)
    return name


def _free_name(state: ReadState, letter: str) -> str:
    taken = {name for rows in state.rows.values() for name in rows}
    return next(name for number in count(1) if (name := f"{letter}{number}") not in taken)


def set_site(store: ReadStore, state: ReadState, reader: str, name: str, site: Site) -> None:
    """Say where a lesion lies; the latest word counts.

    Raises:
        InputError: no such lesion, or no organ.
        AccessError: the time point that shows the lesion first is locked.
    """
    first = next((point for point, rows in state.rows.items() if name in rows), None)
    if first is None:
        raise InputError(f"There is no lesion '{name}' in this read.")
    organ = one_line(site.organ, "the organ", 60)
    site = Site(organ, one_line(site.segment, "the segment", 60, required=False), site.lymph_node)
    payload = {"time_point": first, "name": name, **asdict(site)}
    with store.transaction():
        refresh(store, state)
        require_draft(state, reader, first)
        old, new = _words(state.site(name)), _words(site)
        store.append(reader, "site", payload, item=row_name(first, name), old=old, new=new)
    state.sites[name] = site


def _words(site: Site) -> str:
    parts = (site.organ, site.segment, "lymph node" if site.lymph_node else "")
    return ", ".join(part for part in parts if part)
