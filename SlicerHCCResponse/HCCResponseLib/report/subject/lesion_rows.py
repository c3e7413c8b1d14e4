"""The table of lesions on the first page: targets with their sum and its changes, then the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from HCCResponseLib.response.numbers import tenths
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import LesionRole, LesionState, ReadEvaluation, TimePointEvaluation
from HCCResponseLib.review.read.category import roles
from HCCResponseLib.review.read.state import ReadState, Row, RowStatus

_STATE_WORDS = {
    LesionState.DISAPPEARED: "disappeared (0 {unit})",
    LesionState.TOO_SMALL: "too small to measure",
    LesionState.NOT_EVALUABLE: "not evaluable",
    LesionState.NOT_IMAGED: "not imaged",
}
_GROUPS = (
    ("Target lesions", LesionRole.TARGET),
    ("Non-target lesions", LesionRole.NON_TARGET),
    ("Not decided", None),
)


@dataclass(frozen=True)
class Cell:
    """One lesion at one time point, or one figure: the figure, what the reader did with it, what else is known."""

    text: str
    status: str = ""
    note: str = ""

    @property
    def tag(self) -> str:
        """The kind of its status, for colours: seen (accepted, edited) or open, and nothing without a status."""
        if not self.status:
            return ""
        return "seen" if self.status in ("accepted", "edited") else "open"


@dataclass(frozen=True)
class Line:
    """One line of the table, a cell for each time point."""

    name: str
    where: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class LesionGroup:
    """Targets, non-targets or what has no role yet; ``sums`` of targets: sum, change from baseline and from nadir."""

    title: str
    lines: tuple[Line, ...]
    sums: tuple[Line, ...] = ()


def lesion_groups(
    state: ReadState, profile: Profile, evaluation: ReadEvaluation | None, sum_title: str
) -> tuple[LesionGroup, ...]:
    """Groups that have a lesion.

    Args:
        state: the read without what was rejected.
        sum_title: what the sum of the criterion is called.
    """
    assert state.study is not None
    points = [p.name for p in state.study.timepoints]
    role_of = {name: role for name, (role, _) in roles(state, profile).items()}
    names = dict.fromkeys(n for p in points for n, r in state.rows.get(p, {}).items() if not r.is_candidate)
    found = []
    open_ones = {
        n for n, r in state.rows.get(points[0], {}).items() if n not in role_of and r.decision is None
    }
    for title, role in _GROUPS:
        # What was drawn at a follow-up only has no role of its own and stands with the non-targets.
        own = {n: None if n in open_ones else role_of.get(n, LesionRole.NON_TARGET) for n in names}
        mine = [n for n in names if own[n] is role]
        lines = tuple(
            Line(n, _where(state, n), tuple(_cell(state, p, n, profile) for p in points)) for n in mine
        )
        sums = _sums(evaluation, profile, points, sum_title) if role is LesionRole.TARGET else ()
        if lines:
            found.append(LesionGroup(title, lines, sums))
    return tuple(found)


def _where(state: ReadState, name: str) -> str:
    site = state.site(name)
    parts = (site.organ, f"segment {site.segment}" if site.segment else "", site.station or "")
    return ", ".join(filter(None, parts))


def _cell(state: ReadState, point: str, name: str, profile: Profile) -> Cell:
    row = state.row(point, name)
    if row is None:
        return Cell("-", "no proposal")
    if row.merged_into:
        return Cell(row.size_words, row.status_words, "one diameter for both")
    nodal = state.site(name).lymph_node
    words = _STATE_WORDS.get(row.state)
    text = words.format(unit=profile.unit) if words else amount(_size(row, nodal, profile), profile.unit)
    return Cell(text, row.status_words, ", ".join(_notes(row, nodal, profile)))


def _size(row: Row, nodal: bool, profile: Profile) -> Decimal | None:
    """What the lesion adds to the sum, in the unit of the criterion."""
    if profile.unit == "mm³":
        known = (
            row.measurement is not None and row.is_sized and not (profile.needs_viable and _length_alone(row))
        )
        return Decimal(str(row.measurement.volume_mm3)) if known and row.measurement else None
    if profile.unit == "mm²":
        return row.long_mm * row.short_mm if row.long_mm is not None and row.short_mm is not None else None
    return row.short_mm if nodal else row.long_mm


def _length_alone(row: Row) -> bool:
    """Of the viable part only a length is known: the contour, and so the volume, is that of the whole tumour."""
    said = row.decision
    typed = said is not None and said.long_axis_mm is not None and said.contour is None
    return typed and not row.proposal.viable


def _notes(row: Row, nodal: bool, profile: Profile) -> list[str]:
    if row.measurement is None or not row.is_sized or row.status is RowStatus.REJECTED:
        return []
    notes = [_axes(row, nodal, profile.unit)]
    if row.decision is not None and row.decision.long_axis_mm is not None:
        how = "entered" if row.decision.long_line is None else "drawn"
        notes.append(f"{how} by the reader; contour: {row.measurement.long_axis.length_mm} mm")
    elif profile.unit != "mm³":
        notes.append(f"{row.measurement.volume_mm3 / 1000:.1f} mL")
    if profile.needs_viable:
        notes.append("viable part" if row.viable else "whole tumour, its viable part is not contoured")
    if row.prompt_words:
        notes.append(row.prompt_words)
    if row.proposal.outside_domain:
        notes.append("the network was not made for this scan")
    return [note for note in notes if note]


def _axes(row: Row, nodal: bool, unit: str) -> str:
    if row.parts:
        return f"parts of {row.parts_words} mm, added"
    if unit != "mm":
        return f"{row.long_mm or '-'} x {row.short_mm or '-'} mm"
    other = row.long_mm if nodal else row.short_mm
    return "" if other is None else f"{'long axis' if nodal else 'x'} {other} mm"


def _sums(
    evaluation: ReadEvaluation | None, profile: Profile, points: list[str], title: str
) -> tuple[Line, ...]:
    if evaluation is None:
        return ()
    by_name: Mapping[str, TimePointEvaluation] = {p.name: p for p in evaluation.time_points}
    found = [by_name[p] for p in points if p in by_name]
    unit = profile.unit
    total = [Cell(amount(p.target.sum, unit), note="" if p.target.complete else "incomplete") for p in found]
    baseline = [
        _changed(p, p.target.change_from_baseline, p.target.percent_from_baseline, unit) for p in found
    ]
    nadir = [
        _changed(
            p,
            p.target.change_from_nadir,
            p.target.percent_from_nadir,
            unit,
            f"nadir {amount(p.target.nadir_before, unit)}",
        )
        for p in found
    ]
    return (
        Line(title, "", tuple(total)),
        Line("Change from baseline", "", tuple(baseline)),
        Line("Change from nadir", "", tuple(nadir)),
    )


def _changed(
    point: TimePointEvaluation, absolute: Decimal | None, percent: Decimal | None, unit: str, note: str = ""
) -> Cell:
    if point.is_baseline:
        return Cell("")
    return Cell(change(absolute, percent, unit), note=note)


def amount(value: Decimal | None, unit: str) -> str:
    """A figure with its unit, to a tenth; a dash where there is none."""
    return "-" if value is None else f"{tenths(value)} {unit}"


def change(absolute: Decimal | None, percent: Decimal | None, unit: str) -> str:
    """A change with its unit and in per cent; a dash where there is none."""
    if absolute is None:
        return "-"
    return f"{tenths(absolute):+} {unit}" + ("" if percent is None else f" ({tenths(percent):+} %)")
