"""What the panel shows, as plain values: derived from the read alone, without Qt and without a scene."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from HCCResponseLib.base.errors import HCCResponseError
from HCCResponseLib.imaging.study import TimePointEntry
from HCCResponseLib.lesions.proposal import (
    OUTSIDE_DOMAIN,
    OUTSIDE_WORDS,
    UNSEEN_ERRORS,
    domain_words,
    place_words,
)
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.read.access import Stage
from HCCResponseLib.review.read.category import missing, roles
from HCCResponseLib.review.read.lifecycle import points as points_of
from HCCResponseLib.review.read.lifecycle import stage
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


@dataclass(frozen=True)
class TimePointLine:
    """One time point in the study section. ``remarks``: what to know of how its image was acquired or read."""

    name: str
    date: str
    phase: str
    image: str
    state: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One lesion at one time point: short text, status, and a note with everything behind it."""

    time_point: str
    text: str
    status: CellStatus
    note: str


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
    """One candidate for a new lesion with its evidence."""

    time_point: str
    name: str
    size: str
    suggestion: str
    decision: str
    status: CellStatus
    evidence: str


@dataclass(frozen=True)
class PanelView:
    """The whole panel. ``points`` may be seen now; ``missing`` is empty when a category can be computed."""

    subject: str
    time_points: tuple[TimePointLine, ...]
    points: tuple[str, ...]
    lesions: tuple[LesionLine, ...]
    candidates: tuple[CandidateLine, ...]
    missing: tuple[str, ...]
    baseline_decided: bool
    waiting: tuple[str, ...]


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
    first = state.rows.get(points[0], {})
    return PanelView(
        state.study.subject,
        tuple(_time_point(state, p, drafts) for p in state.study.timepoints),
        tuple(points),
        _lesions(state, profile, points, drafts),
        tuple(_candidates(state, points, drafts)),
        (*missing(state, points[-1]), *(_unfinished(*place) for place in sorted(drafts))),
        bool(first)
        and all(r.status is not RowStatus.PROPOSED for r in first.values())
        and not any(point == points[0] for point, _ in drafts),
        tuple(n for n in points if n not in state.provenance),
    )


def _unfinished(point: str, name: str) -> str:
    return f"{point}: the contour of {name} is unfinished; finish it by Done, or discard it."


def open_points(state: ReadState) -> list[str]:
    """Names of the time points that may be seen, baseline first; a sequential read opens one after the other."""
    return [name for name in points_of(state) if stage(state, name) is not Stage.WAITING]


def _time_point(state: ReadState, point: TimePointEntry, drafts: frozenset[tuple[str, str]]) -> TimePointLine:
    name = point.name
    rows = state.rows.get(name, {})
    open_rows = sum(r.status is RowStatus.PROPOSED or (name, n) in drafts for n, r in rows.items())
    if name in state.locked:
        words = "signed and locked"
    elif stage(state, name) is Stage.WAITING:
        words = "opens when the one before is locked"
    elif name not in state.provenance:
        words = "no proposals yet"
    else:
        words = f"{open_rows} of {len(rows)} to decide" if open_rows else "all decided"
    shown = stage(state, name) is not Stage.WAITING
    facts = state.provenance.get(name, {}) if shown else {}
    remarks = (*facts.get("image", {}).get("remarks", ()), *domain_words(facts))
    return TimePointLine(name, point.date.isoformat(), point.phase or "", str(point.image), words, remarks)


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
        absent = "no proposal here" if point in state.provenance else "no proposals yet"
        return Cell(point, "", CellStatus.MISSING, absent)
    text = f"draft {_text(row)}" if draft else _text(row)
    return Cell(point, text, _status(state, point, row, draft), cell_note(row, draft))


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


def cell_note(row: Row, draft: bool = False) -> str:
    """Everything behind a row's number, one line each; of an unfinished contour that it is no decision."""
    lines = [f"{row.status.value} ({row.proposal.origin})"]
    if draft:
        lines[0] = f"unfinished contour, no decision yet; proposed by {row.proposal.origin}"
    elif row.decision is not None:
        lines[0] = f"{row.status.value} by {row.decision.reader}; proposed by {row.proposal.origin}"
        if row.decision.reason:
            lines.append(f"reason: {row.decision.reason}")
    lines += _lengths(row)
    if not row.is_candidate:
        lines += _cautions(row)
    if row.measurement is not None:
        lines.append(
            f"volume {row.measurement.volume_mm3 / 1000:.1f} mL, convention {row.measurement.convention}"
        )
        lines += [str(w) for w in row.measurement.warnings]
    return "\n".join(lines)


