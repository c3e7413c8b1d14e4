"""What a reader adds to a read: lesions that were not proposed, facts of a lesion, facts of a visit."""

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from itertools import count
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.text import one_line
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.study import NAME
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import ADDED_BY, Proposal, ProposalKind
from HCCResponseLib.measure import RECIST, convention_of, measure_lesion
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.read.changes import reason_for_change
from HCCResponseLib.review.read.facts import Site, Visit, visit_to_json
from HCCResponseLib.review.read.lifecycle import hold_draft
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.records import row_name, write_proposal
from HCCResponseLib.review.read.state import ReadState
from HCCResponseLib.review.store import ReadStore


def add_row(store: ReadStore, state: ReadState, reader: str, time_point: str, name: str = "") -> str:
    """A row without contour for a lesion that the reader will draw; returns its name, a free one by default.

    At baseline it is a lesion to be followed, later a candidate for a new one.

    Raises:
        InputError: there is no such time point, or the name is taken there or cannot be one.
        AccessError: it is locked.
    """
    return _add(store, state, reader, _empty_row(state, reader, time_point, name))


def add_contoured(
    store: ReadStore,
    state: ReadState,
    reader: str,
    time_point: str,
    contour: Lesion,
    geometry: Geometry,
    prompt: Mapping[str, Any],
) -> str:
    """A row with a contour that was made from the reader's line, as a proposal to decide on; returns its name.

    Args:
        geometry: of the scan.
        prompt: what was shown, with engine and weights; plain values.

    Raises:
        InputError: there is no such time point, or the contour is empty. AccessError: it is locked.
    """
    wanted = RECIST if state.study is None else convention_of(profile_of(store, state))
    measured = measure_lesion(contour, geometry, wanted)
    empty = _empty_row(state, reader, time_point, "")
    filled = replace(
        empty, state=LesionState.MEASURED, contour=contour, measurement=measured, prompt=dict(prompt)
    )
    return _add(store, state, reader, filled)


def _empty_row(state: ReadState, reader: str, time_point: str, name: str) -> Proposal:
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
    return Proposal(time_point, name, kind, LesionState.NOT_EVALUABLE, None, None, ADDED_BY + reader)


def _add(store: ReadStore, state: ReadState, reader: str, proposal: Proposal) -> str:
    with store.transaction():
        hold_draft(store, state, reader, proposal.time_point)
        write_proposal(store, proposal)
    state.propose(proposal)
    return proposal.name


def _free_name(state: ReadState, letter: str) -> str:
    taken = {name for rows in state.rows.values() for name in rows}
    return next(name for number in count(1) if (name := f"{letter}{number}") not in taken)


def set_site(
    store: ReadStore, state: ReadState, reader: str, name: str, site: Site, reason: str = ""
) -> None:
    """Say where a lesion lies and what else is known of it; the latest word counts.

    Raises:
        InputError: no such lesion, no organ, an unknown kind, growth since a treatment that was not given, or the
            profile wants a reason for the change.
        AccessError: the time point that shows the lesion first is locked.
    """
    first = first_shown(state, name)
    if first is None:
        raise InputError(f"There is no lesion '{name}' in this read.")
    site = _checked_site(store, state, name, site)
    payload = {"time_point": first, "name": name, **asdict(site)}
    with store.transaction():
        hold_draft(store, state, reader, first)
        old = state.sites.get(name)
        if site != old:
            what = f"what is known of '{name}'"
            reason = reason_for_change(store, state, first, what, reason, old is not None)
        before, item = (old or Site()).words, row_name(first, name)
        store.append(reader, "site", payload, item=item, old=before, new=site.words, reason=reason)
    state.sites[name] = site


def first_shown(state: ReadState, name: str) -> str | None:
    """The time point that shows a lesion first, if any does."""
    return next((point for point, rows in state.rows.items() if name in rows), None)


def _checked_site(store: ReadStore, state: ReadState, name: str, site: Site) -> Site:
    known = kinds(profile_of(store, state)) if state.study else ()
    if site.kind and site.kind not in known:
        raise InputError(f"'{site.kind[:60]}' of '{name}' is no kind of lesion; known: {', '.join(known)}.")
    if site.grown_since_treatment is not None and not (site.treated or site.irradiated):
        raise InputError(f"'{name}' has grown since a treatment, but is not called treated or irradiated.")
    return replace(
        site,
        organ=one_line(site.organ, "the organ", 60),
        segment=one_line(site.segment, "the segment", 60, required=False),
        station=one_line(site.station, "the station", 60, required=False),
    )


def kinds(profile: Profile) -> tuple[str, ...]:
    """Kinds of lesion that the rules of a profile know; every other lesion has none."""
    return (*profile.never_measurable, "cystic", "bone-soft-tissue")


def set_visit(
    store: ReadStore, state: ReadState, reader: str, time_point: str, visit: Visit, reason: str = ""
) -> None:
    """Say the tumour markers of a time point, and how non-target disease compares; the latest word counts.

    Raises:
        InputError: the profile wants a reason for the change, no such time point, or what is said contradicts itself.
        AccessError: the time point is locked or not open yet, or the read is somebody else's.
    """
    if time_point not in [p.name for p in (state.study.timepoints if state.study else ())]:
        raise InputError(f"There is no time point '{time_point}' in this read.")
    named = (
        replace(
            m,
            name=one_line(m.name, "the tumour marker", 40),
            unit=one_line(m.unit, "its unit", 20, required=False),
        )
        for m in visit.markers
    )
    visit = replace(visit, markers=tuple(named))
    visit.require_sound()
    payload = {"time_point": time_point, **visit_to_json(visit)}
    with store.transaction():
        hold_draft(store, state, reader, time_point)
        old = state.visits.get(time_point)
        if visit != old:
            what = f"what is known of '{time_point}'"
            reason = reason_for_change(store, state, time_point, what, reason, old is not None)
        before, item = (old or Visit()).words, row_name(time_point, "visit")
        store.append(reader, "visit", payload, item=item, old=before, new=visit.words, reason=reason)
    state.visits[time_point] = visit
