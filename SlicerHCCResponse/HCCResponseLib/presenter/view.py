"""What the panel shows, as plain values: derived from the read alone, without Qt and without a scene."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from HCCResponseLib.base.errors import HCCResponseError
from HCCResponseLib.imaging.study import TimePointEntry
from HCCResponseLib.lesions.proposal import OUTSIDE_WORDS, domain_words
from HCCResponseLib.presenter.evidence import cell_note, evidence_text, evidence_words
from HCCResponseLib.presenter.worklist import Worklist, worklist_of
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.read.access import Stage
from HCCResponseLib.review.read.category import Gap, gaps, roles
from HCCResponseLib.review.read.lifecycle import is_decided, nothing_found, stage
from HCCResponseLib.review.read.lifecycle import points as points_of
from HCCResponseLib.review.read.state import ReadState, Row, RowStatus

STATE_WORDS = {
    LesionState.DISAPPEARED: "gone",
    LesionState.TOO_SMALL: "too small",
    LesionState.NOT_EVALUABLE: "no contour",
    LesionState.NOT_IMAGED: "not imaged",
}


class CellStatus(StrEnum):
    """State of one lesion at one time point, as colour and icon show it."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"
    MISSING = "missing"
    LOCKED = "locked"
    DRAFT = "draft"
    NONE = "none"
    """Nothing can be here: a lesion that came later, one that was rejected at baseline, a visit not proposed yet."""


@dataclass(frozen=True)
class TimePointLine:
    """One time point in the study section.

    Attributes:
        remarks: what to know of how its image was acquired or read.
        waits: why it has no proposals yet, as a sentence; empty when it has.
    """

    name: str
    date: str
    phase: str
    image: str
    state: str
    remarks: tuple[str, ...] = ()
    waits: str = ""


@dataclass(frozen=True)
class Cell:
    """One lesion at one time point: text, status, and a note with everything behind it.

    Attributes:
        short: the text where there is little room: of a split lesion its sum and the number of its parts.
    """

    time_point: str
    text: str
    status: CellStatus
    note: str
    short: str = ""


@dataclass(frozen=True)
class LesionLine:
    """One lesion over all time points."""

    name: str
    role: str
    role_reason: str
    site: str
    cells: tuple[Cell, ...]
    change: str


@dataclass(frozen=True)
class CandidateLine:
    """One candidate for a new lesion; its evidence in words, and the figures behind them."""

    time_point: str
    name: str
    size: str
    suggestion: str
    decision: str
    status: CellStatus
    evidence: str
    figures: str


_TAKEN = (RowStatus.ACCEPTED, RowStatus.EDITED)


@dataclass(frozen=True)
class PanelView:
    """The whole panel.

    Attributes:
        points: may be seen now.
        gaps: what is missing for a category, with its places; empty when one can be computed.
        baseline_has_lesions: a reader took something for a tumour there.
        waiting: time points without proposals.
        worklist: rows that wait for a decision, and how many are decided.
    """

    subject: str
    time_points: tuple[TimePointLine, ...]
    points: tuple[str, ...]
    lesions: tuple[LesionLine, ...]
    candidates: tuple[CandidateLine, ...]
    gaps: tuple[Gap, ...]
    baseline_decided: bool
    baseline_has_lesions: bool
    waiting: tuple[str, ...]
    worklist: Worklist

    @property
    def missing(self) -> tuple[str, ...]:
        """What is missing for a category, in words."""
        return tuple(gap.words for gap in self.gaps)


def build_view(
    state: ReadState, profile: Profile, drafts: frozenset[tuple[str, str]] = frozenset()
) -> PanelView:
    """The panel's content for a read. Costs a few milliseconds: no contour is unpacked.

    Args:
        state: the read as it is shown, unfinished contours in their rows.
        drafts: (time point, name) of those rows: they count as undecided and keep the category away.
    """
    assert state.study is not None
    points = open_points(state)
    return PanelView(
        state.study.subject,
        tuple(_time_point(state, p, drafts) for p in state.study.timepoints),
        tuple(points),
        _lesions(state, profile, points, drafts),
        tuple(_candidates(state, points, drafts)),
        (*gaps(state, points[-1]), *(_unfinished(*place) for place in sorted(drafts))),
        _baseline_decided(state, points[0], drafts),
        any(r.status in _TAKEN for r in state.rows.get(points[0], {}).values() if not r.is_candidate),
        tuple(n for n in points if n not in state.provenance),
        worklist_of(state, points, drafts),
    )


def _baseline_decided(state: ReadState, first: str, drafts: frozenset[tuple[str, str]]) -> bool:
    return is_decided(state, first) and not any(point == first for point, _ in drafts)


def _unfinished(point: str, name: str) -> Gap:
    words = f"the contour of {name} is unfinished; finish it by Done, or discard it."
    return Gap(point, name, f"{point}: {words}")


def open_points(state: ReadState) -> list[str]:
    """Names of the time points that may be seen, baseline first; a sequential read opens one after the other."""
    return [name for name in points_of(state) if stage(state, name) is not Stage.WAITING]


def _time_point(state: ReadState, point: TimePointEntry, drafts: frozenset[tuple[str, str]]) -> TimePointLine:
    name = point.name
    rows = state.rows.get(name, {})
    open_rows = sum(r.status is RowStatus.PROPOSED or (name, n) in drafts for n, r in rows.items())
    waits = ""
    if name in state.locked:
        words = "signed and locked"
    elif stage(state, name) is Stage.WAITING:
        words = "opens when the one before is locked"
    elif name not in state.provenance:
        words, waits = "not proposed", not_proposed(state, name, drafts)
    else:
        words = f"{open_rows} of {len(rows)} to decide" if open_rows else "all decided"
    shown = stage(state, name) is not Stage.WAITING
    facts = state.provenance.get(name, {}) if shown else {}
    remarks = (*facts.get("image", {}).get("remarks", ()), *domain_words(facts))
    return TimePointLine(
        name, point.date.isoformat(), point.phase or "", str(point.image), words, remarks, waits
    )


