"""What a read says of a time point, in the words of DICOM objects."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from HCCResponseLib import __version__
from HCCResponseLib.dicom.entries import CategoryEntry, Length, LesionEntry, VisitReport
from HCCResponseLib.dicom.identity import uid_of
from HCCResponseLib.dicom.seg import Segment
from HCCResponseLib.imaging.study import TimePointEntry
from HCCResponseLib.lesions.proposal import ADDED_BY
from HCCResponseLib.measure import Axis
from HCCResponseLib.report.dicom.identities import read_identity
from HCCResponseLib.response.types import LesionRole, TimePointEvaluation
from HCCResponseLib.review.read.category import category, roles
from HCCResponseLib.review.read.parallel import parallel_readings
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.records import Action, ReaderLine
from HCCResponseLib.review.read.session import Session
from HCCResponseLib.review.read.state import Row, RowStatus

_DECIDED = (RowStatus.ACCEPTED, RowStatus.EDITED)
_ROLE_WORDS = {LesionRole.TARGET: "target", LesionRole.NON_TARGET: "non-target"}


def segments_at(session: Session, point: TimePointEntry, identities: Mapping[str, str]) -> list[Segment]:
    """The contours of a time point that a reader has accepted or drawn."""
    found = []
    for name, row in session.state.rows.get(point.name, {}).items():
        if row.contour and row.status in _DECIDED:
            algorithm = None if _by_hand(row, point) else (row.proposal.origin, __version__)
            edited = row.status is RowStatus.EDITED or row.prompt is not None
            site = session.state.site(name)
            where = (site.organ, site.lymph_node)
            found.append(Segment(name, identities[name], row.contour, algorithm, edited, *where))
    return found


def _by_hand(row: Row, point: TimePointEntry) -> bool:
    """Whether no network has drawn the contour, or what it was edited from."""
    if row.prompt is not None:
        return False
    given = point.contour is not None and row.proposal.origin == point.contour.drawn_by
    return given or row.proposal.origin.startswith(ADDED_BY)


def visit_report(
    session: Session,
    point: TimePointEntry,
    order: int,
    identities: Mapping[str, str],
    segments: Sequence[str],
    reader: str,
    final: bool,
) -> VisitReport:
    """The lesions of a time point with what was measured, and what each criterion came to.

    Args:
        order: of the time point, from 1.
        segments: names of the lesions in the time point's segmentation, in their order.
    """
    lesions = lesion_entries(session, point, identities, segments)
    return VisitReport(point.name, order, reader, lesions, category_entries(session, point), final)


def lesion_entries(
    session: Session, point: TimePointEntry, identities: Mapping[str, str], segments: Sequence[str]
) -> tuple[LesionEntry, ...]:
    """The lesions of a time point as decided; arguments as of :func:`visit_report`.

    A known lesion whose contour the reader has rejected at a later visit is not evaluable there.
    """
    numbers = {name: number for number, name in enumerate(segments, start=1)}
    first = point.name == session.study.timepoints[0].name
    role_of = {
        name: role
        for name, (role, _) in roles(session.state, profile_of(session.store, session.state)).items()
    }
    return tuple(
        replace(
            _lesion(name, row, identities[name], _role(row, role_of.get(name)), numbers.get(name)),
            organ=session.state.site(name).organ,
            node=session.state.site(name).lymph_node,
        )
        for name, row in session.state.rows.get(point.name, {}).items()
        if (row.status in _DECIDED and not _is_no_lesion(row)) or (_is_rejected(row) and not first)
    )


def _is_no_lesion(row: Row) -> bool:
    return row.decision is not None and row.decision.action is Action.DISMISS


def _is_rejected(row: Row) -> bool:
    return not row.is_candidate and row.decision is not None and row.decision.action is Action.REJECT


def _role(row: Row, role: LesionRole | None) -> str:
    if row.is_candidate:
        return "new" if row.decision is not None and row.decision.action is Action.NEW else ""
    return _ROLE_WORDS.get(role, "") if role is not None else ""


def _lesion(name: str, row: Row, uid: str, role: str, segment: int | None) -> LesionEntry:
    measured, decision = row.measurement, row.decision
    long_line, short_line = (decision.long_line, decision.short_line) if decision else (None, None)
    return LesionEntry(
        name=name,
        uid=uid,
        state=row.state.value,
        role=role,
        decision=row.status_words,
        long_axis=_length(row.long_mm, long_line, measured.long_axis if measured else None),
        short_axis=_length(row.short_mm, short_line, measured.short_axis if measured else None),
        volume_mm3=measured.volume_mm3 if measured and segment is not None else None,
        segment=segment,
    )


def _length(mm: Decimal | None, line: ReaderLine | None, axis: Axis | None) -> Length | None:
    """A diameter with the ends of the line that it is the length of; none where it is a number alone."""
    if mm is None:
        return None
    if line is not None and line.length_mm == mm:
        return Length(mm, (line.start_lps, line.end_lps))
    if axis is not None and axis.length_mm == mm:
        return Length(mm, (axis.start_lps, axis.end_lps))
    return Length(mm)


def category_entries(session: Session, point: TimePointEntry) -> tuple[CategoryEntry, ...]:
    """What each criterion came to at a time point; raises ``IncompleteReadError`` where something is not decided."""
    state, own_identity = session.state, read_identity(session)
    profile = profile_of(session.store, state)
    evaluation = category(state, profile)
    found = next(one for one in evaluation.time_points if one.name == point.name)
    response = None if found.overall is None else str(found.overall)

    def uid(criterion: str) -> str:
        return uid_of("response", own_identity, criterion)

    own = CategoryEntry(profile.criterion, uid(profile.criterion), response, _figures(found), profile.unit)
    others = [
        CategoryEntry(one.criterion, uid(one.criterion), dict(one.categories)[point.name])
        for one in parallel_readings(state, profile)
        if point.name in dict(one.categories) and one.criterion != profile.criterion
    ]
    return (own, *others)


def _figures(found: TimePointEvaluation) -> dict[str, Decimal]:
    target = found.target
    figures = {
        "sum": target.sum,
        "nadir": target.nadir_before,
        "percent-from-baseline": target.percent_from_baseline,
        "percent-from-nadir": target.percent_from_nadir,
    }
    return {name: value for name, value in figures.items() if value is not None}