def _cautions(row: Row) -> list[str]:
    """What the reader must know of how the lesion was found again."""
    evidence = row.proposal.evidence
    lines = []
    if evidence.get("registration_trustworthy") is False:
        lines.append("Caution: the registration is not trustworthy here.")
    lines += [str(evidence[k]) for k in ("remark", "registration_remark") if evidence.get(k)]
    if place := place_words(evidence):
        lines.append(place)
    if row.proposal.outside_domain:
        lines.append(f"{OUTSIDE_WORDS} {row.proposal.outside_domain}")
    if row.proposal.says_disappeared:
        lines.append(f"Proposed as disappeared: look at its place and around it. {UNSEEN_ERRORS}")
    if evidence.get("outcome") in ("split", "merged", "unclear"):
        lines.append(f"{evidence['outcome']}, confidence {evidence.get('confidence')}")
    if evidence.get("parts_long_axes_mm"):
        lines.append(f"long axes of its parts: {evidence['parts_long_axes_mm']} mm")
    if evidence.get("merged_with"):
        lines.append(f"merged with {evidence['merged_with']}")
    if row.merged_into:
        lines.append(f"One diameter is measured for both, that of {row.merged_into} (RECIST 1.1, 4.3.2).")
        lines.append("Where a border between them is visible, draw each of them: then each is measured.")
    return lines


def _lengths(row: Row) -> list[str]:
    """The reader's line beside the contour's axis, and the edited contour's beside the proposed one."""
    lines = []
    contour = row.measurement.long_axis.length_mm if row.measurement else None
    own = row.decision.long_axis_mm if row.decision else None
    if row.parts:
        lines.append(f"split: {row.parts_words} = {row.long_mm} mm; the parts are added (RECIST 1.1, 4.3.2)")
        lines.append("a length of your own takes the place of the sum")
        return lines
    if own is not None and row.proposal.parts:
        lines.append(f"reader's line {own} mm in place of the sum of the parts")
    if own is not None and contour is not None:
        lines.append(f"reader's line {own} mm, contour {contour} mm (difference {own - contour:+} mm)")
    proposed = row.proposal.measurement
    if proposed is not None and row.measurement is not proposed and contour is not None:
        lines.append(f"edited contour {contour} mm, proposed {proposed.long_axis.length_mm} mm")
    return lines


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
            evidence_text(row),
        )
        for point in points
        for name, row in state.rows.get(point, {}).items()
        if row.is_candidate
    ]


# In the order in which a reader asks for them; what is not named here comes last, by its own name.
_EVIDENCE_WORDS = {
    OUTSIDE_DOMAIN: "outside what the network was made for",
    "remark": "remark",
    "registration_remark": "registration",
    "registration_trustworthy": "checks of the registration passed",
    "place_error_mm": "mm that the place may be off (estimated)",
    "imaged_at_baseline": "imaged at baseline",
    "mean_probability": "probability",
    "highest_probability": "highest probability",
    "probability_at_baseline": "probability in this place at baseline",
    "volume_at_baseline_ml": "mL seen in this place at baseline",
    "volume_ml": "volume in mL",
    "distance_to_known_mm": "mm to nearest known lesion",
    "key_slice": "key slice",
    "mean_hu": "attenuation in HU",
    "hu_against_liver": "HU against liver",
    "elongation": "elongation",
    "base_network_agreement": "agreement of base network with baseline contour",
}
_NOT_FOR_READERS = ("place_lps", "place_at_baseline_lps")


def evidence_text(row: Row) -> str:
    """A row's evidence as lines that a reader understands."""
    lines = []
    given = row.proposal.evidence
    for key in dict.fromkeys((*_EVIDENCE_WORDS, *given)):
        value = given.get(key)
        if key in _NOT_FOR_READERS or value is None:
            continue
        words = _EVIDENCE_WORDS.get(key, key.replace("_", " "))
        shown = ("yes" if value else "no") if isinstance(value, bool) else value
        lines.append(f"{words}: {shown}")
    return "\n".join(lines)