def not_proposed(state: ReadState, name: str, drafts: frozenset[tuple[str, str]]) -> str:
    """Why a time point has no proposals yet, and what comes first."""
    first = open_points(state)[0]
    if name == first:
        return "not proposed yet: press Propose baseline lesions"
    if _baseline_decided(state, first, drafts):
        return "not proposed yet: press Adapt and propose"
    if nothing_found(state):
        words = "add the lesions that you see, or sign it if there is none"
        return f"not proposed yet: no lesion was found at {first}; {words}"
    return f"not proposed yet: decide on the {first} first"


def _lesions(
    state: ReadState, profile: Profile, points: list[str], drafts: frozenset[tuple[str, str]]
) -> tuple[LesionLine, ...]:
    known = _roles(state, profile)
    names = dict.fromkeys(
        n
        for p in points
        for n, r in state.rows.get(p, {}).items()
        if not r.is_candidate or r.status is RowStatus.ACCEPTED
    )
    return tuple(_lesion(state, name, points, known.get(name), drafts) for name in names)


def _roles(state: ReadState, profile: Profile) -> dict[str, tuple[str, str]]:
    try:
        return {n: (str(role), reason) for n, (role, reason) in roles(state, profile).items()}
    except HCCResponseError as problem:
        return {n: ("?", str(problem)) for n in state.rows.get(points_of(state)[0], {})}


def _lesion(
    state: ReadState,
    name: str,
    points: list[str],
    role: tuple[str, str] | None,
    drafts: frozenset[tuple[str, str]],
) -> LesionLine:
    site = state.site(name)
    words, reason = role or _no_role(state.row(points[0], name))
    cells = tuple(_cell(state, p, name, (p, name) in drafts) for p in points)
    where = f"{site.organ} {site.segment}".strip()
    return LesionLine(name, words, reason, where, cells, _change(state, name, points))


def _no_role(row: Row | None) -> tuple[str, str]:
    if row is None:
        return "new", "not seen at baseline"
    return ("-", "rejected") if row.decision is not None else ("-", f"not decided. {OUTSIDE_WORDS}")


def _cell(state: ReadState, point: str, name: str, draft: bool) -> Cell:
    row = state.row(point, name)
    if row is None:
        return _absent(state, point, name)
    text = f"draft {_text(row)}" if draft else _text(row)
    short = f"{row.long_mm} ({len(row.parts)} parts)" if row.parts else _text(row)
    return Cell(
        point,
        text,
        _status(state, point, row, draft),
        cell_note(row, draft),
        f"draft {short}" if draft else short,
    )


def _absent(state: ReadState, point: str, name: str) -> Cell:
    """A cell without a row: red only where a lesion that is followed should have one."""
    first = open_points(state)[0]
    before = state.row(first, name)
    if point not in state.provenance:
        return Cell(point, "-", CellStatus.NONE, not_proposed(state, point, frozenset()))
    if before is None:
        return Cell(point, "-", CellStatus.NONE, "not seen at this visit")
    if before.status is RowStatus.REJECTED:
        return Cell(point, "-", CellStatus.NONE, f"rejected at {first}, so it is not followed")
    return Cell(point, "missing", CellStatus.MISSING, "no proposal here: contour it or give its state")


def _status(state: ReadState, point: str, row: Row, draft: bool) -> CellStatus:
    if draft:
        return CellStatus.DRAFT
    return CellStatus.LOCKED if point in state.locked else CellStatus(row.status.value)


def _text(row: Row) -> str:
    """Long axis, and short axis where there is one, in mm; of a split lesion its parts; or the state in words."""
    if row.parts or row.merged_into:
        return row.size_words
    if row.long_mm is None:
        return STATE_WORDS.get(row.state, str(row.state))
    return f"{row.long_mm}" + (f" x {row.short_mm}" if row.short_mm is not None else "")


def _change(state: ReadState, name: str, points: list[str]) -> str:
    """Change of the latest measured size from baseline, in per cent; without a number at both ends nothing."""
    lengths = [_size(state, p, name) for p in points]
    later = [v for v in lengths[1:] if v is not None]
    if not later or not lengths[0]:
        return ""
    return f"{(later[-1] - lengths[0]) / lengths[0] * 100:+.0f} %"


def _size(state: ReadState, point: str, name: str) -> Decimal | None:
    row = state.row(point, name)
    if row is None:
        return None
    if row.state is LesionState.DISAPPEARED:
        return Decimal(0)
    return row.short_mm if state.site(name).lymph_node else row.long_mm


def _candidates(
    state: ReadState, points: list[str], drafts: frozenset[tuple[str, str]]
) -> list[CandidateLine]:
    return [
        CandidateLine(
            point,
            name,
            _text(row),
            row.proposal.suggestion.value if row.proposal.suggestion else "",
            "draft" if (point, name) in drafts else row.decision.action.value if row.decision else "",
            _status(state, point, row, (point, name) in drafts),
            evidence_words(row),
            evidence_text(row),
        )
        for point in points
        for name, row in state.rows.get(point, {}).items()
        if row.is_candidate
    ]
