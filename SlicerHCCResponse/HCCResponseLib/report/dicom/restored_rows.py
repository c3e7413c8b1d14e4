"""What a report says of a time point, as rows and decisions of a new read, and in what both differ."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import numpy as np

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.dicom.decided import DecidedVisit
from HCCResponseLib.dicom.entries import CategoryEntry, Length, LesionEntry
from HCCResponseLib.imaging.dicom_seg import drawn_segments
from HCCResponseLib.imaging.study import TimePointEntry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import Proposal, ProposalKind, Suggestion
from HCCResponseLib.measure import LesionMeasurement, convention_of, measure_lesion
from HCCResponseLib.report.dicom.contents import category_entries, lesion_entries
from HCCResponseLib.response.types import LesionRole, LesionState
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.decisions.reader_rows import set_site
from HCCResponseLib.review.read.facts import Site
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.records import Action, Decision, ReaderLine, write_proposal
from HCCResponseLib.review.read.session import Session
from HCCResponseLib.review.read.state import Row

_ROLES = {"target": LesionRole.TARGET, "non-target": LesionRole.NON_TARGET}
# Their parts, or what they have joined, are in no report.
_HAS_MORE = (LesionState.SPLIT, LesionState.MERGED)
_FROM = "from its DICOM report"
_REJECTED = "rejected"
_SAME = Decimal("0.001")


def decide_visit(
    session: Session, point: TimePointEntry, visit: DecidedVisit, segmentation: Path | None
) -> list[str]:
    """Store what was proposed, and decide on it as the report says; returns what could not be decided.

    Raises:
        InputError: the report names a segment, or a state, that there is none of.
    """
    image, state, reader = session.image(point), session.state, visit.report.reader
    drawn = {} if segmentation is None else _contours(segmentation, image)
    profile = profile_of(session.store, state)
    rows = []
    for one in visit.report.lesions:
        contour = _contour(one, drawn, visit)
        measured = (
            None if contour is None else measure_lesion(contour, image.geometry, convention_of(profile))
        )
        rows.append(_proposal(session, point.name, one, contour, measured, visit))
    for row in rows:
        write_proposal(session.store, row)
    acquired = {"remarks": list(image.remarks), "slice_thickness_mm": image.geometry.slice_thickness_mm}
    payload = {"time_point": point.name, "image": acquired, "report": str(visit.path)}
    session.store.append("software", "proposed", payload)
    state.rows.setdefault(point.name, {}).update({row.name: Row(row) for row in rows})
    state.provenance[point.name] = payload
    for one in visit.report.lesions:
        site = Site(organ=one.organ, lymph_node=one.node)
        if site != state.site(one.name):
            set_site(session.store, state, reader, one.name, site, _FROM)
    notes, first = [], point is session.study.timepoints[0]
    for one, row in zip(visit.report.lesions, rows, strict=True):
        if row.state in _HAS_MORE:
            notes.append(
                f"{one.name} at {point.name} was called {one.state}; what that means for others is in no report"
            )
            continue
        decision = _decision(one, row, reader, first)
        decide(session.store, state, decision, image.geometry)
    return notes


def _contours(segmentation: Path, image: Volume) -> dict[int, Lesion]:
    """Each segment by its number; they may overlap."""
    found = {}
    for info, index in drawn_segments(segmentation, image):
        mask = np.zeros(image.geometry.size, bool)
        mask[tuple(index.T)] = True
        found[info.number] = Lesion.of(mask)
    return found


def _contour(one: LesionEntry, drawn: Mapping[int, Lesion], visit: DecidedVisit) -> Lesion | None:
    if one.segment is None:
        return None
    if not drawn.get(one.segment):
        raise InputError(
            f"The report '{visit.path}' names segment {one.segment} for lesion '{one.name}', which the segmentation "
            "does not draw."
        )
    return drawn[one.segment]


def _proposal(
    session: Session,
    point: str,
    one: LesionEntry,
    contour: Lesion | None,
    measured: LesionMeasurement | None,
    visit: DecidedVisit,
) -> Proposal:
    if one.state not in list(LesionState):
        raise InputError(
            f"The report '{visit.path}' says of lesion '{one.name}' that it is '{one.state}': unknown."
        )
    # A lesion that was called new at an earlier visit has no role afterwards.
    known = any(
        row.decision is not None and row.decision.action is Action.NEW
        for rows in session.state.rows.values()
        if (row := rows.get(one.name)) is not None
    )
    candidate = one.role not in _ROLES and not known and one.decision != _REJECTED
    suggestion = (Suggestion.NEW if one.role == "new" else Suggestion.EQUIVOCAL) if candidate else None
    # By such a criterion nothing is measured but the viable part.
    viable = contour is not None and profile_of(session.store, session.state).needs_viable
    return Proposal(
        point,
        one.name,
        ProposalKind.CANDIDATE if candidate else ProposalKind.LESION,
        LesionState(one.state),
        contour,
        measured,
        f"drawn by {visit.report.reader}",
        suggestion,
        viable=viable,
    )


def _decision(one: LesionEntry, row: Proposal, reader: str, first: bool) -> Decision:
    """The reader's answer, at the ``first`` visit with the role.

    Diameters that are not the contour's are the reader's own lines, or number.
    """
    where = (reader, row.time_point, row.name)
    if one.decision == _REJECTED:
        return Decision(*where, Action.REJECT, reason=_FROM)
    own, long, short = row.measurement, one.long_axis, one.short_axis
    contours_long = None if own is None else own.long_axis.length_mm
    contours_short = None if own is None or own.short_axis is None else own.short_axis.length_mm
    changed = (long is not None and long.mm != contours_long) or (
        long is not None and (None if short is None else short.mm) != contours_short
    )
    if row.kind is ProposalKind.CANDIDATE:
        action = Action.NEW if one.role == "new" else Action.EQUIVOCAL
    else:
        action = Action.EDIT if changed else Action.ACCEPT
    if not changed or long is None:
        return Decision(*where, action, role=_ROLES.get(one.role) if first else None, reason=_FROM)
    # A number alone has no ends of its own, and no short axis beside it.
    by_line = long.ends is not None and not (short is None and long.mm == contours_long)
    return Decision(
        *where,
        action,
        role=_ROLES.get(one.role) if first else None,
        reason=_FROM,
        long_axis_mm=long.mm,
        long_line=ReaderLine(*long.ends) if by_line and long.ends else None,
        short_line=ReaderLine(*short.ends) if short and short.ends else None,
    )


def differences(session: Session, point: TimePointEntry, visit: DecidedVisit, decided: bool) -> list[str]:
    """In what the new read says something else than the report.

    Args:
        decided: everything is; sums and categories are compared then only.
    """
    wanted = visit.report
    identities = dict.fromkeys(session.state.rows.get(point.name, {}), "")
    segments = sorted((one for one in wanted.lesions if one.segment), key=lambda one: one.segment or 0)
    now = {e.name: e for e in lesion_entries(session, point, identities, [s.name for s in segments])}
    notes = []
    for one in wanted.lesions:
        mine = now.get(one.name)
        if mine is None:
            notes.append(f"{one.name} at {point.name}: nothing is decided, in the report {one.state}")
        else:
            notes += [f"{one.name} at {point.name}: {words}" for words in _differing(mine, one)]
    if decided:
        found = {one.criterion: one for one in category_entries(session, point)}
        for entry in wanted.categories:
            notes += _category_differs(point.name, found.get(entry.criterion), entry)
    return notes


def _differing(here: LesionEntry, there: LesionEntry) -> list[str]:
    pairs = [
        ("", here.state, there.state),
        ("", here.role or "no role", there.role or "no role"),
        ("long axis ", _mm(here.long_axis), _mm(there.long_axis)),
        ("short axis ", _mm(here.short_axis), _mm(there.short_axis)),
        ("volume ", _ml(here.volume_mm3), _ml(there.volume_mm3)),
    ]
    return [f"{what}{now}, in the report {was}" for what, now, was in pairs if now != was]


def _mm(length: Length | None) -> str:
    return "none" if length is None else f"{length.mm} mm"


def _ml(volume: float | None) -> str:
    return "none" if volume is None else f"{volume / 1000:.3f} mL"


def _category_differs(point: str, here: CategoryEntry | None, there: CategoryEntry) -> list[str]:
    if here is None:
        return [f"{point}, {there.criterion}: nothing, in the report {there.response or 'no category'}"]
    notes = []
    if here.response != there.response:
        now, was = here.response or "no category", there.response or "no category"
        notes.append(f"{point}, {there.criterion}: {now}, in the report {was}")
    for name, wanted in there.figures.items():
        found = here.figures.get(name)
        if found is None or abs(found - wanted) > _SAME:
            notes.append(f"{point}, {there.criterion}: {name} {found}, in the report {wanted}")
    return notes
